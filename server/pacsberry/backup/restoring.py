"""Sends what a backup holds to the server, over its control socket: instances first, then attachments, then notes.

What is there is skipped, so a restore that broke off goes on where it was.  Whatever cannot be restored is named, and
the rest goes on; only a full card and a server that is gone end it.
"""

import json
import time
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, replace
from typing import BinaryIO, Final
from urllib.parse import quote

from pacsberry.archive.forms import is_packed
from pacsberry.backup import layout
from pacsberry.backup.catalog import Place, lines_of
from pacsberry.backup.checked import CHUNK
from pacsberry.backup.lines import AttachmentLine, InstanceLine, Line, NoteLine, PatientLine, Stored
from pacsberry.backup.manifest import Failure, Head
from pacsberry.backup.selection import Selection
from pacsberry.errors import BadBackup, BadRequest, DamagedFile, NoRoom, NotAllowed, PeerFailed
from pacsberry.peers.http_client import Answer, HttpClient

_ASKED_AT_ONCE: Final = 500
_BUSY_TRIES: Final = 20
_BUSY_SECONDS: Final = 1.0


@dataclass(slots=True)
class RestorePlan:
    """What a restore will bring."""

    patients: int = 0
    objects: int = 0  # instances and attachments
    missing: int = 0  # of these
    missing_bytes: int = 0  # of content


@dataclass(slots=True)
class Restored:
    """What a restore has brought."""

    instances: int = 0
    attachments: int = 0
    notes: int = 0
    skipped: int = 0  # instances and attachments that were there
    failures: int = 0


class Restoring:
    """One restore.  Belongs to one thread."""

    def __init__(
        self,
        place: Place,
        head: Head,
        client: HttpClient,
        *,
        patients: Iterable[str] = (),
        studies: Iterable[str] = (),
        failed: Callable[[Failure], None],
        advance: Callable[[int], None],
    ) -> None:
        """`failed` is told of everything that cannot be restored, `advance` of the bytes that have been sent."""
        self._place = place
        self._head = head
        self._client = client
        self._patients, self._studies = frozenset(patients), frozenset(studies)
        self._failed = failed
        self._advance = advance
        self._done = Restored()

    def plan(self) -> RestorePlan:
        """Compare the backup with the archive; BadBackup, BadRequest when something asked for is not in it."""
        plan, selection = RestorePlan(), Selection(self._patients, self._studies)
        for line, is_missing in self._compared(selection):
            plan.patients += isinstance(line, PatientLine)
            if isinstance(line, InstanceLine | AttachmentLine):
                plan.objects += 1
                if is_missing:
                    plan.missing += 1
                    plan.missing_bytes += line.stored.size
        if selection.unknown:
            raise BadRequest(
                f"The backup {self._head.name.text} has no patient or study {', '.join(selection.unknown)[:200]}. "
                "To see what it has: --list"
            )
        return plan

    def room_left(self) -> int:
        """Bytes that the archive can take before the recycler removes patients, or a limit refuses what comes."""
        answer = self._client.request("GET", "/pacsberry/storage")
        if not answer.is_success:
            raise _refusal(answer)
        try:
            told = answer.json()["Recycling"]
            room = int(told["FreeSize"]) - int(told["KeepFreeSize"])
            if told["MaximumStorageSize"]:
                room = min(room, int(told["MaximumStorageSize"]) - int(told["ArchiveSize"]))
        except (KeyError, TypeError, ValueError) as error:
            raise PeerFailed("The server that runs is of another version than this command; restart it.") from error
        return max(0, room)

    def run(self) -> Restored:
        """Do it.  BadBackup, NoRoom, PeerFailed (the server is gone), NotAllowed (read-only)."""
        for line, is_missing in self._compared(Selection(self._patients, self._studies)):
            if isinstance(line, NoteLine):
                self._restore_note(line)
            elif isinstance(line, InstanceLine | AttachmentLine):
                if is_missing:
                    self._restore(line)
                else:
                    self._done.skipped += 1
        return self._done

    def _compared(self, selection: Selection) -> Iterator[tuple[Line, bool]]:
        """The selected lines, and of each object whether the archive lacks it, asked many at once."""
        batch: list[InstanceLine | AttachmentLine] = []
        for line in selection.of(lines_of(self._place, self._head)):
            if isinstance(line, InstanceLine | AttachmentLine):
                batch.append(line)
                if len(batch) < _ASKED_AT_ONCE:
                    continue
            elif not isinstance(line, NoteLine):  # what comes before its instances need not wait for them
                yield line, False
                continue
            yield from self._asked(batch)
            batch = []
            if isinstance(line, NoteLine):
                yield line, False
        yield from self._asked(batch)

    def _asked(
        self, batch: list[InstanceLine | AttachmentLine]
    ) -> Iterator[tuple[InstanceLine | AttachmentLine, bool]]:
        if not batch:
            return
        asked = {
            "instances": [line.id for line in batch if isinstance(line, InstanceLine)],
            "attachments": [_place_of(line) for line in batch if isinstance(line, AttachmentLine)],
        }
        answer = self._client.request("POST", "/pacsberry/restore/missing", json.dumps(asked).encode())
        if not answer.is_success:
            raise _refusal(answer)
        told = answer.json()
        missing_instances = set(told["instances"])
        missing_attachments = {tuple(one) for one in told["attachments"]}
        for line in batch:
            if isinstance(line, InstanceLine):
                yield line, line.id in missing_instances
            else:
                yield line, tuple(_place_of(line)) in missing_attachments

    def _restore(self, line: InstanceLine | AttachmentLine) -> None:
        what = f"{'instance' if isinstance(line, InstanceLine) else f'attachment {line.number} of'} {line.id}"
        try:
            answer = self._send(line)
        except (DamagedFile, BadBackup) as error:
            self._fail(what, str(error))
            return
        if answer.status == 409 and isinstance(line, AttachmentLine):
            self._done.skipped += 1
        elif not answer.is_success:
            self._fail(what, f"{line.stored.file}: {answer.reason}")
        elif isinstance(line, AttachmentLine):
            self._done.attachments += 1
        else:
            told = answer.json()
            if told.get("ID") != line.id:
                self._fail(what, f"{line.stored.file} is another instance, which was restored: {told.get('ID')}")
            if told.get("Status") == "Success":
                self._done.instances += 1
            else:
                self._done.skipped += 1

    def _send(self, line: InstanceLine | AttachmentLine) -> Answer:
        headers = {"X-Pacsberry-Size": str(line.stored.size), "X-Pacsberry-Crc32": str(line.stored.crc32)}
        if is_packed(line.stored.file):
            headers["Content-Encoding"] = "gzip"
        if isinstance(line, InstanceLine):
            path = "/pacsberry/restore/instances"
            headers["X-Pacsberry-Received"] = str(line.received_at)
            headers["X-Pacsberry-Receipt"] = quote(line.receipt, safe="|")
        else:
            path = f"/pacsberry/restore/{line.level.plural}/{line.id}/attachments/{line.number}"
            headers["X-Pacsberry-Revision"] = str(line.revision)
        for _ in range(_BUSY_TRIES):
            try:
                with self._place.open(layout.object_path(line.stored.file)) as file:
                    body = self._body(file, line.stored)
                    answer = self._client.request("POST", path, body, headers, length=line.stored.stored_size)
            except FileNotFoundError as error:
                raise DamagedFile(f"{line.stored.file} is missing in the backup.") from error
            except OSError as error:
                raise DamagedFile(f"{line.stored.file} cannot be read: {error.strerror or error}.") from error
            if answer.status != 503:
                break
            time.sleep(_BUSY_SECONDS)
        if answer.status in (403, 503, 507):
            raise _refusal(answer)
        return answer

    def _body(self, file: BinaryIO, stored: Stored) -> Iterator[bytes]:
        """The bytes of an object, exactly as many as announced; DamagedFile."""
        left = stored.stored_size
        while left > 0:
            try:
                piece = file.read(min(CHUNK, left))
            except OSError as error:
                raise DamagedFile(f"{stored.file} cannot be read: {error.strerror or error}.") from error
            if not piece:
                raise DamagedFile(f"{stored.file} is cut short in the backup.")
            left -= len(piece)
            yield piece
            self._advance(len(piece) * stored.size // max(1, stored.stored_size))

    def _restore_note(self, line: NoteLine) -> None:
        note = replace(line.note, attachments=())
        if note.is_empty:
            return
        answer = self._client.request("POST", "/pacsberry/restore/notes", note.to_line().encode())
        if answer.status in (403, 503, 507):
            raise _refusal(answer)
        if answer.is_success:
            self._done.notes += 1
        else:
            self._fail(f"labels and metadata of {note.level.title.lower()} {note.id}", answer.reason)

    def _fail(self, what: str, reason: str) -> None:
        self._done.failures += 1
        self._failed(Failure(what, reason))


def _place_of(line: AttachmentLine) -> list[str | int]:
    return [line.level.plural, line.id, line.number, line.revision]


def _refusal(answer: Answer) -> Exception:
    """The error that ends a restore."""
    if answer.status == 507:
        return NoRoom(f"{answer.reason} What was restored stays; the same command goes on when there is room.")
    if answer.status == 403:
        return NotAllowed(answer.reason)
    return PeerFailed(f"The server refuses the restore: {answer.reason}")
