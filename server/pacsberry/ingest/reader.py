"""Reads DICOM files with the settings of this server: fallback character set, main tags, dictionary."""

import os
from collections.abc import Callable, Mapping
from typing import BinaryIO

from pacsberry.archive import Reading, Spool
from pacsberry.dicom.header import read_header
from pacsberry.dicom.main_tags import ORTHANC_MAIN_TAGS, MainTags
from pacsberry.dicom.part10 import DicomFile, uid_text
from pacsberry.dicom.text import Charsets
from pacsberry.dicom.values import value_text
from pacsberry.model import Header

_SPECIFIC_CHARACTER_SET = 0x00080005
_LONGEST_VALUE = 65536  # bytes; a longer value is not one to search for


class Reader:
    """Thread-safe; it holds nothing of a file."""

    def __init__(self, *, default_encoding: Callable[[], str], main_tags: MainTags = ORTHANC_MAIN_TAGS) -> None:
        """`default_encoding`: its name as configured at the moment of the call."""
        self._default_encoding = default_encoding
        self._main_tags = main_tags

    @property
    def reading(self) -> Reading:
        """What the archive needs of it."""
        return Reading(header=self.of_file, tags=self.tags)

    def of_spool(self, spool: Spool) -> Header:
        """The header of a received file; UnreadableDicom."""
        return read_header(
            spool.head,
            size=spool.size,
            default_encoding=self._default_encoding(),
            main_tags=self._main_tags,
            reopen=spool.open,
        )

    def of_file(self, file: BinaryIO) -> Header:
        """The header of a file opened for reading; UnreadableDicom."""
        size = file.seek(0, os.SEEK_END)
        return read_header(file, size=size, default_encoding=self._default_encoding(), main_tags=self._main_tags)

    def tags(self, opened: BinaryIO, wanted: frozenset[int]) -> Mapping[int, str]:
        """Values of top-level elements of an opened file as text, of those it has; UnreadableDicom."""
        found: dict[int, str] = {}
        last = max(wanted, default=0)
        file = DicomFile.open(opened)
        charsets = Charsets.of("", self._default_encoding())
        for element in file.elements(nested=False):
            if element.tag > last:
                break
            if element.length > _LONGEST_VALUE:
                continue
            if element.tag == _SPECIFIC_CHARACTER_SET:
                charsets = Charsets.of(uid_text(file.value(element)), self._default_encoding())
            if element.tag in wanted:
                found[element.tag] = value_text(
                    file.value(element), element.vr, charsets, big_endian=file.encoding.big_endian
                )
        return found
