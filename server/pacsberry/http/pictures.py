"""Pictures of instances and of single frames: previews, renderings, stored values as images, text for Octave.

A client that has a picture already is told so by its entity tag, without a worker: the tag depends on nothing but the
file, what is asked for, and how this version draws.
"""

import hashlib
import math
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import Final

from pacsberry import __version__
from pacsberry.archive.attachments import Attachment
from pacsberry.errors import BadRequest, NotUnderstood
from pacsberry.http import shown
from pacsberry.http.answers import TEXT, Answer
from pacsberry.http.context import Context
from pacsberry.http.dicomfiles import dicom_attachment
from pacsberry.http.errors import NotAcceptable
from pacsberry.http.rendering import is_known
from pacsberry.http.request import Request
from pacsberry.http.routing import Handler, Route
from pacsberry.imaging.limits import PixelsFailed
from pacsberry.imaging.orders import Form, Order, Product
from pacsberry.model import Level

_EIGHT_BITS: Final = (Form.PNG, Form.JPEG, Form.PAM)  # the first one is for who takes anything
_SIXTEEN_BITS: Final = (Form.PNG, Form.PAM)
_UNSUPPORTED: Final = "app/images/unsupported.png"  # Orthanc's address


def get_preview(request: Request, context: Context, id: str, frame: int | None = None) -> Answer:
    """All values of the frame stretched over all grey levels."""
    return picture_answer(request, context, id, frame, Order(Product.PREVIEW, overlays=request.flag("overlays")))


def get_rendered(request: Request, context: Context, id: str, frame: int | None = None) -> Answer:
    """Through a window, in the size asked for."""
    order = Order(
        Product.RENDERED,
        window_center=decimal(request, "window-center"),
        window_width=decimal(request, "window-width"),
        fit_width=request.integer("width") or 0,
        fit_height=request.integer("height") or 0,
        smooth=request.truth("smooth", absent=False),
        overlays=request.flag("overlays"),
    )
    return picture_answer(request, context, id, frame, order)


def get_uint8(request: Request, context: Context, id: str, frame: int | None = None) -> Answer:
    """The stored values from 0 to 255."""
    return picture_answer(request, context, id, frame, Order(Product.UINT8))


def get_uint16(request: Request, context: Context, id: str, frame: int | None = None) -> Answer:
    """The stored values from 0 to 65535."""
    return picture_answer(request, context, id, frame, Order(Product.UINT16), _SIXTEEN_BITS)


def get_int16(request: Request, context: Context, id: str, frame: int | None = None) -> Answer:
    """The stored values from -32768 to 32767, negative ones as two's complement."""
    return picture_answer(request, context, id, frame, Order(Product.INT16), _SIXTEEN_BITS)


def get_matlab(request: Request, context: Context, id: str, frame: int | None = None) -> Answer:
    """The stored values, or the colours, as an expression for Octave."""
    return _made(request, context, dicom_attachment(context, id), Order(Product.MATLAB, frame=frame or 0), TEXT)


def get_unsupported(request: Request, context: Context) -> Answer:
    """What is shown in the place of an image that cannot be shown."""
    data = (Path(__file__).parent / "images" / "unsupported.png").read_bytes()
    return Answer.data(data, Form.PNG).with_etag(etag_of(data))


def picture_answer(
    request: Request,
    context: Context,
    id: str,
    frame: int | None,
    order: Order,
    forms: Sequence[Form] = _EIGHT_BITS,
) -> Answer:
    """A picture in one of `forms`, the first for who takes anything; its quality is an argument of the address.

    415 with the reason when the instance cannot be shown, or the way to an image that says so.
    """
    attachment = dicom_attachment(context, id)
    form = _form(request, forms)
    order = replace(order, frame=frame or 0, form=form, quality=_quality(request) if form is Form.JPEG else 0)
    try:
        return _made(request, context, attachment, order, form).with_header("Vary", "Accept")
    except (NotUnderstood, PixelsFailed):
        if not request.flag("returnUnsupportedImage"):
            raise
        root = "../../" if frame is None else "../../../../"
        return Answer.redirect(root + _UNSUPPORTED).with_header("Cache-Control", "no-store")


def _made(request: Request, context: Context, attachment: Attachment, order: Order, content_type: str) -> Answer:
    etag = etag_of(attachment.uuid, order)
    if is_known(f'"{etag}"', request):
        return Answer.empty().with_etag(etag)
    made = context.pictures.make(attachment.file, order, size=attachment.size)
    return Answer.part(made.file, 0, made.length, content_type).with_etag(etag)


def etag_of(*facts: object) -> str:
    """An entity tag of a product: whoever changes how things are drawn changes the version as well."""
    return hashlib.sha1(repr((__version__, facts)).encode(), usedforsecurity=False).hexdigest()


def _form(request: Request, forms: Sequence[Form]) -> Form:
    """The format the client likes best; NotAcceptable when it takes none of `forms`."""
    if not request.accepted:
        return forms[0]
    for media_type, weight in sorted(request.accepted, key=lambda accepted: -accepted[1]):
        if weight > 0 and media_type in ("*/*", "image/*"):
            return forms[0]
        if weight > 0 and media_type in forms:
            return Form(media_type)
    raise NotAcceptable(f"The picture can be had as {', '.join(forms)}.")


def _quality(request: Request) -> int:
    quality = request.integer("quality")
    if quality is None:
        return 90
    if not 1 <= quality <= 100:
        raise BadRequest(f"The argument quality is {quality}; 1 to 100 is expected.")
    return quality


def decimal(request: Request, name: str) -> float | None:
    """A number of the address; None when it is not there."""
    text = request.arguments.get(name)
    if text is None:
        return None
    try:
        number = float(text)
    except ValueError:
        number = math.nan
    if not math.isfinite(number):
        raise BadRequest(f"The argument {name} is {text[:40]!r}; a number is expected.")
    return number


_MAKERS: Final[dict[str, Handler]] = {
    "image-int16": get_int16,
    "image-uint16": get_uint16,
    "image-uint8": get_uint8,
    "matlab": get_matlab,
    "preview": get_preview,
    "rendered": get_rendered,
}
NAMES: Final = tuple(_MAKERS)


def get_product(request: Request, context: Context, id: str, name: str, frame: int | None = None) -> Answer | None:
    """One of NAMES."""
    return _MAKERS[name](request, context, id, frame)


_NAME: Final = f"<name:re:{'|'.join(NAMES)}>"  # one route for all of them: each costs 30 KB (see routing)
_SHOWN: Final = shown.resource(Level.INSTANCE)
ROUTES = [
    Route("GET", f"/{_UNSUPPORTED}", get_unsupported),
    Route("GET", f"/instances/<id>/{_NAME}", get_product, waits=True, shown=_SHOWN),
    Route(
        "GET",
        f"/instances/<id>/frames/<frame:int>/{_NAME}",
        get_product,
        waits=True,
        shown=shown.resource(Level.INSTANCE),
    ),
]
