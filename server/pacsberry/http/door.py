"""The WSGI application: lets a request in, has its handler answer, sends the answer.

The order of the questions: does the method exist; may the client come in; is there a route; may it write; what does the
handler say.  Every error is told here, once.
"""

import logging
import time
from collections.abc import Iterable
from contextlib import nullcontext
from typing import TYPE_CHECKING

from pacsberry.errors import PacsberryError
from pacsberry.http.access import Access
from pacsberry.http.answers import Part
from pacsberry.http.body import SpoolSink, WaitingSink
from pacsberry.http.channel import FileBuffer
from pacsberry.http.context import Context
from pacsberry.http.errors import fault_of, phrase, tell
from pacsberry.http.rendering import Place, Rendered, render
from pacsberry.http.request import METHODS, Request, method_of, normal_path, parse_arguments
from pacsberry.http.routing import Routes, WrongMethod

if TYPE_CHECKING:
    from _typeshed.wsgi import StartResponse, WSGIEnvironment

LOGGER = logging.getLogger("pacsberry.http")

_FOREIGN_METHODS = ("HEAD", "OPTIONS", "PROPFIND", "PROPPATCH", "MKCOL", "LOCK", "UNLOCK", "COPY", "MOVE")  # WebDAV's


class Door:
    """The application waitress calls, on a worker thread."""

    def __init__(self, context: Context, access: Access, routes: Routes, place: Place, picture_place: Place) -> None:
        """`place` gives a place for a streamed download, `picture_place` one for who waits for a picture, or raises."""
        self._routes = routes
        self._context = context
        self._access = access
        self._place = place
        self._picture_place = picture_place
        self._describe = context.settings.describe_errors
        self._compress = context.settings.compression

    def __call__(self, environ: "WSGIEnvironment", start_response: "StartResponse") -> Iterable[bytes]:
        """Answer one request."""
        begun = time.monotonic()
        command, path = environ["REQUEST_METHOD"], environ["PATH_INFO"]
        self._context.metrics.begin()
        try:
            rendered = self._answer(environ, command, _decoded(path))
        finally:
            environ["wsgi.input"].close()  # what the archive has not kept of an upload is gone before the answer
        self._context.metrics.end(rendered.status)
        if LOGGER.isEnabledFor(logging.INFO):
            duration = (time.monotonic() - begun) * 1000
            LOGGER.info("%s %s %s: %d in %.1f ms", environ["REMOTE_ADDR"], command, path, rendered.status, duration)
        return _send(rendered, start_response)

    def _answer(self, environ: "WSGIEnvironment", command: str, path: str) -> Rendered:
        method = command
        try:
            user = self._access.admit(environ["REMOTE_ADDR"], environ.get("HTTP_AUTHORIZATION", ""))
            method = method_of(command, environ.get("HTTP_X_HTTP_METHOD_OVERRIDE", ""), environ["QUERY_STRING"])
            if method not in METHODS:
                return _bare(404 if method in _FOREIGN_METHODS else 400)
            route, arguments = self._routes.match(method, path)
            if route.writes:
                self._access.may_write(environ)
            request = _request(environ, command, method, path, user, is_local=self._access.is_local)
            with self._picture_place() if route.waits else nullcontext():
                answer = route.handler(request, self._context, **arguments)
            if answer is None:
                return _bare(400 if method == "POST" else 404)
            return render(answer, request, self._place, compress=self._compress)
        except WrongMethod as error:
            return Rendered(405, [("Allow", error.allow)], b"")
        except PacsberryError as error:
            if fault_of(error).status >= 500:
                LOGGER.warning("%s %s failed: %s", method, path, error)
            return self._told(error, method, path)
        except Exception as error:
            LOGGER.exception("%s %s failed", method, path)
            return self._told(error, method, path)

    def _told(self, error: Exception, method: str, path: str) -> Rendered:
        told = tell(error, method, path, describe=self._describe)
        return Rendered(told.status, list(told.headers), told.body)


def _request(environ: "WSGIEnvironment", command: str, method: str, path: str, user: str, *, is_local: bool) -> Request:
    body = environ["wsgi.input"]
    spooled = isinstance(body, SpoolSink | WaitingSink)
    return Request(
        method=method,
        path=path,
        arguments=parse_arguments(environ["QUERY_STRING"]) if command == "GET" else {},
        headers=environ,
        body=b"" if spooled else body.read(),
        spool=body.spool if spooled else None,
        remote_ip=environ["REMOTE_ADDR"],
        user=user,
        is_local=is_local,
        scheme=environ["wsgi.url_scheme"],
    )


def _decoded(path: str) -> str:
    """A path as routes have it; WSGI hands UTF-8 over as if it were Latin-1 (PEP 3333)."""
    return normal_path(path.encode("latin-1", "replace").decode("utf-8", "replace"))


def _bare(status: int) -> Rendered:
    return Rendered(status, [], b"")


def _send(rendered: Rendered, start_response: "StartResponse") -> Iterable[bytes]:
    body, status, headers = rendered.body, rendered.status, rendered.headers
    headers.append(("X-Content-Type-Options", "nosniff"))
    if isinstance(body, bytes):
        if not body and status >= 300:  # an error without a word, a redirect: a type of nothing would be a lie (S8)
            headers = [header for header in headers if header[0] != "Content-Type"]
        if status != 304:
            headers.append(("Content-Length", str(len(body))))
    start_response(f"{status} {phrase(status)}", headers)
    if isinstance(body, bytes):
        return (body,)
    return FileBuffer(body) if isinstance(body, Part) else body
