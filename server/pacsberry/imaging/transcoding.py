"""The one way to a file in another transfer syntax: workers write it in pieces, which are put together here.

A product of up to one piece (16 MB) stays in memory that is not this process's; a larger one is put together in the
storage's spool folder, in a file whose name is gone before anybody gets it.
"""

import os
from array import array
from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, BinaryIO, Final, Self

from pacsberry.dicom.syntax import DEFLATED
from pacsberry.errors import NotUnderstood
from pacsberry.imaging.limits import PixelsFailed
from pacsberry.imaging.orders import Order, Product, Reply
from pacsberry.imaging.targets import ALL, LOSSY, derived_uid

if TYPE_CHECKING:
    from pacsberry.archive import FileStore, Spool
    from pacsberry.imaging.pictures import Pictures
    from pacsberry.imaging.waiting import Product as InMemory

_COPIED_BYTES: Final = 262_144
_ITEM: Final = b"\xfe\xff\x00\xe0"
_LARGEST_OFFSET: Final = 0xFFFFFFFF


@dataclass(frozen=True, slots=True)
class Target:
    """What a file is to become."""

    transfer_syntax_uid: str
    quality: int = 90  # of what loses something, 1 to 100
    sop_uid: str = ""  # that of the new object where something is lost; '': the object stays the same

    @classmethod
    def of(cls, transfer_syntax_uid: str, sop_uid: str, quality: int = 90) -> Self:
        """For the instance `sop_uid`; NotUnderstood when nothing is transcoded to that syntax."""
        if transfer_syntax_uid not in ALL:
            raise NotUnderstood(f"Nothing is transcoded to transfer syntax {transfer_syntax_uid[:64]}.")
        if transfer_syntax_uid not in LOSSY:
            return cls(transfer_syntax_uid)
        return cls(transfer_syntax_uid, quality, derived_uid(sop_uid, transfer_syntax_uid, quality))

    def order(self) -> Order:
        """The first piece."""
        return Order(Product.FILE, transfer_syntax=self.transfer_syntax_uid, quality=self.quality, sop_uid=self.sop_uid)


@dataclass(frozen=True, slots=True)
class Transcoded:
    """A finished file without a name, at its start; it is gone when it is closed."""

    file: BinaryIO
    length: int  # bytes


class Transcoder:
    """Thread-safe.  Who asks waits until the file is there, which takes as long as it takes."""

    def __init__(self, files: "FileStore", pictures: "Pictures") -> None:
        self._files = files
        self._pictures = pictures

    def transcode(self, file: str, target: Target, *, size: int | None = None) -> Transcoded:
        """A kept file in another syntax; `size` is that of its content, as the index knows it.

        Raises as `Pictures.make`; NoRoom when a large one finds no place.
        """
        with self._pictures.remembering(file, target.order()), self._files.open(file, size) as opened:
            return self.transcode_open(opened, target, name=file)

    def transcode_open(self, opened: BinaryIO, target: Target, *, name: str) -> Transcoded:
        """An open file in another syntax; `name` is told when something goes wrong."""
        order = target.order()
        product, reply = self._pictures.work(name, order, opened)
        if not reply.next_frame:
            return _in_memory(product, reply, target)
        with product:
            spool = self._files.spool(packed=False)
            with spool:
                _append(spool, product)
                table = reply.table
                while reply.next_frame:
                    order = replace(order, frame=_later(reply, order))
                    product, reply = self._pictures.work(name, order, opened)
                    with product:
                        _append(spool, product)
                if target.transfer_syntax_uid == DEFLATED and spool.size % 2:
                    spool.write(b"\0")
                _fill_in(spool.path.open, table, reply.frames)
                return Transcoded(spool.open(), spool.size)


def _in_memory(product: "InMemory", reply: Reply, target: Target) -> Transcoded:
    try:
        descriptor = product.fileno()
        length = os.fstat(descriptor).st_size
        if target.transfer_syntax_uid == DEFLATED and length % 2:
            os.pwrite(descriptor, b"\0", length)
        if reply.table:
            fill_table(descriptor, reply.table, reply.frames)
    except BaseException:
        product.close()
        raise
    return Transcoded(*product.finished())


def _later(reply: Reply, order: Order) -> int:
    """Where the next piece begins; a worker that goes round in circles has been taken over by its image."""
    if reply.next_frame <= order.frame:
        raise PixelsFailed("The process that decoded this image failed: it answered nonsense.")
    return reply.next_frame


def _append(spool: "Spool", product: "InMemory") -> None:
    product.seek(0)
    while chunk := product.read(_COPIED_BYTES):
        spool.write(chunk)


def _fill_in(open_path: Callable[..., BinaryIO], table: int, frames: int) -> None:
    if table:
        with open_path("r+b") as file:
            fill_table(file.fileno(), table, frames)


def fill_table(descriptor: int, table: int, frames: int) -> None:
    """Write the basic offset table: where each frame's fragment begins, from the first one on (PS3.5 A.4)."""
    first = place = table + 4 * frames
    offsets = array("I")
    for _ in range(frames):
        head = os.pread(descriptor, 8, max(0, place))
        if head[:4] != _ITEM or not 0 < first <= place <= first + _LARGEST_OFFSET:
            raise PixelsFailed("The process that compressed this image failed: its frames cannot be found.")
        offsets.append(place - first)
        place += 8 + int.from_bytes(head[4:], "little")
    os.pwrite(descriptor, offsets.tobytes(), table)
