"""The workers' side of a connection: waitress' channel, answering without the detour over the listening thread.

What is other than in waitress 3.0.2, and why:

- a worker sends what the client takes at once itself, small answers too, instead of waking the listening thread for it;
- it then waits a moment for the next request of a quick client and answers that, too, as long as nobody else waits for
  a worker: each answer costs two changes of threads less;
- waking the listening thread says which connection it is about (`loop`).

Guards stay where they were: what is not a whole request yet goes back to the listening thread, which tells slow clients
and floods apart; a connection has one worker at a time; pipelined requests are answered in their order.

Of waitress' inside this relies on `requests`, `requests_lock`, `request`, `outbufs`, `outbuf_lock`,
`total_outbufs_len`, `current_outbuf_count`, `close_when_flushed`, `connected`, `sent_continue`; on `readable` being
false while `requests` is not empty; and on `received` adding a task only for the first of them.
"""

import logging
import select
import time
from typing import TYPE_CHECKING, Final

from waitress.buffers import OverflowableBuffer, ReadOnlyFileBasedBuffer
from waitress.channel import ClientDisconnected, HTTPChannel
from waitress.parser import HTTPRequestParser
from waitress.task import ErrorTask, WSGITask
from waitress.utilities import InternalServerError

from pacsberry.http.task import AnswerTask

if TYPE_CHECKING:
    from pacsberry.http.listener import Listener

LOGGER = logging.getLogger("pacsberry.http")

_MOMENT_MILLISECONDS: Final = 1
_QUICK_SECONDS: Final = 0.003  # from an answer to the next request: such a client is worth waiting for


class AnsweringChannel(HTTPChannel):
    """A connection, as far as workers are concerned."""

    task_class = AnswerTask
    server: "Listener"
    _is_quick = True  # the client is expected to ask again within a moment
    _answered_at = 0.0  # monotonic; 0: nothing yet

    @property
    def _may_be_read_here(self) -> bool:
        """Whether a worker may read the socket."""
        return True

    def service(self) -> None:
        """Answer the oldest request, and those that follow at once."""
        goes_on = True
        while goes_on:
            request = self.requests[0]
            if self._answer(request):
                self._end()
                break
            self._flush()
            if len(self.requests) > 1:
                self._flush_outbufs_below_high_watermark()
            # The next answer gets a buffer of its own, so that this one's memory is given back.
            if self.current_outbuf_count > 0:
                self.current_outbuf_count = self.adj.outbuf_high_watermark
            request.close()
            goes_on = self._has_next()
        self.last_activity = time.time()
        self._answered_at = time.monotonic()
        if self.connected:
            self.wake()

    def write_soon(self, data: bytes | ReadOnlyFileBasedBuffer) -> int:
        """Send `data` now or as the client takes it; waits while too much is under way.  Raises ClientDisconnected."""
        if not self.connected:
            raise ClientDisconnected
        size = len(data)
        if not size:
            return 0
        with self.outbuf_lock:
            self._flush_outbufs_below_high_watermark()
            if not self.connected:
                raise ClientDisconnected
            if isinstance(data, ReadOnlyFileBasedBuffer):
                self.outbufs.append(data)
                self._add_buffer()
            else:
                if self.current_outbuf_count >= self.adj.outbuf_high_watermark:
                    self._add_buffer()
                self.outbufs[-1].append(data)
                self.current_outbuf_count += size
            self.total_outbufs_len += size
            if self.total_outbufs_len >= self.adj.send_bytes:
                self._flush()
                if self.total_outbufs_len:
                    self.wake()
        return size

    def wake(self) -> None:
        """Have the listening thread look at this connection again."""
        self.server.wake(self)

    def _flush_outbufs_below_high_watermark(self) -> None:
        if self.total_outbufs_len <= self.adj.outbuf_high_watermark:
            return
        with self.outbuf_lock:
            self._flush()
            while self.connected and self.total_outbufs_len > self.adj.outbuf_high_watermark:
                self.wake()
                self.outbuf_lock.wait()

    def _flush(self) -> None:
        with self.outbuf_lock:
            if self.connected and self.total_outbufs_len:
                self._flush_exception(self._flush_some, do_close=False)

    def _add_buffer(self) -> None:
        self.outbufs.append(OverflowableBuffer(self.adj.outbuf_overflow))
        self.current_outbuf_count = 0

    def _answer(self, request: HTTPRequestParser) -> bool:
        """Whether the connection has to end after the answer."""
        task: WSGITask | ErrorTask = (
            self.error_task_class(self, request) if request.error else self.task_class(self, request)
        )
        if not self.connected:
            return True
        try:
            task.service()
        except ClientDisconnected:
            LOGGER.debug("%s left before it had its answer", self.addr[0])
            return True
        except Exception:
            LOGGER.exception("%s broke off", request.path)
            if not task.wrote_header:
                self._apologize(request)
            return True
        return task.close_on_finish

    def _apologize(self, request: HTTPRequestParser) -> None:
        failed = self.parser_class(self.adj)
        failed.error = InternalServerError("The server failed.")
        failed.version = request.version
        try:
            self.error_task_class(self, failed).service()
        except ClientDisconnected:
            LOGGER.debug("%s left before it had its answer", self.addr[0])

    def _end(self) -> None:
        with self.requests_lock:
            self.close_when_flushed = True
            for request in self.requests:
                request.close()
            self.requests = []

    def _has_next(self) -> bool:
        """Whether there is another request for this very worker; the one that is answered is given up."""
        workers = self.server.workers
        if len(self.requests) == 1 and self._is_quick and self._may_be_read_here and workers.have_time:
            self._read_next()  # the answered request is still there, so the listening thread leaves the socket alone
        with self.requests_lock:
            self.requests.pop(0)
            if self.connected and self.requests:
                if workers.have_time:
                    return True
                self.server.add_task(self)
            elif (
                self.connected
                and self.request is not None
                and self.request.expect_continue
                and self.request.headers_finished
                and not self.sent_continue
            ):
                self.send_continue()
        return False

    def _read_next(self) -> None:
        if self.total_outbufs_len or not self.connected or self.will_close:
            return
        try:
            waiting = select.poll()
            waiting.register(self.socket, select.POLLIN)
            self._is_quick = bool(waiting.poll(_MOMENT_MILLISECONDS))
            if not self._is_quick:
                return
            data = self.socket.recv(self.adj.recv_bytes)
        except (OSError, ValueError):  # ValueError: it has been closed
            return  # the listening thread sees it, too, and it alone takes connections away
        if data:
            self.last_activity = time.time()
            self.received(data)

    def handle_read(self) -> None:
        """Bytes have come."""
        self._is_quick = not self._answered_at or time.monotonic() - self._answered_at < _QUICK_SECONDS
        super().handle_read()
