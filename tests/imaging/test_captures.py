"""Photographs and screenshots that become DICOM objects: upright, of a size that is shown, without what they carry."""

import io
import struct
import zlib
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
from imagecodecs import jpeg8_decode, jpeg8_encode, jpegls_decode, png_encode
from numpy.typing import NDArray

from pacsberry.errors import NotUnderstood
from pacsberry.imaging.orders import Order, Product, Reply
from pacsberry.imaging.worker.captures import write_capture
from pacsberry.imaging.worker.encoders import JPEG_BASELINE, JPEG_LS
from pacsberry.imaging.worker.orientation import orientation_of

RED, BLUE = (254, 0, 0), (0, 0, 254)
SECRET = b"48.8584 N 2.2945 E"


def picture(rows: int = 64, columns: int = 96) -> NDArray[np.uint8]:
    """Red in the corner above on the left, blue everywhere else."""
    made = np.zeros((rows, columns, 3), np.uint8)
    made[:, :, 2] = 255
    made[: rows // 2, : columns // 2] = (255, 0, 0)
    return made


def exif(orientation: int, order: str = "<") -> bytes:
    head = b"II*\0" if order == "<" else b"MM\0*"
    entry = struct.pack(f"{order}HHLHH", 0x0112, 3, 1, orientation, 0)
    return head + struct.pack(f"{order}LH", 8, 1) + entry + struct.pack(f"{order}L", 0) + SECRET


def jpeg(pixels: NDArray[np.uint8], orientation: int = 1, order: str = "<") -> bytes:
    block = b"Exif\0\0" + exif(orientation, order)
    plain = bytes(jpeg8_encode(pixels, level=95))
    return plain[:2] + b"\xff\xe1" + struct.pack(">H", len(block) + 2) + block + plain[2:]


def png(pixels: NDArray[Any], orientation: int = 0) -> bytes:
    plain = bytes(png_encode(pixels))
    block = exif(orientation)
    chunk = struct.pack(">L", len(block)) + b"eXIf" + block + bytes(4) if orientation else b""
    return plain[:33] + chunk + plain[33:]


def captured(data: bytes, syntax: str = JPEG_BASELINE) -> tuple[Reply, bytes]:
    written: list[bytes] = []
    order = Order(Product.CAPTURE, transfer_syntax=syntax, quality=92)
    reply = write_capture(order, io.BytesIO(data), lambda piece: written.append(bytes(piece)))
    return reply, b"".join(written)


# Where the corner that is red in the stored picture has to be seen (Exif 2.32, 4.6.4 A, tag 274).
CORNERS = {1: (0, 0), 2: (0, -1), 3: (-1, -1), 4: (-1, 0), 5: (0, 0), 6: (0, -1), 7: (-1, -1), 8: (-1, 0)}


@pytest.mark.parametrize("order", ["<", ">"])
@pytest.mark.parametrize("orientation", CORNERS)
def test_a_photograph_is_turned_upright(orientation: int, order: str) -> None:
    reply, stream = captured(jpeg(picture(), orientation, order))

    seen = jpeg8_decode(stream)
    assert reply.shape == ((64, 96, 3) if orientation < 5 else (96, 64, 3)) == seen.shape
    row, column = CORNERS[orientation]
    assert np.abs(seen[row, column].astype(int) - RED).max() < 6
    assert np.abs(seen[-1 - row, -1 - column].astype(int) - BLUE).max() < 6


def test_a_png_keeps_every_pixel_and_is_turned_too() -> None:
    noise = np.random.default_rng(1).integers(0, 256, (30, 50, 3), dtype=np.uint8)

    assert np.array_equal(jpegls_decode(captured(png(noise), JPEG_LS)[1]), noise)
    assert np.array_equal(jpegls_decode(captured(png(noise, 6), JPEG_LS)[1]), np.rot90(noise, -1))
    assert np.array_equal(jpegls_decode(captured(png(noise, 8), JPEG_LS)[1]), np.rot90(noise))


@pytest.mark.parametrize(("data", "syntax"), [(jpeg(picture()), JPEG_BASELINE), (png(picture(), 3), JPEG_LS)])
def test_nothing_but_what_is_seen_comes_along(data: bytes, syntax: str) -> None:
    reply, stream = captured(data + b"behind the end " + SECRET, syntax)

    assert SECRET not in stream
    assert b"Exif" not in stream
    assert reply.length == len(stream)


@pytest.mark.parametrize(
    ("pixels", "seen"),
    [
        (np.full((4, 4), 7, np.uint8), 7),
        (np.full((4, 4), 0x1234, np.uint16), 0x12),
        (np.full((4, 4, 2), (0, 0), np.uint8), [255, 255, 255]),
        (np.full((4, 4, 4), (255, 0, 0, 255), np.uint8), [255, 0, 0]),
        (np.full((4, 4, 4), (255, 0, 0, 0), np.uint8), [255, 255, 255]),
        (np.full((4, 4, 4), (0, 0, 0, 128), np.uint8), [127, 127, 127]),
    ],
)
def test_grey_deep_and_transparent_pngs_are_seen_as_on_white_paper(pixels: NDArray[Any], seen: object) -> None:
    reply, stream = captured(png(pixels), JPEG_LS)

    assert jpegls_decode(stream)[1, 1].tolist() == seen
    assert reply.shape == (4, 4, 3 if isinstance(seen, list) else 1)


@pytest.mark.parametrize("size", [(3024, 4032), (9000, 5000), (60000, 2), (1, 60000)])
def test_what_is_larger_than_a_tablet_shows_is_made_smaller(size: tuple[int, int]) -> None:
    reply, stream = captured(jpeg(np.full(size, 200, np.uint8)))

    rows, columns, samples = reply.shape
    assert samples == 1
    assert rows * columns <= 8 << 20
    assert max(rows, columns) <= 8192
    if min(size) > 2:
        assert abs(rows / columns - size[0] / size[1]) < 0.01
    seen = jpeg8_decode(stream)
    assert (int(seen.min()), int(seen.max())) == (200, 200)


def test_a_picture_that_is_made_smaller_shows_the_same() -> None:
    ramp = np.linspace(0, 255, 5000).astype(np.uint8)
    reply, stream = captured(png(np.repeat(ramp[np.newaxis], 4000, axis=0)), JPEG_LS)

    seen = jpegls_decode(stream).astype(int)
    expected = np.linspace(0, 255, reply.shape[1])
    assert np.abs(seen - expected).max() <= 2


def spoilt(change: Callable[[bytes], bytes]) -> bytes:
    return change(jpeg(np.random.default_rng(2).integers(0, 256, (64, 64, 3), dtype=np.uint8)))


@pytest.mark.parametrize(
    "data",
    [
        b"",
        b"\xff\xd8\xff",
        b"\x89PNG\r\n\x1a\n",
        b"\x89PNG\r\n\x1a\n" + b"x" * 100,
        png(picture())[:200],
        spoilt(lambda data: data[: len(data) // 2]),
        spoilt(lambda data: data[:200]),
        b"\x89PNG\r\n\x1a\n" + struct.pack(">L4sLL", 13, b"IHDR", 60000, 60000) + bytes(50),
        bytes(jpeg8_encode(np.zeros((8, 8, 4), np.uint8), colorspace="CMYK", outcolorspace="CMYK")),
    ],
)
def test_what_is_cut_short_too_large_or_none_is_refused(data: bytes) -> None:
    with pytest.raises(NotUnderstood):
        captured(data)


def test_a_small_file_that_unpacks_to_a_huge_picture_is_refused_before_it_is_unpacked() -> None:
    head = struct.pack(">LLBBBBB", 9000, 6000, 1, 0, 0, 0, 0)
    rows = zlib.compress(bytes((9000 // 8 + 1) * 6000))
    chunks = [(b"IHDR", head), (b"IDAT", rows), (b"IEND", b"")]
    bomb = b"".join(
        struct.pack(">L", len(data)) + name + data + struct.pack(">L", zlib.crc32(name + data)) for name, data in chunks
    )

    with pytest.raises(NotUnderstood, match="9000 x 6000"):
        captured(b"\x89PNG\r\n\x1a\n" + bomb)


def test_an_orientation_that_cannot_be_read_changes_nothing() -> None:
    whole = jpeg(picture(), 6)

    assert orientation_of(whole) == 6
    for length in range(60):
        assert orientation_of(whole[:length]) in (1, 6)
    assert captured(jpeg(picture(), 77))[0].shape == (64, 96, 3)
