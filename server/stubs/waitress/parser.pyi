from typing import BinaryIO

from waitress.adjustments import Adjustments
from waitress.receiver import ChunkedReceiver, FixedStreamReceiver
from waitress.utilities import Error

class HTTPRequestParser:
    completed: bool
    empty: bool
    expect_continue: bool
    headers_finished: bool
    chunked: bool
    content_length: int
    body_bytes_received: int
    body_rcv: FixedStreamReceiver | ChunkedReceiver | None
    error: Error | None
    connection_close: bool
    command: str
    path: str
    query: str
    version: str
    request_uri: str
    url_scheme: str
    headers: dict[str, str]
    adj: Adjustments
    def __init__(self, adj: Adjustments) -> None: ...
    def received(self, data: bytes) -> int: ...
    def parse_header(self, header_plus: bytes) -> None: ...
    def get_body_stream(self) -> BinaryIO: ...
    def close(self) -> None: ...
