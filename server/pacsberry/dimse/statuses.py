"""DIMSE status codes (PS3.7 annex C, PS3.4 annexes B and C), and which of them an error of ours becomes."""

from pacsberry.errors import PacsberryError, UnreadableDicom
from pacsberry.ingest import MismatchedDataset

SUCCESS = 0x0000
SOP_CLASS_NOT_SUPPORTED = 0x0122
UNRECOGNIZED_OPERATION = 0x0211
OUT_OF_RESOURCES = 0xA700
OUT_OF_RESOURCES_SENDING = 0xA702  # unable to perform sub-operations
MOVE_DESTINATION_UNKNOWN = 0xA801
DATASET_DOES_NOT_MATCH = 0xA900
WARNING_SUBOPERATIONS_FAILED = 0xB000
UNABLE_TO_PROCESS = 0xC000
CANCELLED = 0xFE00
PENDING = 0xFF00
PENDING_WARNING = 0xFF01


def is_stored(status: int) -> bool:
    """Whether a C-STORE response means that the object is there: success, a duplicate, or a warning."""
    return status in (SUCCESS, 0x0111, 0x0001, 0x0107, 0x0116) or status & 0xF000 == 0xB000


def status_of(error: Exception) -> int:
    """The status of a C-STORE that failed with `error`."""
    if isinstance(error, MismatchedDataset):
        return DATASET_DOES_NOT_MATCH
    if isinstance(error, UnreadableDicom):
        return UNABLE_TO_PROCESS
    return OUT_OF_RESOURCES


def comment_of(error: Exception) -> str:
    """The ErrorComment for the peer; an unexpected error keeps its details to the log."""
    return str(error) if isinstance(error, PacsberryError) else "internal error"
