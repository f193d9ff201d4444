"""The WSGI application: lets a request in, has its handler answer, sends the answer.

The order of the questions: does the method exist; may the client come in; is there a route; may it write; what does the
handler say.  Every error is told here, once.
"""

import logging
import time
from collections.abc import Callable, Iterable, Sequence
from typing import TYPE_CHECKING

import bottle

from pacsberry.errors import PacsberryError
from pacsberry.http.access import Access
from pacsberry.http.body import SpoolSink
from pacsberry.http.channel import FileBuffer
from pacsberry.http.context import Context
from pacsberry.http.errors import UnknownUri, fault_of, phrase, tell
from pacsberry.http.rendering import Place, render
from pacsberry.http.request import METHODS, Request, method_of, normal_path, parse_arguments
from pacsberry.http.routing import Route, Routes

if TYPE_CHECKING:
    from _typeshed.wsgi import StartResponse, WSGIEnvironment

LOGGER = logging.getLogger("pacsberry.http")

_FOREIGN_METHODS = ("HEAD", "OPTIONS", "PROPFIND", "PROPPATCH", "MKCOL", "LOCK", "UNLOCK", "COPY", "MOVE")  # WebDAV's
_Headers = Sequence[tuple[str, str]]
_USER = "pacsberry.user"  # key in the environment


class Door:
    """The application waitress calls, on a worker thread."""

    def __init__(self, context: Context, access: Access, table: Iterable[Route], place: Place) -> None:
        """`place` gives a place for a streamed download, or raises."""
        self.routes = Routes(table, self._handle)
        self._context = context
        self._access = access
        self._place = place
        self._describe = context.settings.describe_errors
        self._compress = context.settings.compression
        self.routes.app.error(404, self._unknown)
        self.routes.app.error(405, _bare)
        self.routes.app.error(400, _bare)

    def __call__(self, environ: "WSGIEnvironment", start_response: "StartResponse") -> Iterable[bytes]:
        """Answer one request."""
        begun = time.monotonic()
        answered = 500
        self._context.metrics.begin()

        def start(status: str, headers: list[tuple[str, str]], *failure: object) -> Callable[[bytes], object]:
            nonlocal answered
            answered = int(status[:3])
            bare = answered >= 300 and any(pair == ("Content-Length", "0") for pair in headers)
            kept = [pair for pair in headers if not (bare and pair[0] == "Content-Type")]
            kept.append(("X-Content-Type-Options", "nosniff"))
            return start_response(status, kept, *failure)  # type: ignore[arg-type]

        try:
            return self._answer(environ, start)
        finally:
            self._context.metrics.end(answered)
            if LOGGER.isEnabledFor(logging.INFO):
                LOGGER.info(
                    "%s %s %s: %d in %.1f ms",
                    environ["REMOTE_ADDR"],
                    environ["REQUEST_METHOD"],
                    environ["PATH_INFO"],
                    answered,
                    (time.monotonic() - begun) * 1000,
                )

    def _answer(self, environ: "WSGIEnvironment", start: Callable[..., object]) -> Iterable[bytes]:
        command = environ["REQUEST_METHOD"]
        try:
            user = self._access.admit(environ["REMOTE_ADDR"], environ.get("HTTP_AUTHORIZATION", ""))
            method = method_of(command, environ.get("HTTP_X_HTTP_METHOD_OVERRIDE", ""), environ["QUERY_STRING"])
        except PacsberryError as error:
            told = tell(error, command, environ["PATH_INFO"], describe=self._describe)
            return _send(start, told.status, told.headers, told.body)
        if method not in METHODS:
            return _send(start, 404 if method in _FOREIGN_METHODS else 400, (), b"")
        environ[_USER] = user
        environ["pacsberry.command"] = command
        environ["REQUEST_METHOD"] = method
        environ["PATH_INFO"] = normal_path(environ["PATH_INFO"])
        environ["wsgi.file_wrapper"] = _file_buffer
        return self.routes.app(environ, start)  # type: ignore[arg-type]

    def _handle(self, route: Route, **arguments: object) -> bottle.HTTPResponse:
        """Run the handler of a route; called by bottle."""
        environ = bottle.request.environ
        try:
            if route.writes:
                self._access.may_write(environ)
            request = _request(environ)
            answer = route.handler(request, self._context, **arguments)
            if answer is None:
                return bottle.HTTPResponse(b"", 400 if route.method == "POST" else 404)
            rendered = render(answer, request, self._place, compress=self._compress)
            return bottle.HTTPResponse(rendered.body, rendered.status, rendered.headers)  # type: ignore[arg-type]
        except PacsberryError as error:
            return self._failed(error, environ)
        except Exception as error:  # noqa: BLE001  # the top of a request: anything else would close the connection
            return self._failed(error, environ)
        finally:
            environ["wsgi.input"].close()  # what the archive has not kept of an upload is gone before the answer

    def _failed(self, error: Exception, environ: "WSGIEnvironment") -> bottle.HTTPResponse:
        if not isinstance(error, PacsberryError):
            LOGGER.error("%s %s failed", environ["REQUEST_METHOD"], environ["PATH_INFO"], exc_info=error)
        elif fault_of(error).status >= 500:
            LOGGER.warning("%s %s failed: %s", environ["REQUEST_METHOD"], environ["PATH_INFO"], error)
        told = tell(error, environ["REQUEST_METHOD"], environ["PATH_INFO"], describe=self._describe)
        return bottle.HTTPResponse(told.body, told.status, list(told.headers))

    def _unknown(self, error: bottle.HTTPError) -> bytes:
        environ = bottle.request.environ
        told = tell(UnknownUri(), environ["REQUEST_METHOD"], environ["PATH_INFO"], describe=self._describe)
        bottle.response.content_type = "text/plain; charset=utf-8"
        return told.body


def _request(environ: "WSGIEnvironment") -> Request:
    body = environ["wsgi.input"]
    spooled = isinstance(body, SpoolSink)
    return Request(
        method=environ["REQUEST_METHOD"],
        path=environ["PATH_INFO"],
        arguments=parse_arguments(environ["QUERY_STRING"]) if environ["pacsberry.command"] == "GET" else {},
        headers=environ,
        body=b"" if spooled else body.read(),
        spool=body.spool if spooled else None,
        remote_ip=environ["REMOTE_ADDR"],
        user=environ[_USER],
        scheme=environ["wsgi.url_scheme"],
    )


def _send(start: Callable[..., object], status: int, headers: _Headers, body: bytes) -> Iterable[bytes]:
    start(f"{status} {phrase(status)}", [*headers, ("Content-Length", str(len(body)))])
    return [body]


def _bare(error: bottle.HTTPError) -> bytes:
    """405 with its Allow header, or 400 for a path that cannot be read: no body (S8)."""
    return b""


def _file_buffer(outgoing: object) -> FileBuffer:
    return FileBuffer(outgoing.part)  # type: ignore[attr-defined]
