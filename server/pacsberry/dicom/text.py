"""Text of DICOM values: character sets in, UTF-8 out, and the folded form that identifiers are looked up by.

Decoding never raises: bytes that mean nothing in the character set become U+FFFD.  PS3.3 C.12.1.1.2 defines the
character sets, PS3.5 6.1.2 their code extensions (ISO 2022 escape sequences).
"""

import codecs
import re
import unicodedata
from dataclasses import dataclass
from typing import Final

TEXT_PADDING: Final = " \t\n\v\f\r\0"

# Defined term without 'ISO_IR ' / 'ISO 2022 IR ' -> Python codec.
_CODECS: Final = {
    "6": "ascii",
    "100": "iso8859_1",
    "101": "iso8859_2",
    "109": "iso8859_3",
    "110": "iso8859_4",
    "144": "iso8859_5",
    "127": "iso8859_6",
    "126": "iso8859_7",
    "138": "iso8859_8",
    "148": "iso8859_9",
    "203": "iso8859_15",
    "13": "shift_jis",  # JIS X 0201; senders that put whole Shift JIS there are read, too
    "166": "cp874",  # TIS 620-2533 and the few characters Windows adds
    "87": "iso2022_jp",
    "159": "iso2022_jp_2",
    "149": "euc_kr",
    "58": "gb2312",
    "192": "utf_8",
    "GB18030": "gb18030",
    "GBK": "gbk",
}

# The names of Orthanc's option DefaultEncoding -> (defined term that answers are labelled with, Python codec).
DEFAULT_ENCODINGS: Final = {
    "Ascii": ("ISO_IR 6", "ascii"),
    "Utf8": ("ISO_IR 192", "utf_8"),
    "Latin1": ("ISO_IR 100", "iso8859_1"),
    "Latin2": ("ISO_IR 101", "iso8859_2"),
    "Latin3": ("ISO_IR 109", "iso8859_3"),
    "Latin4": ("ISO_IR 110", "iso8859_4"),
    "Latin5": ("ISO_IR 148", "iso8859_9"),
    "Cyrillic": ("ISO_IR 144", "iso8859_5"),
    "Windows1251": ("ISO_IR 144", "cp1251"),  # DICOM has no term for Windows-1251: it is read, answers are ISO 8859-5
    "Arabic": ("ISO_IR 127", "iso8859_6"),
    "Greek": ("ISO_IR 126", "iso8859_7"),
    "Hebrew": ("ISO_IR 138", "iso8859_8"),
    "Thai": ("ISO_IR 166", "cp874"),
    "Japanese": ("ISO_IR 13", "shift_jis"),
    "Chinese": ("GB18030", "gb18030"),
    "JapaneseKanji": ("\\ISO 2022 IR 87", "iso2022_jp"),
    "Korean": ("\\ISO 2022 IR 149", "euc_kr"),
    "SimplifiedChinese": ("\\ISO 2022 IR 58", "gb2312"),
}

# Escape sequence -> (part of the code table it fills, codec): PS3.3 tables C.12-3 and C.12-4.
_LOW: Final = 0  # G0, bytes 0x21 to 0x7E
_HIGH: Final = 1  # G1, bytes 0xA1 to 0xFE
_ESCAPES: Final = {
    b"(B": (_LOW, "ascii"),
    b"(J": (_LOW, "ascii"),  # JIS X 0201 Romaji: read as ASCII, so that the backslash stays one
    b")I": (_HIGH, "shift_jis"),
    b"-A": (_HIGH, "iso8859_1"),
    b"-B": (_HIGH, "iso8859_2"),
    b"-C": (_HIGH, "iso8859_3"),
    b"-D": (_HIGH, "iso8859_4"),
    b"-L": (_HIGH, "iso8859_5"),
    b"-G": (_HIGH, "iso8859_6"),
    b"-F": (_HIGH, "iso8859_7"),
    b"-H": (_HIGH, "iso8859_8"),
    b"-M": (_HIGH, "iso8859_9"),
    b"-b": (_HIGH, "iso8859_15"),
    b"-T": (_HIGH, "cp874"),
    b"$B": (_LOW, "iso2022_jp"),
    b"$@": (_LOW, "iso2022_jp"),
    b"$(D": (_LOW, "iso2022_jp_2"),
    b"$)C": (_HIGH, "euc_kr"),
    b"$)A": (_HIGH, "gb2312"),
}
_SHIFT_IN: Final = {"iso2022_jp": b"\x1b$B", "iso2022_jp_2": b"\x1b$(D"}
_SEVEN_BIT: Final = frozenset(("ascii", *_SHIFT_IN))
_WITHOUT_ESCAPES: Final = frozenset(("utf_8", "gb18030", "gbk"))  # PS3.3 C.12.1.1.2: no code extensions with these
_ESCAPE: Final = re.compile(rb"\x1b(\$?[()\-][A-Za-z]|\$[@B])")
_RESET: Final = re.compile(rb"([\\\t\n\f\r])")
_RESET_IN_NAMES: Final = re.compile(rb"([\\\t\n\f\r^=])")
_ESCAPE_BEFORE: Final = {"euc_kr": b"\x1b$)C", "gb2312": b"\x1b$)A"}  # said again in every part (PS3.5 6.1.2.5.3)
_PARTS: Final = re.compile(r"([\\\t\n\f\r])")
_PARTS_OF_NAMES: Final = re.compile(r"([\\\t\n\f\r^=])")


@dataclass(frozen=True, slots=True)
class Charsets:
    """How the text of one data set is encoded."""

    codec: str  # of text before any escape sequence

    @classmethod
    def of(cls, specific_character_set: str, default_encoding: str = "Latin1") -> "Charsets":
        """From the value of (0008,0005), '' when absent, and Orthanc's name of the fallback."""
        terms = [term.strip(TEXT_PADDING) for term in specific_character_set.split("\\")]
        if not any(terms):
            return cls.named(default_encoding)
        codec = _codec_of(terms[0]) if terms[0] else "ascii"
        return cls.named(default_encoding) if codec is None else cls(codec)

    @classmethod
    def named(cls, default_encoding: str) -> "Charsets":
        """One of DEFAULT_ENCODINGS; Latin1 for any other name."""
        return cls(DEFAULT_ENCODINGS.get(default_encoding, DEFAULT_ENCODINGS["Latin1"])[1])

    def decode(self, raw: bytes, *, is_name: bool = False) -> str:
        """All of `raw` as text; `is_name` for VR PN, whose ^ and = end what an escape sequence began."""
        if b"\x1b" in raw and self.codec not in _WITHOUT_ESCAPES:
            return self._decode_extended(raw, _RESET_IN_NAMES if is_name else _RESET)
        if self.codec in _SEVEN_BIT:
            return _decode_guessing(raw)
        return raw.decode(self.codec, "replace")

    def _decode_extended(self, raw: bytes, resets: re.Pattern[bytes]) -> str:
        high = start = "iso8859_1" if self.codec in _SEVEN_BIT else self.codec
        low = "ascii"
        text: list[str] = []
        # The pattern has one group: pieces of text stand at even places, the escape before each at odd ones.
        pieces = _ESCAPE.split(raw)
        for place, piece in enumerate(pieces):
            if place % 2:
                part, codec = _ESCAPES.get(piece, (_LOW, "ascii"))
                if part == _LOW:
                    low = codec
                else:
                    high = codec
            elif low in _SHIFT_IN:
                text.append((_SHIFT_IN[low] + piece).decode(low, "replace"))
            else:
                for run in resets.split(piece):
                    text.append(run.decode(high, "replace"))
                    if len(run) == 1 and resets.match(run):
                        high = start
        return "".join(text)


def _codec_of(term: str) -> str | None:
    """The codec of a defined term; tolerates 'ISO-IR 100', 'ISO IR 192', 'ISO_2022_IR_149', 'utf8', 'latin1' …"""
    plain = term.upper().replace("_", " ").replace("-", " ")
    number = plain.removeprefix("ISO").lstrip().removeprefix("2022").lstrip().removeprefix("IR").strip()
    if number in _CODECS:
        return _CODECS[number]
    try:
        return codecs.lookup(term).name.replace("-", "_") if _CODEC_NAME.fullmatch(term) else None
    except LookupError:
        return None


_CODEC_NAME: Final = re.compile(
    r"(?i)(utf[-_ ]?8|latin[-_ ]?[1-9]|iso[-_ ]?8859[-_ ]?\d{1,2}|us[-_ ]?ascii|ascii|gb2312)"
)


def _decode_guessing(raw: bytes) -> str:
    """Text labelled as 7-bit: with bytes beyond ASCII the label is wrong, and UTF-8 can be told from the rest."""
    try:
        return raw.decode("utf_8")
    except UnicodeDecodeError:
        return raw.decode("iso8859_1")


def decode_text(raw: bytes, vr: str, charsets: Charsets) -> str:
    """The UTF-8 text of a string value; several values stay joined by backslashes.

    As Orthanc reads it: to the first NUL, without the spaces at the end; spaces at the beginning count.
    """
    if b"\0" in raw:
        raw = raw[: raw.index(0)]
    if raw.isascii() and b"\x1b" not in raw:
        return raw.decode("ascii").rstrip(" ")
    return charsets.decode(raw, is_name=vr == "PN").rstrip(" ")


def encode_text(value: str, default_encoding: str, *, is_name: bool = False) -> bytes:
    """`value` in one of DEFAULT_ENCODINGS, labelled with its term; what it cannot say becomes '?'."""
    if value.isascii():
        return value.encode("ascii")
    term, codec = DEFAULT_ENCODINGS.get(default_encoding, DEFAULT_ENCODINGS["Latin1"])
    if term == "ISO_IR 144":
        codec = "iso8859_5"
    escape = _ESCAPE_BEFORE.get(codec)
    if escape is None:
        return value.encode(codec, "replace")
    parts = (_PARTS_OF_NAMES if is_name else _PARTS).split(value)
    return b"".join([(b"" if part.isascii() else escape) + part.encode(codec, "replace") for part in parts])


def fold(value: str) -> str:
    """The form identifiers are looked up by, as Orthanc normalizes them: no outer spaces, no accents, upper case.

    Unlike Orthanc's, letters that are not Latin stay, so that two Chinese PatientIDs differ.
    """
    if not value.isascii():
        decomposed = unicodedata.normalize("NFKD", value)
        value = "".join([letter for letter in decomposed if not unicodedata.combining(letter)])
    return value.strip(TEXT_PADDING).upper()
