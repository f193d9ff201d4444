"""A kept file on its way to a peer: its data set is found without decoding it."""

import os
import struct
from dataclasses import dataclass
from pathlib import Path

from pacsberry.errors import UnreadableDicom

DEFLATED = "1.2.840.10008.1.2.1.99"
_ELEMENT = struct.Struct("<HH2sH")  # group, element, VR, 16-bit length: file meta is always explicit little endian
_LONG_LENGTH = struct.Struct("<L")
_LONG_VRS = (b"OB", b"OW", b"OF", b"SQ", b"UN", b"UT")
_HEAD_BYTES = 4096  # file meta information is a few hundred bytes


@dataclass(frozen=True, slots=True)
class Outgoing:
    """One instance to send, in the transfer syntax it is kept in."""

    sop_class_uid: str
    sop_uid: str
    transfer_syntax_uid: str
    path: Path

    @property
    def context(self) -> tuple[str, str]:
        """The presentation context that it needs."""
        return self.sop_class_uid, self.transfer_syntax_uid


def dataset_region(descriptor: int) -> tuple[int, int]:
    """Offset and length of the data set in an open file; UnreadableDicom when its file meta cannot be followed."""
    size = os.fstat(descriptor).st_size
    head = os.pread(descriptor, _HEAD_BYTES, 0)
    offset = 132 if head[128:132] == b"DICM" else 0
    while len(head) - offset >= 12:
        group, _, vr, length = _ELEMENT.unpack_from(head, offset)
        if group != 0x0002:
            break
        if vr in _LONG_VRS:
            offset += 12 + int(_LONG_LENGTH.unpack_from(head, offset + 8)[0])
        else:  # the group length (0002,0000) is skipped, not believed: some writers get it wrong
            offset += 8 + length
    if offset >= size or (offset > len(head) - 12 and size > len(head)):
        raise UnreadableDicom("The file meta information of a kept file does not end where it says.")
    return offset, size - offset
