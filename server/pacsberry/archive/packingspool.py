"""A spool that packs what it receives, where that pays: the card is written once, with the packed bytes.

The first 64 KB are held in memory until it is decided from them; sizes and checksums are those of the content.
"""

import uuid
from collections.abc import Callable
from pathlib import Path
from typing import BinaryIO, cast

from pacsberry.archive.deflating import Compressor, new_compressor
from pacsberry.archive.packedfile import PackedFile
from pacsberry.archive.packing import MOST_BYTES, pays
from pacsberry.archive.spool import HEAD_BYTES, Spool, created

_READ_BYTES = 2**18


class PackingSpool(Spool):
    """As Spool; what it was given is in the file once it is opened, synced or kept, and nothing more can follow."""

    __slots__ = ("_compressor", "_is_decided", "_is_packed", "_stored_size", "_worth")

    def __init__(
        self,
        path: Path,
        *,
        with_md5: bool,
        gauge: Callable[[], None] | None = None,
        worth: Callable[[bytes | bytearray], bool] = pays,
    ) -> None:
        """`worth` tells from the head whether to pack."""
        super().__init__(path, with_md5=with_md5, gauge=gauge)
        self._worth = worth
        self._is_decided = False
        self._is_packed = False
        self._compressor: Compressor | None = None  # while packed bytes may follow
        self._stored_size = 0

    @property
    def stored_size(self) -> int | None:
        """Bytes of the packed file; None when it is not packed."""
        return self._stored_size if self._is_packed else None

    def open(self) -> BinaryIO:
        """The content, from its first byte."""
        self.finish()
        file = super().open()
        return cast("BinaryIO", PackedFile(file, self.path.name)) if self._is_packed else file

    def sync(self) -> None:
        """Return when the content is on the card."""
        self.finish()
        super().sync()

    def finish(self) -> None:
        """Write what is held back."""
        if not self._is_decided:
            self._decide()
        if self._compressor is not None:
            self._emit(self._compressor.flush())
            self._compressor = None

    def _store(self, data: bytes | bytearray | memoryview) -> None:
        """Take `data`, of which the head has its part already."""
        if not self._is_decided:
            if len(self._head) < HEAD_BYTES:
                return
            self._decide()
            data = memoryview(data)[HEAD_BYTES - self.size :]  # `size` does not count it yet
        if self._is_packed and self.size + len(data) > MOST_BYTES:
            self._unpack()
        self._put(data)

    def _decide(self) -> None:
        self._is_decided = True
        if self._worth(self._head):
            self._is_packed = True
            self._compressor = new_compressor()
        self._put(self._head)

    def _put(self, data: bytes | bytearray | memoryview) -> None:
        if self._compressor is None:
            self._append(data)
        else:
            self._emit(self._compressor.compress(data))

    def _emit(self, packed: bytes) -> None:
        if packed:
            self._append(packed)
            self._stored_size += len(packed)

    def _unpack(self) -> None:
        """Go on with a plain file: gzip could not tell the length of this one."""
        with self.open() as content:
            self.path.unlink()
            self.close()
            self._is_packed = False
            self.path = self.path.with_name(f"{uuid.uuid4()}.part")
            self._descriptor = created(self.path)
            while piece := content.read(_READ_BYTES):
                self._append(piece)
