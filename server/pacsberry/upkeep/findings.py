"""What a check can find: one frozen class for each kind, which says what is wrong and what a repair does about it."""

from dataclasses import dataclass, fields
from typing import ClassVar

from pacsberry.archive.inventory import Entry


@dataclass(frozen=True, slots=True)
class Finding:
    """Something that is not as it should be."""

    title: ClassVar[str] = ""  # the kind, in a few words
    remedy: ClassVar[str] = ""  # what --repair does; empty when a person has to

    @property
    def words(self) -> str:
        """What is wrong, as a sentence."""
        raise NotImplementedError

    @property
    def entry_checked(self) -> Entry | None:
        """The entry of the index that it is about."""
        return None

    def to_json(self) -> dict[str, object]:
        """The same for programs; names are stable."""
        found: dict[str, object] = {"Kind": type(self).__name__, "Words": self.words, "Remedy": self.remedy}
        for field in fields(self):
            value = getattr(self, field.name)
            if isinstance(value, Entry):
                found.update(Level=value.level.title, ID=value.resource_id, File=value.file)
            else:
                found["".join(part.title() for part in field.name.split("_"))] = value
        return found


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


# --- files that the index names ----------------------------------------------------------------------------------


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


# --- files that the index does not name --------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class FileFinding(Finding):
    """Something about a file without an entry."""

    file: str  # below the folder of files


@dataclass(frozen=True, slots=True)
class UnknownInstance(FileFinding):
    """A DICOM file without an entry."""

    title: ClassVar[str] = "DICOM file without an entry"
    instance_id: str
    remedy: ClassVar[str] = "it is indexed"

    @property
    def words(self) -> str:
        """See Finding."""
        return f"The file {self.file} is instance {self.instance_id}, which the index does not know."


@dataclass(frozen=True, slots=True)
class DuplicateInstance(FileFinding):
    """A second file of an instance."""

    title: ClassVar[str] = "second file of an instance"
    instance_id: str
    file_kept: str
    remedy: ClassVar[str] = "it moves to the folder `damaged`"

    @property
    def words(self) -> str:
        """See Finding."""
        return f"The file {self.file} is a second one of instance {self.instance_id}, whose file is {self.file_kept}."


@dataclass(frozen=True, slots=True)
class UnknownAttachment(FileFinding):
    """A user's file that no resource has."""

    title: ClassVar[str] = "attached file without an entry"
    remedy: ClassVar[str] = "it moves to the folder `damaged`"

    @property
    def words(self) -> str:
        """See Finding."""
        return f"The attached file {self.file} belongs to no resource."


@dataclass(frozen=True, slots=True)
class ForeignFile(FileFinding):
    """Something that Pacsberry did not put there, or cannot read."""

    title: ClassVar[str] = "foreign file"
    reason: str
    remedy: ClassVar[str] = "it moves to the folder `damaged`"

    @property
    def words(self) -> str:
        """See Finding."""
        return f"{self.file} does not belong here: {self.reason}."


@dataclass(frozen=True, slots=True)
class GarbageInUse(FileFinding):
    """A file that is marked for removal though the index has it."""

    title: ClassVar[str] = "file wrongly marked for removal"
    remedy: ClassVar[str] = "the mark is taken away"

    @property
    def words(self) -> str:
        """See Finding."""
        return f"The file {self.file} is marked for removal, and the index has it."


@dataclass(frozen=True, slots=True)
class SpoolLeftover(FileFinding):
    """What a broken reception left; nobody was told that it is kept."""

    title: ClassVar[str] = "left in the spool"
    size: int  # bytes
    remedy: ClassVar[str] = "it is removed"

    @property
    def words(self) -> str:
        """See Finding."""
        return f"spool/{self.file} ({self.size} bytes) was never received to its end."


# --- the index itself --------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class WrongCounter(Finding):
    """A counter that is not what counting gives."""

    title: ClassVar[str] = "wrong counter"
    name: str
    stored: int
    counted: int
    remedy: ClassVar[str] = "it is set to what counting gives"

    @property
    def words(self) -> str:
        """See Finding."""
        return f"The counter {self.name} of the index is {self.stored}; counting gives {self.counted}."


@dataclass(frozen=True, slots=True)
class OrphanRows(Finding):
    """Rows of the index that belong to nothing."""

    title: ClassVar[str] = "rows that belong to nothing"
    table: str
    count: int
    remedy: ClassVar[str] = "they are removed; what was attached to them moves to the folder `damaged`"

    @property
    def words(self) -> str:
        """See Finding."""
        return f"{self.count} rows of the table {self.table} belong to nothing."


@dataclass(frozen=True, slots=True)
class DamagedIndex(Finding):
    """A database file that SQLite finds broken; nothing else can be trusted then."""

    title: ClassVar[str] = "index damaged"
    reason: str

    @property
    def words(self) -> str:
        """See Finding."""
        return f"The index is damaged ({self.reason}). Make it anew from the files: pacsberry rebuild-index"


@dataclass(frozen=True, slots=True)
class TooManyFindings(Finding):
    """More than a plan should hold."""

    title: ClassVar[str] = "too much is wrong"
    most: int

    @property
    def words(self) -> str:
        """See Finding."""
        return (
            f"More than {self.most} things are wrong; the check ended there. Is this the right folder, and its disk "
            "mounted? If so, make the index anew from the files: pacsberry rebuild-index"
        )
