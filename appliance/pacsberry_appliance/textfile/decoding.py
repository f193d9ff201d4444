"""Bytes of an unknown editor to text, and back: byte order marks, UTF-16 with and without one, Windows-1252, RTF."""

import codecs
import re
from dataclasses import dataclass

from pacsberry_appliance.words import Message, say

LARGEST_BYTES = 64 << 10
# Only what editors mean by a line: str.splitlines also splits at form feeds and at U+2028, which may be within a value.
_LINE_END = re.compile(r"\r\n|\r|\n")
_BYTES_LINE = re.compile(rb"[^\r\n]*[\r\n]*")
# The longer mark first: that of UTF-32 begins with that of UTF-16.
_MARKS = (
    (codecs.BOM_UTF8, "utf-8"),
    (codecs.BOM_UTF32_LE, "utf-32-le"),
    (codecs.BOM_UTF32_BE, "utf-32-be"),
    (codecs.BOM_UTF16_LE, "utf-16-le"),
    (codecs.BOM_UTF16_BE, "utf-16-be"),
)


@dataclass(frozen=True, slots=True)
class Text:
    """The lines with their ends, and how the editor wrote them."""

    lines: tuple[tuple[str, str], ...]  # (line, its end)
    encoding: str
    mark: bytes

    def encoded(self) -> bytes:
        """The bytes as that editor would write them."""
        text = "".join(line + end for line, end in self.lines)
        return self.mark + text.encode(self.encoding, errors="replace")


def decode(raw: bytes) -> Text | Message:
    """The text, or what is wrong with the file as a whole."""
    if len(raw) > LARGEST_BYTES:
        return say("file_too_large", kilobytes=LARGEST_BYTES >> 10)
    if raw.lstrip(b"\xef\xbb\xbf \r\n").startswith(b"{\\rtf"):
        return say("file_is_rtf")
    if raw.startswith((b"PK\x03\x04", b"\xd0\xcf\x11\xe0")):
        return say("file_is_word")
    mark, encoding = next(((mark, name) for mark, name in _MARKS if raw.startswith(mark)), (b"", _guess(raw)))
    body = raw[len(mark) :]
    if encoding == "utf-8":
        parts = [_by_line(part) for part in _BYTES_LINE.findall(body)]
        text = "".join(part for part, _ in parts)
        if not mark and {name for _, name in parts} == {"cp1252", "ascii"}:
            encoding = "cp1252"
    else:
        text = body.decode(encoding, errors="replace")
    return Text(tuple(_lines(text)), encoding, mark)


def _guess(raw: bytes) -> str:
    # Notepad's "Unicode" without a mark: every other byte of Latin text is zero. A few zeros are no sign of it: the end
    # of a file that was cut off by a pulled card, or a line that PowerShell's >> has added to a file in UTF-8.
    even, odd = raw[:4096:2], raw[1:4096:2]
    if odd and odd.count(0) > 0.6 * len(odd) and even.count(0) < 0.2 * len(even):
        return "utf-16-le"
    if odd and even.count(0) > 0.6 * len(even) and odd.count(0) < 0.2 * len(odd):
        return "utf-16-be"
    return "utf-8"


def _by_line(raw: bytes) -> tuple[str, str]:
    # One line that another editor has written does not spoil the others.
    if raw.isascii():
        return raw.decode("ascii"), "ascii"
    try:
        return raw.decode("utf-8"), "utf-8"
    except UnicodeDecodeError:
        return raw.decode("cp1252", errors="replace"), "cp1252"


def _lines(text: str) -> list[tuple[str, str]]:
    lines: list[tuple[str, str]] = []
    start = 0
    for end in _LINE_END.finditer(text):
        lines.append((text[start : end.start()], end.group()))
        start = end.end()
    if start < len(text):
        lines.append((text[start:], ""))
    return lines
