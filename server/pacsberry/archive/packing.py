"""Whether packing a file pays, told from its first bytes."""

from typing import Final

from pacsberry.archive.deflating import new_compressor
from pacsberry.dicom.part10 import read_meta
from pacsberry.dicom.syntax import UNCOMPRESSED_SYNTAXES
from pacsberry.errors import UnreadableDicom

MOST_BYTES: Final = 2**32 - 1  # of content: gzip knows its length modulo 2^32 (RFC 1952 2.3.1, ISIZE)

_BLOCK_BYTES: Final = 4096  # what the smallest file takes on the card anyway
_SAMPLE_BYTES: Final = 32768  # from the end of the head, which is nearer to what the rest is like
_HIGHEST_PART: Final = 0.9  # of its size that a sample may take packed
_ALREADY_PACKED: Final = (b"PK", b"\x1f\x8b")  # ZIP, gzip
_FORM: Final = b"--"  # of several files, which are taken out of it one by one


def pays(head: bytes | bytearray) -> bool:
    """Whether a file that begins with `head` (64 KB of it, or all) is worth packing.

    Not, when it is about a block; when it has its own compression, as most transfer syntaxes do; when it is a ZIP or a
    form, which are received to be taken apart; or when a sample shows that it hardly gets smaller.
    """
    is_dicom = head[128:132] == b"DICM"
    if len(head) <= _BLOCK_BYTES or (head.startswith((*_ALREADY_PACKED, _FORM)) and not is_dicom):
        return False
    if is_dicom:
        try:
            syntax = read_meta(bytes(head)).transfer_syntax_uid
        except UnreadableDicom:
            return False
        if syntax and syntax not in UNCOMPRESSED_SYNTAXES:
            return False
    sample = memoryview(head)[-_SAMPLE_BYTES:]
    compressor = new_compressor()
    return len(compressor.compress(sample)) + len(compressor.flush()) <= _HIGHEST_PART * len(sample)
