import socket
from collections.abc import Mapping

from _typeshed.wsgi import WSGIApplication
from waitress.adjustments import Adjustments
from waitress.channel import HTTPChannel
from waitress.task import ThreadedTaskDispatcher
from waitress.wasyncore import dispatcher

class BaseWSGIServer(dispatcher):
    channel_class: type[HTTPChannel]
    adj: Adjustments
    effective_host: str
    effective_port: str
    task_dispatcher: ThreadedTaskDispatcher
    @property
    def active_channels(self) -> Mapping[int, HTTPChannel]: ...
    in_connection_overflow: bool
    def __init__(
        self,
        application: WSGIApplication,
        map: dict[int, dispatcher] | None = ...,
        *,
        dispatcher: ThreadedTaskDispatcher | None = ...,
        adj: Adjustments | None = ...,
        _sock: socket.socket | None = ...,
        sockinfo: tuple[int, int, int, object] | None = ...,
        bind_socket: bool = ...,
    ) -> None: ...
    def accept(self) -> tuple[socket.socket, tuple[str, int]] | None: ...
    def add_task(self, task: object) -> None: ...
    def getsockname(self) -> tuple[str, str]: ...
    def fix_addr(self, addr: object) -> tuple[str, int]: ...
    def set_socket_options(self, conn: socket.socket) -> None: ...
    def maintenance(self, now: float) -> None: ...
    def pull_trigger(self) -> None: ...
    def run(self) -> None: ...

class TcpWSGIServer(BaseWSGIServer): ...
