"""Compresses frames with the libraries that imagecodecs carries: one stream of a transfer syntax for one array.

What a data set then has to say of its pixels is the business of `transcoding`.
"""

import importlib
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from pacsberry.errors import NotUnderstood
from pacsberry.imaging.worker import charls

JPEG_BASELINE: Final = "1.2.840.10008.1.2.4.50"
JPEG_EXTENDED: Final = "1.2.840.10008.1.2.4.51"
JPEG_LOSSLESS: Final = "1.2.840.10008.1.2.4.57"
JPEG_LOSSLESS_FIRST: Final = "1.2.840.10008.1.2.4.70"
JPEG_LS: Final = "1.2.840.10008.1.2.4.80"
JPEG_LS_NEAR: Final = "1.2.840.10008.1.2.4.81"
JPEG_2000_LOSSLESS: Final = "1.2.840.10008.1.2.4.90"
JPEG_2000: Final = "1.2.840.10008.1.2.4.91"
HTJ2K_LOSSLESS: Final = "1.2.840.10008.1.2.4.201"
HTJ2K_RPCL: Final = "1.2.840.10008.1.2.4.202"
HTJ2K: Final = "1.2.840.10008.1.2.4.203"
RLE: Final = "1.2.840.10008.1.2.5"

_MOST_BITS: Final = 16  # of a sample in every codec but RLE
_MOST_RLE_SEGMENTS: Final = 15  # PS3.5 G.5
_RLE_HEADER_BYTES: Final = 64
_BY_RESOLUTION: Final = 1  # OpenJPH: a tile part for each resolution, which the index TLM at the head then finds


@dataclass(frozen=True, slots=True)
class Sampling:
    """How the samples of a frame are to be taken."""

    bits: int  # of a sample, in the stream; for RLE all that the array has
    is_rgb: bool = False  # three samples that are red, green and blue: codecs may turn them into something smaller
    quality: int = 90  # of what loses, 1 to 100


def encode(values: NDArray[Any], transfer_syntax_uid: str, sampling: Sampling) -> bytes:
    """An array (rows, columns[, 3]) of whole numbers as a stream; NotUnderstood when that syntax cannot hold it.

    Where a codec has no sign the stream has two's complements of `bits` bits (PS3.5 8.2.1, 8.2.3).
    """
    encoder = _ENCODERS.get(transfer_syntax_uid)
    if encoder is None:
        raise NotUnderstood(f"Nothing is compressed to transfer syntax {transfer_syntax_uid}.")
    if transfer_syntax_uid != RLE and not 1 <= sampling.bits <= _MOST_BITS:
        raise NotUnderstood(f"Samples of {sampling.bits} bits cannot be compressed to {transfer_syntax_uid}.")
    try:
        return encoder(np.ascontiguousarray(values), sampling)
    except (RuntimeError, ValueError, TypeError, NotImplementedError) as error:
        raise NotUnderstood(f"The image cannot be compressed to {transfer_syntax_uid}: {error}.") from error


def jpeg_ls(values: NDArray[Any]) -> bytes:
    """JPEG-LS without loss (ISO 14495-1) of integers of 8 or 16 bits, one or three samples a pixel; NotUnderstood.

    The stream knows no sign: negative values are there as two's complement of all their bits, so a reader gets them
    back by taking the words for signed ones, whatever BitsStored is.
    """
    if values.dtype.kind not in "iu":
        raise NotUnderstood("JPEG-LS holds whole numbers only.")
    return encode(values, JPEG_LS, Sampling(8 * values.dtype.itemsize))


def _unsigned(values: NDArray[Any], bits: int) -> NDArray[Any]:
    """The same bits without a sign, those above `bits` cleared."""
    unsigned = values.view(f"u{values.itemsize}")
    return unsigned & unsigned.dtype.type(2**bits - 1) if bits < 8 * values.itemsize else unsigned


def _jpeg(values: NDArray[Any], sampling: Sampling) -> bytes:
    """PS3.5 8.2.1: 8 bits (process 1) or 12 (process 4), colours as YBR_FULL_422."""
    if values.dtype.kind != "u":
        raise ValueError("lossy JPEG has no negative samples")
    jpeg8 = importlib.import_module("imagecodecs._jpeg8")
    if values.ndim == 3:
        if values.itemsize > 1:
            raise ValueError("colours of more than 8 bits")
        source = "RGB" if sampling.is_rgb else "YCbCr"
        return bytes(
            jpeg8.jpeg8_encode(
                values, level=sampling.quality, colorspace=source, outcolorspace="YCbCr", subsampling="422"
            )
        )
    bits = None if values.itemsize == 1 else 12
    return bytes(jpeg8.jpeg8_encode(values, level=sampling.quality, bitspersample=bits))


def _baseline(values: NDArray[Any], sampling: Sampling) -> bytes:
    if values.itemsize > 1:
        raise ValueError("JPEG baseline has 8 bits a sample")
    return _jpeg(values, sampling)


def _extended(values: NDArray[Any], sampling: Sampling) -> bytes:
    if sampling.bits > 12:
        raise ValueError("JPEG extended has at most 12 bits a sample")
    return _jpeg(values, sampling)


def _lossless_jpeg(values: NDArray[Any], sampling: Sampling) -> bytes:
    """Process 14 with the predictor of selection value 1, which is right for both syntaxes."""
    jpeg8 = importlib.import_module("imagecodecs._jpeg8")
    unsigned = _unsigned(values, sampling.bits)
    bits = None if values.itemsize == 1 else sampling.bits
    return bytes(jpeg8.jpeg8_encode(unsigned, lossless=True, predictor=1, bitspersample=bits))


def _jpeg_ls(values: NDArray[Any], sampling: Sampling) -> bytes:
    return charls.encode(_unsigned(values, sampling.bits), bits=sampling.bits, near=0)


def _jpeg_ls_near(values: NDArray[Any], sampling: Sampling) -> bytes:
    if values.dtype.kind != "u":  # a small error would turn -1 into the largest number
        raise ValueError("near-lossless JPEG-LS has no negative samples")
    return charls.encode(values, bits=sampling.bits, near=max(1, (100 - sampling.quality) // 5))


def _jpeg_2000(values: NDArray[Any], sampling: Sampling, *, is_reversible: bool) -> bytes:
    jpeg2k = importlib.import_module("imagecodecs._jpeg2k")
    return bytes(
        jpeg2k.jpeg2k_encode(
            values,
            level=0 if is_reversible else _decibels(values, sampling),
            reversible=is_reversible,
            codecformat="j2k",
            mct=sampling.is_rgb,
            bitspersample=sampling.bits,
        )
    )


def _htj2k(values: NDArray[Any], sampling: Sampling, *, is_reversible: bool, is_rpcl: bool = False) -> bytes:
    """The library always writes in the order of resolutions (RPCL), and 8 or 16 bits."""
    htj2k = importlib.import_module("imagecodecs._htj2k")
    options: dict[str, object] = {"tlm": True, "tilepart": _BY_RESOLUTION} if is_rpcl else {}
    if not is_reversible:
        options["level"] = 2.0 * 10 ** (-_decibels(values, sampling) / 20) * 2 ** (sampling.bits - 8 * values.itemsize)
    if values.ndim == 3:
        if not sampling.is_rgb:
            raise ValueError("only colours that are RGB")
        options["rgb"] = True
    return bytes(htj2k.htj2k_encode(values, reversible=is_reversible, **options))


def _decibels(values: NDArray[Any], sampling: Sampling) -> float:
    """The peak signal-to-noise ratio for a quality, relative to all values that `sampling.bits` can have.

    For a CT of quality 90 the error is 5 to 9 on average, whatever bits it is stored in: the values that it has count,
    not those that it might have.  3 dB more for each bit of them, as images of more bits are windowed.
    """
    span = int(values.max()) - int(values.min())
    used = min(sampling.bits, max(8, span.bit_length()))
    return 20 + 0.3 * sampling.quality + 3 * (used - 8) + 6 * (sampling.bits - used)


def _rle(values: NDArray[Any], sampling: Sampling) -> bytes:
    """PS3.5 annex G: a segment for each byte of each sample, the highest first; rows do not share a run."""
    planes = [values] if values.ndim == 2 else [values[:, :, sample] for sample in range(values.shape[2])]
    if len(planes) * values.itemsize > _MOST_RLE_SEGMENTS:
        raise ValueError("too many segments")
    packer = importlib.import_module("imagecodecs._imcd")
    segments = []
    for plane in planes:
        big = plane.astype(plane.dtype.newbyteorder(">"), order="C").view(np.uint8)
        for place in range(values.itemsize):
            segment = bytes(packer.packbits_encode(big[:, place :: values.itemsize].copy(), axis=-1))
            segments.append(segment + b"\0" * (len(segment) % 2))
    header = np.zeros(_RLE_HEADER_BYTES // 4, "<u4")
    header[0] = len(segments)
    header[1 : len(segments) + 1] = np.cumsum([_RLE_HEADER_BYTES, *map(len, segments[:-1])])
    return b"".join([header.tobytes(), *segments])


_ENCODERS: Final[Mapping[str, Callable[[NDArray[Any], Sampling], bytes]]] = {
    JPEG_BASELINE: _baseline,
    JPEG_EXTENDED: _extended,
    JPEG_LOSSLESS: _lossless_jpeg,
    JPEG_LOSSLESS_FIRST: _lossless_jpeg,
    JPEG_LS: _jpeg_ls,
    JPEG_LS_NEAR: _jpeg_ls_near,
    JPEG_2000_LOSSLESS: lambda values, sampling: _jpeg_2000(values, sampling, is_reversible=True),
    JPEG_2000: lambda values, sampling: _jpeg_2000(values, sampling, is_reversible=False),
    HTJ2K_LOSSLESS: lambda values, sampling: _htj2k(values, sampling, is_reversible=True),
    HTJ2K_RPCL: lambda values, sampling: _htj2k(values, sampling, is_reversible=True, is_rpcl=True),
    HTJ2K: lambda values, sampling: _htj2k(values, sampling, is_reversible=False),
    RLE: _rle,
}
