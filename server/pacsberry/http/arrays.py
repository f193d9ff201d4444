"""Decoded pixels as arrays of numpy, of a frame, an instance or a series: NPY, or NPZ when `compress` is asked for.

Frames are decoded one after the other while they are sent, so neither the size of a series nor the speed of its reader
matters.  The first frame settles the type and the shape of all.
"""

import math
import struct
from collections.abc import Iterator, Sequence
from itertools import chain
from typing import BinaryIO, Final, NamedTuple, Self, cast

from pacsberry.dicom.slices import order as order_slices
from pacsberry.errors import NotUnderstood, UnknownResource
from pacsberry.http.answers import BINARY, Answer
from pacsberry.http.context import Context
from pacsberry.http.dicomfiles import dicom_attachment
from pacsberry.http.pictures import etag_of
from pacsberry.http.rendering import is_known
from pacsberry.http.request import Request
from pacsberry.http.routing import Route
from pacsberry.http.slices import slice_of
from pacsberry.imaging.made import Made
from pacsberry.imaging.orders import Order, Product
from pacsberry.model import Level
from pacsberry.zipwriter import ZipStream

_CHUNK: Final = 2**18  # bytes
_DEFLATE_LEVEL: Final = 1
_ALIGNMENT: Final = 64  # of the numbers in a file of numpy


class _Place(NamedTuple):
    """Where a frame is."""

    file: str  # for Pictures.make
    size: int  # bytes of the file's content
    frame: int


class _Wish(NamedTuple):
    """What a request wants."""

    rescale: bool
    compress: bool

    def order(self, frame: int) -> Order:
        """The numbers of one frame."""
        return Order(Product.NUMBERS, frame=frame, rescale=self.rescale)


def get_of_frame(request: Request, context: Context, id: str, frame: int) -> Answer:
    """One frame: rows, columns, samples."""
    attachment, wish = dicom_attachment(context, id), _wish(request)
    etag = etag_of(attachment.uuid, wish, frame)
    if is_known(f'"{etag}"', request):
        return Answer.empty().with_etag(etag)
    first = context.pictures.make(attachment.file, wish.order(frame), size=attachment.size)
    return _answer(context, wish, first, first.shape, iter(())).with_etag(etag)


def get_of_instance(request: Request, context: Context, id: str) -> Answer:
    """All frames: frames, rows, columns, samples."""
    attachment, wish = dicom_attachment(context, id), _wish(request)
    etag = etag_of(attachment.uuid, wish)
    if is_known(f'"{etag}"', request):
        return Answer.empty().with_etag(etag)
    first = context.pictures.make(attachment.file, wish.order(0), size=attachment.size)
    rest = (_Place(attachment.file, attachment.size, frame) for frame in range(1, first.frames))
    return _answer(context, wish, first, (first.frames, *first.shape), rest).with_etag(etag)


def get_of_series(request: Request, context: Context, id: str) -> Answer:
    """All frames of all instances in the order of space, or of their numbers: frames, rows, columns, samples."""
    wish = _wish(request)
    instances = {one.id: one for one in context.archive.resources.instance_files(Level.SERIES, id)}
    slices = order_slices([slice_of(one) for one in instances.values()]).slices
    files = ((instances[one.id], one.frames) for one in slices)
    places = (_Place(instance.file, instance.size, frame) for instance, frames in files for frame in range(frames))
    start = next(places, None)
    if start is None:
        raise UnknownResource("The series has been deleted meanwhile.")
    first = context.pictures.make(start.file, wish.order(0), size=start.size)
    return _answer(context, wish, first, (sum(one.frames for one in slices), *first.shape), places)


def _wish(request: Request) -> _Wish:
    return _Wish(
        rescale=request.truth("rescale", absent=True),
        compress=request.truth("compress", absent=False),
    )


def _answer(context: Context, wish: _Wish, first: Made, shape: Sequence[int], rest: Iterator[_Place]) -> Answer:
    """The array of `shape` whose first frame is made."""
    head = npy_header(first.number_type, shape)
    length = len(head) + math.prod(shape[:-3]) * first.length
    chunks = chain((head,), _numbers(context, wish, first, rest))
    if not wish.compress:
        return Answer.stream(_Pieces(chunks, first), BINARY).with_header("Content-Length", str(length))
    archive = ZipStream(deflate_level=_DEFLATE_LEVEL, now=context.clock.now())
    packed = archive.member("arr_0.npy", cast("BinaryIO", _Chunked(chunks)), length)
    return Answer.stream(_Pieces(chain(packed, archive.finish()), first), BINARY)


def _numbers(context: Context, wish: _Wish, first: Made, rest: Iterator[_Place]) -> Iterator[bytes]:
    """The numbers of all frames; NotUnderstood when one has another shape or type than the first."""
    yield from _read(first)
    for place in rest:
        made = context.pictures.make(place.file, wish.order(place.frame), size=place.size)
        if (made.shape, made.number_type) != (first.shape, first.number_type):
            made.file.close()
            raise NotUnderstood("The images differ in size or kind, so they are no array.")
        yield from _read(made)


def _read(made: Made) -> Iterator[bytes]:
    with made.file as file:
        while chunk := file.read(_CHUNK):
            yield chunk


class _Pieces:
    """The pieces of an answer; the first frame is given back even if nobody asks for any of them."""

    def __init__(self, pieces: Iterator[bytes], first: Made) -> None:
        self._pieces = pieces
        self._first = first

    def __iter__(self) -> Self:
        return self

    def __next__(self) -> bytes:
        return next(self._pieces)

    def close(self) -> None:
        """Nobody wants more."""
        self._pieces = iter(())  # the generators behind it close what they have open
        self._first.file.close()


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
