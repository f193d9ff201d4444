"""The routes of DICOMweb: one for each way a request is received, because each route costs memory (see routing).

Which resource of the standard a path means is read by `resources`, imported with the first request.
"""

from typing import TYPE_CHECKING, Final

from pacsberry.auth import Action
from pacsberry.errors import BadRequest
from pacsberry.http.answers import Answer
from pacsberry.http.context import Context
from pacsberry.http.request import Request
from pacsberry.http.routing import Body, Route
from pacsberry.http.settings import DicomWebSettings

if TYPE_CHECKING:
    from pacsberry.http.dicomweb.storing import Storing


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


def begin_store(request: Request, context: Context, path: str) -> "Storing":
    """What takes in the files of a request while they arrive: STOW-RS."""
    from pacsberry.http.dicomweb.storing import Storing

    return Storing(request, context, study_uid=path.partition("/")[2])


def store(request: Request, context: Context, path: str) -> Answer:
    """What became of each of them."""
    from pacsberry.http.dicomweb.storing import Storing

    if not isinstance(request.consumer, Storing):
        raise BadRequest("The body is empty; DICOM files in a multipart/related body are expected.")
    return request.consumer.answer()


_STORED: Final = "<path:re:studies(?:/[^/]+)?>"


def dicomweb_routes(settings: DicomWebSettings) -> list[Route]:
    """The routes of DICOMweb and of WADO-URI; none of what is off."""
    if not settings.is_served:
        return []
    root = settings.root.rstrip("/")
    routes = [
        Route("GET", f"{root}/<path:re:.+/(?:rendered|thumbnail)>", get_picture, waits=True),
        Route("GET", f"{root}/<path:path>", get),
        Route(
            "POST", f"{root}/<path:re:studies(?:/[^/]+)?>", store, Body.PIPE, consumer=begin_store, needs=Action.STORE
        ),
    ]
    if settings.wado_uri_root:
        routes.append(Route("GET", settings.wado_uri_root, get_by_uri, waits=True))
    return routes
