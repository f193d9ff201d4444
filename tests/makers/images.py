"""Images whose pixels mean something, in every transfer syntax that is decoded; needs numpy and imagecodecs.

make_image(values)                          a Part 10 file of an array (rows, columns[, 3]), or of several as frames
make_image(values, JPEG_LS, tags={...})     the same, compressed
"""

from collections.abc import Mapping, Sequence
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray
from pydicom.encaps import encapsulate
from pydicom.uid import UID

from tests.makers.instances import make_dataset, part10
from tests.makers.syntaxes import BIG_ENDIAN, EXPLICIT

JPEG_BASELINE: Final = "1.2.840.10008.1.2.4.50"
JPEG_EXTENDED: Final = "1.2.840.10008.1.2.4.51"
JPEG_LOSSLESS: Final = "1.2.840.10008.1.2.4.57"
JPEG_LOSSLESS_FIRST: Final = "1.2.840.10008.1.2.4.70"
JPEG_LS: Final = "1.2.840.10008.1.2.4.80"
JPEG_LS_NEAR: Final = "1.2.840.10008.1.2.4.81"
JPEG_2000: Final = "1.2.840.10008.1.2.4.90"
JPEG_2000_LOSSY: Final = "1.2.840.10008.1.2.4.91"
HTJ2K: Final = "1.2.840.10008.1.2.4.201"
HTJ2K_LOSSY: Final = "1.2.840.10008.1.2.4.203"
RLE: Final = "1.2.840.10008.1.2.5"
LOSSLESS: Final = (JPEG_LOSSLESS, JPEG_LOSSLESS_FIRST, JPEG_LS, JPEG_2000, HTJ2K, RLE)

Pixels = NDArray[Any]


def make_image(
    pixels: Pixels | Sequence[Pixels],
    transfer_syntax: str = EXPLICIT,
    *,
    photometric: str = "",
    bits_stored: int = 0,
    is_planar: bool = False,
    tags: Mapping[str, object] | None = None,
    fragments: int = 1,
    instance: int = 1,
) -> bytes:
    """One file; several arrays are its frames.  `photometric` is MONOCHROME2 or RGB when not given."""
    frames = [pixels] if isinstance(pixels, np.ndarray) else list(pixels)
    first = frames[0]
    samples = first.shape[2] if first.ndim == 3 else 1
    ds = make_dataset("CT", transfer_syntax=EXPLICIT, instance=instance)
    ds.file_meta.TransferSyntaxUID = UID(transfer_syntax)
    for keyword in ("WindowCenter", "WindowWidth", "RescaleSlope", "RescaleIntercept"):
        if keyword in ds:
            delattr(ds, keyword)
    ds.Rows, ds.Columns = first.shape[:2]
    ds.SamplesPerPixel = samples
    ds.PhotometricInterpretation = photometric or ("RGB" if samples == 3 else "MONOCHROME2")
    ds.BitsAllocated = 8 * first.itemsize
    ds.BitsStored = bits_stored or ds.BitsAllocated
    ds.HighBit = ds.BitsStored - 1
    ds.PixelRepresentation = 1 if first.dtype.kind == "i" else 0
    if samples == 3:
        ds.PlanarConfiguration = int(is_planar)
    if len(frames) > 1:
        ds.NumberOfFrames = len(frames)
    if UID(transfer_syntax).is_compressed and not UID(transfer_syntax).is_deflated:
        streams = [compress(frame, transfer_syntax, bits=ds.BitsStored) for frame in frames]
        ds.PixelData = encapsulate(streams, fragments_per_frame=fragments)
        ds["PixelData"].is_undefined_length = True
    else:
        ds.PixelData = _native(frames, is_planar=is_planar, is_big=transfer_syntax == BIG_ENDIAN)
    ds["PixelData"].VR = "OB" if first.itemsize == 1 and transfer_syntax != BIG_ENDIAN else "OW"
    for keyword, value in (tags or {}).items():
        setattr(ds, keyword, value)
    return part10(ds)


def _native(frames: Sequence[Pixels], *, is_planar: bool, is_big: bool) -> bytes:
    planes = [np.moveaxis(frame, 2, 0) if is_planar else frame for frame in frames]
    data = b"".join(plane.astype(plane.dtype.newbyteorder(">" if is_big else "<")).tobytes() for plane in planes)
    data += b"\0" * (len(data) % 2)
    if is_big and frames[0].itemsize == 1:  # bytes in 16-bit words (PS3.5 8.1.2)
        data = np.frombuffer(data, "<u2").astype(">u2").tobytes()
    return data


def compress(frame: Pixels, transfer_syntax: str, *, bits: int) -> bytes:
    """One frame as a stream of that syntax."""
    from imagecodecs import _htj2k, _jpeg2k, _jpeg8, _jpegls

    unsigned = np.ascontiguousarray(frame).view(f"u{frame.itemsize}")
    if frame.dtype.kind == "i" and bits < 8 * frame.itemsize:
        unsigned = unsigned & unsigned.dtype.type(2**bits - 1)
    precision = bits if frame.itemsize > 1 else None
    if transfer_syntax in (JPEG_BASELINE, JPEG_EXTENDED):
        data = _jpeg8.jpeg8_encode(unsigned, level=95, bitspersample=precision)
    elif transfer_syntax in (JPEG_LOSSLESS, JPEG_LOSSLESS_FIRST):
        predictor = 1 if transfer_syntax == JPEG_LOSSLESS_FIRST else 4
        data = _jpeg8.jpeg8_encode(unsigned, lossless=True, predictor=predictor, bitspersample=precision)
    elif transfer_syntax in (JPEG_LS, JPEG_LS_NEAR):
        data = _jpegls.jpegls_encode(unsigned, level=0 if transfer_syntax == JPEG_LS else 2)
    elif transfer_syntax in (JPEG_2000, JPEG_2000_LOSSY):
        lossless = transfer_syntax == JPEG_2000
        data = _jpeg2k.jpeg2k_encode(frame, level=0 if lossless else 60, reversible=lossless, codecformat="j2k")
    elif transfer_syntax in (HTJ2K, HTJ2K_LOSSY):
        lossless = transfer_syntax == HTJ2K
        data = _htj2k.htj2k_encode(frame, level=None if lossless else 0.002, reversible=lossless)
    elif transfer_syntax == RLE:
        return rle(unsigned)
    else:
        raise ValueError(transfer_syntax)
    return bytes(data)


def rle(frame: Pixels) -> bytes:
    """PS3.5 annex G, in literal runs only where nothing repeats."""
    planes = [frame] if frame.ndim == 2 else list(np.moveaxis(frame, 2, 0))
    segments = []
    for plane in planes:
        data = plane.astype(plane.dtype.newbyteorder(">")).tobytes()
        segments += [_packed_bits(data[place :: plane.itemsize]) for place in range(plane.itemsize)]
    offsets, at = [], 64
    for segment in segments:
        offsets.append(at)
        at += len(segment)
    header = np.array([len(segments), *offsets, *[0] * (15 - len(offsets))], "<u4").tobytes()
    return header + b"".join(segments)


def _packed_bits(data: bytes) -> bytes:
    packed = bytearray()
    place = 0
    while place < len(data):
        run = 1
        while run < 128 and place + run < len(data) and data[place + run] == data[place]:
            run += 1
        if run > 1:
            packed += bytes((257 - run, data[place]))
        else:
            packed += bytes((0, data[place]))
        place += run
    return bytes(packed + b"\0" * (len(packed) % 2))
