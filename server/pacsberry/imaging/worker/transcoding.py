"""Writes files, and single frames, in another transfer syntax: frame by frame, in the memory of one frame.

A file is written in pieces, one order each, so that neither a large object nor a slow codec needs more time or memory
than an order may take.  The first piece begins with the file meta information and the data set, the last one ends with
what is behind the pixels.  Between native syntaxes pixels are copied, whatever they are.
"""

import time
import zlib
from collections.abc import Callable, Iterator
from dataclasses import replace
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from pacsberry.dicom.elements import PIXEL_DATA, UNDEFINED, Element, Kind
from pacsberry.dicom.encoding import ElementLayout, file_meta
from pacsberry.dicom.frames import Frames
from pacsberry.dicom.part10 import DicomFile, uid_text
from pacsberry.dicom.rewriting import Rewriting, number_bytes_of, swapped
from pacsberry.dicom.syntax import DEFLATED, EXPLICIT_BIG, GE_PRIVATE
from pacsberry.errors import NotUnderstood, UnknownResource
from pacsberry.imaging.orders import Order, Outcome, Reply
from pacsberry.imaging.targets import ALL, NATIVE
from pacsberry.imaging.worker import codecs, derived, encoders, native
from pacsberry.imaging.worker.encoders import Sampling
from pacsberry.imaging.worker.frame import FLOATS, MOST_STORED_BYTES
from pacsberry.imaging.worker.header import Values, read_values
from pacsberry.imaging.worker.layout import Layout, read_layout
from pacsberry.imaging.worker.streams import read_stream

Write = Callable[[bytes | memoryview], object]

_PIECE_BYTES: Final = 16 << 20  # after which a piece ends, so that pictures get their turn
_PIECE_SECONDS: Final = 1.0
_COPIED_BYTES: Final = 1 << 20  # of native pixels at a time
_LONGEST_VALUE: Final = 0xFFFFFFFE
_END_OF_SEQUENCE: Final = 0xE0DD
_AET: Final = b"\x02\x00\x16\x00"
_SUBSAMPLED: Final = ("YBR_FULL_422", "YBR_PARTIAL_422")


def write_frame(order: Order, file: DicomFile, write: Write) -> Reply:
    """The bytes of one frame in `order.transfer_syntax`; of a native one in little endian."""
    pixels = _Pixels(file)
    if not 0 <= order.frame < pixels.count:
        raise UnknownResource(f"There is no frame {order.frame}: the file has {pixels.count}, counted from 0.")
    if order.transfer_syntax in NATIVE:
        data = _little_endian(pixels.values(order.frame)[0], pixels.layout)
    else:
        data = pixels.encoded(order.frame, order.transfer_syntax, order.quality)[0]
    write(data)
    return Reply(Outcome.MADE, length=len(data), frames=pixels.count)


def write_file(order: Order, file: DicomFile, write: Write) -> Reply:
    """A piece of the file in `order.transfer_syntax`, from unit `order.frame` on, which the last reply named.

    The reply says where the next piece begins, 0 when all is written, and where the basic offset table is.
    """
    if order.transfer_syntax not in ALL:
        raise NotUnderstood(f"Nothing is transcoded to transfer syntax {order.transfer_syntax}.")
    sink = _Sink(write)
    job = _job(order, file, sink)
    if order.frame == 0:
        sink.put(job.meta())
    if order.transfer_syntax == DEFLATED:
        sink.deflate()
    if order.frame == 0:
        job.begin()
    unit = order.frame
    while unit < job.units and (unit == order.frame or not sink.is_full):
        job.write_unit(unit)
        unit += 1
    if unit < job.units:
        sink.flush(is_last=False)
        return Reply(Outcome.MADE, length=sink.length, next_frame=unit, table=job.table)
    job.end()
    sink.flush(is_last=True)
    return Reply(Outcome.MADE, length=sink.length, frames=job.units, table=job.table)


class _Sink:
    """Takes what is written, deflates it where that is wanted, and knows when a piece is long enough."""

    def __init__(self, write: Write) -> None:
        self._write = write
        self._until = time.monotonic() + _PIECE_SECONDS
        self._deflater: Any = None
        self.length = 0

    @property
    def is_full(self) -> bool:
        return self.length >= _PIECE_BYTES or time.monotonic() >= self._until

    def deflate(self) -> None:
        """What comes is deflated (PS3.5 A.5); pieces are cut at whole bytes, so that they can be joined."""
        self._deflater = zlib.compressobj(6, zlib.DEFLATED, -zlib.MAX_WBITS)

    def put(self, data: bytes | memoryview) -> None:
        self._out(data if self._deflater is None else self._deflater.compress(data))

    def flush(self, *, is_last: bool) -> None:
        if self._deflater is None:
            return
        self._out(self._deflater.flush(zlib.Z_FINISH if is_last else zlib.Z_FULL_FLUSH))

    def _out(self, data: bytes | memoryview) -> None:
        if data:
            self._write(data)
            self.length += len(data)


class _Pixels:
    """The frames of a file as numbers."""

    def __init__(self, file: DicomFile) -> None:
        self.file = file
        self.frames = Frames(file)
        pixels = self.frames.description.pixels
        if pixels is None:
            raise NotUnderstood("There is no image in this object that could be compressed.")
        self.element = pixels
        self.header = read_values(file)
        self.layout = read_layout(self.header, FLOATS.get(pixels.tag, 0))
        self.count = self.frames.count
        if self.count < self.frames.description.frames:
            raise NotUnderstood(
                f"The file claims {self.frames.description.frames} frames, its pixel data holds {self.count}."
            )

    @property
    def is_native(self) -> bool:
        """Whether the pixels are not compressed."""
        return self.element.kind != Kind.FRAGMENTS

    def values(self, number: int) -> tuple[NDArray[Any], bool]:
        """(all bits of the samples of a frame, whether three of them are RGB)."""
        if self.frames.length(number) > MOST_STORED_BYTES:
            raise NotUnderstood(f"The frame has more than {MOST_STORED_BYTES >> 20} MB.")
        data = b"".join(self.frames.chunks(number))
        layout, syntax = self.layout, self.file.transfer_syntax_uid
        is_rgb = layout.photometric_interpretation == "RGB"
        if self.is_native:
            return native.decode(data, syntax, self.element, _of_all_bits(layout)), is_rgb
        facts = None if syntax == encoders.RLE else read_stream(data)
        if facts is None or facts.bits >= layout.bits_allocated:
            layout = _of_all_bits(layout)
        values, was_turned = codecs.decode(data, syntax, layout)
        container = np.dtype(f"{'i' if layout.is_signed else 'u'}{layout.bits_allocated // 8}")
        return values.astype(container, copy=False), is_rgb or was_turned

    def encoded(self, number: int, target: str, quality: int) -> tuple[bytes, Sampling, int]:
        """(a frame as a stream of even length, how it was sampled, bits allocated); NotUnderstood."""
        layout = self.layout
        if layout.is_float or layout.bits_allocated == 1:
            kind = "floating point numbers" if layout.is_float else "single bits"
            raise NotUnderstood(f"Images of {kind} cannot be compressed.")
        values, is_rgb = self.values(number)
        if not derived.loses(target):
            values, bits = _precise(values, layout, all_bits=target == encoders.RLE)
        else:
            values, bits = self._for_loss(values, target)
        sampling = Sampling(bits, is_rgb=is_rgb and layout.samples == 3, quality=quality)
        stream = encoders.encode(values, target, sampling)
        return stream + b"\0" * (len(stream) % 2), sampling, 8 * values.itemsize

    def _for_loss(self, values: NDArray[Any], target: str) -> tuple[NDArray[Any], int]:
        layout = self.layout
        if layout.photometric_interpretation == "PALETTE COLOR":
            raise NotUnderstood("Indices of a palette cannot be compressed with loss.")
        if layout.is_signed and target not in (encoders.JPEG_2000, encoders.HTJ2K):
            raise NotUnderstood("Samples with a sign lose something only as JPEG 2000, not in this syntax.")
        values = native.stored_bits(values, layout)
        bits = layout.bits_stored
        if values.itemsize > 1 and bits <= 8:  # an image of 8 bits in words
            return values.astype(f"{values.dtype.kind}1"), 8
        if target == encoders.JPEG_EXTENDED and 8 < bits < 12:
            return values, 12
        return values, bits


class _Copying:
    """A file without pixels, or from one native syntax to another: the value of the pixels as it is."""

    def __init__(self, order: Order, file: DicomFile, pixels: Element | None, sink: _Sink) -> None:
        self._file, self._pixels, self._sink = file, pixels, sink
        self._target = order.transfer_syntax
        self._rewriting = Rewriting(file, self._target, {}, keeps_fragments=False)
        self._header = read_values(file)
        length = 0 if pixels is None else pixels.length
        self.units = -(-length // _COPIED_BYTES)
        self.table = 0
        self._swaps = 1
        if pixels is not None:
            self._vr = pixels.vr if file.encoding.explicit else _IMPLICIT_VRS.get(pixels.tag, "OW")
            is_big = file.encoding.big_endian or file.transfer_syntax_uid == GE_PRIVATE
            if is_big != (self._target == EXPLICIT_BIG):
                self._swaps = number_bytes_of(self._vr)
                if self._vr == "OW":  # words of more than 16 bits turn as a whole, as everybody reads them
                    self._swaps = max(2, self._header.number(0x00280100, 16) // 8)
                if file.transfer_syntax_uid == GE_PRIVATE:
                    self._swaps = self._header.number(0x00280100, 16) // 8

    def meta(self) -> bytes:
        return _meta(self._file, self._header, self._target, "")

    def begin(self) -> None:
        _put_all(self._sink, self._rewriting.head())
        if self._pixels is not None:
            length = self._pixels.length
            self._sink.put(ElementLayout(self._target).start(self._pixels.tag, self._vr, length + length % 2))

    def write_unit(self, unit: int) -> None:
        pixels = _known(self._pixels)
        start = unit * _COPIED_BYTES
        for chunk in self._file.chunks(pixels.value_offset + start, min(_COPIED_BYTES, pixels.length - start)):
            self._sink.put(swapped(chunk, self._swaps))

    def end(self) -> None:
        if self._pixels is not None:
            self._sink.put(b"\0" * (self._pixels.length % 2))
            _put_all(self._sink, self._rewriting.tail(self._pixels))


class _Decompressing:
    """From a compressed syntax to a native one."""

    def __init__(self, order: Order, file: DicomFile, sink: _Sink) -> None:
        self._sink = sink
        self._target = order.transfer_syntax
        self._pixels = _Pixels(file)
        self._first: NDArray[Any] | None = None
        self.units = self._pixels.count
        self.table = 0

    def meta(self) -> bytes:
        return _meta(self._pixels.file, self._pixels.header, self._target, "")

    def begin(self) -> None:
        pixels, layout = self._pixels, self._pixels.layout
        is_rgb = False
        if self.units:
            self._first, is_rgb = pixels.values(0)
        length = self.units * layout.rows * layout.columns * layout.samples * (layout.bits_allocated // 8)
        if length > _LONGEST_VALUE:
            raise NotUnderstood(f"Uncompressed, the image would have {length >> 20} MB; DICOM's limit is 4 GB.")
        changes = derived.of_pixels(
            pixels.header, layout, pixels.file.transfer_syntax_uid, self._target, is_rgb=is_rgb, bits=None
        )
        _put_all(self._sink, Rewriting(pixels.file, self._target, changes, keeps_fragments=False).head())
        vr = "OB" if layout.bits_allocated <= 8 else "OW"
        self._sink.put(ElementLayout(self._target).start(PIXEL_DATA, vr, length + length % 2))

    def write_unit(self, unit: int) -> None:
        values = self._first if unit == 0 and self._first is not None else self._pixels.values(unit)[0]
        self._first = None
        data = _little_endian(values, self._pixels.layout)
        if self._target == EXPLICIT_BIG:
            data = swapped(data, values.itemsize)
        self._sink.put(data)

    def end(self) -> None:
        layout = self._pixels.layout
        length = self.units * layout.rows * layout.columns * layout.samples * (layout.bits_allocated // 8)
        self._sink.put(b"\0" * (length % 2))
        rewriting = Rewriting(self._pixels.file, self._target, {}, keeps_fragments=False)
        _put_all(self._sink, rewriting.tail(self._pixels.element))


class _Compressing:
    """From any syntax to a compressed one: a fragment for each frame, behind a basic offset table of zeros.

    The server fills the table in when it has all pieces (PS3.5 A.4).
    """

    def __init__(self, order: Order, file: DicomFile, sink: _Sink) -> None:
        self._order, self._sink = order, sink
        self._target = order.transfer_syntax
        self._pixels = _Pixels(file)
        if not self._pixels.count:
            raise NotUnderstood("The pixel data is shorter than one image of the size that the file claims.")
        self._first = b""
        self._removed: derived.Changes = {}
        if derived.loses(self._target):
            if not order.sop_uid:
                raise NotUnderstood("Compression with loss makes another object, which needs a UID.")
            self._removed = {0x4FFE0001: None, 0xFFFAFFFA: None}
        self.units = self._pixels.count
        self.table = 0

    def meta(self) -> bytes:
        return _meta(self._pixels.file, self._pixels.header, self._target, self._order.sop_uid)

    def begin(self) -> None:
        pixels, layout = self._pixels, self._pixels.layout
        self._first, sampling, allocated = pixels.encoded(0, self._target, self._order.quality)
        bits = None
        if derived.loses(self._target) and (allocated, sampling.bits) != (layout.bits_allocated, layout.bits_stored):
            bits = allocated, sampling.bits
        source = pixels.file.transfer_syntax_uid
        changes = derived.of_pixels(pixels.header, layout, source, self._target, is_rgb=sampling.is_rgb, bits=bits)
        if derived.loses(self._target):
            native_bytes = layout.rows * layout.columns * layout.samples * layout.bits_allocated // 8
            ratio = native_bytes / len(self._first)
            changes |= derived.of_loss(pixels.header, self._target, sop_uid=self._order.sop_uid, ratio=ratio)
        _put_all(self._sink, Rewriting(pixels.file, self._target, changes).head())
        encoding = ElementLayout(self._target)
        self._sink.put(encoding.start(PIXEL_DATA, "OB", UNDEFINED))
        self._sink.put(encoding.item(4 * self.units))
        self.table = self._sink.length
        self._sink.put(bytes(4 * self.units))

    def write_unit(self, unit: int) -> None:
        stream = self._first if unit == 0 and self._first else b""
        self._first = b""
        stream = stream or self._pixels.encoded(unit, self._target, self._order.quality)[0]
        self._sink.put(ElementLayout(self._target).item(len(stream)))
        self._sink.put(stream)

    def end(self) -> None:
        self._sink.put(ElementLayout(self._target).delimiter(_END_OF_SEQUENCE))
        rewriting = Rewriting(self._pixels.file, self._target, self._removed)
        _put_all(self._sink, rewriting.tail(self._pixels.element))


_Job = _Copying | _Decompressing | _Compressing
_IMPLICIT_VRS: Final = {0x7FE00008: "OF", 0x7FE00009: "OD"}


def _job(order: Order, file: DicomFile, sink: _Sink) -> _Job:
    if order.transfer_syntax not in NATIVE:
        return _Compressing(order, file, sink)
    pixels = Frames(file).description.pixels
    if pixels is not None and pixels.kind == Kind.FRAGMENTS:
        return _Decompressing(order, file, sink)
    return _Copying(order, file, pixels, sink)


def _put_all(sink: _Sink, chunks: Iterator[bytes]) -> None:
    for chunk in chunks:
        sink.put(chunk)


def _meta(file: DicomFile, header: Values, target: str, sop_uid: str) -> bytes:
    """The file meta information of the new file."""
    aet = uid_text(file.meta.elements.get(_AET, b""))
    sop_class_uid = header.text(derived.SOP_CLASS_UID) or file.meta.sop_class_uid
    return file_meta(sop_class_uid, sop_uid or header.text(derived.SOP_UID), target, source_aet=aet)


def _known(pixels: Element | None) -> Element:
    if pixels is None:
        raise NotUnderstood("There is no image in this object.")
    return pixels


def _of_all_bits(layout: Layout) -> Layout:
    """The layout with nothing left out: bits beside the stored ones may hold overlays."""
    return replace(layout, bits_stored=layout.bits_allocated, high_bit=layout.bits_allocated - 1)


def _precise(values: NDArray[Any], layout: Layout, *, all_bits: bool) -> tuple[NDArray[Any], int]:
    """(what a lossless stream holds, its precision): the stored bits, or all where others hold something, too."""
    if not all_bits and layout.high_bit == layout.bits_stored - 1 and layout.bits_stored < layout.bits_allocated:
        stored = native.stored_bits(values, layout)
        above = values.view(f"u{values.itemsize}") >> np.dtype(f"u{values.itemsize}").type(layout.bits_stored)
        if np.array_equal(stored, values) or not above.any():
            # Words stay words: a stream of up to 8 bits would come back as bytes.
            return stored, max(layout.bits_stored, 9) if values.itemsize > 1 else layout.bits_stored
    return values, layout.bits_allocated


def _little_endian(values: NDArray[Any], layout: Layout) -> bytes:
    container = np.dtype(f"<{values.dtype.kind}{layout.bits_allocated // 8}") if layout.bits_allocated > 1 else "u1"
    return np.ascontiguousarray(values, container).tobytes()
