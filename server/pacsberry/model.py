"""The nouns of Pacsberry, frozen.

Values of these classes cross the borders between packages; data sets, rows, requests and events do not.
"""

import hashlib
import re
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from enum import Enum, IntEnum
from typing import Final


class Level(IntEnum):
    """The four levels of the DICOM information model as Orthanc lays them out (PS3.3 A.1.2)."""

    PATIENT = 0
    STUDY = 1
    SERIES = 2
    INSTANCE = 3

    @property
    def title(self) -> str:
        """'Patient', 'Study', 'Series' or 'Instance': the word Orthanc's JSON uses."""
        return _TITLES[self]

    @property
    def plural(self) -> str:
        """'patients', 'studies', 'series' or 'instances': the word of the URIs, also our table names."""
        return _PLURALS[self]


_TITLES = ("Patient", "Study", "Series", "Instance")
_PLURALS = ("patients", "studies", "series", "instances")


ORTHANC_ID: Final = re.compile(r"[0-9a-f]{8}(?:-[0-9a-f]{8}){4}")
"""What `Identifiers.orthanc_id` looks like; for `fullmatch`."""


@dataclass(frozen=True, slots=True)
class Identifiers:
    """The four DICOM identifiers that place an instance in the archive, as UTF-8 text without padding."""

    patient_id: str
    study_uid: str
    series_uid: str
    sop_uid: str

    def orthanc_id(self, level: Level) -> str:
        """The identifier Orthanc's clients know: five groups of eight hex digits of a SHA-1."""
        parts = (self.patient_id, self.study_uid, self.series_uid, self.sop_uid)[: level + 1]
        digest = hashlib.sha1("|".join(parts).encode(), usedforsecurity=False).hexdigest()
        return "-".join(digest[i : i + 8] for i in range(0, 40, 8))


@dataclass(frozen=True, slots=True)
class PixelSize:
    """How large the pictures of an instance are; 0 for what its file does not say."""

    rows: int
    columns: int
    bits_allocated: int


@dataclass(frozen=True, slots=True)
class Header:
    """What the archive needs of a DICOM file, read from its first kilobytes.

    `main_tags` holds, for each Level in order, {keyword or 'gggg,eeee': UTF-8 value}; multi-values stay
    joined by backslashes, as Orthanc shows them.
    """

    identifiers: Identifiers
    sop_class_uid: str
    transfer_syntax_uid: str
    main_tags: tuple[Mapping[str, str], Mapping[str, str], Mapping[str, str], Mapping[str, str]]
    expected_instances: int | None = None  # of the series (Orthanc's rule, S14)
    index_in_series: int | None = None
    pixel_data_offset: int | None = None  # from the start of the file; None without pixel data
    pixel_data_vr: str = ""
    pixel_size: PixelSize | None = None


class Origin(Enum):
    """How an instance came in, in Orthanc's words."""

    REST_API = "RestApi"
    DICOM = "DicomProtocol"
    LUA = "Lua"
    PLUGINS = "Plugins"
    WEBDAV = "WebDav"


@dataclass(frozen=True, slots=True)
class Receipt:
    """Who brought an instance."""

    origin: Origin
    remote_ip: str = ""
    remote_aet: str = ""
    called_aet: str = ""
    http_username: str = ""


class KeepStatus(Enum):
    """What became of an instance, in Orthanc's words (S2)."""

    SUCCESS = "Success"
    ALREADY_STORED = "AlreadyStored"
    FILTERED_OUT = "FilteredOut"


@dataclass(frozen=True, slots=True)
class Kept:
    """The outcome of keeping one instance; when it is returned, the file is durable."""

    status: KeepStatus
    identifiers: Identifiers
    sop_class_uid: str


class OverwritePolicy(Enum):
    """What to do with an instance that is there already (OverwriteInstances)."""

    NEVER = "Never"
    ALWAYS = "Always"
    IF_CHANGED = "IfChanged"


@dataclass(frozen=True, slots=True)
class Clock:
    """The two clocks of the box; tests pass their own."""

    now: Callable[[], float] = field(default=time.time)  # UTC seconds; may jump when a teacher sets the time
    monotonic: Callable[[], float] = field(default=time.monotonic)
