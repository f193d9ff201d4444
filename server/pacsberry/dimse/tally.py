"""The sub-operations of one C-MOVE or C-GET, counted (PS3.7 9.1.3, 9.1.4)."""

from dataclasses import dataclass, field

from pacsberry.dicom.encoding import QueryElement, encode_identifier
from pacsberry.dimse.statuses import CANCELLED, OUT_OF_RESOURCES_SENDING, SUCCESS, WARNING_SUBOPERATIONS_FAILED
from pacsberry.peers.commands import COMPLETED, FAILED, REMAINING, WARNING

_FAILED_UID_LIST = 0x00080058
_MOST_FAILED_UIDS = 900  # named in the last response; with them its value fits the 16-bit length of VR UI
_LARGEST_COUNT = 0xFFFF  # the counts are of VR US


@dataclass(slots=True)
class Tally:
    """How many sub-operations are left and how the others ended."""

    remaining: int
    completed: int = 0
    failed: int = 0
    is_cancelled: bool = False
    failed_uids: list[str] = field(default_factory=list)

    def add_completed(self) -> None:
        """One instance has arrived."""
        self.completed += 1
        self.remaining = max(0, self.remaining - 1)

    def add_failed(self, sop_uid: str) -> None:
        """One instance has not."""
        self.failed += 1
        self.remaining = max(0, self.remaining - 1)
        if sop_uid and len(self.failed_uids) < _MOST_FAILED_UIDS:
            self.failed_uids.append(sop_uid)

    @property
    def status(self) -> int:
        """What the last response says."""
        if self.is_cancelled:
            return CANCELLED
        if not self.failed:
            return SUCCESS
        return WARNING_SUBOPERATIONS_FAILED if self.completed else OUT_OF_RESOURCES_SENDING

    def counts(self, *, is_last: bool) -> dict[int, int]:
        """The counts as command elements; the last response counts what remains only when it was cancelled."""
        counts = {COMPLETED: self.completed, FAILED: self.failed, WARNING: 0}
        if not is_last or self.is_cancelled:
            counts[REMAINING] = self.remaining
        return {tag: min(count, _LARGEST_COUNT) for tag, count in counts.items()}

    def identifier(self, transfer_syntax_uid: str) -> bytes | None:
        """FailedSOPInstanceUIDList for the last response; None when it has nothing to say."""
        if not self.failed_uids:
            return None
        listed = QueryElement("UI", "\\".join(self.failed_uids))
        return encode_identifier({_FAILED_UID_LIST: listed}, transfer_syntax_uid)
