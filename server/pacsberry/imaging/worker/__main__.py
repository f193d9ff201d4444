"""The pixel worker's process: python -P -OO -m pacsberry.imaging.worker MEMORY_BYTES CPU_SECONDS PRODUCT_BYTES

Its standard input is a socket to the server, on which orders come, each with the file to read and the one to write.  It
works on one at a time and ends when the server closes the socket, dies, or has an order that it cannot survive.
"""

import errno
import os
import socket
import sys
import time
from collections.abc import Callable
from contextlib import ExitStack
from dataclasses import replace
from typing import TYPE_CHECKING, BinaryIO, Final

from pacsberry.errors import BadRequest, DamagedFile, NotUnderstood, UnknownResource, UnreadableDicom
from pacsberry.imaging.orders import MOST_BYTES, Order, Outcome, Reply
from pacsberry.imaging.worker.sandbox import confine

if TYPE_CHECKING:
    from pacsberry.imaging.worker.packed import PackedFiles

_UNREADABLE: Final = (errno.EIO, errno.EBADMSG, errno.EUCLEAN)  # the card, or checksums of a file system

Make = Callable[[Order, BinaryIO, Callable[[bytes | memoryview], object]], Reply]


def main() -> None:
    """Serve until the server closes the socket."""
    memory_bytes, cpu_seconds, product_bytes = (int(argument) for argument in sys.argv[1:4])
    from pacsberry.imaging.worker.products import make  # takes numpy's time and threads before the limits are set

    is_filtered = confine(memory_bytes=memory_bytes, cpu_seconds=cpu_seconds, product_bytes=product_bytes)
    with socket.socket(fileno=0) as server:
        server.send(Reply(Outcome.READY, "" if is_filtered else "without a filter of system calls").to_bytes())
        stored_files = _StoredFiles()
        while True:
            message, descriptors, _, _ = socket.recv_fds(server, MOST_BYTES, 2)
            if not message:
                return
            reply = replace(_answer(make, stored_files, message, descriptors), cpu_seconds=time.process_time())
            server.send(reply.to_bytes())
            if reply.outcome is Outcome.BROKEN:
                return


def _answer(make: Make, stored_files: "_StoredFiles", message: bytes, descriptors: list[int]) -> Reply:
    """What comes of one order; every error is told here, once."""
    with ExitStack() as stack:
        for descriptor in descriptors:
            stack.callback(os.close, descriptor)
        order, is_packed = Order.of_bytes(message)
        stored, product = descriptors
        plain = stack.enter_context(open(stored, "rb", closefd=False))
        is_kept = False  # whether the next order may go on reading where this one ends
        try:
            file = stored_files.unpacked(stored) if is_packed else plain
            reply = make(order, file, lambda piece: _write(product, piece))
            is_kept = is_packed
            return reply
        except UnknownResource as error:
            return Reply(Outcome.NO_FRAME, str(error))
        except DamagedFile as error:
            return Reply(Outcome.DAMAGED, str(error))
        except BadRequest as error:
            return Reply(Outcome.BAD_ORDER, str(error))
        except (NotUnderstood, UnreadableDicom) as error:
            return Reply(Outcome.REFUSED, str(error))
        except MemoryError:
            return Reply(Outcome.REFUSED, "Showing this image takes more memory than a pixel worker may have.")
        except OSError as error:
            if error.errno in _UNREADABLE:
                return Reply(Outcome.DAMAGED, f"The card does not give the bytes of the image: {error.strerror}.")
            return Reply(Outcome.REFUSED, f"The picture cannot be written: {error.strerror}.")
        except Exception as error:  # noqa: BLE001  # the top of this process; the server logs it
            return Reply(Outcome.BROKEN, f"{type(error).__name__}: {error}")
        finally:
            if not is_kept:
                stored_files.close()


class _StoredFiles:
    """Packed files need modules of the archive, which take 7 MB: only a worker that gets such files has them."""

    def __init__(self) -> None:
        self._packed: PackedFiles | None = None

    def unpacked(self, descriptor: int) -> BinaryIO:
        """The content of a packed file; DamagedFile."""
        if self._packed is None:
            from pacsberry.imaging.worker.packed import PackedFiles

            self._packed = PackedFiles()
        return self._packed.open(descriptor)

    def close(self) -> None:
        """Hold no packed file any more."""
        if self._packed is not None:
            self._packed.close()


def _write(descriptor: int, data: bytes | memoryview) -> None:
    view = memoryview(data)
    while view:
        view = view[os.write(descriptor, view) :]


if __name__ == "__main__":
    main()
