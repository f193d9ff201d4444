"""Which way up a photograph is: what cameras write instead of turning the picture (Exif 2.32, 4.6.4 A)."""

import struct
from collections.abc import Callable, Iterator
from typing import Any, Final

from numpy.typing import NDArray

_ORIENTATION: Final = 0x0112
_MOST_ENTRIES: Final = 200  # of the first directory
_EXIF: Final = b"Exif\0\0"
START_OF_SCAN: Final = 0xDA
_APPLICATION: Final = 0xE1  # where Exif is

_Turn = Callable[[NDArray[Any]], NDArray[Any]]
_TURNS: Final[dict[int, _Turn]] = {
    2: lambda picture: picture[:, ::-1],
    3: lambda picture: picture[::-1, ::-1],
    4: lambda picture: picture[::-1],
    5: lambda picture: picture.swapaxes(0, 1),
    6: lambda picture: picture[::-1].swapaxes(0, 1),
    7: lambda picture: picture[::-1, ::-1].swapaxes(0, 1),
    8: lambda picture: picture[:, ::-1].swapaxes(0, 1),
}


def upright(picture: NDArray[Any], orientation: int) -> NDArray[Any]:
    """The picture as it was seen, of one that is stored with `orientation`, 1 to 8; others change nothing."""
    turn = _TURNS.get(orientation)
    return picture if turn is None else turn(picture)


def orientation_of(data: bytes) -> int:
    """What a JPEG or PNG says; 1 when it says nothing that can be read."""
    try:
        for block in _png_blocks(data) if data.startswith(b"\x89PNG") else _jpeg_blocks(data):
            return _of_tiff(block)
    except struct.error:  # it ends early
        pass
    return 1


def segments(data: bytes) -> Iterator[tuple[int, int, int]]:
    """(marker, start, end) of what stands in front of the pixels of a JPEG, and of the mark that they begin with."""
    place = 2
    while data[place : place + 1] == b"\xff":
        marker, length = struct.unpack_from(">xBH", data, place)
        yield marker, place + 4, place + 2 + length
        if marker == START_OF_SCAN:
            return
        place += 2 + length


def _jpeg_blocks(data: bytes) -> Iterator[bytes]:
    for marker, start, end in segments(data):
        if marker == _APPLICATION and data.startswith(_EXIF, start):
            yield data[start + len(_EXIF) : end]


def _png_blocks(data: bytes) -> Iterator[bytes]:
    place = 8
    while place + 8 <= len(data):
        length, name = struct.unpack_from(">L4s", data, place)
        if name == b"eXIf":
            yield data[place + 8 : place + 8 + length]
        place += 12 + length


def _of_tiff(block: bytes) -> int:
    order = "<" if block.startswith(b"II") else ">"
    (start,) = struct.unpack_from(f"{order}L", block, 4)
    (count,) = struct.unpack_from(f"{order}H", block, start)
    for number in range(min(count, _MOST_ENTRIES)):
        tag, kind, _, value = struct.unpack_from(f"{order}HHLH", block, start + 2 + 12 * number)
        if tag == _ORIENTATION and kind == 3:
            return int(value)
    return 1
