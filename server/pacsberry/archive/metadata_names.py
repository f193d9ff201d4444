"""Names and numbers of metadata: Orthanc's own, and those of the option UserMetadata.

Numbers below 1024 belong to the system and cannot be written by users; users' own go up to 65535 and need no name.
"""

from collections.abc import Mapping
from enum import IntEnum
from typing import Final

from pacsberry.errors import BadRequest, UnknownResource

FIRST_USER_NUMBER: Final = 1024
LAST_USER_NUMBER: Final = 65535
# Of a study, written by our pages; kept and backed up as users' own are.
CASE_TITLE: Final = 65021  # what the teacher calls it
DISCARDED_AT: Final = 65022  # when it was deleted, while it can be had back
ANNOTATIONS: Final = 65023  # what teachers have drawn on its pictures


class SystemMetadata(IntEnum):
    """Orthanc's numbers (S13)."""

    INDEX_IN_SERIES = 1
    RECEPTION_DATE = 2
    REMOTE_AET = 3
    EXPECTED_NUMBER_OF_INSTANCES = 4
    MODIFIED_FROM = 5
    ANONYMIZED_FROM = 6
    LAST_UPDATE = 7
    ORIGIN = 8
    TRANSFER_SYNTAX = 9
    SOP_CLASS_UID = 10
    REMOTE_IP = 11
    CALLED_AET = 12
    HTTP_USERNAME = 13
    PIXEL_DATA_OFFSET = 14
    MAIN_DICOM_TAGS_SIGNATURE = 15
    MAIN_DICOM_SEQUENCES = 16
    PIXEL_DATA_VR = 17
    IS_PROTECTED = 18
    PATIENT_RECYCLING_ORDER = 19


_SYSTEM_NAMES: Final = {
    SystemMetadata.INDEX_IN_SERIES: "IndexInSeries",
    SystemMetadata.RECEPTION_DATE: "ReceptionDate",
    SystemMetadata.REMOTE_AET: "RemoteAET",
    SystemMetadata.EXPECTED_NUMBER_OF_INSTANCES: "ExpectedNumberOfInstances",
    SystemMetadata.MODIFIED_FROM: "ModifiedFrom",
    SystemMetadata.ANONYMIZED_FROM: "AnonymizedFrom",
    SystemMetadata.LAST_UPDATE: "LastUpdate",
    SystemMetadata.ORIGIN: "Origin",
    SystemMetadata.TRANSFER_SYNTAX: "TransferSyntax",
    SystemMetadata.SOP_CLASS_UID: "SopClassUid",
    SystemMetadata.REMOTE_IP: "RemoteIP",
    SystemMetadata.CALLED_AET: "CalledAET",
    SystemMetadata.HTTP_USERNAME: "HttpUsername",
    SystemMetadata.PIXEL_DATA_OFFSET: "PixelDataOffset",
    SystemMetadata.MAIN_DICOM_TAGS_SIGNATURE: "MainDicomTagsSignature",
    SystemMetadata.MAIN_DICOM_SEQUENCES: "MainDicomSequences",
    SystemMetadata.PIXEL_DATA_VR: "PixelDataVR",
    SystemMetadata.IS_PROTECTED: "IsProtected",
    SystemMetadata.PATIENT_RECYCLING_ORDER: "PatientRecyclingOrder",
}


class MetadataNames:
    """The registry: the system's names and the configured ones."""

    def __init__(self, user_names: Mapping[str, int]) -> None:
        """`user_names`: the option UserMetadata, name to number."""
        self.user: Mapping[str, int] = dict(user_names)
        self._names: dict[int, str] = {int(number): name for number, name in _SYSTEM_NAMES.items()}
        self._names |= {CASE_TITLE: "CaseTitle", DISCARDED_AT: "DiscardedAt", ANNOTATIONS: "Annotations"}
        self._names.update({number: name for name, number in user_names.items()})
        self._numbers = {name: number for number, name in self._names.items()}

    def number(self, name: str) -> int:
        """The number of a name, or of a number written out; UnknownResource when there is none."""
        known = self._numbers.get(name)
        if known is not None:
            return known
        if not (name.isascii() and name.isdigit()):
            raise UnknownResource(f"There is no metadata called {name[:80]!r}; name it in the option UserMetadata.")
        number = int(name) if len(name) <= len(str(LAST_USER_NUMBER)) else LAST_USER_NUMBER + 1
        if number > LAST_USER_NUMBER:
            raise BadRequest(f"Metadata {name[:80]!r}: the numbers of metadata end at {LAST_USER_NUMBER}.")
        return number

    def name(self, number: int) -> str:
        """The name of a number, or the number itself."""
        return self._names.get(number, str(number))
