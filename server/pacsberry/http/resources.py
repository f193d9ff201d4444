"""The four levels: lists, one resource, what is below and above it, its size, and its removal."""

from functools import partial

from pacsberry.archive.views import View
from pacsberry.errors import BadRequest
from pacsberry.http.answers import Answer
from pacsberry.http.context import Context
from pacsberry.http.request import Request
from pacsberry.http.routing import Route
from pacsberry.http.streams import json_array
from pacsberry.http.viewing import view_of
from pacsberry.model import Level


def list_resources(request: Request, context: Context, level: Level) -> Answer:
    """All of a level, or a page of it: identifiers, or descriptions (S6, S7)."""
    resources = context.archive.resources
    since, limit = _page(request)
    if not _expands(request, absent=False):
        return Answer.json_items(json_array(resources.ids(level, since, limit)))
    view = view_of(request, context.dictionary)
    if view == View():
        return Answer.json_items(resources.listing(level, since, limit))
    return Answer.json_items(json_array(resources.describe_all(level, resources.ids(level, since, limit), view)))


def describe_resource(request: Request, context: Context, level: Level, id: str) -> Answer:
    """What is known of one resource (S3)."""
    return Answer.json(context.archive.resources.describe(level, id, view_of(request, context.dictionary)))


def delete_resource(request: Request, context: Context, level: Level, id: str) -> Answer:
    """Delete a resource with all below it, and ancestors that are left empty (S15)."""
    remaining = context.archive.delete(level, id)
    if remaining is None:
        return Answer.json({"RemainingAncestor": None})
    at, ancestor = remaining
    described = {"ID": ancestor, "Path": f"/{at.plural}/{ancestor}", "Type": at.title}
    return Answer.json({"RemainingAncestor": described})


def list_children(request: Request, context: Context, child: Level, id: str, *, level: Level) -> Answer:
    """What is below a resource: descriptions, or identifiers with `expand=false`."""
    resources = context.archive.resources
    children = resources.children(level, id, child)
    if not _expands(request, absent=True):
        return Answer.json_items(json_array(children))
    view = view_of(request, context.dictionary)
    return Answer.json_items(json_array(resources.describe_all(child, children, view)))


def describe_ancestor(request: Request, context: Context, id: str, *, level: Level, ancestor: Level) -> Answer:
    """The patient, study or series a resource belongs to."""
    resources = context.archive.resources
    view = view_of(request, context.dictionary)
    return Answer.json(resources.describe(ancestor, resources.ancestor(level, id, ancestor), view))


def get_statistics(request: Request, context: Context, level: Level, id: str) -> Answer:
    """Size and counts of what is at and below a resource."""
    return Answer.json(context.archive.statistics.of(level, id))


def _page(request: Request) -> tuple[int, int]:
    """Since and limit: both or none; limit 0 is no limit."""
    since, limit = request.integer("since"), request.integer("limit")
    if (since is None) != (limit is None):
        raise BadRequest("since and limit have to come together.")
    return since or 0, limit or 0


def _expands(request: Request, *, absent: bool) -> bool:
    return request.flag("response-content") or request.truth("expand", absent=absent)


_CHILDREN = {
    Level.PATIENT: "studies|series|instances",
    Level.STUDY: "series|instances",
    Level.SERIES: "instances",
}
ROUTES = [
    Route("GET", "/<level:level>", list_resources),
    Route("GET", "/<level:level>/<id>", describe_resource),
    Route("DELETE", "/<level:level>/<id>", delete_resource),
    Route("GET", "/<level:level>/<id>/statistics", get_statistics),
    *(
        Route("GET", f"/{level.plural}/<id>/<child:level:{children}>", partial(list_children, level=level))
        for level, children in _CHILDREN.items()
    ),
    *(
        Route(
            "GET",
            f"/{level.plural}/<id>/{ancestor.title.lower()}",
            partial(describe_ancestor, level=level, ancestor=ancestor),
        )
        for level in Level
        for ancestor in Level
        if ancestor < level
    ),
]
