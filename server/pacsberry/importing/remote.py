"""Another server as source, an Orthanc or a Pacsberry, over HTTP.

    http://user:password@host:8042/prefix

Its instances are listed page by page; those that the target has are known by their identifiers and are not fetched.
Labels and protection come after them; metadata do not, because their names mean something on their own server only.
"""

import contextlib
import functools
import http.client
import json
import re
import tempfile
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any, Final
from urllib.parse import quote, unquote, urlsplit

from pacsberry.archive.labels import is_label
from pacsberry.archive.orthanc_index import Added
from pacsberry.errors import BadRequest, NotAllowed, PeerFailed, UnreadableDicom
from pacsberry.importing.files import FileContent
from pacsberry.importing.items import LARGEST_FILE, Content, Found, Item
from pacsberry.importing.server import Server
from pacsberry.model import ORTHANC_ID, Level
from pacsberry.peers.http_client import Answer, HttpClient, basic_authorization

_PAGE: Final = 1000  # identifiers asked for at once
_SECONDS: Final = 60.0  # a server may be silent
_IN_MEMORY: Final = 4 * 2**20  # bytes of a fetched file
_HOST: Final = re.compile(r"[\w.:%-]+")
_OF_PATHS: Final = "/%~!$&'()*+,;=:@"  # what stands for itself in a path (RFC 3986 3.3), and what is quoted already


@dataclass(frozen=True, slots=True, repr=False)
class Address:
    """Where a server is, and who we are there."""

    scheme: str
    host: str
    port: int
    prefix: str = ""
    user: str = ""
    password: str = ""

    def __post_init__(self) -> None:
        """BadRequest for what can be no name of a host."""
        try:
            is_name = _HOST.fullmatch(self.host) is not None and self.host.encode("idna")
        except UnicodeError:  # a label that is empty or too long
            is_name = False
        if not is_name:
            raise BadRequest("The name of the host cannot be one.")

    @classmethod
    def of(cls, url: str) -> "Address":
        """The parts of a URL; BadRequest, which does not repeat it: there may be a password in it."""
        try:
            parts = urlsplit(url)
            port = parts.port or (443 if parts.scheme == "https" else 80)
        except ValueError as error:
            raise BadRequest("The address cannot be read; http://HOST:PORT is expected.") from error
        if parts.scheme not in ("http", "https") or not parts.hostname:
            raise BadRequest("The address cannot be read; http://HOST:PORT is expected.")
        user, password = unquote(parts.username or ""), unquote(parts.password or "")
        return cls(parts.scheme, parts.hostname, port, quote(parts.path.rstrip("/"), safe=_OF_PATHS), user, password)

    @property
    def name(self) -> str:
        """The address for people, without user and password."""
        host = f"[{self.host}]" if ":" in self.host else self.host
        return f"{self.scheme}://{host}:{self.port}{self.prefix}"

    def client(self) -> HttpClient:
        """A client of that server, not connected yet."""
        kind = http.client.HTTPSConnection if self.scheme == "https" else http.client.HTTPConnection
        headers = {"Authorization": basic_authorization(self.user, self.password)} if self.user else {}
        connection = kind(self.host, self.port, timeout=_SECONDS)
        return HttpClient(connection, name=self.name, headers=headers, prefix=self.prefix)


class Remote:
    """The source."""

    def __init__(self, address: Address) -> None:
        self.name = address.name
        self._server = Server(address.client())
        self._average = 0  # bytes of an instance

    def total(self) -> int:
        """About the bytes of all instances; NotAllowed, PeerFailed."""
        told = self._told(self._server.ask_once("GET", "/statistics"), "/statistics")
        try:
            count, size = int(told["CountInstances"]), int(told["TotalUncompressedSize"])
        except (KeyError, TypeError, ValueError, OverflowError) as error:
            raise self._no_orthanc("/statistics") from error
        self._average = size // count if count > 0 and size > 0 else 0
        return self._average * count

    def found(self) -> Iterator[Found]:
        """All instances; NotAllowed, PeerFailed."""
        for instance in self._all(Level.INSTANCE):
            opened = functools.partial(self._fetch, instance)
            yield Item(f"{self.name}/instances/{instance}", self._average, opened, instance=instance)

    def added(self) -> Iterator[Added]:
        """Labels, and the patients that are protected; NotAllowed, PeerFailed."""
        labels = self._server.ask("GET", "/tools/labels")  # not before Orthanc 1.12
        for label in self._list(labels, "/tools/labels") if labels.is_success else ():
            for level in Level if isinstance(label, str) and is_label(label) else ():
                query = {"Level": level.title, "Query": {}, "Labels": [label]}
                found = self._server.ask("POST", "/tools/find", json.dumps(query).encode())
                for resource in self._identifiers(found, "/tools/find"):
                    yield Added(level, resource, labels=(label,))
        for patient in self._all(Level.PATIENT):
            if self._server.ask("GET", f"/patients/{patient}/protected").content.strip() == b"1":
                yield Added(Level.PATIENT, patient, is_protected=True)

    def _all(self, level: Level) -> Iterator[str]:
        since = 0
        while True:
            path = f"/{level.plural}?since={since}&limit={_PAGE}"
            page = self._identifiers(self._server.ask("GET", path), path)
            yield from page
            if len(page) < _PAGE:
                return
            since += len(page)

    def _identifiers(self, answer: Answer, path: str) -> list[str]:
        told = self._list(answer, path)
        if not all(map(_is_identifier, told)):
            raise self._no_orthanc(path)
        return told

    def _list(self, answer: Answer, path: str) -> list[Any]:
        told = self._told(answer, path)
        if not isinstance(told, list):
            raise self._no_orthanc(path)
        return told

    def _no_orthanc(self, path: str) -> PeerFailed:
        return PeerFailed(f"{self.name} is no Orthanc: its answer to {path} is not understood.")

    def close(self) -> None:
        """Close the connections."""
        self._server.close_siblings()
        self._server.client.close()

    def _told(self, answer: Answer, path: str) -> Any:
        if not answer.is_success:
            raise PeerFailed(f"{self.name}{path}: {answer.reason}")
        return answer.json()

    @contextlib.contextmanager
    def _fetch(self, instance: str) -> Iterator[Content]:
        with tempfile.SpooledTemporaryFile(_IN_MEMORY) as file:

            def once() -> Answer:
                file.seek(0)
                file.truncate()
                return self._server.client.fetch(f"/instances/{instance}/file", file, most_bytes=LARGEST_FILE)

            answer = self._server.patiently(once)
            if answer.status in (401, 403):
                raise NotAllowed(f"{self.name} refuses: {answer.reason}")
            if not answer.is_success:
                raise UnreadableDicom(f"The server answered: {answer.reason}")
            yield FileContent(file, file.seek(0, 2))


def _is_identifier(value: object) -> bool:
    return isinstance(value, str) and ORTHANC_ID.fullmatch(value) is not None
