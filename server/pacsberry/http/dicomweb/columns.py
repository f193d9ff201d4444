"""Which attributes a search answers at each level (PS3.18 10.6.3.3), as far as the index has them."""

from collections.abc import Iterable
from typing import Final

from pacsberry.archive.search import Search
from pacsberry.dicom.names import TagDictionary
from pacsberry.dicom.values import BINARY_VRS
from pacsberry.model import Level

CHARACTER_SET: Final = 0x00080005
AVAILABLE_TRANSFER_SYNTAX: Final = 0x00083002
RETRIEVE_URL: Final = 0x00081190
UIDS: Final = (0x0020000D, 0x0020000E, 0x00080018)  # of study, series and instance
_STUDY: Final = (
    0x00080020,  # StudyDate
    0x00080030,  # StudyTime
    0x00080050,  # AccessionNumber
    0x00080056,  # InstanceAvailability
    0x00080061,  # ModalitiesInStudy
    0x00080090,  # ReferringPhysicianName
    0x00080201,  # TimezoneOffsetFromUTC
    0x00100010,  # PatientName
    0x00100020,  # PatientID
    0x00100030,  # PatientBirthDate
    0x00100040,  # PatientSex
    0x0020000D,  # StudyInstanceUID
    0x00200010,  # StudyID
)
_COUNTS_OF_STUDY: Final = (0x00201206, 0x00201208)  # NumberOfStudyRelatedSeries, NumberOfStudyRelatedInstances
_SERIES: Final = (
    0x00080060,  # Modality
    0x0008103E,  # SeriesDescription
    0x0020000E,  # SeriesInstanceUID
    0x00200011,  # SeriesNumber
    0x00400244,  # PerformedProcedureStepStartDate
    0x00400245,  # PerformedProcedureStepStartTime
)
_COUNT_OF_SERIES: Final = (0x00201209,)  # NumberOfSeriesRelatedInstances
_INSTANCE: Final = (
    0x00080016,  # SOPClassUID
    0x00080018,  # SOPInstanceUID
    0x00200013,  # InstanceNumber
    0x00280008,  # NumberOfFrames
    0x00280010,  # Rows
    0x00280011,  # Columns
    0x00280100,  # BitsAllocated
)
_SOP_CLASSES_IN_STUDY: Final = 0x00080062
# Each level brings along what is above it, as in Orthanc, counters excepted.
_REQUIRED: Final = {
    Level.STUDY: (*_STUDY, *_COUNTS_OF_STUDY),
    Level.SERIES: (*_STUDY, *_SERIES, *_COUNT_OF_SERIES),
    Level.INSTANCE: (*_STUDY, *_SERIES, *_INSTANCE),
}
_UNPRINTABLE: Final = BINARY_VRS | {"SQ"}


def columns_of(
    level: Level, asked: Iterable[int], search: Search, dictionary: TagDictionary, *, every: bool
) -> tuple[int, ...]:
    """The tags to answer, in their order.

    `asked`: by a constraint or `includefield`; `every`: all of the index, for `includefield=all`.
    """
    wanted = {*_REQUIRED[level], *asked}
    if every:
        wanted |= search.main_tags(level)
        if level is Level.STUDY:
            wanted.add(_SOP_CLASSES_IN_STUDY)
    wanted -= {CHARACTER_SET, RETRIEVE_URL}
    return tuple(sorted(tag for tag in wanted if tag & 0xFFFF and dictionary.vr(tag) not in _UNPRINTABLE))
