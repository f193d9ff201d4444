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


def get_picture(request: Request, context: Context, path: str) -> Answer:
    """A rendered image, which a pixel worker makes."""
    from pacsberry.http.dicomweb.rendered import get_rendered

    return get_rendered(request, context, path)


def get_by_uri(request: Request, context: Context) -> Answer:
    """WADO-URI."""
    from pacsberry.http.dicomweb.wado_uri import get_object

    return get_object(request, context)


def dicomweb_routes(settings: DicomWebSettings) -> list[Route]:
    """The routes of DICOMweb and of WADO-URI; none of what is off."""
    if not settings.is_served:
        return []
    root = settings.root.rstrip("/")
    routes = [
        Route("GET", f"{root}/<path:re:.+/(?:rendered|thumbnail)>", get_picture, waits=True),
        Route("GET", f"{root}/<path:path>", get),
    ]
    if settings.wado_uri_root:
        routes.append(Route("GET", settings.wado_uri_root, get_by_uri, waits=True))
    return routes
