from collections.abc import Callable, Sized

from waitress.channel import HTTPChannel
from waitress.parser import HTTPRequestParser

class ThreadedTaskDispatcher:
    threads: set[int]
    queue: Sized
    stop_count: int
    active_count: int
    def add_task(self, task: object) -> None: ...
    def start_new_thread(self, target: Callable[[int], None], thread_no: int) -> None: ...
    def set_thread_count(self, count: int) -> None: ...
    def shutdown(self, cancel_pending: bool = ..., timeout: float = ...) -> bool: ...

class Task:
    request: HTTPRequestParser
    version: str
    status: str
    response_headers: list[tuple[str, str]]
    content_length: int | None
    has_body: bool
    chunked_response: bool
    close_on_finish: bool
    start_time: float
    wrote_header: bool
    def __init__(self, channel: HTTPChannel, request: HTTPRequestParser) -> None: ...
    def service(self) -> None: ...
    def build_response_header(self) -> bytes: ...

class WSGITask(Task): ...
class ErrorTask(Task): ...
