"""What every DICOM service is given: the archive and the rules, and the peer it talks to."""

import threading
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Protocol

from pacsberry.archive import Archive
from pacsberry.dicom.names import STANDARD, TagDictionary
from pacsberry.dicom.policy import DicomPolicy
from pacsberry.dicom.syntax import EXPLICIT_BIG, EXPLICIT_LITTLE, IMPLICIT_LITTLE
from pacsberry.dicom.uids import STORAGE_CLASSES
from pacsberry.dimse.errands import Errands
from pacsberry.dimse.negotiation import StorageRules
from pacsberry.dimse.rules import AccessRules, Peer
from pacsberry.dimse.settings import DicomSettings
from pacsberry.ingest import Ingest
from pacsberry.modality import Modality

if TYPE_CHECKING:  # imports pynetdicom, which an idle server does without
    from pacsberry.imaging.transcoding import Transcoded
    from pacsberry.peers.messages import Messages


class Transcode(Protocol):
    """Makes a file in another transfer syntax (imaging/pictures)."""

    def __call__(self, file: str, transfer_syntax_uid: str, *, sop_uid: str, size: int | None) -> "Transcoded":
        """The kept file `file`, of the instance `sop_uid` and of `size` bytes."""


@dataclass(frozen=True, slots=True)
class House:
    """The parts of the server that the services use; shared by all associations."""

    archive: Archive
    ingest: Ingest
    policy: DicomPolicy
    modalities: Callable[[], Mapping[str, Modality]]
    access: AccessRules
    settings: DicomSettings
    slots: threading.BoundedSemaphore  # of commands that take long
    errands: Errands  # of C-MOVEs that were answered already
    dictionary: TagDictionary = STANDARD
    transcode: "Transcode | None" = None  # TranscodeDicomProtocol; None: objects are sent as they are kept, or not

    @property
    def fallbacks(self) -> tuple[str, ...]:
        """Syntaxes that are transcoded to for peers that take no other, best first; none that loses something."""
        from pacsberry.imaging.targets import LOSSLESS, NATIVE  # an idle server does without

        preferred = self.settings.preferred_transfer_syntax
        first = [preferred] if preferred in (*NATIVE, *LOSSLESS) else []
        return tuple(dict.fromkeys((*first, EXPLICIT_LITTLE, IMPLICIT_LITTLE, EXPLICIT_BIG)))

    def storage_rules(self, *, with_kept: bool = False) -> StorageRules:
        """What may be stored at this moment; `with_kept` looks into the archive, too."""
        policy = self.policy
        return StorageRules(
            sop_classes=frozenset(policy.accepted_sop_classes),
            known_sop_classes=policy.rejected_sop_classes.union(STORAGE_CLASSES),
            transfer_syntaxes=frozenset(policy.accepted_transfer_syntaxes),
            unknown_accepted=policy.unknown_sop_class_accepted,
            kept=frozenset(self.archive.statistics.formats() if with_kept else ()),
        )


@dataclass(slots=True)
class Talk:
    """One association as its services see it."""

    house: House
    peer: Peer
    messages: "Messages"
    is_idle: bool = True  # waiting for a command
