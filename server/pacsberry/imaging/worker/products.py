"""Makes what an order asks for out of one frame of an open file."""

from collections.abc import Callable, Iterable
from dataclasses import replace
from typing import Any, BinaryIO

import numpy as np
from numpy.typing import NDArray

from pacsberry.dicom.part10 import DicomFile
from pacsberry.errors import NotUnderstood
from pacsberry.imaging.orders import Order, Outcome, Product, Reply
from pacsberry.imaging.worker import grey, slices
from pacsberry.imaging.worker.formats import matlab_text, picture_file
from pacsberry.imaging.worker.frame import Frame, Samples, read_frame, read_samples
from pacsberry.imaging.worker.overlays import draw_overlays
from pacsberry.imaging.worker.sizes import fitted, resize

Write = Callable[[bytes | memoryview], object]

_CLAMPED = {Product.UINT8: "uint8", Product.UINT16: "uint16", Product.INT16: "int16"}


def make(order: Order, file: BinaryIO, write: Write) -> Reply:
    """Write the product; errors of `pacsberry.errors` say why there is none."""
    if order.product is Product.MODEL:
        from pacsberry.imaging.worker.model import model_of  # likewise

        return _written(model_of(order, DicomFile.open(file)), 0, write)
    if order.product is Product.CAPTURE:
        from pacsberry.imaging.worker.captures import write_capture  # likewise

        return write_capture(order, file, write)
    if order.product in (Product.STREAM, Product.FILE):
        from pacsberry.imaging.worker import transcoding  # a worker that makes pictures does without

        write_it = transcoding.write_frame if order.product is Product.STREAM else transcoding.write_file
        return write_it(order, DicomFile.open(file), write)
    if order.product is Product.SLICE:
        return _slice(read_samples(DicomFile.open(file), order.frame), order, write)
    frame = read_frame(DicomFile.open(file), order.frame)
    if order.product is Product.SURVEY:
        return _written([slices.survey(frame).to_bytes()], frame.frames, write)
    if order.product is Product.NUMBERS:
        return _numbers(frame, order, write)
    if order.product is Product.MATLAB:
        pieces = matlab_text(frame.values)
    else:
        pieces = picture_file(_picture(frame, order), order.form, order.quality)
    return _written(pieces, frame.frames, write)


def _written(pieces: Iterable[bytes], frames: int, write: Write) -> Reply:
    length = 0
    for piece in pieces:
        write(piece)
        length += len(piece)
    return Reply(Outcome.MADE, length=length, frames=frames)


def _slice(samples: Samples, order: Order, write: Write) -> Reply:
    small = slices.small_picture(samples, order) if order.fit_width else b""
    full = slices.full_depth(samples) if order.is_full else b""
    reply = _written((small, full), samples.frames, write)
    return replace(reply, shape=(len(small), len(full), slices.raw_bytes(samples)))


def _picture(frame: Frame, order: Order) -> NDArray[Any]:
    clamped = _CLAMPED.get(order.product)
    if clamped is not None:
        if frame.is_colour:
            raise NotUnderstood("Colours have no single value to be shown; preview and rendered show them.")
        return grey.clamped(frame.values, clamped)
    picture: NDArray[np.uint8]
    if frame.is_colour:
        picture = frame.values
    else:
        picture = grey.preview(frame) if order.product is Product.PREVIEW else grey.rendered(frame, order)
    if order.overlays:
        picture = draw_overlays(picture, frame)
    if order.product is Product.RENDERED:
        picture = resize(picture, *fitted(picture.shape[0], picture.shape[1], order), smooth=order.smooth)
    return picture


def _numbers(frame: Frame, order: Order, write: Write) -> Reply:
    values = frame.values
    if order.rescale and not frame.is_colour:
        values = grey.modality_of(frame.header, is_signed=frame.layout.is_signed).apply(values)
    values = values.astype(values.dtype.newbyteorder("<"), copy=False)
    data = np.ascontiguousarray(values).reshape(-1).view(np.uint8)
    write(data.data)
    shape = values.shape if values.ndim == 3 else (*values.shape, 1)
    number_type = values.dtype.str.replace("=", "<")
    return Reply(Outcome.MADE, length=len(data), shape=shape, number_type=number_type, frames=frame.frames)
