"""Many resources at once: search, count, describe, delete."""

from collections.abc import Iterator, Mapping
from dataclasses import replace
from typing import Any

from pacsberry.archive.views import DEFAULT_CONTENT, Content, View
from pacsberry.auth import Action
from pacsberry.errors import BadRequest, UnknownResource
from pacsberry.http.answers import Answer
from pacsberry.http.context import Context
from pacsberry.http.finding import parse_level, query_of
from pacsberry.http.request import Request, is_true
from pacsberry.http.routing import Route
from pacsberry.http.streams import json_array
from pacsberry.http.viewing import form_of_body, texts_of, view_of_body
from pacsberry.model import Level


def find(request: Request, context: Context) -> Answer:
    """The resources that fulfil a query: identifiers, or descriptions with Expand or ResponseContent."""
    body = request.json_object
    query = query_of(body, context)
    found = (one.id for one in context.archive.search.find(query))
    if not ("ResponseContent" in body or is_true(body.get("Expand", False), "Expand")):
        return Answer.json_items(json_array(found))
    view = view_of_body(body, context.dictionary)
    return Answer.json_items(json_array(context.archive.resources.describe_all(query.level, found, view)))


def count(request: Request, context: Context) -> Answer:
    """How many resources fulfil a query."""
    body = request.json_object
    if is_true(body.get("CaseSensitive", False), "CaseSensitive"):
        raise BadRequest("CaseSensitive: counting is never case-sensitive.")
    query = replace(query_of(body, context), since=0, limit=0, order_by=())
    return Answer.json({"Count": context.archive.search.count(query)})


def describe(request: Request, context: Context) -> Answer:
    """Describe the resources named, or those above or below them at one level; who is unknown is left out."""
    body = request.json_object
    if "Resources" not in body:
        raise BadRequest("Resources: a list of identifiers is expected.")
    content = DEFAULT_CONTENT
    if is_true(body.get("Metadata", True), "Metadata"):
        content |= {Content.METADATA}
    view = View(form=form_of_body(body), content=content)
    return Answer.json_items(json_array(_described(body, context, view)))


def delete(request: Request, context: Context) -> Answer:
    """Delete the resources named; who is unknown, or went with another, is passed over."""
    resources = request.json_object.get("Resources")
    if not isinstance(resources, list):
        raise BadRequest("Resources: a list of identifiers is expected.")
    wanted = [_named(resource) for resource in resources]
    for level, id in wanted:
        try:
            context.archive.delete(context.archive.resources.level_of(id) if level is None else level, id)
        except UnknownResource:
            continue
    return Answer.empty()


def _described(body: Mapping[str, Any], context: Context, view: View) -> Iterator[dict[str, object]]:
    resources = context.archive.resources
    for level, id in _places(body, context):
        try:
            yield resources.describe(level, id, view)
        except UnknownResource:  # deleted meanwhile
            continue


def _places(body: Mapping[str, Any], context: Context) -> Iterator[tuple[Level, str]]:
    """The resources to describe; at the wanted level each once."""
    resources = context.archive.resources
    wanted = parse_level(_level_name(body["Level"])) if "Level" in body else None
    seen: set[str] = set()
    for id in texts_of(body, "Resources"):
        try:
            level = resources.level_of(id)
        except UnknownResource:
            continue
        if wanted is None:
            yield level, id
            continue
        for other in _related(context, level, id, wanted):
            if other not in seen:
                seen.add(other)
                yield wanted, other


def _related(context: Context, level: Level, id: str, wanted: Level) -> Iterator[str]:
    if wanted > level:
        yield from context.archive.resources.children(level, id, wanted)
    else:
        yield context.archive.resources.ancestor(level, id, wanted)


def _named(resource: object) -> tuple[Level | None, str]:
    """An identifier, or {Level, ID}."""
    if isinstance(resource, str):
        return None, resource
    if isinstance(resource, dict) and isinstance(resource.get("ID"), str):
        return parse_level(_level_name(resource.get("Level"))), resource["ID"]
    raise BadRequest("Resources: a list of identifiers, or of objects {Level, ID}, is expected.")


def _level_name(value: object) -> str:
    if not isinstance(value, str):
        raise BadRequest("Level: one of Patient, Study, Series and Instance is expected.")
    return value


ROUTES = [
    Route("POST", "/tools/find", find, reads=True),
    Route("POST", "/tools/count-resources", count, reads=True),
    Route("POST", "/tools/bulk-content", describe, reads=True),
    Route("POST", "/tools/bulk-delete", delete, needs=Action.DELETE),
]
