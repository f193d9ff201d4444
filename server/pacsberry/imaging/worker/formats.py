"""Writes pictures and numbers as files: PNG, JPEG, WebP, PAM, and text for Octave."""

import struct
import zlib
from collections.abc import Iterator
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from pacsberry.imaging.orders import Form

# Runs and Huffman codes alone.  Measured on CT behind the filter: 4 % fewer bytes than level 6, 18 times faster.
_DEFLATE: Final = (1, zlib.DEFLATED, zlib.MAX_WBITS, 8, zlib.Z_RLE)
_GREY, _RGB = 0, 2  # colour types of PNG
_FILTER_UP: Final = 2  # each row as its difference from the one above
_ROWS_AT_ONCE: Final = 64
_WEBP_EFFORT: Final = 2  # of 6.  Measured on CT and MR: half the time of libwebp's default for 5 % more bytes


def picture_file(picture: NDArray[Any], form: Form, quality: int) -> Iterator[bytes]:
    """A picture of 8 or 16 bits a sample, grey or RGB; JPEG and WebP have 8 bits only."""
    if form is Form.JPEG:
        from imagecodecs._jpeg8 import jpeg8_encode

        return iter((bytes(jpeg8_encode(np.ascontiguousarray(picture), level=quality)),))
    if form is Form.WEBP:
        from imagecodecs._webp import webp_encode

        colours = picture if picture.ndim == 3 else np.repeat(picture[:, :, np.newaxis], 3, axis=2)
        data = webp_encode(np.ascontiguousarray(colours), level=quality, lossless=False, method=_WEBP_EFFORT)
        return iter((bytes(data),))
    return _pam(picture) if form is Form.PAM else _png(picture)


def matlab_text(values: NDArray[Any]) -> Iterator[bytes]:
    """An expression of numbers, as Orthanc writes it: a matrix, or rows, columns and samples of colours."""
    if values.ndim == 2:
        separator = "double(["
        for row in values:
            yield f"{separator} {' '.join(map(str, row.tolist()))} ".encode()
            separator = ";"
        yield b"])"
        return
    rows, columns, samples = values.shape
    yield b"double(permute(reshape(["
    for row in values:
        yield f" {' '.join(map(str, row.ravel().tolist()))}".encode()
    yield f" ], [ {samples} {columns} {rows} ]), [ 3 2 1 ]))".encode()


def _pam(picture: NDArray[Any]) -> Iterator[bytes]:
    samples = 1 if picture.ndim == 2 else 3
    most = 255 if picture.itemsize == 1 else 65535
    yield (
        f"P7\nWIDTH {picture.shape[1]}\nHEIGHT {picture.shape[0]}\nDEPTH {samples}\nMAXVAL {most}\n"
        f"TUPLTYPE {'GRAYSCALE' if samples == 1 else 'RGB'}\nENDHDR\n"
    ).encode()
    yield from _big_endian_rows(picture)


def _big_endian_rows(picture: NDArray[Any]) -> Iterator[bytes]:
    for start in range(0, len(picture), _ROWS_AT_ONCE):
        some = picture[start : start + _ROWS_AT_ONCE]
        yield some.astype(some.dtype.newbyteorder(">")).tobytes()


def _png(picture: NDArray[Any]) -> Iterator[bytes]:
    """PNG (ISO 15948), written here: the filter is one subtraction, and Pillow would be 20 MB more to install."""
    rows, columns = picture.shape[:2]
    colour = _GREY if picture.ndim == 2 else _RGB
    yield b"\x89PNG\r\n\x1a\n"
    yield _chunk(b"IHDR", struct.pack(">LLBBBBB", columns, rows, 8 * picture.itemsize, colour, 0, 0, 0))
    packer = zlib.compressobj(*_DEFLATE)
    above: NDArray[np.uint8] | None = None
    for data in _big_endian_rows(picture):
        lines = np.frombuffer(data, np.uint8).reshape(-1, columns * (1 if picture.ndim == 2 else 3) * picture.itemsize)
        filtered = np.empty((len(lines), lines.shape[1] + 1), np.uint8)
        filtered[:, 0] = _FILTER_UP
        filtered[1:, 1:] = lines[1:] - lines[:-1]
        filtered[0, 1:] = lines[0] if above is None else lines[0] - above
        above = lines[-1]
        packed = packer.compress(filtered.tobytes())
        if packed:
            yield _chunk(b"IDAT", packed)
    yield _chunk(b"IDAT", packer.flush())
    yield _chunk(b"IEND", b"")


def _chunk(name: bytes, data: bytes) -> bytes:
    return struct.pack(">L", len(data)) + name + data + struct.pack(">L", zlib.crc32(data, zlib.crc32(name)))
