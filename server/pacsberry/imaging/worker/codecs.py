"""Decodes compressed frames with the libraries that imagecodecs carries.

Which codec it is the stream itself says, since files name the wrong transfer syntax now and then; RLE has no mark.
Streams that claim another size than the file are refused before a library allocates for them.
"""

import importlib
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from pacsberry.errors import NotUnderstood
from pacsberry.imaging.worker.layout import Layout
from pacsberry.imaging.worker.native import stored_bits
from pacsberry.imaging.worker.streams import Jpeg, StreamFacts, loses_nothing, read_stream

_RLE: Final = "1.2.840.10008.1.2.5"
_JPEG_END: Final = b"\xff\xd9"


def decode(data: bytes, transfer_syntax_uid: str, layout: Layout) -> tuple[NDArray[Any], bool]:
    """(the samples of one frame, whether they are RGB now); NotUnderstood when they cannot be decoded."""
    if transfer_syntax_uid == _RLE:
        return _decode_rle(data, layout), False
    facts = read_stream(data)
    if facts is None:
        raise NotUnderstood(f"Pixel data of transfer syntax {transfer_syntax_uid} cannot be decoded.")
    if (facts.rows, facts.columns, facts.samples) != (layout.rows, layout.columns, layout.samples):
        raise NotUnderstood(
            f"The compressed image has {facts.columns} x {facts.rows} pixels of {facts.samples} samples, "
            f"the file claims {layout.columns} x {layout.rows} of {layout.samples}."
        )
    if facts.codec == "jpegls" and _JPEG_END not in data:
        # CharLS 2.4.3 refuses it, too, but takes seconds per 1000 pixels to find out.  Inside the stream the mark
        # cannot occur (ISO 14495-1 9.1); behind it there may be padding of any kind.
        raise NotUnderstood("The compressed image is cut short.")
    decoder = importlib.import_module(f"imagecodecs._{facts.codec}")
    try:
        values, is_rgb = _run(decoder, data, facts, layout)
    except (RuntimeError, ValueError) as error:
        raise NotUnderstood(f"The compressed image is broken: {error}.") from error
    values = _conform(values.reshape(layout.shape), facts, layout)
    is_whole = facts.bits == layout.bits_allocated > layout.bits_stored == layout.high_bit + 1
    if is_whole and loses_nothing(data, facts):
        values = stored_bits(values, layout)  # without others beside them; what is lossy may go beyond its bits
    return values, is_rgb


def _run(decoder: Any, data: bytes, facts: StreamFacts, layout: Layout) -> tuple[NDArray[Any], bool]:
    if not isinstance(facts, Jpeg):
        # JPEG 2000 undoes its own colour transformations (PS3.5 8.2.4).
        is_undone = layout.photometric_interpretation in ("YBR_RCT", "YBR_ICT")
        return getattr(decoder, f"{facts.codec}_decode")(data), is_undone
    if facts.samples == 1:
        return decoder.jpeg8_decode(data, colorspace="GRAYSCALE", outcolorspace="GRAYSCALE"), False
    is_ybr = _is_ybr(facts, layout)
    if facts.is_lossless:  # such streams the library does not convert
        return decoder.jpeg8_decode(data, colorspace="RGB", outcolorspace="RGB"), not is_ybr
    return decoder.jpeg8_decode(data, colorspace="YCbCr" if is_ybr else "RGB", outcolorspace="RGB"), True


def _is_ybr(facts: Jpeg, layout: Layout) -> bool:
    """Whether the components are luminance and chrominances.

    The stream knows better than the file: by its component names, by Adobe's mark, by JFIF, which always is YCbCr.
    """
    if facts.component_names in (b"RGB", b"rgb"):
        return False
    if facts.adobe_transform is not None:
        return facts.adobe_transform != 0
    if facts.is_jfif:
        return True
    return layout.photometric_interpretation.startswith("YBR")


def _conform(values: NDArray[Any], facts: StreamFacts, layout: Layout) -> NDArray[Any]:
    """Samples with the sign that the file gives them: a stream may have another one, and most have none."""
    size = values.dtype.itemsize
    if values.dtype.kind == ("i" if layout.is_signed else "u"):
        return values
    # To the left until the sign is the highest bit, and back, so that it comes along or zeros do.
    unsigned, signed = np.dtype(f"u{size}").type, np.dtype(f"i{size}")
    shift = 8 * size - min(facts.bits, layout.bits_stored, 8 * size)
    moved = values.view(f"u{size}") << unsigned(shift)
    return np.asarray(moved.view(signed) >> signed.type(shift) if layout.is_signed else moved >> unsigned(shift))


def _decode_rle(data: bytes, layout: Layout) -> NDArray[Any]:
    """PS3.5 annex G: a segment for each byte of each sample."""
    if layout.bits_allocated == 1:
        raise NotUnderstood("RLE of single bits is not shown.")
    width = layout.bits_allocated // 8
    if len(data) < 64 or int.from_bytes(data[:4], "little") != layout.samples * width:
        raise NotUnderstood("The RLE segments are not those of an image as the file describes it.")
    decoder = importlib.import_module("imagecodecs._imcd")
    try:
        planes = decoder.dicomrle_decode(data, f"<u{width}")
    except (RuntimeError, ValueError) as error:
        raise NotUnderstood(f"The RLE image is broken: {error}.") from error
    count = layout.rows * layout.columns * layout.samples
    if len(planes) < count * width:
        raise NotUnderstood("The RLE image is shorter than the size that the file claims.")
    values = np.frombuffer(planes, f"<{'i' if layout.is_signed else 'u'}{width}", count)
    values = stored_bits(values, layout)
    if layout.samples == 3:
        return np.moveaxis(values.reshape(3, layout.rows, layout.columns), 0, 2)
    return values.reshape(layout.shape)
