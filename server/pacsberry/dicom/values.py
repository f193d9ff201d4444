"""Values of elements as text: strings by their character set, binary numbers as Orthanc prints them."""

import struct
from typing import Final

from pacsberry.dicom.text import Charsets, decode_text

NUMBER_CODES: Final = {"US": "H", "SS": "h", "UL": "L", "SL": "l", "UV": "Q", "SV": "q", "FL": "f", "FD": "d"}
NUMBER_VRS: Final = frozenset((*NUMBER_CODES, "AT"))
BINARY_VRS: Final = frozenset(("OB", "OD", "OF", "OL", "OV", "OW", "UN"))


def value_text(raw: bytes, vr: str, charsets: Charsets, *, big_endian: bool = False) -> str:
    """A value as UTF-8 text, several joined by backslashes; numbers are written in full precision.

    Bytes that do not fill a number are left out.
    """
    code = NUMBER_CODES.get(vr)
    if code is not None:
        size = struct.calcsize("<" + code)
        count = len(raw) // size
        numbers = struct.unpack_from(f"{'>' if big_endian else '<'}{count}{code}", raw)
        # 17 digits tell every double apart; Orthanc writes them for FL, too.
        return "\\".join([f"{number:.17g}" if vr in ("FL", "FD") else str(number) for number in numbers])
    if vr == "AT":
        pairs = struct.unpack_from(f"{'>' if big_endian else '<'}{len(raw) // 4 * 2}H", raw)
        return "\\".join(f"{group:04x},{element:04x}" for group, element in zip(pairs[::2], pairs[1::2], strict=True))
    return decode_text(raw, vr, charsets)
