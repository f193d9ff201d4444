"""A body that is taken in while it arrives, on worker threads: nobody waits for slow clients, and nothing is held.

The listening thread appends what has come.  A worker hands it to the consumer of the route, as much as there is, and
leaves; so a client that drips has no thread, and those that are fast take turns.  While the consumer is slower than the
network, the connection is not read: the client is held back by TCP, not by memory.
"""

import logging
import threading
from collections.abc import Callable
from typing import BinaryIO, Final, Protocol

from pacsberry.errors import PacsberryError

LOGGER = logging.getLogger("pacsberry.http")

_ALL_WAITING: Final = 4 * 2**20  # bytes of all requests, roughly; as many as a worker has are with its consumer
_MOST_WAITING: Final = 131_072  # bytes of one request
_LEAST_WAITING: Final = 16_384  # bytes of one, however many there are


class Consumer(Protocol):
    """Takes a body in, piece by piece and on one thread at a time; belongs to one request."""

    def take(self, data: bytes | bytearray) -> None:
        """The next bytes; an error refuses the request and ends the connection."""

    def close(self) -> None:
        """The request is over, whatever became of it; nothing is taken any more."""


class Share:
    """What each of the bodies on their way may hold of the memory for all; thread-safe."""

    def __init__(self) -> None:
        self._lock = threading.Lock()  # guards the number
        self._open = 0

    def change(self, difference: int) -> None:
        """One more body, or one less."""
        with self._lock:
            self._open += difference

    @property
    def bytes(self) -> int:
        """Of one body, while so many are on their way."""
        return max(_LEAST_WAITING, min(_MOST_WAITING, _ALL_WAITING // max(1, self._open)))


class Pipe:
    """A sink for bodies (see `body.Sink`) and a task for the workers."""

    def __init__(
        self,
        begin: Callable[[], Consumer],
        defer: Callable[["Pipe"], None],
        go_on: Callable[[], None],
        share: Share,
    ) -> None:
        """`begin` makes the consumer, on a worker: it lets the client in first, which may take time, or raises.

        `defer` has a worker call `service`; `go_on` tells the listening thread that the connection is read again.
        """
        self._begin = begin
        self._defer = defer
        self._go_on = go_on
        self._share = share
        share.change(+1)
        self._lock = threading.Lock()  # guards the next three, and the closing
        self._waiting = bytearray()
        self._size = 0
        self._is_deferred = False
        self._turn = threading.Lock()  # held by who hands bytes to the consumer
        self._consumer: Consumer | None = None
        self._failure: PacsberryError | None = None
        self._is_closed = False

    # ---- the listening thread

    @property
    def is_full(self) -> bool:
        """Whether the connection is not to be read for now."""
        return len(self._waiting) >= self._share.bytes

    def append(self, data: bytes) -> None:
        """Take the next bytes; raises what the consumer has found out meanwhile."""
        if self._failure is not None:
            raise self._failure
        if self._is_closed:  # the client has left
            return
        with self._lock:
            self._waiting += data
            self._size += len(data)
            is_new = not self._is_deferred
            self._is_deferred = True
        if is_new:
            self._defer(self)

    def __len__(self) -> int:
        return self._size

    def getfile(self) -> BinaryIO:
        """This pipe, so that the door can take the consumer from it."""
        return self  # type: ignore[return-value]  # only the door looks at it, never a reader

    def close(self) -> None:
        """The request is over; may be said twice."""
        with self._lock:
            is_first, self._is_closed = not self._is_closed, True
        if is_first:
            self._share.change(-1)
        self._close_consumer()

    # ---- a worker

    def service(self) -> None:
        """Hand over what has come; the rest has to wait for its turn behind other tasks."""
        with self._turn:
            self._hand_over()
        with self._lock:
            self._is_deferred = again = bool(self._waiting)
        if self._is_closed:
            self._close_consumer()
        elif again:
            self._defer(self)

    def cancel(self) -> None:
        """The server stops; the connection closes this."""

    def finished(self) -> Consumer:
        """The consumer, which has been given the whole body; raises what it found wrong."""
        with self._turn:
            self._hand_over()
        if self._failure is not None:
            raise self._failure
        if self._consumer is None:
            raise PacsberryError("The client left before its body was looked at.")
        return self._consumer

    def _hand_over(self) -> None:
        with self._lock:
            may_have_been_full = len(self._waiting) >= _LEAST_WAITING  # the share changes
            data, self._waiting = self._waiting, bytearray()
        if may_have_been_full:
            self._go_on()
        if self._failure is not None or self._is_closed:
            return
        try:
            if self._consumer is None:
                self._consumer = self._begin()
            self._consumer.take(data)
        except PacsberryError as error:
            self._failure = error
        except Exception:
            LOGGER.exception("A body cannot be taken in")
            self._failure = PacsberryError()

    def _close_consumer(self) -> None:
        """Unless somebody is at work with it, who does it then."""
        if self._turn.acquire(blocking=False):
            try:
                consumer, self._consumer = self._consumer, None
                if consumer is not None:
                    consumer.close()
            finally:
                self._turn.release()
