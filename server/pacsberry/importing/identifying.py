"""Tells who a file is from its first bytes."""

import contextlib
from dataclasses import dataclass
from typing import BinaryIO, Final, cast

from pacsberry.dicom.header import HeadTooShort, read_header
from pacsberry.dicom.part10 import FileMeta, has_preamble, may_be_dicom, read_meta
from pacsberry.errors import UnreadableDicom
from pacsberry.importing.archives import is_archive_name
from pacsberry.importing.items import Content, Fate
from pacsberry.ingest.gunzip import GZIP
from pacsberry.ingest.zipped import SIGNATURES
from pacsberry.model import Header, Level

MEDIA_DIRECTORY: Final = "1.2.840.10008.1.3.10"  # Media Storage Directory Storage (PS3.10 8.6): a DICOMDIR
_FIRST_LOOK: Final = 16384  # bytes; a header of a CT has 2 to 6 KB
_LONGEST_META: Final = 65536  # bytes
_LAST_LOOK: Final = 2**20  # bytes
_ROWS: Final = (b"\x28\x00\x10\x00US", b"\x28\x00\x10\x00\x02\x00\x00\x00")  # (0028,0010), explicit and implicit


@dataclass(frozen=True, slots=True)
class Identity:
    """Who a DICOM file is."""

    instance: str  # its Orthanc identifier; '' when it comes in order and its first MB does not tell
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
        meta, looked_at = _meta(content)
        if meta.sop_class_uid == MEDIA_DIRECTORY:
            return NoInstance(Fate.PASSED_OVER, "The directory of a medium.")
        header = _header(content, looked_at, default_encoding)
    except UnreadableDicom as error:
        if has_preamble(head):
            return NoInstance(Fate.REFUSED, str(error))
        return NoInstance(Fate.NOT_DICOM)
    if header is None:
        return Identity("")
    return Identity(
        header.identifiers.orthanc_id(Level.INSTANCE),
        has_pixels=bool(header.pixel_data_offset or header.pixel_data_vr),  # a deflated one has no offset
        is_image=header.pixel_data_offset is not None or any(rows in content.head(_LAST_LOOK) for rows in _ROWS),
    )


def _header(content: Content, looked_at: int, default_encoding: str) -> Header | None:
    """The header, from as few bytes as it takes; None when it is too long for what comes in order."""
    for length in (looked_at, _LAST_LOOK):
        with contextlib.suppress(HeadTooShort):
            return read_header(content.head(length), size=content.size, default_encoding=default_encoding)
    file = content.whole()
    if file is None:
        return None
    return read_header(cast("BinaryIO", file), size=content.size, default_encoding=default_encoding)


def _meta(content: Content) -> tuple[FileMeta, int]:
    """The file meta information, and how many bytes had to be looked at for it."""
    with contextlib.suppress(UnreadableDicom):
        return read_meta(content.head(_FIRST_LOOK)), _FIRST_LOOK
    return read_meta(content.head(_LONGEST_META)), _LONGEST_META


def _no_dicom(head: bytes, name: str) -> NoInstance:
    is_zip = head.startswith(SIGNATURES) and is_archive_name(name)
    if is_zip or (head.startswith(GZIP) and name.lower().endswith(".gz")):
        return NoInstance(Fate.REFUSED, "An archive inside an archive is not opened; unpack the outer one first.")
    return NoInstance(Fate.NOT_DICOM)
