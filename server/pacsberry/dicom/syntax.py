"""How the data set of a file is encoded: from its transfer syntax, or guessed from its first bytes."""

from typing import Final

from pacsberry.dicom.elements import LONG_VRS, SHORT_VRS, Encoding

IMPLICIT_LITTLE: Final = "1.2.840.10008.1.2"
EXPLICIT_LITTLE: Final = "1.2.840.10008.1.2.1"
DEFLATED: Final = "1.2.840.10008.1.2.1.99"
EXPLICIT_BIG: Final = "1.2.840.10008.1.2.2"
GE_PRIVATE: Final = "1.2.840.113619.5.2"  # Implicit VR Little Endian whose pixels alone are big endian

UNCOMPRESSED_SYNTAXES: Final = frozenset((IMPLICIT_LITTLE, EXPLICIT_LITTLE, EXPLICIT_BIG))
# JPIP Referenced Deflate, and JPIP HTJ2K Referenced Deflate: their data sets are deflated, too.
DEFLATED_SYNTAXES: Final = frozenset((DEFLATED, "1.2.840.10008.1.2.4.95", "1.2.840.10008.1.2.4.205"))

_ENCODINGS: Final = {
    IMPLICIT_LITTLE: Encoding(explicit=False),
    GE_PRIVATE: Encoding(explicit=False),
    EXPLICIT_BIG: Encoding(explicit=True, big_endian=True),
}


def encoding_of(transfer_syntax_uid: str) -> Encoding:
    """The encoding of a transfer syntax; all that are not listed are Explicit VR Little Endian (PS3.5 A.4)."""
    return _ENCODINGS.get(transfer_syntax_uid, Encoding())


def guess_transfer_syntax(start: bytes) -> str:
    """The uncompressed transfer syntax of a data set that does not name its own, from its first element."""
    if start[4:6] in SHORT_VRS or start[4:6] in LONG_VRS:
        little = int.from_bytes(start[0:2], "little")
        big = int.from_bytes(start[0:2], "big")
        return EXPLICIT_BIG if big < little else EXPLICIT_LITTLE
    return IMPLICIT_LITTLE
