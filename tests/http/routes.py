"""Routes that only tests have: they show what the door does, without the rest of the server."""

import threading
from collections.abc import Iterator
from pathlib import Path

from pacsberry.errors import NoRoom
from pacsberry.http.answers import Answer
from pacsberry.http.context import Context
from pacsberry.http.request import Request
from pacsberry.http.routing import Body, Route

PATTERN = bytes(range(256)) * 4096  # 1 MB
gate = threading.Event()  # held requests wait for it


def echo(request: Request, context: Context) -> Answer:
    return Answer.json({"method": request.method, "body": request.text, "arguments": dict(request.arguments)})


def measure(request: Request, context: Context) -> Answer:
    upload = request.upload
    return Answer.json({"size": upload.size, "crc32": upload.crc32, "folder": upload.path.parent.name})


def keep(request: Request, context: Context) -> Answer:
    name = context.archive.files.keep(request.upload, ".bin")
    return Answer.text(name)


def get_file(request: Request, context: Context, name: str) -> Answer:
    path = context.archive.files.storage / name
    return Answer.part(path.open("rb"), 0, path.stat().st_size, "application/octet-stream").with_etag("v1")


def get_cut_file(request: Request, context: Context, name: str) -> Answer:
    path = context.archive.files.storage / name
    return Answer.part(path.open("rb"), 0, path.stat().st_size * 2, "application/octet-stream")


def stream(request: Request, context: Context, megabytes: int) -> Answer:
    def chunks() -> Iterator[bytes]:
        try:
            for _ in range(megabytes * 4):
                yield PATTERN[: 2**18]
        finally:
            (context.archive.files.storage / "closed").touch()

    return Answer.stream(chunks(), "application/octet-stream")


def list_items(request: Request, context: Context, count: int) -> Answer:
    texts = (f'{"[" if number == 0 else ","}\n{{"n": {number}, "text": "é<&>"}}'.encode() for number in range(count))

    def chunks() -> Iterator[bytes]:
        yield from texts
        yield b"\n]"

    return Answer.json_items(chunks())


def late_failure(request: Request, context: Context) -> Answer:
    def chunks() -> Iterator[bytes]:
        yield PATTERN
        raise RuntimeError("the card is gone")

    return Answer.stream(chunks(), "application/octet-stream")


def early_failure(request: Request, context: Context) -> Answer:
    def chunks() -> Iterator[bytes]:
        if context.settings.port == 0:
            raise NoRoom("nothing left")
        yield b""

    return Answer.stream(chunks(), "application/octet-stream")


def fail(request: Request, context: Context) -> Answer:
    raise RuntimeError("secret detail")


def hold(request: Request, context: Context) -> Answer:
    gate.wait(20)
    return Answer.text("held")


def value(request: Request, context: Context) -> Answer:
    return Answer.json({"0010,0010": {"Name": "PatientName", "Value": "A<B>&\x00"}, "list": [1, None, True, []]})


def nothing(request: Request, context: Context) -> None:
    return None


def write_file(folder: Path, name: str, data: bytes) -> None:
    (folder / name).write_bytes(data)


ROUTES = [
    *(Route(method, "/echo", echo) for method in ("GET", "POST", "PUT", "DELETE")),
    Route("POST", "/look", echo, reads=True),
    Route("POST", "/measure", measure, body=Body.SPOOL),
    Route("POST", "/keep", keep, body=Body.SPOOL),
    Route("GET", "/file/<name>", get_file),
    Route("GET", "/cut-file/<name>", get_cut_file),
    Route("GET", "/stream/<megabytes:int>", stream),
    Route("GET", "/items/<count:int>", list_items),
    Route("GET", "/late-failure", late_failure),
    Route("GET", "/early-failure", early_failure),
    Route("GET", "/fail", fail),
    Route("GET", "/hold", hold),
    Route("GET", "/value", value),
    *(Route(method, "/nothing", nothing) for method in ("GET", "POST", "PUT", "DELETE")),
]
