"""Where the value of a tag comes from when a resource of some level is asked for it: SQL over the index, or a file.

Main tags of the level and above are in the index; counters and lists of what is below are computed there; everything
else is only in the files (outside_tags.py).
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final

from pacsberry.archive.places import ALIASES, patient_tags
from pacsberry.dicom.main_tags import MainTags
from pacsberry.model import Level

BACKSLASH: Final = "\\"
RECORD: Final = "\x1e"  # char(30), between values of several series, which may hold backslashes themselves


@dataclass(frozen=True, slots=True)
class Source:
    """SQL of a value, text or NULL, over the names of places.ALIASES."""

    sql: str
    level: Level  # the highest level whose table it reads
    separator: str = ""  # between the values when there may be several, one of which is enough to match
    one: str = ""  # SQL of one of several values, where all of them are no answer

    def answer(self) -> "Source":
        """What is told of the value, where `sql` is what is matched."""
        return Source(self.one, self.level) if self.one else self


# One value per child is gathered in the order of SQL's choice, so the inner SELECT sorts.
_MODALITIES: Final = r"""(SELECT group_concat(modality, '\') FROM (
    SELECT DISTINCT modality FROM series WHERE series.parent = s.key AND modality <> '' ORDER BY modality))"""
_SOP_CLASSES: Final = r"""(SELECT group_concat(sop_class_uid, '\') FROM (
    SELECT DISTINCT sop_class_uid FROM series CROSS JOIN instances ON instances.parent = series.key
    CROSS JOIN formats ON formats.key = instances.format WHERE series.parent = s.key ORDER BY sop_class_uid))"""


def _count(tables: str, condition: str) -> str:
    return f"(SELECT CAST(count(*) AS TEXT) FROM {tables} WHERE {condition})"


_SERIES_OF_PATIENT: Final = "studies CROSS JOIN series ON series.parent = studies.key"
_INSTANCES: Final = "CROSS JOIN instances ON instances.parent = series.key"


def _pixels(column: str) -> str:
    return f"(SELECT CAST(nullif({column}, 0) AS TEXT) FROM pixels WHERE pixels.key = i.pixels)"


_TRANSFER_SYNTAX: Final = Source(
    "(SELECT transfer_syntax_uid FROM formats WHERE formats.key = i.format)", Level.INSTANCE
)

# PS3.4 C.3.4; the last six are what the index knows of a file beside its main tags.
_COMPUTED: Final[Mapping[int, Source]] = {
    0x00080061: Source(_MODALITIES, Level.STUDY, BACKSLASH),  # ModalitiesInStudy
    0x00080062: Source(_SOP_CLASSES, Level.STUDY, BACKSLASH),  # SOPClassesInStudy
    0x00201200: Source(_count("studies", "studies.parent = p.key"), Level.PATIENT),  # NumberOfPatientRelatedStudies
    0x00201202: Source(_count(_SERIES_OF_PATIENT, "studies.parent = p.key"), Level.PATIENT),
    0x00201204: Source(_count(f"{_SERIES_OF_PATIENT} {_INSTANCES}", "studies.parent = p.key"), Level.PATIENT),
    0x00201206: Source(_count("series", "series.parent = s.key"), Level.STUDY),  # NumberOfStudyRelatedSeries
    0x00201208: Source(_count(f"series {_INSTANCES}", "series.parent = s.key"), Level.STUDY),
    0x00201209: Source(_count("instances", "instances.parent = e.key"), Level.SERIES),
    0x00080016: Source("(SELECT sop_class_uid FROM formats WHERE formats.key = i.format)", Level.INSTANCE),
    0x00020010: _TRANSFER_SYNTAX,
    0x00083002: _TRANSFER_SYNTAX,  # AvailableTransferSyntaxUID
    0x00280010: Source(_pixels("height"), Level.INSTANCE),  # Rows
    0x00280011: Source(_pixels("width"), Level.INSTANCE),  # Columns
    0x00280100: Source(_pixels("bits"), Level.INSTANCE),  # BitsAllocated
}
_INSTANCE_AVAILABILITY: Final = 0x00080056

_FIRST_FILE: Final = {
    Level.PATIENT: f"SELECT file FROM {_SERIES_OF_PATIENT} {_INSTANCES} WHERE studies.parent = p.key LIMIT 1",
    Level.STUDY: f"SELECT file FROM series {_INSTANCES} WHERE series.parent = s.key LIMIT 1",
    Level.SERIES: "SELECT file FROM instances WHERE instances.parent = e.key LIMIT 1",
    Level.INSTANCE: "SELECT i.file",
}


def file_sql(level: Level) -> str:
    """SQL of the file of an instance, or of one instance below a higher resource."""
    return f"({_FIRST_FILE[level]})"


def main_tag_sql(name: str, tags: str) -> str:
    """SQL of a main tag by its name in the index; `tags` is SQL of the tags that have it."""
    quoted = name.replace("'", "''")
    return f"""json_extract({tags}, '$."{quoted}"')"""


def _tags_sql(of: Level, level: Level) -> str:
    """SQL of the main tags of level `of` that belong to a resource of `level`."""
    return patient_tags() if of is Level.PATIENT and level is not Level.PATIENT else f"{ALIASES[of]}.tags"


def source_of(main_tags: MainTags, tag: int, level: Level) -> Source | None:
    """Where a resource of `level` has `tag` in the index; None when only the files have it."""
    for at in range(level, Level.PATIENT - 1, -1):
        main = main_tags.levels[at].get(tag)
        if main is not None:
            return Source(main_tag_sql(main.name, _tags_sql(Level(at), level)), Level(at))
    if tag == _INSTANCE_AVAILABILITY:
        return Source("'ONLINE'", level)
    computed = _COMPUTED.get(tag)
    if computed is not None and computed.level <= level:
        return computed
    below = main_tags.levels[Level.SERIES].get(tag)
    if level is Level.STUDY and below is not None:  # as Orthanc since 1.12.5
        value = main_tag_sql(below.name, "series.tags")
        tables = "FROM series WHERE series.parent = s.key"
        one = f"(SELECT {value} {tables} ORDER BY series.key LIMIT 1)"
        return Source(f"(SELECT group_concat({value}, char(30)) {tables})", level, RECORD, one)
    return None
