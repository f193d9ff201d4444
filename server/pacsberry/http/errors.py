"""Translates errors to HTTP, once: the status of the answer, and the name and number Orthanc's clients know (S8).

A noun module raises the errors of `pacsberry.errors`; the few that only HTTP knows are defined here.
"""

import http
from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType

from pacsberry import errors
from pacsberry.http.jsontext import json_text
from pacsberry.imaging.limits import TooManyPictures

REALM = "Pacsberry"
_PHRASES = MappingProxyType({status.value: status.phrase for status in http.HTTPStatus})


class BadJson(errors.BadRequest):
    """A body that should be JSON and is not."""


class Unauthorized(errors.PacsberryError):
    """The client is unknown, or may not come in from where it is."""


class UnknownUri(errors.UnknownResource):
    """No route has that path."""


class BadRange(errors.PacsberryError):
    """A Range header that asks for bytes beyond the end; `length` is that of the file."""

    def __init__(self, length: int) -> None:
        super().__init__(f"The file has {length} bytes; the range asked for begins after its end.")
        self.length = length


class NotAcceptable(errors.PacsberryError):
    """None of the media types the client accepts can be made."""


class Malformed(errors.PacsberryError):
    """A request that breaks HTTP itself; `status` is the one waitress chose for it."""

    def __init__(self, status: int, message: str) -> None:
        super().__init__(message)
        self.status = status


class TooManyDownloads(errors.PacsberryError):
    """Every place for a streamed download is taken."""


@dataclass(frozen=True, slots=True)
class Fault:
    """How one kind of error is told: HTTP status, Orthanc's number and its name in few words."""

    status: int
    number: int
    name: str


_INTERNAL = Fault(500, -1, "Internal error")
_FAULTS: Mapping[type[Exception], Fault] = MappingProxyType(
    {
        errors.BadRequest: Fault(400, 8, "Bad request"),
        BadJson: Fault(400, 28, "Cannot parse JSON"),
        errors.UnreadableDicom: Fault(400, 15, "Bad file format"),
        Unauthorized: Fault(401, 29, "Unauthorized"),
        errors.NotAllowed: Fault(403, 45, "Forbidden access"),
        errors.UnknownResource: Fault(404, 17, "Unknown resource"),
        errors.UnknownPeer: Fault(404, 7, "Inexistent item"),
        NotAcceptable: Fault(406, 34, "Not acceptable"),
        errors.Conflict: Fault(409, 43, "Bad revision"),
        errors.TooLarge: Fault(413, 8, "Bad request"),
        errors.NotUnderstood: Fault(415, 23, "Incompatible format"),
        BadRange: Fault(416, 41, "Incorrect range"),
        errors.StorageBusy: Fault(503, 36, "Database unavailable"),
        TooManyDownloads: Fault(503, 36, "Too busy"),
        TooManyPictures: Fault(503, 36, "Too busy"),
        errors.NoRoom: Fault(507, 19, "Storage is full"),
        errors.PeerFailed: Fault(500, 9, "Network protocol error"),
        errors.IndexDamaged: Fault(500, 11, "Database error"),
        errors.DamagedFile: Fault(500, 10, "Corrupted file"),
    }
)


def fault_of(error: BaseException) -> Fault:
    """How `error` is told; an error nobody foresaw is an internal one."""
    if isinstance(error, Malformed):
        return Fault(error.status, 8, "Bad request")
    for kind in type(error).__mro__:
        if kind in _FAULTS:
            return _FAULTS[kind]
    return _INTERNAL


def phrase(status: int) -> str:
    """The reason phrase of an HTTP status."""
    return _PHRASES.get(status, "Unknown")


@dataclass(frozen=True, slots=True)
class Told:
    """An error as it travels: status, headers and body."""

    status: int
    headers: tuple[tuple[str, str], ...]
    body: bytes


def tell(error: BaseException, method: str, uri: str, *, describe: bool) -> Told:
    """The answer to a request that failed (S8); `describe` is HttpDescribeErrors.

    An unforeseen error shows no detail: the log has it.
    """
    fault = fault_of(error)
    headers: list[tuple[str, str]] = []
    if fault.status == 401:
        headers.append(("WWW-Authenticate", f'Basic realm="{REALM}", charset="UTF-8"'))
    if isinstance(error, BadRange):
        headers.append(("Content-Range", f"bytes */{error.length}"))
    if fault.status == 503:
        headers.append(("Retry-After", "5"))
    if not describe:
        return Told(fault.status, tuple(headers), b"")
    body: dict[str, object] = {
        "HttpError": phrase(fault.status),
        "HttpStatus": fault.status,
        "Message": fault.name,
        "Method": method,
        "OrthancError": fault.name,
        "OrthancStatus": fault.number,
        "Uri": uri,
    }
    if isinstance(error, errors.PacsberryError) and error.args:
        body["Details"] = str(error)
    headers.append(("Content-Type", "text/plain; charset=utf-8"))
    return Told(fault.status, tuple(headers), json_text(body).encode(errors="replace"))
