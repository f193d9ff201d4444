"""A kept file on its way to a peer: its data set is found without decoding it."""

import os
from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from typing import BinaryIO

from pacsberry.dicom.part10 import read_meta
from pacsberry.errors import UnreadableDicom

_HEADS = (2048, 65536)  # bytes; file meta information is a few hundred, rarely more


@dataclass(frozen=True, slots=True)
class Outgoing:
    """One instance to send."""

    sop_class_uid: str
    sop_uid: str
    transfer_syntax_uid: str  # the one it is kept in, unless it is `transcoded`
    open: Callable[[], BinaryIO]  # its content; UnknownResource when it is gone, DamagedFile
    transcode: Callable[[str], BinaryIO] | None = None  # its content in another syntax, if that may be

    @property
    def context(self) -> tuple[str, str]:
        """The presentation context that it needs."""
        return self.sop_class_uid, self.transfer_syntax_uid

    def transcoded(self, transfer_syntax_uid: str) -> "Outgoing | None":
        """The same in another syntax, made when it is opened (NotUnderstood then, or what `imaging` raises)."""
        if self.transcode is None:
            return None
        opened = partial(self.transcode, transfer_syntax_uid)
        return Outgoing(self.sop_class_uid, self.sop_uid, transfer_syntax_uid, opened)


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
