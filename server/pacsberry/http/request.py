"""A parsed request, as handlers see it.

Bodies are read by content, never by Content-Type (S17); GET arguments count for GET only; flags may have no value.
Everything that cannot be understood raises BadRequest with what was expected.
"""

import json
from collections.abc import Callable, Mapping, Sequence
from contextlib import AbstractContextManager, nullcontext
from dataclasses import dataclass, field
from functools import cached_property
from types import MappingProxyType
from typing import TYPE_CHECKING, Any
from urllib.parse import parse_qsl

from pacsberry.auth import Role
from pacsberry.errors import BadRequest
from pacsberry.http.errors import BadJson
from pacsberry.model import Origin, Receipt

if TYPE_CHECKING:
    from pacsberry.archive import Spool
    from pacsberry.http.piping import Consumer

MOST_ARGUMENTS = 256  # of one query string
METHODS = ("GET", "POST", "PUT", "DELETE")
_TRUTHS = MappingProxyType({"": True, "1": True, "true": True, "0": False, "false": False})


@dataclass(frozen=True)
class Request:
    """One request.  Belongs to the thread that answers it."""

    method: str  # after X-HTTP-Method-Override and ?_method=
    path: str  # decoded, without trailing slash
    arguments: Mapping[str, str] = field(default_factory=dict)  # of GET only; of a repeated one the last wins
    headers: Mapping[str, str] = field(default_factory=dict)  # the WSGI environment; use `header`
    body: bytes = b""  # empty when the route takes a spool
    spool: "Spool | None" = None  # the body as a file; discarded after the handler, unless the archive kept it
    consumer: "Consumer | None" = None  # what has taken in the body of a route that says so; None without a body
    remote_ip: str = ""
    user: str = ""  # who logged in; '' for guests, and when authentication is off
    role: Role = Role.ADMIN
    is_local: bool = False  # came over the control socket: this machine's admin
    scheme: str = "http"
    waiting: "Callable[[], AbstractContextManager[None]]" = nullcontext  # to be held while a pixel worker is waited for

    # ---- arguments of GET

    def flag(self, name: str) -> bool:
        """Whether the argument is there, with or without a value: `?simplify`, `?simplify=`, `?simplify=0` (S5)."""
        return name in self.arguments

    def truth(self, name: str, *, absent: bool) -> bool:
        """An argument that is on when it is empty, 'true' or '1', off when 'false' or '0' (S7)."""
        value = self.arguments.get(name)
        if value is None:
            return absent
        return _truth(value, f"argument {name}")

    def integer(self, name: str) -> int | None:
        """A non-negative number; None when the argument is absent."""
        value = self.arguments.get(name)
        if value is None:
            return None
        if not (value.isascii() and value.isdigit() and len(value) < 19):
            raise BadRequest(f"The argument {name} is {value[:40]!r}; a number from 0 on is expected.")
        return int(value)

    def names(self, name: str, separator: str = ";") -> list[str]:
        """A list in one argument, `a;b`; empty when the argument is absent or empty."""
        parts = self.arguments.get(name, "").split(separator)
        return [part for part in (part.strip() for part in parts) if part]

    @property
    def all_arguments(self) -> list[tuple[str, str]]:
        """The arguments of GET in their order, also those that are repeated."""
        return parse_qsl(self.headers.get("QUERY_STRING", ""), keep_blank_values=True, max_num_fields=MOST_ARGUMENTS)

    # ---- headers

    def header(self, name: str) -> str:
        """A header's value, '' when absent; several of one name are joined by ', '."""
        return self.headers.get("HTTP_" + name.upper().replace("-", "_"), "")

    @cached_property
    def accepted(self) -> Sequence[tuple[str, float]]:
        """The media types of Accept in the client's order, lower case, without parameters, each with its weight.

        The argument `accept` of the address comes before the header (PS3.18 8.3.3.1): images of a page have none.
        """
        found = []
        for part in (self.arguments.get("accept") or self.header("Accept")).split(",")[:32]:
            kind, *parameters = (piece.strip().lower() for piece in part.split(";"))
            weight = 1.0
            for parameter in parameters:
                if parameter.startswith("q="):
                    try:
                        weight = float(parameter[2:])
                    except ValueError:
                        weight = 0.0
            if kind:
                found.append((kind, weight))
        return found

    # ---- body

    @property
    def text(self) -> str:
        """The body as text without surrounding white space."""
        try:
            return self.body.decode().strip()
        except UnicodeDecodeError as error:
            raise BadRequest(f"The body is not UTF-8 text (byte {error.start}).") from error

    def truth_of_body(self) -> bool:
        """A body of 0, 1, true or false."""
        text = self.text
        if not text:
            raise BadRequest("The body is empty; 0, 1, true or false is expected.")
        return _truth(text, "body")

    @cached_property
    def json(self) -> Any:
        """The body as JSON, whatever its Content-Type says."""
        return _parse_json(self.body)

    @property
    def json_object(self) -> dict[str, Any]:
        """The body as a JSON object."""
        value = self.json
        if not isinstance(value, dict):
            raise BadJson("A JSON object is expected as body.")
        return value

    @property
    def json_object_or_nothing(self) -> dict[str, Any]:
        """The body as a JSON object; an empty body is an empty object."""
        return self.json_object if self.body.strip() else {}

    @property
    def upload(self) -> "Spool":
        """The body as a file, of a route that takes one; BadRequest when there is no body."""
        if self.spool is None or self.spool.size == 0:
            raise BadRequest("The body is empty; a file is expected.")
        return self.spool

    # ---- who and where

    def receipt(self) -> Receipt:
        """Who brings what this request uploads."""
        return Receipt(Origin.REST_API, remote_ip=self.remote_ip, http_username=self.user)

    def address(self, path: str) -> str:
        """An absolute URL of this server for `path` ('/…'), as the client reaches it through its proxies.

        Forwarded and X-Forwarded-* are believed for this only, never for access: anybody can send them.
        """
        forwarded = _forwarded(self.header("Forwarded"))
        scheme = forwarded.get("proto") or _first(self.header("X-Forwarded-Proto")) or self.scheme
        host = forwarded.get("host") or _first(self.header("X-Forwarded-Host")) or self.header("Host") or "localhost"
        prefix = _first(self.header("X-Forwarded-Prefix")).rstrip("/")
        return f"{scheme}://{host}{prefix}{path}"


def method_of(command: str, override: str, query: str) -> str:
    """The method meant (S17): `override` is X-HTTP-Method-Override; `?_method=` counts on GET only.

    '' when the one asked for does not exist.
    """
    if not override and command == "GET" and "_method=" in query:
        override = parse_arguments(query).get("_method", "")
    if not override:
        return command
    override = override.upper()
    return override if override in METHODS else ""


def normal_path(path: str) -> str:
    """A path as routes have it: one slash in front, none behind (S17)."""
    return "/" + path.strip("/")


def parse_arguments(query: str) -> dict[str, str]:
    """The arguments of a query string; flags without value are there with ''."""
    try:
        return dict(parse_qsl(query, keep_blank_values=True, max_num_fields=MOST_ARGUMENTS))
    except ValueError as error:
        raise BadRequest(f"More than {MOST_ARGUMENTS} arguments in one address.") from error


def is_true(value: object, name: str) -> bool:
    """A boolean of a JSON body as clients send it: true, false, 0, 1, or one of these as text."""
    if isinstance(value, bool):
        return value
    if isinstance(value, int) and value in (0, 1):
        return bool(value)
    if isinstance(value, str):
        return _truth(value, name)
    raise BadRequest(f"{name}: true or false is expected.")


def _truth(text: str, name: str) -> bool:
    try:
        return _TRUTHS[text.lower()]
    except KeyError:
        raise BadRequest(f"The {name} is {text[:40]!r}; 0, 1, true or false is expected.") from None


def _parse_json(body: bytes) -> Any:
    try:
        return json.loads(body.decode(), parse_constant=_refuse_constant)
    except RecursionError as error:
        raise BadJson("The JSON of the body is nested too deeply.") from error
    except ValueError as error:  # JSONDecodeError and UnicodeDecodeError are kinds of it, a number too long is one
        raise BadJson(f"The body is not JSON: {error}.") from error


def _refuse_constant(name: str) -> float:
    raise ValueError(f"{name} is not allowed in JSON")


def _first(value: str) -> str:
    return value.split(",", 1)[0].strip()


def _forwarded(value: str) -> dict[str, str]:
    """The first element of a Forwarded header (RFC 7239)."""
    pairs = (pair.partition("=") for pair in _first(value).split(";"))
    return {name.strip().lower(): text.strip().strip('"') for name, _, text in pairs}
