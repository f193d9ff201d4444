"""The transfer syntaxes that images can be transcoded to, and what becomes of an object that loses something by it."""

from typing import Final

from pacsberry.dicom.syntax import DEFLATED, EXPLICIT_BIG, EXPLICIT_LITTLE, IMPLICIT_LITTLE
from pacsberry.dicom.uids import named_uid

NATIVE: Final = (EXPLICIT_LITTLE, IMPLICIT_LITTLE, EXPLICIT_BIG, DEFLATED)  # best first, for who takes any
_JPEG: Final = "1.2.840.10008.1.2.4."
LOSSLESS: Final = (
    f"{_JPEG}80",  # JPEG-LS: small and fast
    f"{_JPEG}70",
    f"{_JPEG}57",
    f"{_JPEG}90",
    "1.2.840.10008.1.2.5",
    f"{_JPEG}201",
    f"{_JPEG}202",
)
LOSSY: Final = frozenset((f"{_JPEG}50", f"{_JPEG}51", f"{_JPEG}81", f"{_JPEG}91", f"{_JPEG}203"))
ALL: Final = frozenset((*NATIVE, *LOSSLESS, *LOSSY))
# Video (.100 to .108), its fragmentable forms and JPIP: no pixels that could be had one by one.
_NO_FRAMES: Final = tuple(f"{_JPEG}{number}" for number in (*range(94, 96), *range(100, 109), 204, 205))


def can_be_transcoded(transfer_syntax_uid: str) -> bool:
    """Whether objects of this syntax can be read at all, their codec willing."""
    return not any(
        transfer_syntax_uid == syntax or transfer_syntax_uid.startswith(f"{syntax}.") for syntax in _NO_FRAMES
    )


def derived_uid(sop_uid: str, transfer_syntax_uid: str, quality: int) -> str:
    """The SOP Instance UID of what is made of an instance with loss (PS3.3 C.7.6.1.1.5), in the form of PS3.5 B.2.

    The same for the same original, so that an instance that is sent once more is found, not kept twice.
    """
    return named_uid(f"{sop_uid}|{transfer_syntax_uid}|{quality}")
