"""The WSGI application: lets a request in, has its handler answer, sends the answer.

The order of the questions: does the method exist; may the client come in; is there a route; may it write; what does the
handler say.  Every error is told here, once.
"""

import logging
import time
from collections.abc import Iterable, Mapping
from contextlib import nullcontext
from io import BytesIO
from typing import TYPE_CHECKING

from pacsberry.auth import Action, User, may
from pacsberry.auth.users import GUEST
from pacsberry.errors import PacsberryError, UnknownResource
from pacsberry.http.access import Access, Credentials
from pacsberry.http.answers import Pieces
from pacsberry.http.body import SpoolSink, WaitingSink
from pacsberry.http.context import Context
from pacsberry.http.errors import Unauthorized, fault_of, phrase, tell
from pacsberry.http.guarding import guard
from pacsberry.http.rendering import Place, Rendered, render
from pacsberry.http.request import METHODS, Request, method_of, normal_path, parse_arguments
from pacsberry.http.routing import Body, Route, Routes, WrongMethod
from pacsberry.http.sending import PieceBuffer

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
        self._context.metrics.begin(environ["REMOTE_ADDR"])
        try:
            rendered = self._answer(environ, command, _decoded(path))
        finally:
            environ["wsgi.input"].close()  # what the archive has not kept of an upload is gone before the answer
        self._context.metrics.end(rendered.status)
        if LOGGER.isEnabledFor(logging.INFO):
            duration = (time.monotonic() - begun) * 1000
            LOGGER.info("%s %s %s: %d in %.1f ms", environ["REMOTE_ADDR"], command, path, rendered.status, duration)
        # A page of ours, or a picture in one whose session has ended: no browser should ask for a password by itself.
        if environ.get("HTTP_X_PACSBERRY") or Credentials.of(environ).token:
            rendered.headers[:] = [header for header in rendered.headers if header[0] != "WWW-Authenticate"]
        guard(rendered.headers, is_private=self._access.asks)
        return _send(rendered, start_response)

    def _answer(self, environ: "WSGIEnvironment", command: str, path: str) -> Rendered:
        method = command
        try:
            method = method_of(command, environ.get("HTTP_X_HTTP_METHOD_OVERRIDE", ""), environ["QUERY_STRING"])
            user = self._admit(environ, method, path)
            if method not in METHODS:
                return _bare(404 if method in _FOREIGN_METHODS else 400)
            route, arguments = self._routes.match(method, path)
            self._permit(user, route, arguments)
            if route.writes:
                self._access.may_write(environ)
            request = _request(
                environ, command, method, path, user, route, self._picture_place, is_local=self._access.is_local
            )
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

    def _admit(self, environ: "WSGIEnvironment", method: str, path: str) -> User:
        address = environ["REMOTE_ADDR"]
        try:
            return self._access.admit(address, Credentials.of(environ))
        except Unauthorized:
            self._access.let_near(address)
            route = self._routes.find(method, path)
            if route is None or not route.is_public:
                raise
            return GUEST

    def _permit(self, user: User, route: Route, arguments: Mapping[str, object]) -> None:
        """Raise what keeps a user from a route; what students are not shown is not there for them."""
        if route.is_public or may(user.role, route.action):
            return
        if route.shown is None or not may(user.role, Action.LOOK):
            self._access.permit(user, route.action)
        elif not route.shown(self._context, **arguments):
            raise UnknownResource("There is no such thing, or it is not shown to students.")

    def _told(self, error: Exception, method: str, path: str) -> Rendered:
        told = tell(error, method, path, describe=self._describe)
        return Rendered(told.status, list(told.headers), told.body)


def _request(
    environ: "WSGIEnvironment",
    command: str,
    method: str,
    path: str,
    user: User,
    route: Route,
    waiting: Place,
    *,
    is_local: bool,
) -> Request:
    body = environ["wsgi.input"]
    spooled = isinstance(body, SpoolSink | WaitingSink)
    piped = route.body is Body.PIPE and not isinstance(body, BytesIO)  # which stands for no body
    return Request(
        method=method,
        path=path,
        arguments=parse_arguments(environ["QUERY_STRING"]) if command == "GET" else {},
        headers=environ,
        body=b"" if spooled or piped else body.read(),
        spool=body.spool if spooled else None,
        consumer=body.finished() if piped else None,
        remote_ip=environ["REMOTE_ADDR"],
        user=user.name,
        role=user.role,
        is_local=is_local,
        scheme=environ["wsgi.url_scheme"],
        waiting=waiting,
    )


def _decoded(path: str) -> str:
    """A path as routes have it; WSGI hands UTF-8 over as if it were Latin-1 (PEP 3333)."""
    return normal_path(path.encode("latin-1", "replace").decode("utf-8", "replace"))


def _bare(status: int) -> Rendered:
    return Rendered(status, [], b"")


def _send(rendered: Rendered, start_response: "StartResponse") -> Iterable[bytes]:
    body, status, headers = rendered.body, rendered.status, rendered.headers
    if isinstance(body, bytes):
        if not body and status >= 300:  # an error without a word, a redirect: a type of nothing would be a lie (S8)
            headers = [header for header in headers if header[0] != "Content-Type"]
        if status != 304:
            headers.append(("Content-Length", str(len(body))))
    start_response(f"{status} {phrase(status)}", headers)
    if isinstance(body, bytes):
        return (body,)
    return PieceBuffer(body.pieces) if isinstance(body, Pieces) else body
