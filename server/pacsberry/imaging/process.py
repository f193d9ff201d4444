"""One pixel worker as the server sees it: a child process and the socket to it."""

import logging
import os
import signal
import socket
import subprocess
import sys
from collections.abc import Mapping, Sequence
from typing import Final

from pacsberry.imaging.limits import MOST_PRODUCT_BYTES, Limits, NoWorker, PixelsFailed, WorkerGone
from pacsberry.imaging.orders import MOST_BYTES, Order, Outcome, Reply

LOGGER = logging.getLogger("pacsberry.imaging")

_PROGRAM: Final = ("-P", "-OO", "-m", "pacsberry.imaging.worker")
_START_SECONDS: Final = 30.0  # importing numpy from a slow card
_LEAVE_SECONDS: Final = 2.0
# One thread: there are as many workers as cores for this, and an idle thread of OpenBLAS costs its stack and arena.
_ENVIRONMENT: Final = {
    "LANG": "C.UTF-8",
    "MALLOC_ARENA_MAX": "1",
    "OMP_NUM_THREADS": "1",
    "OPENBLAS_NUM_THREADS": "1",
    "PYTHONDONTWRITEBYTECODE": "1",
}
_DEATHS: Final[Mapping[int, str]] = {
    signal.SIGXCPU: "it took more processor time than a picture may",
    signal.SIGKILL: "it was killed, perhaps for want of memory",
    signal.SIGSYS: "it tried what a decoder has no business with",
}


class WorkerProcess:
    """A running worker; one thread at a time gives it orders."""

    def __init__(self, limits: Limits, *, program: Sequence[str] = _PROGRAM) -> None:
        """Start it and wait until it is ready; NoWorker.  `program`: what Python is to run."""
        self._seconds = limits.seconds
        self.cpu_seconds = 0.0  # used since its start, as it says
        ours, theirs = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
        arguments = [str(limits.memory_bytes), str(2 * limits.seconds), str(MOST_PRODUCT_BYTES)]
        try:
            with theirs:
                self._process: subprocess.Popen[bytes] = subprocess.Popen(  # noqa: S603  # our own module, with numbers
                    [sys.executable, *program, *arguments],
                    stdin=theirs.fileno(),
                    stdout=subprocess.DEVNULL,
                    stderr=subprocess.DEVNULL,
                    cwd="/",
                    env={**_ENVIRONMENT, **_python_path()},
                )
        except OSError as error:
            ours.close()
            raise NoWorker(f"No process for pictures can be started: {error.strerror}.") from error
        self._socket = ours
        try:
            reply = self._receive(_START_SECONDS)
        except PixelsFailed as error:
            raise NoWorker(
                "The process for pictures does not start; numpy and imagecodecs have to be installed beside Pacsberry,"
                " and Pacsberry.PixelWorkerMemoryMB has to be large enough."
            ) from error
        LOGGER.info("Pixel worker %d has started %s", self.pid, reply.reason)

    @property
    def is_spent(self) -> bool:
        """Whether it should not get another order: its share of CPU time, a limit for its whole life, runs out."""
        return self.cpu_seconds >= self._seconds

    @property
    def pid(self) -> int:
        """Its process identifier."""
        return self._process.pid

    def work(self, order: Order, stored: int, product: int, *, is_packed: bool) -> Reply:
        """Have an order done: read from the descriptor `stored`, write to `product`.

        PixelsFailed when the process did not survive it, WorkerGone when it never got it; it is gone then.
        """
        try:
            socket.send_fds(self._socket, [order.to_bytes(is_packed=is_packed)], [stored, product])
        except OSError as error:
            self._end()
            raise WorkerGone(f"The process for pictures was gone ({error.strerror}).") from error
        reply = self._receive(self._seconds)
        self.cpu_seconds = reply.cpu_seconds
        if reply.outcome is Outcome.BROKEN:
            raise self._failed(reply.reason)
        return reply

    def kill(self) -> None:
        """End it now, from another thread: `work` then fails."""
        self._process.kill()

    def dismiss(self) -> None:
        """Let it leave; it is gone when this returns, at the latest after two seconds."""
        self._socket.close()
        self._has_left()
        self._end()

    def _receive(self, seconds: float) -> Reply:
        self._socket.settimeout(seconds)
        try:
            message = self._socket.recv(MOST_BYTES)
        except TimeoutError as error:
            raise self._failed(f"it took longer than {seconds:g} seconds") from error
        except ConnectionError:  # it ended with an order unread
            message = b""
        if not message:
            raise self._failed(self._cause_of_death())
        try:
            return Reply.of_bytes(message)
        except ValueError as error:
            raise self._failed("it answered nonsense") from error

    def _failed(self, reason: str) -> PixelsFailed:
        """The error to raise; the process is ended."""
        self._end()
        return PixelsFailed(f"The process that decoded this image failed: {reason}.")

    def _cause_of_death(self) -> str:
        code = self._process.wait() if self._has_left() else 0
        if code < 0:
            return _DEATHS.get(-code, f"it crashed ({_name_of(-code)})")
        return f"it ended ({code})"

    def _has_left(self) -> bool:
        """Whether it ends within two seconds."""
        try:
            self._process.wait(_LEAVE_SECONDS)
        except subprocess.TimeoutExpired:
            return False
        return True

    def _end(self) -> None:
        self._socket.close()
        self._process.kill()
        self._process.wait()


def _name_of(number: int) -> str:
    try:
        return signal.Signals(number).name
    except ValueError:
        return f"signal {number}"


def _python_path() -> dict[str, str]:
    """How the child finds this package where it is not installed."""
    path = os.environ.get("PYTHONPATH")
    return {"PYTHONPATH": path} if path else {}
