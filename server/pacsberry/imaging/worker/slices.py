"""What packs of a whole stack are made of: the survey of a frame, its small picture, and all its values compressed."""

import numpy as np

from pacsberry.errors import NotUnderstood
from pacsberry.imaging.orders import Order
from pacsberry.imaging.survey import StackWindow, Survey
from pacsberry.imaging.worker import encoders, grey
from pacsberry.imaging.worker.formats import picture_file
from pacsberry.imaging.worker.frame import Frame, Samples, in_colours
from pacsberry.imaging.worker.sizes import shrunk

_MODALITY = 0x00080060
_QUANTILES = 101
_MOST_SURVEYED = 1 << 16  # pixels; evenly spread ones of a larger frame
_BACKGROUND_SHARE = 0.02  # of the pixels that have the lowest value: beyond that it is no tissue


def survey(frame: Frame) -> Survey:
    """What a window may be chosen by."""
    window = grey.window_of_file(frame.header)
    return Survey(
        modality=frame.header.text(_MODALITY),
        window=StackWindow(window.center, window.width, window.function) if window is not None else None,
        has_table=frame.header.item(grey.VALUE_TABLES) is not None,
        is_colour=frame.is_colour,
        quantiles=() if frame.is_colour else _quantiles(frame),
    )


def small_picture(samples: Samples, order: Order) -> bytes:
    """The frame in 8 bits through the window of the order, else the file's, no larger than the order says."""
    frame = in_colours(samples)
    picture = frame.values if frame.is_colour else grey.rendered(frame, order)
    return b"".join(picture_file(shrunk(picture, order.fit_width, order.fit_height), order.form, order.quality))


def full_depth(samples: Samples) -> bytes:
    """All values as they are stored, as JPEG-LS; b"" when they cannot be told apart from others in that form.

    That is so for single bits, for more than 16, and for YBR, which the standard does not give this form everywhere.
    """
    layout = samples.layout
    if layout.bits_allocated == 1 or layout.photometric_interpretation.startswith("YBR"):
        return b""
    try:
        return encoders.jpeg_ls(samples.values)
    except NotUnderstood:
        return b""


def raw_bytes(samples: Samples) -> int:
    """Of the frame as numbers of whole bytes, at least two a pixel: the measure that small pictures are held to."""
    layout = samples.layout
    return layout.rows * layout.columns * max(2, layout.samples * layout.bits_allocated // 8)


def _quantiles(frame: Frame) -> tuple[float, ...]:
    values = grey.shown_values(frame).reshape(-1)
    values = values[:: max(1, values.size // _MOST_SURVEYED)]
    shown = grey.modality_of(frame.header, is_signed=frame.layout.is_signed).apply(values)
    shown = shown[np.isfinite(shown)]
    if not shown.size:
        return ()
    inside = shown[shown > shown.min()]
    is_background = shown.size - inside.size > _BACKGROUND_SHARE * shown.size
    if is_background and inside.size and inside.min() < inside.max():
        shown = inside
    return tuple(float(value) for value in np.quantile(shown, np.linspace(0, 1, _QUANTILES)))
