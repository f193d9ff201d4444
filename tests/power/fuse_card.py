"""A file of a card's size that records every write and every sync, in order: below a loop device, it is the card.

    python -m tests.power.fuse_card IMAGE LOG MOUNTPOINT

Speaks the kernel's FUSE protocol over /dev/fuse (linux/fuse.h, version 7.31) with a regular file as its root, so that
no library is needed.  The loop driver turns a block device's FLUSH and FUA into an fsync of its file and works its
requests off one by one (drivers/block/loop.c), so the order of the log is the order the card promised to keep: what
was written before a sync is there after it, what came later may be or not.
"""

import ctypes
import os
import struct
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import BinaryIO

from tests.power.log import SYNC, WRITE, put

_MAXIMUM_WRITE = 2**20
_REQUEST_BYTES = _MAXIMUM_WRITE + 4096
_IN, _OUT = struct.Struct("<IIQQIIIHH"), struct.Struct("<IiQ")  # fuse_in_header, fuse_out_header
_TRANSFER = struct.Struct("<QQI")  # the beginning of fuse_read_in and fuse_write_in: handle, offset, size
_WRITE_IN_BYTES = 40
_ENOSYS = 38
_BIG_WRITES, _MAX_PAGES = 1 << 5, 1 << 22  # of fuse_init_out.flags
_GETATTR, _OPEN, _READ, _WRITE, _STATFS, _RELEASE, _FSYNC, _FLUSH, _INIT = 3, 14, 15, 16, 17, 18, 20, 25, 26
_WITHOUT_ANSWER = (2, 36, 42)  # FORGET, INTERRUPT, BATCH_FORGET
_A_DAY = 86400


class FuseCard:
    """Answers the kernel's requests for the one file."""

    def __init__(self, image: int, log: BinaryIO) -> None:
        self._image = image
        self._log = log
        self._answers: dict[int, Callable[[memoryview], bytes]] = {
            _INIT: self._init,
            _GETATTR: lambda _: self._attributes(),
            _OPEN: lambda _: struct.pack("<QII", 0, 0, 0),
            _READ: self._read,
            _WRITE: self._write,
            _FSYNC: self._sync,
            _FLUSH: lambda _: b"",
            _RELEASE: lambda _: b"",
            _STATFS: lambda _: struct.pack("<QQQQQIII28x", 1, 0, 0, 1, 0, 4096, 255, 4096),
        }

    def serve(self, device: int) -> None:
        """Until the file is unmounted."""
        request = bytearray(_REQUEST_BYTES)
        while True:
            try:
                size = os.readv(device, [request])
            except OSError:  # ENODEV: unmounted
                return
            _, operation, unique, *_ = _IN.unpack_from(request)
            if operation in _WITHOUT_ANSWER:
                continue
            answer = self._answers.get(operation)
            body = b"" if answer is None else answer(memoryview(request)[_IN.size : size])
            error = -_ENOSYS if answer is None else 0
            os.writev(device, [_OUT.pack(_OUT.size + len(body), error, unique), body])

    def _init(self, asked: memoryview) -> bytes:
        del asked
        return struct.pack(
            "<IIIIHHIIHHI28x", 7, 31, _MAXIMUM_WRITE, _BIG_WRITES | _MAX_PAGES, 16, 12, _MAXIMUM_WRITE, 1, 256, 0, 0
        )

    def _attributes(self) -> bytes:
        size = os.fstat(self._image).st_size
        blocks, no_times, owned_by_root = size // 512, (0,) * 6, (1, 0, 0, 0)
        attributes = (1, size, blocks, *no_times, 0o100600, *owned_by_root, 4096, 0)
        return struct.pack("<QII6Q10I", _A_DAY, 0, 0, *attributes)

    def _read(self, asked: memoryview) -> bytes:
        _, offset, size = _TRANSFER.unpack_from(asked)
        return os.pread(self._image, size, offset)

    def _write(self, asked: memoryview) -> bytes:
        _, offset, size = _TRANSFER.unpack_from(asked)
        data = asked[_WRITE_IN_BYTES : _WRITE_IN_BYTES + size]
        put(self._log, WRITE, offset, time.monotonic_ns(), data)
        os.pwrite(self._image, data, offset)
        return struct.pack("<II", size, 0)

    def _sync(self, asked: memoryview) -> bytes:
        del asked
        put(self._log, SYNC, 0, time.monotonic_ns(), b"")
        return b""


def main() -> int:
    """Mount, say so, serve until unmounted."""
    image, log, point = (Path(argument) for argument in sys.argv[1:4])
    device = os.open("/dev/fuse", os.O_RDWR | os.O_CLOEXEC)
    options = f"fd={device},rootmode=100600,user_id=0,group_id=0,max_read={_MAXIMUM_WRITE}".encode()
    libc = ctypes.CDLL(None, use_errno=True)
    if libc.mount(b"card", str(point).encode(), b"fuse", 0, options) != 0:
        sys.stderr.write(f"mount: {os.strerror(ctypes.get_errno())}\n")
        return 1
    sys.stdout.write("mounted\n")
    sys.stdout.flush()
    with log.open("wb") as output:
        FuseCard(os.open(image, os.O_RDWR | os.O_CLOEXEC), output).serve(device)
    return 0


if __name__ == "__main__":
    sys.exit(main())
