"""The data set of a file as DICOMweb tells it, made here so that the server need not know every tag of the standard."""

from collections.abc import Iterator
from typing import Final

from pacsberry.dicom.names import STANDARD
from pacsberry.dicom.native_json import native_json
from pacsberry.dicom.part10 import DicomFile
from pacsberry.dicom.web_model import web_model
from pacsberry.errors import BadRequest
from pacsberry.imaging.orders import Order
from pacsberry.lean import leave_out

_LONGEST: Final = 8 << 20  # characters of one data set

leave_out("requests")  # pydicom, which knows the rarer tags, would import it


def model_of(order: Order, file: DicomFile) -> Iterator[bytes]:
    """The JSON text in pieces."""
    if len(order.model) != 5:
        raise BadRequest("A model is ordered by five texts.")
    root, study_uid, series_uid, sop_uid, default_encoding = order.model
    length = 0
    for piece in web_model(
        file,
        native_json,
        root=root,
        uids=(study_uid, series_uid, sop_uid),
        transfer_syntax_uid=order.transfer_syntax,
        default_encoding=default_encoding,
        dictionary=STANDARD,
    ):
        length += len(piece)
        if length > _LONGEST:
            raise BadRequest("The metadata of this instance are too long to be prepared.")
        yield piece.encode(errors="replace")
