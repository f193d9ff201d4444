"""What became of the instances of a STOW-RS request, one by one (PS3.18 10.5.3; reasons: PS3.18 table I.2-2).

Each is told as soon as it is known, into files beside memory: a report of 20 000 instances is 7 MB.
"""

import tempfile
from collections.abc import Generator, Iterator, Mapping
from types import MappingProxyType
from typing import IO, Final

from pacsberry.dicom.names import STANDARD
from pacsberry.dicom.native_json import json_writer
from pacsberry.dicom.native_model import Attribute, ModelWriter, write_text
from pacsberry.dicom.native_xml import xml_writer
from pacsberry.errors import NoRoom, NotUnderstood, PacsberryError, TooLarge, UnreadableDicom
from pacsberry.http.dicomweb.addresses import resource_path
from pacsberry.http.dicomweb.media import ModelForm
from pacsberry.http.errors import fault_of
from pacsberry.ingest import MismatchedDataset
from pacsberry.model import Kept

_IN_MEMORY_BYTES: Final = 65536
_READ_CHARACTERS: Final = 65536
_LONGEST_COMMENT: Final = 64  # characters of a value of VR LO (PS3.5 6.2)

_ERROR_COMMENT: Final = 0x00000902
_CLASS_UID: Final = 0x00081150  # ReferencedSOPClassUID
_SOP_UID: Final = 0x00081155  # ReferencedSOPInstanceUID
_RETRIEVE_URL: Final = 0x00081190
_FAILURE_REASON: Final = 0x00081197
_FAILED: Final = 0x00081198  # FailedSOPSequence
_REFERENCED: Final = 0x00081199  # ReferencedSOPSequence
_OTHERS: Final = 0x0008119A  # OtherFailuresSequence: of what has no name

_PROCESSING_FAILURE: Final = 0x0110
_CLASS_NOT_SUPPORTED: Final = 0x0122
_REASONS: Final[Mapping[type[Exception], int]] = MappingProxyType(
    {
        NoRoom: 0xA700,  # out of resources
        TooLarge: 0xA700,
        MismatchedDataset: 0xA900,  # data set does not match
        UnreadableDicom: 0xC000,  # cannot understand
        NotUnderstood: 0xC000,
    }
)
_MEDIA_DIRECTORY: Final = "1.2.840.10008.1.3.10"  # a DICOMDIR


class StoreReport:
    """The answer to one request while it grows."""

    def __init__(self, form: ModelForm, root: str) -> None:
        """`root`: the address of DICOMweb."""
        self._form = form
        self._root = root
        self._study_uid: str | None = None  # of what was stored; '' when there are several
        self._sequences = {tag: _Sequence(tag, self._writer()) for tag in (_FAILED, _REFERENCED, _OTHERS)}
        self._statuses: set[int] = set()  # HTTP's, for what failed

    @property
    def has_stored(self) -> bool:
        """Whether anything was stored so far."""
        return self._study_uid is not None

    @property
    def is_empty(self) -> bool:
        """Whether nothing is known of any instance."""
        return not self.has_stored and not self._statuses

    @property
    def status(self) -> int:
        """The status of the answer (PS3.18 table 10.5.3-1); with nothing stored, what all failures have in common."""
        if self.has_stored:
            return 202 if self._statuses else 200
        return self._statuses.copy().pop() if len(self._statuses) == 1 else 409

    def stored(self, kept: Kept) -> None:
        """An instance is durable."""
        who = kept.identifiers
        self._study_uid = who.study_uid if self._study_uid in (None, who.study_uid) else ""
        self._sequences[_REFERENCED].add(
            {
                _CLASS_UID: kept.sop_class_uid,
                _SOP_UID: who.sop_uid,
                _RETRIEVE_URL: self._root + resource_path(who.study_uid, who.series_uid, who.sop_uid),
            }
        )

    def failed(self, error: Exception, class_uid: str, sop_uid: str) -> None:
        """An instance could not be stored; the UIDs are '' where nobody knows them."""
        status = fault_of(error).status
        self._statuses.add(409 if status == 400 else status)
        text = str(error) if isinstance(error, PacsberryError) else ""  # the log tells what others mean
        item = {_ERROR_COMMENT: _comment(text), _FAILURE_REASON: str(_reason(error, class_uid))}
        if class_uid and sop_uid:
            self._sequences[_FAILED].add({**item, _CLASS_UID: class_uid, _SOP_UID: sop_uid})
        else:
            self._sequences[_OTHERS].add(item)

    def pieces(self) -> Generator[str]:
        """The text of the report; closes at the end."""
        try:
            writer = self._writer()
            yield writer.begin()
            url = self._root + resource_path(self._study_uid) if self._study_uid else ""
            yield write_text(writer, _attribute(_RETRIEVE_URL), url)
            for tag, sequence in self._sequences.items():
                if sequence.count:
                    yield writer.begin_sequence(_attribute(tag))
                    yield from sequence.pieces()
                    yield writer.end_sequence()
            yield writer.end()
        finally:
            self.close()

    def close(self) -> None:
        """Forget the report."""
        for sequence in self._sequences.values():
            sequence.close()

    def _writer(self) -> ModelWriter:
        return (json_writer if self._form is ModelForm.JSON else xml_writer)(_no_bulk)


class _Sequence:
    """The items of one sequence, printed."""

    def __init__(self, tag: int, writer: ModelWriter) -> None:
        self.tag = tag
        self.count = 0
        self._writer = writer
        self._text: IO[str] = tempfile.SpooledTemporaryFile(  # noqa: SIM115  # closed by `close`
            _IN_MEMORY_BYTES, mode="w+", encoding="utf-8", errors="replace", newline=""
        )

    def add(self, values: Mapping[int, str]) -> None:
        self.count += 1
        writer = self._writer
        pieces = [writer.begin_item(self.count)]
        pieces += [write_text(writer, _attribute(tag), values[tag]) for tag in sorted(values)]
        pieces.append(writer.end_item())
        self._text.write("".join(pieces))

    def pieces(self) -> Iterator[str]:
        self._text.seek(0)
        while piece := self._text.read(_READ_CHARACTERS):
            yield piece

    def close(self) -> None:
        self._text.close()


def _reason(error: Exception, class_uid: str) -> int:
    if class_uid == _MEDIA_DIRECTORY:
        return _CLASS_NOT_SUPPORTED
    return next((_REASONS[kind] for kind in type(error).__mro__ if kind in _REASONS), _PROCESSING_FAILURE)


def _comment(text: str) -> str:
    text = text.replace("\\", "/")
    text = text or "The server failed."
    return text if len(text) <= _LONGEST_COMMENT else f"{text[: _LONGEST_COMMENT - 3]}..."


def _attribute(tag: int) -> Attribute:
    return Attribute(tag, STANDARD.vr(tag), STANDARD.keyword(tag), "")


def _no_bulk(path: str) -> str:
    return path
