"""What else can be wrong: files that the index does not name, and the index itself; one frozen class for each kind."""

from dataclasses import dataclass
from typing import ClassVar

from pacsberry.upkeep.finding import Finding

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
