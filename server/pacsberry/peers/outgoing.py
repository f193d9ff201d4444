"""A kept file on its way to a peer: its data set is found without decoding it."""

import os
from collections.abc import Callable
from dataclasses import dataclass
from typing import BinaryIO

from pacsberry.dicom.part10 import read_meta
from pacsberry.errors import UnreadableDicom

_HEADS = (2048, 65536)  # bytes; file meta information is a few hundred, rarely more


@dataclass(frozen=True, slots=True)
class Outgoing:
    """One instance to send, in the transfer syntax it is kept in."""

    sop_class_uid: str
    sop_uid: str
    transfer_syntax_uid: str
    open: Callable[[], BinaryIO]  # its content; UnknownResource when it is gone, DamagedFile

    @property
    def context(self) -> tuple[str, str]:
        """The presentation context that it needs."""
        return self.sop_class_uid, self.transfer_syntax_uid


def dataset_region(file: BinaryIO) -> tuple[int, int]:
    """Offset and length of the data set in an open file; UnreadableDicom when its file meta cannot be followed."""
    size = file.seek(0, os.SEEK_END)
    for head_bytes in _HEADS:
        file.seek(0)
        head = file.read(head_bytes)
        try:
            offset = read_meta(head).dataset_offset
        except UnreadableDicom:
            if head_bytes == _HEADS[-1] or size <= head_bytes:
                raise
        else:
            return offset, size - offset
    raise UnreadableDicom("The file meta information is not complete.")
