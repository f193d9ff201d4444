"""Decoded pixels as arrays of numpy, of a frame, an instance or a series: NPY, or NPZ when `compress` is asked for.

Frames are decoded one after the other while they are sent, so neither the size of a series nor the speed of its reader
matters.  The first frame settles the type and the shape of all.
"""

import math
import struct
from collections.abc import Iterator, Sequence
from dataclasses import replace
from itertools import chain
from typing import BinaryIO, Final, NamedTuple, cast

from pacsberry.dicom.slices import order as order_slices
from pacsberry.errors import NotUnderstood
from pacsberry.http.answers import BINARY, Answer
from pacsberry.http.context import Context
from pacsberry.http.dicomfiles import dicom_attachment
from pacsberry.http.request import Request
from pacsberry.http.routing import Route
from pacsberry.http.slices import slice_of
from pacsberry.imaging.orders import Order, Product
from pacsberry.imaging.pictures import Made
from pacsberry.model import Level
from pacsberry.zipwriter import ZipStream

_CHUNK: Final = 2**18  # bytes
_DEFLATE_LEVEL: Final = 1
_ALIGNMENT: Final = 64  # of the numbers in a file of numpy


class _Place(NamedTuple):
    """Where a frame is."""

    file: str
    frame: int


def get_of_frame(request: Request, context: Context, id: str, frame: int) -> Answer:
    """One frame: rows, columns, samples."""
    file = dicom_attachment(context, id).file
    how = _how(request)
    first = context.pictures.make(file, replace(how, frame=frame))
    return _answer(request, context, how, first, first.shape, iter(()))


def get_of_instance(request: Request, context: Context, id: str) -> Answer:
    """All frames: frames, rows, columns, samples."""
    file = dicom_attachment(context, id).file
    how = _how(request)
    first = context.pictures.make(file, how)
    rest = (_Place(file, frame) for frame in range(1, first.frames))
    return _answer(request, context, how, first, (first.frames, *first.shape), rest)


def get_of_series(request: Request, context: Context, id: str) -> Answer:
    """All frames of all instances in the order of space, or of their numbers: frames, rows, columns, samples."""
    instances = {one.id: one for one in context.archive.resources.instance_files(Level.SERIES, id)}
    slices = order_slices([slice_of(one) for one in instances.values()]).slices
    places = (_Place(instances[one.id].file, frame) for one in slices for frame in range(one.frames))
    how = _how(request)
    start = next(places)
    first = context.pictures.make(start.file, how)
    return _answer(request, context, how, first, (sum(one.frames for one in slices), *first.shape), places)


def _how(request: Request) -> Order:
    return Order(Product.NUMBERS, rescale=request.truth("rescale", absent=True))


def _answer(
    request: Request, context: Context, how: Order, first: Made, shape: Sequence[int], rest: Iterator[_Place]
) -> Answer:
    """The array of `shape` whose first frame is made."""
    head = npy_header(first.number_type, shape)
    length = len(head) + math.prod(shape[:-3]) * first.length
    chunks = chain((head,), _numbers(context, how, first, rest))
    if not request.truth("compress", absent=False):
        return Answer.stream(chunks, BINARY).with_header("Content-Length", str(length))
    archive = ZipStream(deflate_level=_DEFLATE_LEVEL, now=context.clock.now())
    packed = archive.member("arr_0.npy", cast("BinaryIO", _Chunked(chunks)), length)
    return Answer.stream(chain(packed, archive.finish()), BINARY)


def _numbers(context: Context, how: Order, first: Made, rest: Iterator[_Place]) -> Iterator[bytes]:
    """The numbers of all frames; NotUnderstood when one has another shape or type than the first."""
    yield from _read(first)
    for place in rest:
        made = context.pictures.make(place.file, replace(how, frame=place.frame))
        if (made.shape, made.number_type) != (first.shape, first.number_type):
            made.file.close()
            raise NotUnderstood("The images differ in size or kind, so they are no array.")
        yield from _read(made)


def _read(made: Made) -> Iterator[bytes]:
    with made.file as file:
        while chunk := file.read(_CHUNK):
            yield chunk


def npy_header(number_type: str, shape: Sequence[int]) -> bytes:
    """The start of a file of numpy's format 1.0."""
    text = f"{{'descr': '{number_type}', 'fortran_order': False, 'shape': {tuple(shape)!r}, }}"
    length = -(-(10 + len(text) + 1) // _ALIGNMENT) * _ALIGNMENT - 10
    return b"\x93NUMPY\x01\x00" + struct.pack("<H", length) + text.ljust(length - 1).encode() + b"\n"


class _Chunked:
    """Chunks as a file that is read once."""

    def __init__(self, chunks: Iterator[bytes]) -> None:
        self._chunks = chunks
        self._rest = b""

    def read(self, size: int) -> bytes:
        """Up to `size` bytes, b'' at the end."""
        data = self._rest or next(self._chunks, b"")
        self._rest = data[size:]
        return data[:size]


ROUTES = [
    Route("GET", "/instances/<id>/frames/<frame:int>/numpy", get_of_frame, waits=True),
    Route("GET", "/instances/<id>/numpy", get_of_instance, waits=True),
    Route("GET", "/series/<id>/numpy", get_of_series, waits=True),
]
