"""Which form of an answer a client of DICOMweb takes, by its Accept header (PS3.18 8.7)."""

from enum import Enum

from pacsberry.http.errors import NotAcceptable
from pacsberry.http.mediatypes import MediaRange, accepted_by
from pacsberry.http.request import Request

MULTIPART = "multipart/related"
_ANYTHING = ("*/*", "application/*")


class ModelForm(Enum):
    """How attributes are written; the value is the media type."""

    JSON = "application/dicom+json"
    XML = "application/dicom+xml"


def model_form(request: Request) -> ModelForm:
    """JSON unless the client prefers XML; NotAcceptable when it takes neither."""
    for wanted in accepted_by(request):
        if wanted.kind in (*_ANYTHING, "application/json", ModelForm.JSON.value):
            return ModelForm.JSON
        if wanted.kind == ModelForm.XML.value or _is_multipart(wanted, ModelForm.XML.value):
            return ModelForm.XML
    raise NotAcceptable(
        f'The answer can be had as {ModelForm.JSON.value} or {MULTIPART}; type="{ModelForm.XML.value}".'
    )


def _is_multipart(wanted: MediaRange, inside: str) -> bool:
    return wanted.kind in (MULTIPART, "multipart/*") and wanted.inside in ("", inside)
