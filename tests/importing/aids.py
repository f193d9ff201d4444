"""Sources looked into, and servers that are sent to, in few words."""

import contextlib
import io
import itertools
import tarfile
from collections import Counter
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from pathlib import Path

from pacsberry.errors import PacsberryError, PeerFailed
from pacsberry.importing.importer import Importer, Wishes
from pacsberry.importing.items import Fate, Finding, Item
from pacsberry.importing.server import Sent, Server
from pacsberry.importing.sources import Source
from pacsberry.peers.http_client import HttpClient, UnixConnection
from tests.flows.house import House


@dataclass
class Told:
    """What an import told."""

    findings: list[Finding] = field(default_factory=list)

    def counts(self) -> dict[Fate, int]:
        return dict(Counter(finding.fate for finding in self.findings))

    def of(self, fate: Fate) -> list[Finding]:
        return [finding for finding in self.findings if finding.fate is fate]


def bring(house: House, source: Source, wishes: Wishes | None = None) -> Told:
    """Import a source into a running server."""
    told = Told()
    with contextlib.closing(HttpClient(UnixConnection(house.storage / "pacsberry.sock"), name="The server")) as client:
        Importer(Server(client), told.findings.append, wishes or Wishes()).take(source.found())
    return told


def look(source: Source) -> Told:
    """What a source finds that is no item, and each item as NOT_DICOM or KEPT with what could be read of it."""
    told = Told()
    for found in source.found():
        told.findings.append(found if isinstance(found, Finding) else _opened(found))
    return told


def contents(source: Source) -> dict[str, bytes]:
    """The content of each item by the last part of its name."""
    read = {}
    for found in source.found():
        if isinstance(found, Item):
            with found.open() as content:
                read[found.name.rpartition("/")[2].rpartition(": ")[2]] = b"".join(content.chunks())
    return read


def _opened(item: Item) -> Finding:
    try:
        with item.open() as content:
            size = sum(map(len, content.chunks()))
    except (PacsberryError, OSError) as error:
        return Finding(Fate.UNREADABLE, item.name, f"{type(error).__name__}: {error}", amount=item.amount)
    return Finding(Fate.KEPT, item.name, str(size), amount=item.amount)


def tarred(members: Mapping[str, bytes], mode: str = "w", form: int = tarfile.PAX_FORMAT) -> bytes:
    """A tar with these members; `mode` as for tarfile ('w:gz' packs it)."""
    file = io.BytesIO()
    with tarfile.open(fileobj=file, mode=mode, format=form) as archive:  # type: ignore[call-overload]
        for name, data in members.items():
            info = tarfile.TarInfo(name)
            info.size = len(data)
            archive.addfile(info, io.BytesIO(data))
    return file.getvalue()


class Recorder(Server):
    """In the place of a server: remembers what it was asked and given, and fails when it is told to."""

    def __init__(self, known: Iterable[str] = (), answers: Callable[[int], Sent] | None = None) -> None:
        self.name = "The recorder"
        self.asked: list[list[str]] = []
        self.given: list[bytes] = []
        self._numbers = itertools.count()  # several threads send; no two take the same one
        self._known = set(known)
        self._answers = answers or (lambda number: Sent(Fate.KEPT))

    def close_siblings(self) -> None:
        pass

    def known(self, instances: Iterable[str]) -> set[str]:
        self.asked.append(list(instances))
        return self._known & set(self.asked[-1])

    def send(self, content: object) -> Sent:
        answer = self._answers(next(self._numbers))
        self.given.append(b"".join(content.chunks()))  # type: ignore[attr-defined]
        return answer

    def patiently(self, act: Callable[[], object]) -> object:  # type: ignore[override]
        try:
            return act()
        except PeerFailed:
            return act()


def write_all(folder: Path, files: Mapping[str, bytes]) -> Path:
    """Write files below a folder."""
    for name, data in files.items():
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_bytes(data)
    return folder
