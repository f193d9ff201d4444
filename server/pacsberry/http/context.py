"""What every handler is given beside the request: the parts of the server it may ask, and the values it needs."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Protocol

from pacsberry.dicom.names import STANDARD, TagDictionary
from pacsberry.http.metrics import Metrics
from pacsberry.http.settings import HttpSettings, SystemFacts
from pacsberry.model import Clock

if TYPE_CHECKING:
    from pacsberry.archive import Archive
    from pacsberry.dicom.policy import DicomPolicy
    from pacsberry.http.people import People
    from pacsberry.imaging.pictures import Pictures
    from pacsberry.imaging.prepared.preparer import Preparer
    from pacsberry.ingest import Ingest
    from pacsberry.upkeep.discarded import Discarded


class LogLevels(Protocol):
    """The verbosity of the server's log, changeable while it runs (`/tools/log-level…`).

    Categories are Orthanc's: 'generic', 'plugins', 'http', 'sqlite', 'dicom', 'jobs', 'lua'; levels are 'default',
    'verbose' and 'trace'.  Another word raises BadRequest.
    """

    def get(self, category: str) -> str:
        """The verbosity of one category."""

    def set(self, category: str, level: str) -> None:
        """Change one category."""

    def set_all(self, level: str) -> None:
        """Change every category."""


@dataclass(frozen=True, slots=True)
class Context:
    """Built once by `app`; shared by all handler threads, so everything in it is thread-safe."""

    archive: "Archive"
    ingest: "Ingest"
    policy: "DicomPolicy"  # what the DICOM door accepts: transfer syntaxes, SOP classes, default encoding
    log_levels: LogLevels
    pictures: "Pictures"
    settings: HttpSettings
    system: SystemFacts
    storage: Callable[[], Mapping[str, object]]  # its state, for GET /pacsberry/storage
    recycle: Callable[[int], Mapping[str, object]]  # make room now, until so many bytes are free; what that did
    shutdown: Callable[[], None]  # ask the server to stop; returns at once
    reset: Callable[[], None]  # ask it to start again with its configuration read anew; returns at once
    preparer: "Preparer | None" = None  # of prepared pictures
    discarded: "Discarded | None" = None  # studies that can be had back
    box: Callable[[], Mapping[str, object]] = dict  # the state of the machine, for GET /pacsberry/box
    people: "People | None" = None  # None where nobody signs in: everybody is an admin then
    dictionary: TagDictionary = STANDARD  # names of tags, the option Dictionary included
    clock: Clock = field(default_factory=Clock)
    metrics: Metrics = field(default_factory=Metrics)
