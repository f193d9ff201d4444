"""Which codec for prepared pictures: bytes at equal error, and times.  Run by hand, with DICOM files of one's own:

    python -m tests.bench.picture_codecs [FILE...]

It prints the figures of server/PICTURES.md.  Without files it measures the bench's own CT and MR, which are smoother
than what scanners make.  Times are the best of several, in ms.
"""

import io
import sys
import time
import zlib
from collections.abc import Callable, Iterator
from functools import partial
from pathlib import Path
from typing import Any, Final

import numpy as np
from imagecodecs import _htj2k, _jpeg2k, _jpeg8, _jpegls, _webp
from numpy.typing import NDArray

from pacsberry.dicom.part10 import DicomFile
from pacsberry.imaging.orders import Order, Product
from pacsberry.imaging.worker import grey
from pacsberry.imaging.worker.frame import read_frame
from pacsberry.imaging.worker.sizes import shrunk
from tests.bench.pixels import CHEST, HEAD, slices
from tests.makers.images import make_image

_TIMES: Final = 5
_WEBP_QUALITY: Final = 75
Pixels = NDArray[Any]

Encode = Callable[[Pixels], Any]
LOSSLESS: Final[dict[str, tuple[Encode, Callable[[bytes], Any]]]] = {
    "JPEG-LS": (lambda values: _jpegls.jpegls_encode(values.view(f"u{values.itemsize}")), _jpegls.jpegls_decode),
    "HTJ2K": (lambda values: _htj2k.htj2k_encode(values, reversible=True), _htj2k.htj2k_decode),
    "JPEG 2000": (
        lambda values: _jpeg2k.jpeg2k_encode(values, level=0, reversible=True, codecformat="j2k"),
        _jpeg2k.jpeg2k_decode,
    ),
    "deflate, level 1": (lambda values: zlib.compress(values.tobytes(), 1), zlib.decompress),
    "deflate, level 6": (lambda values: zlib.compress(values.tobytes(), 6), zlib.decompress),
}


def main() -> None:
    """Print both tables for each file."""
    for name, data in _files(sys.argv[1:]):
        frame = read_frame(DicomFile.open(io.BytesIO(data)), 0)
        print(f"\n{name}: {frame.values.shape} {frame.values.dtype}")
        _print_lossless(frame.values)
        picture = frame.values if frame.is_colour else grey.rendered(frame, Order(Product.RENDERED))
        for side in (256, 384, 512):
            _print_lossy(shrunk(picture, side, side), side, frame.values.nbytes)


def _files(paths: list[str]) -> Iterator[tuple[str, bytes]]:
    for path in paths:
        yield Path(path).name, Path(path).read_bytes()
    if not paths:
        for name, side, drawing in (("CT", 512, CHEST), ("MR", 256, HEAD)):
            pixels = np.frombuffer(next(slices(1, side, drawing, seed=1)), "<u2").reshape(side, side)
            yield f"{name} of the bench", make_image(pixels)


def _print_lossless(values: Pixels) -> None:
    for name, (encode, decode) in LOSSLESS.items():
        stream, encoding = _best(partial(encode, np.ascontiguousarray(values)))
        _, decoding = _best(partial(decode, bytes(stream)))
        share = 100 * len(stream) / values.nbytes
        print(
            f"  {name:18} {len(stream):9} bytes {share:5.1f} %   encoded in {encoding:6.1f}, decoded in {decoding:5.1f}"
        )


def _print_lossy(picture: Pixels, side: int, raw_bytes: int) -> None:
    colours = picture if picture.ndim == 3 else np.repeat(picture[:, :, np.newaxis], 3, axis=2)
    error = 0.0
    for effort in (2, 4):
        encode = partial(_webp.webp_encode, colours, level=_WEBP_QUALITY, lossless=False, method=effort)
        webp, encoding = _best(encode)
        shown, decoding = _best(partial(_webp.webp_decode, bytes(webp)))
        error = _decibels(shown, colours)
        print(f"  {side} px, WebP of effort {effort}: {len(webp)} bytes, {100 * len(webp) / raw_bytes:.2f} %,", end=" ")
        print(f"{error:.1f} dB, encoded in {encoding:.1f}, decoded in {decoding:.1f}")
    for quality in range(30, 101):
        jpeg, encoding = _best(partial(_jpeg8.jpeg8_encode, picture, level=quality, optimize=True))
        shown, decoding = _best(partial(_jpeg8.jpeg8_decode, bytes(jpeg)))
        if _decibels(shown, picture) >= error:
            print(f"  {side} px, JPEG as good as that, quality {quality}: {len(jpeg)} bytes,", end=" ")
            print(f"encoded in {encoding:.1f}, decoded in {decoding:.1f}")
            return


def _best(act: Callable[[], Any]) -> tuple[Any, float]:
    """(what it gives, ms)."""
    result, least = None, float("inf")
    for _ in range(_TIMES):
        start = time.perf_counter()
        result = act()
        least = min(least, time.perf_counter() - start)
    return result, 1000 * least


def _decibels(shown: Pixels, picture: Pixels) -> float:
    """Peak signal-to-noise ratio."""
    mean = float(((np.asarray(shown, float) - picture) ** 2).mean())
    return 10 * float(np.log10(255**2 / mean)) if mean else 99.0


if __name__ == "__main__":
    main()
