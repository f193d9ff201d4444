"""Prepared pictures of a series: what there is (the manifest), and the files themselves.  server/PICTURES.md.

The answers are in a module of their own, imported with the first request.
"""

from pacsberry.http import shown
from pacsberry.http.answers import Answer
from pacsberry.http.context import Context
from pacsberry.http.request import Request
from pacsberry.http.routing import Route
from pacsberry.model import Level


def get_manifest(request: Request, context: Context, id: str) -> Answer:
    """The pictures of a series in order, what is prepared of them, and where; what is missing is made from now on."""
    from pacsberry.http.prepared_answers import manifest

    return manifest(request, context, id)


def get_prepared(request: Request, context: Context, path: str) -> Answer:
    """A prepared file or one picture of it; 202 while it is being made."""
    from pacsberry.http.prepared_answers import prepared

    return prepared(request, context, path)


ROUTES = [
    Route("GET", "/pacsberry/series/<id>/pictures", get_manifest, shown=shown.resource(Level.SERIES)),
    Route("GET", "/pacsberry/pictures/<path:path>", get_prepared, shown=shown.prepared_path),
]
