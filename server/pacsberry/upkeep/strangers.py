"""What lies among the files without an entry: told apart once everything else is known."""

import os
import re
import stat
from collections.abc import Callable, Iterator
from dataclasses import replace
from typing import BinaryIO, Final

from pacsberry.archive import FileStore
from pacsberry.archive.consistency import Consistency
from pacsberry.archive.forms import KEPT_NAME, is_instance
from pacsberry.archive.inventory import Entry, Inventory, bucket_of
from pacsberry.archive.snapshots import Snapshots
from pacsberry.errors import DamagedFile, PacsberryError, UnreadableDicom
from pacsberry.model import Header, Level
from pacsberry.upkeep.finding import Finding
from pacsberry.upkeep.findings import (
    DuplicateInstance,
    ForeignFile,
    UnknownAttachment,
    UnknownInstance,
)
from pacsberry.upkeep.verifying import verify

_BUCKET: Final = re.compile(r"[0-9]{8}")
_NOT_OURS: Final = frozenset({"lost+found"})  # of the file system, when the folder is a disk of its own


class Strangers:
    """Collects the names without an entry, and says what each is.  For one thread."""

    def __init__(self, index: Snapshots, files: FileStore, read_header: Callable[[BinaryIO], Header]) -> None:
        self._files = files
        self._inventory = Inventory(index)
        self._consistency = Consistency(index)
        self._read_header = read_header
        self._names: list[str] = []

    @property
    def count(self) -> int:
        """How many there are so far."""
        return len(self._names)

    @staticmethod
    def is_bucket(entry: "os.DirEntry[str]") -> bool:
        """Whether something in the folder of files is one of its buckets."""
        return _BUCKET.fullmatch(entry.name) is not None and entry.is_dir()

    def add(self, name: str) -> None:
        """Something below the folder of files that the index does not name."""
        if name not in _NOT_OURS:
            self._names.append(name)

    def instance_in(self, name: str) -> str | None:
        """The Orthanc identifier of the instance in a file; None when it cannot be read."""
        try:
            with self._files.open(name) as file:
                return self._read_header(file).identifiers.orthanc_id(Level.INSTANCE)
        except (PacsberryError, OSError):
            return None

    def findings(self, bad_keys: set[int]) -> Iterator[Finding]:
        """What each of them is; `bad_keys`: instances whose own file is lost."""
        adopted: dict[str, str] = {}  # instance: the file that is to become its own
        for name in self._names:
            finding = self._classified(name, bad_keys, adopted)
            if finding is not None:
                yield finding

    def is_still(self, finding: Finding, bad_keys: set[int]) -> bool:
        """Whether a second look says the same kind of thing."""
        file = getattr(finding, "file", "")
        adopted = {finding.instance_id: finding.file_kept} if isinstance(finding, DuplicateInstance) else {}
        return type(self._classified(file, bad_keys, adopted)) is type(finding)

    def _classified(self, name: str, bad_keys: set[int], adopted: dict[str, str]) -> Finding | None:
        """What a name is; None when it is on its way in or out."""
        try:
            facts = self._files.path(name).stat(follow_symlinks=False)
        except FileNotFoundError:
            return None
        except OSError as error:
            return ForeignFile(name, f"it cannot be looked at ({error.strerror}); have the file system checked: fsck")
        if not stat.S_ISREG(facts.st_mode):
            return ForeignFile(name, "it is no file")
        if KEPT_NAME.fullmatch(name) is None:
            return ForeignFile(name, "no file of Pacsberry has such a name; `pacsberry import` takes DICOM files in")
        if self._consistency.is_garbage(name):
            return None
        if not is_instance(name):
            is_named = any(entry.file == name for entry in self._inventory.attachments_in(bucket_of(name)))
            return None if is_named else UnknownAttachment(name)
        return self._instance(name, bad_keys, adopted)

    def _has_content_of(self, name: str, lost: Entry) -> bool:
        """Whether a file is a good copy of that of an entry, as far as the entry can tell."""
        copy = replace(lost, file=name, stored_size=self._files.path(name).stat().st_size)
        return verify(self._files, copy, read=True).finding is None

    def _instance(self, name: str, bad_keys: set[int], adopted: dict[str, str]) -> Finding | None:
        try:
            with self._files.open(name) as file:
                header = self._read_header(file)
        except (UnreadableDicom, DamagedFile) as error:
            return ForeignFile(name, f"it cannot be read as DICOM ({str(error).rstrip('.')})")
        except PacsberryError:  # gone meanwhile
            return None
        except OSError as error:
            return ForeignFile(name, f"it cannot be read ({error.strerror})")
        instance_id = header.identifiers.orthanc_id(Level.INSTANCE)
        known = self._inventory.of_instance(instance_id)
        if any(entry.file == name and entry.key not in bad_keys for entry in known):
            return None
        kept = next((entry.file for entry in known if entry.key not in bad_keys), None) or adopted.get(instance_id)
        if kept is not None:
            return DuplicateInstance(name, instance_id, kept)
        if any(not self._has_content_of(name, entry) for entry in known):
            return ForeignFile(name, f"it is instance {instance_id}, but not as it was kept")
        adopted[instance_id] = name
        return UnknownInstance(name, instance_id)
