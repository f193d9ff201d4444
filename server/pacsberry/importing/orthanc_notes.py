"""Brings what users have added to an Orthanc after its images: labels, metadata, protection, attached files.

What the server has already is left as it is, so a second run changes nothing.  Not brought: changes, exports, dates and
senders of reception, jobs; the server writes its own.
"""

from collections.abc import Iterable
from dataclasses import dataclass, field
from pathlib import Path

from pacsberry.archive.orthanc_index import Added
from pacsberry.errors import PacsberryError, PeerFailed
from pacsberry.importing.items import Fate, Finding
from pacsberry.importing.orthanc_folder import open_stored, place_of
from pacsberry.importing.server import Server
from pacsberry.peers.http_client import Answer


@dataclass(slots=True)
class Brought:
    """How many of each were brought."""

    labels: int = 0
    metadata: int = 0
    protections: int = 0
    attachments: int = 0
    troubles: list[Finding] = field(default_factory=list)  # what the server refused


class Notes:
    """Brings the notes of one Orthanc; belongs to one thread."""

    def __init__(self, server: Server, storage: Path | None = None) -> None:
        """`storage`: its StorageDirectory, where the attached files are; None when it is asked over HTTP."""
        self._server = server
        self._storage = storage
        self._brought = Brought()

    def bring(self, notes: Iterable[Added]) -> Brought:
        """Bring all of it; NotAllowed, NoRoom, PeerFailed, and what `notes` raises."""
        for added in notes:
            path = f"/{added.level.plural}/{added.resource}"
            if self._server.ask("GET", path).is_success:
                self._bring_one(added, path)
        return self._brought

    def _bring_one(self, added: Added, path: str) -> None:
        brought = self._brought
        for label in added.labels:
            if not self._server.ask("GET", f"{path}/labels/{label}").is_success:
                brought.labels += self._put(f"{path}/labels/{label}", b"")
        for number, value in added.metadata.items():
            if not self._server.ask("GET", f"{path}/metadata/{number}").is_success:
                brought.metadata += self._put(f"{path}/metadata/{number}", value.encode())
        if self._storage is not None:
            for number, identifier in added.attachments.items():
                if not self._server.ask("GET", f"{path}/attachments/{number}/size").is_success:
                    file = self._storage / place_of(identifier)
                    brought.attachments += self._attach(f"{path}/attachments/{number}", file)
        if added.is_protected and self._server.ask("GET", f"{path}/protected").content.strip() != b"1":
            brought.protections += self._put(f"{path}/protected", b"1")

    def _attach(self, path: str, file: Path) -> int:
        try:
            with open_stored(file) as content:
                answer = self._server.put(path, content)
        except PeerFailed:
            raise
        except (PacsberryError, OSError) as error:
            self._brought.troubles.append(Finding(Fate.UNREADABLE, str(file), f"Not attached as {path}: {error}"))
            return 0
        return self._counted(path, answer)

    def _put(self, path: str, body: bytes) -> int:
        return self._counted(path, self._server.ask("PUT", path, body))

    def _counted(self, path: str, answer: Answer) -> int:
        if answer.is_success:
            return 1
        self._brought.troubles.append(Finding(Fate.REFUSED, path, answer.reason))
        return 0
