"""What a find asks, in the archive's words; the doors make it from C-FIND identifiers, JSON or query strings."""

from dataclasses import dataclass
from enum import Enum
from typing import Final

from pacsberry.dicom.matching import Constraint
from pacsberry.model import Level


class LabelsConstraint(Enum):
    """How several labels are combined."""

    ALL = "All"
    ANY = "Any"
    NONE = "None"


class OrderKind(Enum):
    """What an order looks at, and whether as text or as number: the words of OrderBy's Type."""

    DICOM_TAG = "DicomTag"
    DICOM_TAG_AS_INT = "DicomTagAsInt"
    DICOM_TAG_AS_FLOAT = "DicomTagAsFloat"
    METADATA = "Metadata"
    METADATA_AS_INT = "MetadataAsInt"
    METADATA_AS_FLOAT = "MetadataAsFloat"


@dataclass(frozen=True, slots=True)
class OrderBy:
    """One key of the order; resources without a value come last."""

    kind: OrderKind
    number: int  # the tag, or the number of the metadata
    descending: bool = False


@dataclass(frozen=True, slots=True)
class FindQuery:
    """All conditions hold together; an empty query finds the whole level."""

    level: Level
    constraints: tuple[Constraint, ...] = ()
    labels: tuple[str, ...] = ()
    labels_constraint: LabelsConstraint = LabelsConstraint.ALL
    metadata: tuple[tuple[int, Constraint], ...] = ()  # number of the metadata, and what its value fulfils
    parents: tuple[tuple[Level, str], ...] = ()  # Orthanc identifiers of ancestors
    order_by: tuple[OrderBy, ...] = ()  # empty: the order of the index, stable while nothing changes
    since: int = 0
    limit: int = 0  # 0: no limit


@dataclass(frozen=True, slots=True)
class Found:
    """One resource that a find found."""

    level: Level
    id: str


@dataclass(frozen=True, slots=True)
class FindLimits:
    """The options LimitFindResults and LimitFindInstances; 0 is no limit."""

    results: int = 0
    instances: int = 0

    def lowered(self, level: Level, limit: int) -> int:
        """`limit` (0: none), silently lowered to the limit of the level."""
        own = self.instances if level is Level.INSTANCE else self.results
        return min(limit or own, own or limit)


NO_LIMITS: Final = FindLimits()
