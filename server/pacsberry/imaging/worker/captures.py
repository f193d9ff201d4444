"""Makes the pixels of a DICOM object out of a JPEG or PNG that somebody brings: photographs, screenshots, scans.

The picture is decoded and encoded anew, upright, so nothing of the file comes along but what is seen: no place, no
device, no thumbnail, no bytes behind the end.
"""

import struct
from collections.abc import Callable
from typing import Any, BinaryIO, Final

import numpy as np
from numpy.typing import NDArray

from pacsberry.errors import NotUnderstood
from pacsberry.imaging.orders import Order, Outcome, Reply
from pacsberry.imaging.worker import encoders
from pacsberry.imaging.worker.encoders import Sampling
from pacsberry.imaging.worker.orientation import START_OF_SCAN, orientation_of, segments, upright
from pacsberry.imaging.worker.sizes import stepped
from pacsberry.imaging.worker.streams import Jpeg, read_stream

_MOST_FILE_BYTES: Final = 64 << 20
_MOST_PIXELS: Final = 50_000_000  # that are decoded: what phones make
_MOST_KEPT_PIXELS: Final = 8 << 20  # three times what a tablet shows
_LONGEST_KEPT: Final = 8192  # pixels a side
_STRIP: Final = 256  # lines that are worked on at once, for little memory
_JPEG_END: Final = b"\xff\xd9"  # does not occur among pixels (ISO 10918-1 B.1.1.5)
_PNG: Final = b"\x89PNG\r\n\x1a\n"


def write_capture(order: Order, file: BinaryIO, write: Callable[[bytes | memoryview], object]) -> Reply:
    """The picture as one stream of `order.transfer_syntax`; the reply says rows, columns and samples.

    NotUnderstood when it is no JPEG or PNG, damaged, too large, or in colours that are not understood.
    """
    data = file.read(_MOST_FILE_BYTES + 1)
    if len(data) > _MOST_FILE_BYTES:
        raise NotUnderstood(f"The picture has more than {_MOST_FILE_BYTES >> 20} MB.")
    picture = _kept_size(_decoded(data))
    picture = np.ascontiguousarray(upright(picture, orientation_of(data)))
    sampling = Sampling(8, is_rgb=picture.ndim == 3, quality=order.quality)
    stream = encoders.encode(picture, order.transfer_syntax, sampling)
    write(stream)
    shape = picture.shape if picture.ndim == 3 else (*picture.shape, 1)
    return Reply(Outcome.MADE, length=len(stream), shape=shape, number_type="|u1", frames=1)


def _decoded(data: bytes) -> NDArray[np.uint8]:
    """Grey (rows, columns) or RGB (rows, columns, 3)."""
    try:
        picture = _decoded_png(data) if data.startswith(_PNG) else _decoded_jpeg(data)
    except (RuntimeError, ValueError, struct.error) as error:
        raise NotUnderstood(f"The picture is damaged: {error}.") from error
    if picture.size == 0 or picture.ndim not in (2, 3) or (picture.ndim == 3 and picture.shape[2] not in (3, 4)):
        raise NotUnderstood("The colours of this picture are not understood.")
    return _on_white(picture) if picture.ndim == 3 and picture.shape[2] == 4 else picture


def _decoded_jpeg(data: bytes) -> NDArray[np.uint8]:
    facts = read_stream(data)
    if not isinstance(facts, Jpeg):
        raise NotUnderstood("This is no JPEG and no PNG.")
    _check_size(facts.rows, facts.columns)
    if facts.bits != 8 or facts.samples not in (1, 3):
        raise NotUnderstood("A JPEG of 8 bits, grey or in red, green and blue is expected; save it as such.")
    scan = max((start for marker, start, _ in segments(data) if marker == START_OF_SCAN), default=len(data))
    if data.find(_JPEG_END, scan) < 0:  # the codec would fill up what is missing
        raise NotUnderstood("The picture is cut short: its end is missing.")
    from imagecodecs._jpeg8 import jpeg8_decode

    return np.asarray(jpeg8_decode(data, outcolorspace="RGB" if facts.samples == 3 else None), np.uint8)


def _decoded_png(data: bytes) -> NDArray[np.uint8]:
    columns, rows = struct.unpack_from(">LL", data, 16)
    _check_size(rows, columns)
    from imagecodecs._png import png_decode

    picture: NDArray[Any] = png_decode(data)
    if picture.itemsize == 2:
        picture = picture >> 8
    picture = picture.astype(np.uint8, copy=False)
    if picture.ndim == 3 and picture.shape[2] == 2:  # grey and transparency
        picture = np.concatenate((np.repeat(picture[:, :, :1], 3, axis=2), picture[:, :, 1:]), axis=2)
    return picture


def _check_size(rows: int, columns: int) -> None:
    if not (0 < rows <= 65535 and 0 < columns <= 65535 and rows * columns <= _MOST_PIXELS):
        raise NotUnderstood(
            f"The picture says that it has {columns} x {rows} pixels; at most {_MOST_PIXELS // 1_000_000} million "
            "are taken."
        )


def _on_white(picture: NDArray[np.uint8]) -> NDArray[np.uint8]:
    """What is transparent shows white paper."""
    flat = np.empty((*picture.shape[:2], 3), np.uint8)
    for start in range(0, len(picture), _STRIP):
        lines = picture[start : start + _STRIP].astype(np.uint16)
        alpha = lines[:, :, 3:]
        flat[start : start + _STRIP] = (lines[:, :, :3] * alpha + 255 * (255 - alpha) + 127) // 255
    return flat


def _kept_size(picture: NDArray[np.uint8]) -> NDArray[np.uint8]:
    """The picture, made smaller when it is larger than anybody shows: by whole steps, then by less than half."""
    rows, columns = picture.shape[:2]
    ratio = max(1.0, (rows * columns / _MOST_KEPT_PIXELS) ** 0.5, max(rows, columns) / _LONGEST_KEPT)
    if ratio == 1.0:
        return picture
    wanted = max(1, int(rows / ratio)), max(1, int(columns / ratio))
    step = min(int(ratio), rows, columns)
    if step > 1:
        picture = stepped(picture, step)
    return _blended(picture, *wanted)


def _blended(picture: NDArray[np.uint8], rows: int, columns: int) -> NDArray[np.uint8]:
    """The picture in less than twice as few lines and columns, each mixed of two; in strips, which need little memory.

    In whole numbers of 16 bits: five times faster than `resize`, which would take a Raspberry Pi 15 seconds.
    """
    above, share = _mixture(len(picture), rows)
    left, part = _mixture(picture.shape[1], columns)
    samples = [1] * (picture.ndim - 2)
    share, part = share.reshape((-1, 1, *samples)), part.reshape((1, -1, *samples))
    made = np.empty((rows, columns, *picture.shape[2:]), np.uint8)
    for start in range(0, rows, _STRIP):
        some = slice(start, start + _STRIP)
        below = np.minimum(above[some] + 1, len(picture) - 1)
        lines = (picture[above[some]] * (256 - share[some]) + picture[below] * share[some] + 128) >> 8
        right = np.minimum(left + 1, picture.shape[1] - 1)
        made[some] = (lines.take(left, axis=1) * (256 - part) + lines.take(right, axis=1) * part + 128) >> 8
    return made


def _mixture(length: int, wanted: int) -> tuple[NDArray[np.intp], NDArray[np.uint16]]:
    """For each new line: the old one before it, and what the next one has of it in 256ths."""
    centers = np.clip((np.arange(wanted) + 0.5) * (length / wanted) - 0.5, 0, length - 1)
    before = centers.astype(np.intp)
    return before, np.rint((centers - before) * 256).astype(np.uint16)
