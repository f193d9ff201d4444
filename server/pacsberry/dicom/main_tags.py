"""The main DICOM tags: which tags of each level the index holds (Orthanc 1.12.5's lists, and the user's own).

`MainTags()` is Orthanc's set; `MainTags.with_extra` adds those of the option `ExtraMainDicomTags`.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Final

from pacsberry.dicom.names import STANDARD, TagDictionary, tag_text
from pacsberry.errors import ConfigError
from pacsberry.model import Level

_PATIENT: Final = (0x00100010, 0x00100020, 0x00100030, 0x00100040, 0x00101000)
_STUDY: Final = (
    0x00080020,  # StudyDate
    0x00080030,  # StudyTime
    0x00080050,  # AccessionNumber
    0x00080080,  # InstitutionName
    0x00080090,  # ReferringPhysicianName
    0x00080201,  # TimezoneOffsetFromUTC
    0x00081030,  # StudyDescription
    0x0020000D,  # StudyInstanceUID
    0x00200010,  # StudyID
    0x00321032,  # RequestingPhysician
    0x00321060,  # RequestedProcedureDescription
)
_SERIES: Final = (
    0x00080021,  # SeriesDate
    0x00080031,  # SeriesTime
    0x00080060,  # Modality
    0x00080070,  # Manufacturer
    0x00080201,  # TimezoneOffsetFromUTC
    0x00081010,  # StationName
    0x0008103E,  # SeriesDescription
    0x00081070,  # OperatorsName
    0x00180010,  # ContrastBolusAgent
    0x00180015,  # BodyPartExamined
    0x00180024,  # SequenceName
    0x00181030,  # ProtocolName
    0x00181090,  # CardiacNumberOfImages
    0x00181400,  # AcquisitionDeviceProcessingDescription
    0x0020000E,  # SeriesInstanceUID
    0x00200011,  # SeriesNumber
    0x00200037,  # ImageOrientationPatient
    0x00200105,  # NumberOfTemporalPositions
    0x00201002,  # ImagesInAcquisition
    0x00400244,  # PerformedProcedureStepStartDate
    0x00400245,  # PerformedProcedureStepStartTime
    0x00400254,  # PerformedProcedureStepDescription
    0x00400275,  # RequestAttributesSequence
    0x00540081,  # NumberOfSlices
    0x00540101,  # NumberOfTimeSlices
    0x00541000,  # SeriesType
)
_INSTANCE: Final = (
    0x00080012,  # InstanceCreationDate
    0x00080013,  # InstanceCreationTime
    0x00080018,  # SOPInstanceUID
    0x00200012,  # AcquisitionNumber
    0x00200013,  # InstanceNumber
    0x00200032,  # ImagePositionPatient
    0x00200037,  # ImageOrientationPatient
    0x00200100,  # TemporalPositionIdentifier
    0x00204000,  # ImageComments
    0x00280008,  # NumberOfFrames
    0x00541330,  # ImageIndex
)


@dataclass(frozen=True, slots=True)
class MainTag:
    """One tag of one level, as the index and the JSON name it."""

    tag: int
    name: str  # keyword; 'gggg,eeee' when the dictionary has none
    vr: str


class MainTags:
    """The main tags of the four levels; immutable.

    `levels[level]` maps each tag to its MainTag, in the order of tags.
    """

    def __init__(
        self,
        extra: Mapping[Level, Iterable[int]] | None = None,
        *,
        dictionary: TagDictionary = STANDARD,
    ) -> None:
        """`extra`: further tags by level."""
        self.levels: tuple[Mapping[int, MainTag], ...] = tuple(
            {
                tag: MainTag(tag, dictionary.keyword(tag) or tag_text(tag), dictionary.vr(tag))
                for tag in sorted({*standard, *(extra or {}).get(level, ())})
            }
            for level, standard in zip(Level, (_PATIENT, _STUDY, _SERIES, _INSTANCE), strict=True)
        )

    @classmethod
    def with_extra(cls, option: Mapping[str, Iterable[str]], *, dictionary: TagDictionary = STANDARD) -> "MainTags":
        """From the option `ExtraMainDicomTags`, {'Patient'|'Study'|'Series'|'Instance': [tag names]}; ConfigError."""
        levels = {level.title: level for level in Level}
        extra: dict[Level, list[int]] = {}
        for title, names in option.items():
            if title not in levels:
                raise ConfigError(f"ExtraMainDicomTags: {title!r} is no level; use {', '.join(levels)}.")
            for name in names:
                tag = dictionary.parse(name)
                if tag is None:
                    raise ConfigError(f"ExtraMainDicomTags: {name!r} at level {title} is not a DICOM tag.")
                extra.setdefault(levels[title], []).append(tag)
        return cls(extra, dictionary=dictionary)

    def signature(self, level: Level) -> str:
        """The tags of a level as /system and MainDicomTagsSignature show them: sorted 'gggg,eeee' joined by ';'."""
        return ";".join(map(tag_text, self.levels[level]))

    def level_of(self, tag: int) -> Level | None:
        """The highest level that has the tag, None when it is not a main tag."""
        return next((level for level in Level if tag in self.levels[level]), None)

    def name_of(self, tag: int) -> str:
        """The name of a main tag in the index's JSON; '' when it is not one."""
        level = self.level_of(tag)
        return "" if level is None else self.levels[level][tag].name


ORTHANC_MAIN_TAGS: Final = MainTags()
