"""What can be wrong with a file that the index names: one frozen class for each kind."""

from dataclasses import dataclass
from typing import ClassVar

from pacsberry.archive.inventory import Entry
from pacsberry.upkeep.finding import Finding


@dataclass(frozen=True, slots=True)
class EntryFinding(Finding):
    """Something about a file that the index names."""

    entry: Entry

    @property
    def entry_checked(self) -> Entry | None:
        """The entry."""
        return self.entry

    @property
    def whose(self) -> str:
        """What the file is, for sentences."""
        if self.entry.is_instance:
            return f"The file {self.entry.file} of instance {self.entry.resource_id}"
        level = self.entry.level.title.lower()
        return f"The file {self.entry.file}, attachment {self.entry.number} of {level} {self.entry.resource_id},"


@dataclass(frozen=True, slots=True)
class MissingFile(EntryFinding):
    """A file that is not there."""

    title: ClassVar[str] = "file missing"
    remedy: ClassVar[str] = "its entry leaves the index, so that it can be sent or restored again"

    @property
    def words(self) -> str:
        """See Finding."""
        return f"{self.whose} is missing."


@dataclass(frozen=True, slots=True)
class DamagedContent(EntryFinding):
    """A file that is not what was kept: base of the kinds that are set aside."""

    remedy: ClassVar[str] = "it moves to the folder `damaged` and leaves the index, to be sent or restored again"

    @property
    def expected(self) -> str:
        """What the index says."""
        return ""

    @property
    def found(self) -> str:
        """What is there."""
        return ""


@dataclass(frozen=True, slots=True)
class WrongSize(DamagedContent):
    """A file that is shorter or longer than it was."""

    title: ClassVar[str] = "wrong size"
    size_found: int  # bytes, of the file as it lies

    @property
    def words(self) -> str:
        """See Finding."""
        return f"{self.whose} has {self.size_found} bytes instead of {self.entry.bytes_on_card}."

    @property
    def expected(self) -> str:
        """See DamagedContent."""
        return f"{self.entry.bytes_on_card} bytes"

    @property
    def found(self) -> str:
        """See DamagedContent."""
        return f"{self.size_found} bytes"


@dataclass(frozen=True, slots=True)
class WrongChecksum(DamagedContent):
    """A file whose bytes have changed."""

    title: ClassVar[str] = "file damaged"
    checksum: str  # 'CRC-32' or 'MD5'
    checksum_expected: str  # hex
    checksum_found: str

    @property
    def words(self) -> str:
        """See Finding."""
        return f"{self.whose} is damaged: {self.checksum} {self.found} instead of {self.checksum_expected}."

    @property
    def expected(self) -> str:
        """See DamagedContent."""
        return f"{self.checksum} {self.checksum_expected}"

    @property
    def found(self) -> str:
        """See DamagedContent."""
        return self.checksum_found


@dataclass(frozen=True, slots=True)
class BrokenPacking(DamagedContent):
    """A packed file that cannot be unpacked, or not to the size it had."""

    title: ClassVar[str] = "packed file damaged"
    reason: str

    @property
    def words(self) -> str:
        """See Finding."""
        return f"{self.whose} cannot be unpacked: {self.reason}"

    @property
    def found(self) -> str:
        """See DamagedContent."""
        return self.reason


@dataclass(frozen=True, slots=True)
class UnreadableFile(DamagedContent):
    """A file that the card does not give any more (EIO)."""

    title: ClassVar[str] = "file cannot be read from the card"
    reason: str

    @property
    def words(self) -> str:
        """See Finding."""
        return f"{self.whose} cannot be read from the card: {self.reason}."

    @property
    def found(self) -> str:
        """See DamagedContent."""
        return self.reason


@dataclass(frozen=True, slots=True)
class ForbiddenFile(EntryFinding):
    """A file that this user may not read, which says nothing about its content."""

    title: ClassVar[str] = "file not allowed to be read"
    reason: str

    @property
    def words(self) -> str:
        """See Finding."""
        return f"{self.whose} may not be read: {self.reason}. Give it back to the server's user: chown."


@dataclass(frozen=True, slots=True)
class BrokenEntry(EntryFinding):
    """An instance in the index that belongs to no patient, or whose origin or kind is lost."""

    title: ClassVar[str] = "broken entry"
    remedy: ClassVar[str] = "its entry is made anew from the file"

    @property
    def words(self) -> str:
        """See Finding."""
        return f"The entry of instance {self.entry.resource_id} is broken: what it refers to is not in the index."


@dataclass(frozen=True, slots=True)
class SharedFile(EntryFinding):
    """An instance in the index whose file is that of another."""

    title: ClassVar[str] = "entry with the file of another"
    remedy: ClassVar[str] = "its entry leaves the index"

    @property
    def words(self) -> str:
        """See Finding."""
        return f"The entry of instance {self.entry.resource_id} names {self.entry.file}, the file of another instance."
