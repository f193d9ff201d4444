"""WADO-URI: one object by the arguments of an address, as a file or as a picture (PS3.18 9)."""

from typing import Final

from pacsberry.errors import BadRequest, UnknownResource
from pacsberry.http.answers import DICOM, Answer
from pacsberry.http.context import Context
from pacsberry.http.dicomfiles import dicom_attachment
from pacsberry.http.dicomweb.objects import ids_of
from pacsberry.http.dicomweb.rendered import FORMS, frame_of
from pacsberry.http.errors import NotAcceptable
from pacsberry.http.keptfiles import kept_answer
from pacsberry.http.pictures import decimal, picture_answer
from pacsberry.http.request import Request
from pacsberry.http.transcoding import asked_syntax, transcoded_answer
from pacsberry.imaging.orders import Form, Order, Product
from pacsberry.imaging.targets import LOSSLESS, NATIVE
from pacsberry.model import Level

_UIDS: Final = {"studyUID": 0x0020000D, "seriesUID": 0x0020000E, "objectUID": 0x00080018}
_FORMS: Final = {"image/jpeg": Form.JPEG, "image/jpg": Form.JPEG, "image/png": Form.PNG}


def get_object(request: Request, context: Context) -> Answer:
    """An instance, by its UID and, where given, those above; JPEG unless `contentType` says otherwise."""
    if request.arguments.get("requestType", "").upper() != "WADO":
        raise BadRequest("The argument requestType is missing; WADO is expected.")
    uids = {tag: request.arguments[name] for name, tag in _UIDS.items() if request.arguments.get(name)}
    if _UIDS["objectUID"] not in uids:
        raise BadRequest("The argument objectUID is missing.")
    found = ids_of(context, Level.INSTANCE, uids)
    if not found:
        raise UnknownResource(f"There is no instance {uids[_UIDS['objectUID']][:80]!r}.")
    wanted = [name.strip().lower() for name in request.arguments.get("contentType", "image/jpeg").split(",")]
    for media_type in wanted:
        if media_type == DICOM:
            return _file(request, context, found[0])
        if media_type in _FORMS:
            return _picture(request, context, found[0], _FORMS[media_type])
    raise NotAcceptable(f"The object can be had as {', '.join((DICOM, *FORMS))}.")


def _file(request: Request, context: Context, id: str) -> Answer:
    """As it is stored, or in the argument transferSyntax (PS3.18 9.1.2.2.4), which may lose nothing."""
    attachment = dicom_attachment(context, id)
    wanted = asked_syntax(request.arguments.get("transferSyntax"))
    if not wanted or wanted == context.archive.metadata.get(Level.INSTANCE, id, "TransferSyntax").value:
        return kept_answer(context, attachment, DICOM)
    if wanted not in (*NATIVE, *LOSSLESS):
        raise NotAcceptable("The object can be had as it is stored, or in a transfer syntax that loses nothing.")
    return transcoded_answer(request, context, id, attachment, wanted)


def _picture(request: Request, context: Context, id: str, form: Form) -> Answer:
    number = request.arguments.get("frameNumber")
    order = Order(
        Product.RENDERED,
        window_center=decimal(request, "windowCenter"),
        window_width=decimal(request, "windowWidth"),
        fit_width=request.integer("columns") or 0,
        fit_height=request.integer("rows") or 0,
        smooth=True,
    )
    return picture_answer(request, context, id, None if number is None else frame_of(number), order, (form,))
