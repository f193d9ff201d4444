import socket

from waitress.adjustments import Adjustments
from waitress.parser import HTTPRequestParser
from waitress.server import BaseWSGIServer
from waitress.task import WSGITask
from waitress.wasyncore import dispatcher

class HTTPChannel(dispatcher):
    task_class: type[WSGITask]
    adj: Adjustments
    addr: tuple[str, int]
    request: HTTPRequestParser | None
    requests: list[HTTPRequestParser]
    last_activity: float
    will_close: bool
    close_when_flushed: bool
    total_outbufs_len: int
    connected: bool
    def __init__(
        self,
        server: BaseWSGIServer,
        sock: socket.socket,
        addr: tuple[str, int],
        adj: Adjustments,
        map: dict[int, dispatcher] | None = ...,
    ) -> None: ...
    def received(self, data: bytes) -> bool: ...
    def service(self) -> None: ...
    def cancel(self) -> None: ...
