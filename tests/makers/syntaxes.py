"""Names for the transfer syntaxes that need no encoder (PS3.5 A.1, A.2, A.3, A.5)."""

from typing import Final

from pydicom.uid import (
    UID,
    DeflatedExplicitVRLittleEndian,
    ExplicitVRBigEndian,
    ExplicitVRLittleEndian,
    ImplicitVRLittleEndian,
)

IMPLICIT: Final[UID] = ImplicitVRLittleEndian
EXPLICIT: Final[UID] = ExplicitVRLittleEndian
BIG_ENDIAN: Final[UID] = ExplicitVRBigEndian
DEFLATED: Final[UID] = DeflatedExplicitVRLittleEndian
NATIVE_SYNTAXES: Final[tuple[UID, ...]] = (IMPLICIT, EXPLICIT, BIG_ENDIAN, DEFLATED)
