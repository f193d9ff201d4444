"""DIMSE command sets (PS3.7 9.3 and annex E): read into a small value, written as bytes."""

from collections.abc import Mapping
from dataclasses import dataclass

from pacsberry.dicom.encoding import decode_command, encode_command

VERIFICATION = "1.2.840.10008.1.1"  # the SOP class of C-ECHO

C_STORE_RQ, C_STORE_RSP = 0x0001, 0x8001
C_GET_RQ = 0x0010
C_FIND_RQ = 0x0020
C_MOVE_RQ = 0x0021
C_ECHO_RQ = 0x0030
C_CANCEL_RQ = 0x0FFF
RESPONSE = 0x8000  # added to the command field of a request
NO_DATASET = 0x0101  # CommandDataSetType; anything else means that a data set follows
PRIORITY_MEDIUM = 0x0000

AFFECTED_SOP_CLASS_UID = 0x00000002
REQUESTED_SOP_CLASS_UID = 0x00000003
COMMAND_FIELD = 0x00000100
MESSAGE_ID = 0x00000110
MESSAGE_ID_RESPONDED_TO = 0x00000120
MOVE_DESTINATION = 0x00000600
PRIORITY = 0x00000700
DATASET_TYPE = 0x00000800
STATUS = 0x00000900
ERROR_COMMENT = 0x00000902
AFFECTED_SOP_INSTANCE_UID = 0x00001000
REMAINING, COMPLETED, FAILED, WARNING = 0x00001020, 0x00001021, 0x00001022, 0x00001023
MOVE_ORIGINATOR_AET = 0x00001030
MOVE_ORIGINATOR_MESSAGE_ID = 0x00001031

_LONGEST_COMMENT = 64  # characters of ErrorComment, VR LO


@dataclass(frozen=True, slots=True)
class Command:
    """A command set that arrived, with the presentation context it arrived in; absent elements are 0 and ''."""

    context_id: int
    elements: Mapping[int, int | str]

    def number(self, tag: int) -> int:
        """The value of a US or UL element."""
        value = self.elements.get(tag, 0)
        return value if isinstance(value, int) else 0

    def text(self, tag: int) -> str:
        """The value of a UI, AE or LO element."""
        value = self.elements.get(tag, "")
        return value if isinstance(value, str) else ""

    @property
    def field(self) -> int:
        """What is asked or answered: one of the constants above."""
        return self.number(COMMAND_FIELD)

    @property
    def message_id(self) -> int:
        """The number of the request, which its responses repeat."""
        return self.number(MESSAGE_ID)

    @property
    def sop_class_uid(self) -> str:
        """The affected SOP class, or the requested one of the N services."""
        return self.text(AFFECTED_SOP_CLASS_UID) or self.text(REQUESTED_SOP_CLASS_UID)

    @property
    def has_dataset(self) -> bool:
        """Whether a data set follows."""
        return self.number(DATASET_TYPE) != NO_DATASET

    @property
    def is_response(self) -> bool:
        """Whether this answers a request of ours."""
        return bool(self.field & RESPONSE)


def read_command(context_id: int, data: bytes | bytearray) -> Command:
    """The command set in `data`; UnreadableDicom."""
    return Command(context_id, decode_command(bytes(data)))


def response(
    request: Command,
    status: int,
    *,
    comment: str = "",
    has_dataset: bool = False,
    counts: Mapping[int, int] | None = None,
) -> bytes:
    """The response to `request`, encoded; `counts` are the sub-operations by tag, `comment` the ErrorComment."""
    elements: dict[int, int | str] = {
        COMMAND_FIELD: request.field | RESPONSE,
        MESSAGE_ID_RESPONDED_TO: request.message_id,
        DATASET_TYPE: 0x0001 if has_dataset else NO_DATASET,
        STATUS: status,
    }
    if request.sop_class_uid:
        elements[AFFECTED_SOP_CLASS_UID] = request.sop_class_uid
    sop_uid = request.text(AFFECTED_SOP_INSTANCE_UID)
    if sop_uid:
        elements[AFFECTED_SOP_INSTANCE_UID] = sop_uid
    if comment:
        elements[ERROR_COMMENT] = comment.encode("ascii", "replace").decode()[:_LONGEST_COMMENT]
    elements.update(counts or {})
    return encode_command(elements)


def store_request(
    message_id: int, sop_class_uid: str, sop_uid: str, *, originator_aet: str = "", originator_id: int = 0
) -> bytes:
    """A C-STORE-RQ, encoded; the originator is that of a C-MOVE (PS3.7 9.3.1.1)."""
    elements: dict[int, int | str] = {
        AFFECTED_SOP_CLASS_UID: sop_class_uid,
        COMMAND_FIELD: C_STORE_RQ,
        MESSAGE_ID: message_id,
        PRIORITY: PRIORITY_MEDIUM,
        DATASET_TYPE: 0x0001,
        AFFECTED_SOP_INSTANCE_UID: sop_uid,
    }
    if originator_aet:
        elements[MOVE_ORIGINATOR_AET] = originator_aet
        elements[MOVE_ORIGINATOR_MESSAGE_ID] = originator_id
    return encode_command(elements)


def echo_request(message_id: int) -> bytes:
    """A C-ECHO-RQ, encoded."""
    return encode_command(
        {
            AFFECTED_SOP_CLASS_UID: VERIFICATION,
            COMMAND_FIELD: C_ECHO_RQ,
            MESSAGE_ID: message_id,
            DATASET_TYPE: NO_DATASET,
        }
    )
