"""The routes of DICOMweb: one for each way a request is received, because each route costs memory (see routing).

Which resource of the standard a path means is read by `resources`, imported with the first request.
"""

from pacsberry.http.answers import Answer
from pacsberry.http.context import Context
from pacsberry.http.request import Request
from pacsberry.http.routing import Route
from pacsberry.http.settings import DicomWebSettings


def get(request: Request, context: Context, path: str) -> Answer:
    """Whatever is read: searches, metadata, objects."""
    from pacsberry.http.dicomweb.resources import read

    return read(request, context, path)


def dicomweb_routes(settings: DicomWebSettings) -> list[Route]:
    """The routes below the root; none when DICOMweb is off."""
    if not settings.is_served:
        return []
    root = settings.root.rstrip("/")
    return [Route("GET", f"{root}/<path:path>", get)]
