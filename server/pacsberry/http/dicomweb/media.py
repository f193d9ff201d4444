"""Which form of an answer a client of DICOMweb takes, by its Accept header (PS3.18 8.7)."""

from dataclasses import dataclass
from enum import Enum

from pacsberry.dicom.syntax import EXPLICIT_LITTLE
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
        if wanted.kind == ModelForm.XML.value or is_multipart(wanted, ModelForm.XML.value):
            return ModelForm.XML
    raise NotAcceptable(
        f'The answer can be had as {ModelForm.JSON.value} or {MULTIPART}; type="{ModelForm.XML.value}".'
    )


@dataclass(frozen=True, slots=True)
class ObjectForm:
    """How an object travels."""

    is_multipart: bool
    transfer_syntax: str  # a UID, '*' for the stored one
    is_named: bool  # whether the client names it, or gets the standard's default


def object_forms(request: Request, inside: str, *, may_be_single: bool) -> list[ObjectForm]:
    """The forms in which the client takes objects of the media type `inside`, best first; NotAcceptable for none.

    `may_be_single`: whether there is only one, which then needs no multipart answer.
    """
    forms = []
    for wanted in accepted_by(request):
        named = wanted.parameters.get("transfer-syntax", "")
        # PS3.18 8.7.3.3: uncompressed for who names the type and no syntax; who takes anything gets what there is.
        default = EXPLICIT_LITTLE if inside in (wanted.kind, wanted.inside) else "*"
        if wanted.kind == "*/*" or is_multipart(wanted, inside):
            forms.append(ObjectForm(True, named or default, bool(named)))
        elif may_be_single and wanted.kind in (inside, "application/*"):
            forms.append(ObjectForm(False, named or default, bool(named)))
    if not forms:
        raise NotAcceptable(f'The answer can be had as {MULTIPART}; type="{inside}".')
    return forms


def is_multipart(wanted: MediaRange, inside: str) -> bool:
    """Whether a client takes parts of the media type `inside`."""
    return wanted.kind in (MULTIPART, "multipart/*") and wanted.inside in ("", inside)
