import socket
import threading
from collections.abc import Callable

from waitress.adjustments import Adjustments
from waitress.buffers import OverflowableBuffer, ReadOnlyFileBasedBuffer
from waitress.parser import HTTPRequestParser
from waitress.server import BaseWSGIServer
from waitress.task import ErrorTask, WSGITask
from waitress.wasyncore import dispatcher

class ClientDisconnected(Exception): ...

class HTTPChannel(dispatcher):
    task_class: type[WSGITask]
    error_task_class: type[ErrorTask]
    adj: Adjustments
    addr: tuple[str, int]
    request: HTTPRequestParser | None
    requests: list[HTTPRequestParser]
    requests_lock: threading.Lock
    outbufs: list[OverflowableBuffer | ReadOnlyFileBasedBuffer]
    outbuf_lock: threading.Condition
    last_activity: float
    will_close: bool
    close_when_flushed: bool
    sent_continue: bool
    total_outbufs_len: int
    current_outbuf_count: int
    connected: bool
    def __init__(
        self,
        server: BaseWSGIServer,
        sock: socket.socket,
        addr: tuple[str, int],
        adj: Adjustments,
        map: dict[int, dispatcher] | None = ...,
    ) -> None: ...
    def parser_class(self, adj: Adjustments) -> HTTPRequestParser: ...
    def received(self, data: bytes) -> bool: ...
    def service(self) -> None: ...
    def cancel(self) -> None: ...
    def send_continue(self) -> None: ...
    def _flush_some(self, do_close: bool = ...) -> bool: ...
    def _flush_exception(self, flush: Callable[..., bool], do_close: bool = ...) -> tuple[bool, bool]: ...
    def _flush_outbufs_below_high_watermark(self) -> None: ...
