"""Tells who a file is from its first bytes."""

from dataclasses import dataclass
from typing import Final

from pacsberry.dicom.header import HeadTooShort, read_header
from pacsberry.dicom.part10 import has_preamble, may_be_dicom, read_meta
from pacsberry.errors import UnreadableDicom
from pacsberry.importing.archives import is_archive_name
from pacsberry.importing.items import Content, Fate
from pacsberry.ingest.gunzip import GZIP
from pacsberry.ingest.zipped import SIGNATURES
from pacsberry.model import Level

MEDIA_DIRECTORY: Final = "1.2.840.10008.1.3.10"  # Media Storage Directory Storage (PS3.10 8.6): a DICOMDIR
_FIRST_LOOK: Final = 16384  # bytes; a header of a CT has 2 to 6 KB
_LAST_LOOK: Final = 4 * 2**20  # bytes
_ROWS: Final = (b"\x28\x00\x10\x00US", b"\x28\x00\x10\x00\x02\x00\x00\x00")  # (0028,0010), explicit and implicit


@dataclass(frozen=True, slots=True)
class Identity:
    """Who a DICOM file is."""

    instance: str  # its Orthanc identifier; '' when its first 4 MB do not tell
    has_pixels: bool = True
    is_image: bool = True  # it has rows, so it ought to have pixels


@dataclass(frozen=True, slots=True)
class NoInstance:
    """Why a file cannot be taken in."""

    fate: Fate
    reason: str = ""


def identify(content: Content, name: str, *, default_encoding: str) -> Identity | NoInstance:
    """Who it is; `default_encoding` is that of the server which is asked whether it has it."""
    head = content.head(_FIRST_LOOK)
    if not may_be_dicom(head):
        return _no_dicom(head, name)
    try:
        if read_meta(head).sop_class_uid == MEDIA_DIRECTORY:
            return NoInstance(Fate.PASSED_OVER, "The directory of a medium.")
        try:
            header = read_header(head, size=content.size, default_encoding=default_encoding)
        except HeadTooShort:
            head = content.head(_LAST_LOOK)
            header = read_header(head, size=content.size, default_encoding=default_encoding)
    except HeadTooShort:
        return Identity("", has_pixels=False, is_image=False)  # nobody knows
    except UnreadableDicom as error:
        if has_preamble(head):
            return NoInstance(Fate.REFUSED, str(error))
        return NoInstance(Fate.NOT_DICOM)
    return Identity(
        header.identifiers.orthanc_id(Level.INSTANCE),
        has_pixels=bool(header.pixel_data_offset or header.pixel_data_vr),  # a deflated one has no offset
        is_image=any(rows in head for rows in _ROWS),
    )


def _no_dicom(head: bytes, name: str) -> NoInstance:
    is_zip = head.startswith(SIGNATURES) and is_archive_name(name)
    if is_zip or (head.startswith(GZIP) and name.lower().endswith(".gz")):
        return NoInstance(Fate.REFUSED, "An archive inside an archive is not opened; unpack the outer one first.")
    return NoInstance(Fate.NOT_DICOM)
