"""The server that instances are brought to: ours over its control socket, or any Orthanc over the network."""

import json
import logging
import threading
import time
import zlib
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Final, TypeVar

from pacsberry.errors import NoRoom, NotAllowed, PeerFailed
from pacsberry.importing.files import in_copy
from pacsberry.importing.items import Content, Fate
from pacsberry.peers.http_client import Answer, HttpClient

LOGGER = logging.getLogger("pacsberry.http")

_T = TypeVar("_T")

BATCH: Final = 200  # instances asked for at once
_PAUSES: Final = (1.0, 3.0, 10.0)  # seconds before a request is made again
_STATUSES: Final = {"Success": Fate.KEPT, "AlreadyStored": Fate.THERE}
_KNOWN: Final = "/pacsberry/instances/known"
_FULL: Final = 11  # OrthancStatus of a storage that is full; older releases send it with HTTP status 500


@dataclass(frozen=True, slots=True)
class Sent:
    """What the server said about an instance."""

    fate: Fate
    reason: str = ""
    instance: str = ""


class Server:
    """Asks and sends; thread-safe: each thread has a connection of its own.

    All methods raise NotAllowed when it does not let us in, PeerFailed when it has gone or is too busy.
    """

    def __init__(self, client: HttpClient, *, packs: bool = False, sleep: Callable[[float], None] = time.sleep) -> None:
        """`packs`: files travel as gzip, for a slow network."""
        self.name = client.name
        self._own = threading.local()
        self._own.client = self._first = client
        self._siblings: list[HttpClient] = []  # those of other threads
        self._packs = packs
        self._sleep = sleep
        self._knows_many = True  # until it says that it has no such route: an Orthanc

    @property
    def client(self) -> HttpClient:
        """The connection of this thread."""
        client: HttpClient | None = getattr(self._own, "client", None)
        if client is None:
            client = self._own.client = self._first.sibling()
            self._siblings.append(client)
        return client

    def close_siblings(self) -> None:
        """Close the connections of threads that have ended."""
        while self._siblings:
            self._siblings.pop().close()

    def known(self, instances: Sequence[str]) -> set[str]:
        """Those of the instances that it has."""
        if self._knows_many and instances:
            answer = self.ask("POST", _KNOWN, json.dumps(list(instances)).encode())
            if answer.status == 200:
                known = answer.json()
                if not isinstance(known, list) or not all(isinstance(one, str) for one in known):
                    raise PeerFailed(f"{self.name} answered what no Pacsberry answers; is the address right?")
                return set(known)
            self._knows_many = False
        return {one for one in instances if self.ask("GET", f"/instances/{one}").status == 200}

    def send(self, content: Content) -> Sent:
        """Send a file, once; NoRoom when the server is full."""
        if self._packs:
            with in_copy(_gzipped(content.chunks())) as packed:
                answer = self._post(packed, {"Content-Encoding": "gzip"})
        else:
            answer = self._post(content, {})
        self._check(answer)
        if not answer.is_success:
            return Sent(Fate.REFUSED, answer.reason)
        told = answer.json()
        if not isinstance(told, dict):
            raise PeerFailed(f"{self.name} answered what no Orthanc answers; is the address right?")
        status = str(told.get("Status"))
        fate = _STATUSES.get(status, Fate.REFUSED)
        return Sent(fate, f"Status {status}." if fate is Fate.REFUSED else "", str(told.get("ID", "")))

    def _post(self, content: Content, headers: Mapping[str, str]) -> Answer:
        return self.client.request("POST", "/instances", content.chunks(), headers, length=content.size)

    def put(self, path: str, content: Content) -> Answer:
        """Send a file that is no instance, once; any answer but 401, 403, 503 and 507."""
        answer = self.client.request("PUT", path, content.chunks(), length=content.size)
        self._check(answer)
        return answer

    def ask(self, method: str, path: str, body: bytes | None = None) -> Answer:
        """A request that may be made again when the connection breaks off; any answer but 401, 403, 503 and 507."""
        return self.patiently(lambda: self.ask_once(method, path, body))

    def ask_once(self, method: str, path: str, body: bytes | None = None) -> Answer:
        """The same without patience: for the first request, which tells whether the address is right."""
        answer = self.client.request(method, path, body)
        self._check(answer)
        return answer

    def patiently(self, act: Callable[[], _T]) -> _T:
        """What `act` returns, tried again after a while when it raises PeerFailed."""
        for pause in _PAUSES:
            try:
                return act()
            except PeerFailed as error:
                LOGGER.info("%s Trying again in %g seconds.", error, pause)
                self._sleep(pause)
        return act()

    def _check(self, answer: Answer) -> None:
        if answer.status in (401, 403):
            raise NotAllowed(f"{self.name} refuses everything: {answer.reason}")
        if answer.status == 503:
            raise PeerFailed(f"{self.name} is too busy: {answer.reason}")
        if answer.status == 507 or answer.orthanc_status == _FULL:
            raise NoRoom(f"{self.name} is full: {answer.reason}")


def _gzipped(chunks: Iterator[bytes]) -> Iterator[bytes]:
    # Seven sample files of 7.5 MB: level 1 leaves 25 % of them, level 6 leaves 23 % and takes 2.7 times as long.
    packer = zlib.compressobj(1, zlib.DEFLATED, 31)
    for chunk in chunks:
        yield packer.compress(chunk)
    yield packer.flush()
