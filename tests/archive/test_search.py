"""Finds by labels, metadata, parents and tags that only files have: values, order, and nothing is held afterwards."""

from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import BinaryIO

import pytest

from pacsberry.archive import Archive, StorageAccess
from pacsberry.archive.queries import FindLimits, FindQuery, LabelsConstraint, OrderBy, OrderKind
from pacsberry.archive.search_sql import compile_find
from pacsberry.dicom.main_tags import ORTHANC_MAIN_TAGS, MainTags
from pacsberry.dicom.matching import Constraint
from pacsberry.errors import BadRequest, UnreadableDicom
from pacsberry.model import Header, Level
from tests.archive.search_aids import found, ids, tag_of, tags, where
from tests.archive.seed import CT_IMAGE, Series, open_archive, seed, study

SR_TEXT = "1.2.840.10008.5.1.4.1.1.88.11"
LAST_UPDATE = 7


def opened_files() -> int:
    return sum(1 for _ in Path("/proc/self/fd").iterdir())


@pytest.fixture
def archive(tmp_path: Path) -> Iterator[Archive]:
    with open_archive(tmp_path) as opened:
        yield opened


def test_thousands_of_uids_are_one_condition(archive: Archive) -> None:
    headers = [header for number in range(50) for header in study("P1", f"1.2.{number}")]
    seed(archive, headers)
    asked = "\\".join(f"1.2.{number}" for number in range(0, 40_000, 2))

    assert found(archive, FindQuery(Level.STUDY, (where("StudyInstanceUID", asked),))) == ids(headers, Level.STUDY)[::2]


def test_labels_are_combined_as_all_any_or_none(archive: Archive) -> None:
    headers = [header for number in range(4) for header in study(f"P{number}", f"1.2.{number}")]
    seed(archive, headers)
    studies = ids(headers, Level.STUDY)
    for place, label in ((0, "a"), (0, "b"), (1, "a"), (2, "b")):
        archive.labels.add(Level.STUDY, studies[place], label)
    archive.labels.add(Level.PATIENT, ids(headers, Level.PATIENT)[3], "a")  # another level's labels do not count

    def of(how: LabelsConstraint, *labels: str) -> set[str]:
        return set(found(archive, FindQuery(Level.STUDY, labels=labels, labels_constraint=how)))

    assert of(LabelsConstraint.ALL, "a", "b") == {studies[0]}
    assert of(LabelsConstraint.ALL, "a", "a") == {studies[0], studies[1]}
    assert of(LabelsConstraint.ANY, "a", "b") == set(studies[:3])
    assert of(LabelsConstraint.NONE, "a") == set(studies[2:])
    assert of(LabelsConstraint.NONE) == set(studies)


def test_metadata_filter_the_users_own_and_the_systems(archive: Archive) -> None:
    headers = [*study("P1", "1.2.1"), *study("P2", "1.2.2")]
    seed(archive, headers)
    first, second = ids(headers, Level.STUDY)
    archive.metadata.put(Level.STUDY, first, "1024", "Lesson 7")

    def of(number: int, value: str) -> list[str]:
        constraint = Constraint.parse(1, "LO", value, case_sensitive=False)
        return found(archive, FindQuery(Level.STUDY, metadata=((number, constraint),)))

    assert of(1024, "lesson*") == [first]
    assert of(1024, "lesson 8") == []
    assert of(LAST_UPDATE, "2026*") == [first, second]
    assert of(LAST_UPDATE, "1999*") == []


def test_parents_narrow_a_find(archive: Archive) -> None:
    headers = [*study("P1", "1.2.1", series=[Series(), Series("MR")]), *study("P1", "1.2.2"), *study("P2", "1.2.3")]
    seed(archive, headers)
    patient = headers[0].identifiers.orthanc_id(Level.PATIENT)
    first = headers[0].identifiers.orthanc_id(Level.STUDY)

    assert found(archive, FindQuery(Level.STUDY, parents=((Level.PATIENT, patient),))) == ids(headers[:3], Level.STUDY)
    parents = ((Level.PATIENT, patient), (Level.STUDY, first))
    assert found(archive, FindQuery(Level.SERIES, (where("Modality", "MR"),), parents=parents)) == [
        headers[1].identifiers.orthanc_id(Level.SERIES)
    ]
    assert found(archive, FindQuery(Level.STUDY, parents=((Level.PATIENT, "none"),))) == []
    with pytest.raises(BadRequest):
        found(archive, FindQuery(Level.PATIENT, parents=((Level.STUDY, first),)))


def test_an_order_by_tag_metadata_or_number_puts_missing_values_last(archive: Archive) -> None:
    descriptions = {"1.2.1": "Beta", "1.2.2": "alpha", "1.2.3": None}
    headers: list[Header] = []
    for number, (uid, text) in enumerate(descriptions.items()):
        made = list(study("P1", uid, tags=tags(StudyDescription=text, StudyID=str(10 - number))))
        seed(archive, made, at=1_000_000 * (number + 1))
        headers += made
    first, second, third = ids(headers, Level.STUDY)

    def ordered(kind: OrderKind, number: int, *, descending: bool = False) -> list[str]:
        return found(archive, FindQuery(Level.STUDY, order_by=(OrderBy(kind, number, descending),)))

    description, number = tag_of("StudyDescription"), tag_of("StudyID")
    assert ordered(OrderKind.DICOM_TAG, description) == [second, first, third]
    assert ordered(OrderKind.DICOM_TAG, description, descending=True) == [first, second, third]
    assert ordered(OrderKind.DICOM_TAG, number) == [first, third, second]  # '10' < '8' < '9'
    assert ordered(OrderKind.DICOM_TAG_AS_INT, number) == [third, second, first]
    assert ordered(OrderKind.METADATA, LAST_UPDATE, descending=True) == [third, second, first]
    with pytest.raises(BadRequest, match="0010,1010"):
        ordered(OrderKind.DICOM_TAG, tag_of("PatientAge"))


def test_the_limit_of_the_configuration_lowers_what_is_asked(tmp_path: Path) -> None:
    with open_archive(tmp_path, find_limits=FindLimits(results=2, instances=3)) as archive:
        seed(archive, [header for number in range(5) for header in study("P1", f"1.2.{number}")])

        assert len(found(archive, FindQuery(Level.STUDY))) == 2
        assert len(found(archive, FindQuery(Level.STUDY, limit=1))) == 1
        assert len(found(archive, FindQuery(Level.INSTANCE, limit=100))) == 3
        assert len(list(archive.search.rows(FindQuery(Level.STUDY), []))) == 5  # C-FIND has its own way to say so


def test_rows_hold_the_values_in_the_order_asked(archive: Archive) -> None:
    series = [
        Series("MR", 2),
        Series("CT", 1, tags={"BodyPartExamined": "HEAD"}),
        Series("SR", 1, sop_class_uid=SR_TEXT),
    ]
    seed(archive, study("P1", "1.2.3", patient={"PatientName": "MÜLLER^Jörg"}, series=series))
    seed(archive, study("P1", "1.2.4"))
    names = [
        "NumberOfStudyRelatedInstances",
        "PatientName",
        "ModalitiesInStudy",
        "StudyDescription",
        "SOPClassesInStudy",
        "NumberOfStudyRelatedSeries",
        "NumberOfPatientRelatedStudies",
        "NumberOfPatientRelatedSeries",
        "NumberOfPatientRelatedInstances",
        "InstanceAvailability",
        "BodyPartExamined",
        "StudyInstanceUID",
    ]

    query = FindQuery(Level.STUDY, (where("StudyInstanceUID", "1.2.3"),))
    (row,) = archive.search.rows(query, [tag_of(name) for name in names])

    assert dict(zip(names, row, strict=True)) == {
        "NumberOfStudyRelatedInstances": "4",
        "PatientName": "MÜLLER^Jörg",
        "ModalitiesInStudy": "CT\\MR\\SR",
        "StudyDescription": None,
        "SOPClassesInStudy": f"{CT_IMAGE}\\{SR_TEXT}",
        "NumberOfStudyRelatedSeries": "3",
        "NumberOfPatientRelatedStudies": "2",
        "NumberOfPatientRelatedSeries": "4",
        "NumberOfPatientRelatedInstances": "5",
        "InstanceAvailability": "ONLINE",
        "BodyPartExamined": None,  # of one series, here the first
        "StudyInstanceUID": "1.2.3",
    }


def test_rows_of_instances_tell_what_the_index_knows_of_the_file(archive: Archive) -> None:
    seed(archive, study(series=[Series(instances=2)]))

    rows = archive.search.rows(
        FindQuery(Level.INSTANCE),
        [tag_of("SOPClassUID"), tag_of("NumberOfSeriesRelatedInstances"), tag_of("InstanceNumber")],
    )

    assert list(rows) == [(CT_IMAGE, "2", "1"), (CT_IMAGE, "2", "2")]


def test_a_tag_of_the_series_level_filters_studies(archive: Archive) -> None:
    headers = [
        *study("P1", "1.2.1", series=[Series("CT"), Series("MR", tags={"BodyPartExamined": "A\\B"})]),
        *study("P2", "1.2.2", series=[Series("US")]),
    ]
    seed(archive, headers)
    first, second = ids(headers, Level.STUDY)

    assert found(archive, FindQuery(Level.STUDY, (where("Modality", "mr"),))) == [first]
    assert found(archive, FindQuery(Level.STUDY, (where("Modality", "u?"),))) == [second]
    assert found(archive, FindQuery(Level.STUDY, (where("BodyPartExamined", "A*"),))) == [first]
    assert found(archive, FindQuery(Level.SERIES, (where("ModalitiesInStudy", "MR"),))) == ids(
        headers[:2], Level.SERIES
    )


def test_a_tag_indexed_at_another_level_too_is_compared_with_the_nearest(tmp_path: Path) -> None:
    main_tags = MainTags({Level.SERIES: [tag_of("StudyDate"), tag_of("AccessionNumber")]})
    with open_archive(tmp_path, main_tags=main_tags) as archive:
        series = Series(tags={"StudyDate": "20200101", "AccessionNumber": "S1"})
        headers = list(study("P1", "1.2.1", tags={"AccessionNumber": "A1"}, series=[series]))
        seed(archive, headers)

        assert found(archive, FindQuery(Level.SERIES, (where("StudyDate", "20200101"),))) == ids(headers, Level.SERIES)
        assert found(archive, FindQuery(Level.SERIES, (where("AccessionNumber", "S*"),))) == ids(headers, Level.SERIES)
        assert found(archive, FindQuery(Level.STUDY, (where("AccessionNumber", "S*"),))) == []


def _two_of_one_patient_id(archive: Archive) -> list[Header]:
    """Two studies that came with the same PatientID and nothing else in common; an instance of a third name follows."""
    smith = {"PatientName": "SMITH^JOHN", "PatientBirthDate": "19500102"}
    jones = {"PatientName": "JONES^ANN", "PatientBirthDate": "19991231"}
    headers = [*study("", "1.2.1", patient=smith), *study("", "1.2.2", patient=jones)]
    late = list(study("", "1.2.2", patient={"PatientName": "LATE^COMER"}, series=[Series(), Series("MR")]))
    seed(archive, [*headers, late[1]])
    return [*headers, late[1]]


@pytest.mark.parametrize("level", [Level.STUDY, Level.SERIES, Level.INSTANCE])
def test_each_study_of_a_patient_is_found_by_the_name_it_came_with(archive: Archive, level: Level) -> None:
    headers = _two_of_one_patient_id(archive)
    smiths, joneses = ids(headers[:1], level), ids(headers[1:], level)

    for name, value in (("PatientName", "SMITH^JOHN"), ("PatientName", "*h*n*"), ("PatientBirthDate", "-1960")):
        assert found(archive, FindQuery(level, (where(name, value),))) == smiths
    for name, value in (("PatientName", "jones*"), ("PatientName", "*ANN"), ("PatientBirthDate", "19991231")):
        assert found(archive, FindQuery(level, (where(name, value),))) == joneses
    assert found(archive, FindQuery(level, (where("PatientName", "LATE*"),))) == []
    assert found(archive, FindQuery(level, (where("PatientName", "NOBODY\\JONES^ANN"),))) == joneses


def test_a_patient_of_several_names_is_found_by_the_first(archive: Archive) -> None:
    headers = _two_of_one_patient_id(archive)

    assert found(archive, FindQuery(Level.PATIENT, (where("PatientName", "SMITH*"),))) == ids(headers, Level.PATIENT)
    assert found(archive, FindQuery(Level.PATIENT, (where("PatientName", "JONES*"),))) == []
    (row,) = archive.search.rows(FindQuery(Level.PATIENT), [tag_of("PatientName")])
    assert row == ("SMITH^JOHN",)


def test_rows_and_orders_take_the_patients_tags_of_each_study(archive: Archive) -> None:
    headers = _two_of_one_patient_id(archive)
    wanted = [tag_of(name) for name in ("PatientName", "PatientBirthDate", "PatientID")]

    assert list(archive.search.rows(FindQuery(Level.STUDY), wanted)) == [
        ("SMITH^JOHN", "19500102", ""),
        ("JONES^ANN", "19991231", ""),
    ]
    assert [row[0] for row in archive.search.rows(FindQuery(Level.INSTANCE), wanted)] == [
        "SMITH^JOHN",
        "JONES^ANN",
        "JONES^ANN",
    ]
    by_name = (OrderBy(OrderKind.DICOM_TAG, tag_of("PatientName")),)
    assert found(archive, FindQuery(Level.STUDY, order_by=by_name)) == ids(headers, Level.STUDY)[::-1]


def test_the_index_narrows_by_a_name_unless_the_patient_has_several(archive: Archive) -> None:
    seed(archive, study("P1", "1.2.9"))
    _two_of_one_patient_id(archive)

    def narrowed(name: str) -> int:
        statement = compile_find(FindQuery(Level.STUDY, (where("PatientName", name),)), [], ORTHANC_MAIN_TAGS)
        with archive.index.read() as connection:
            return len(connection.execute(statement.sql, statement.parameters).fetchall())

    assert [narrowed(name) for name in ("NAME^P1", "NAME*", "*P1")] == [3, 3, 3]
    assert [narrowed(name) for name in ("NOBODY", "NOBODY*", "*NOBODY", "NOBODY\\NONE")] == [2, 2, 2, 2]


AGE = "PatientAge"


def _ages(opened: list[str]) -> Callable[[BinaryIO, frozenset[int]], Mapping[int, str]]:
    """Stands for reading a file: the age is in the file's order of arrival."""

    def read(file: BinaryIO, tags: frozenset[int]) -> Mapping[int, str]:
        opened.append(file.name)
        return {tag: "042Y" for tag in tags if tag == tag_of(AGE)}

    return read


@pytest.mark.parametrize(
    ("access", "filters", "answers"),
    [(StorageAccess.ALWAYS, True, True), (StorageAccess.ANSWERS, False, True), (StorageAccess.NEVER, False, False)],
)
def test_files_are_opened_as_far_as_the_option_allows(
    tmp_path: Path, access: StorageAccess, filters: bool, answers: bool
) -> None:
    opened: list[str] = []
    with open_archive(tmp_path, tags_of_file=_ages(opened), storage_access=access) as archive:
        seed(archive, study("P1", "1.2.1"))
        query = FindQuery(Level.STUDY, (where(AGE, "042Y"), where("PatientID", "P1")))

        assert len(found(archive, query)) == (1 if filters else 0)
        assert archive.search.may_filter(Level.STUDY, tag_of(AGE)) == filters
        assert archive.search.may_filter(Level.STUDY, tag_of("PatientID"))
        assert found(archive, FindQuery(Level.STUDY, (where(AGE, "041Y"),))) == []
        (row,) = archive.search.rows(
            FindQuery(Level.STUDY), [tag_of("PatientID"), tag_of(AGE), tag_of("PatientWeight")]
        )
        assert row == ("P1", "042Y" if answers else None, None)
        assert bool(opened) == answers


def test_a_file_is_opened_only_for_what_the_index_lets_through(tmp_path: Path) -> None:
    opened: list[str] = []
    with open_archive(tmp_path, tags_of_file=_ages(opened), storage_access=StorageAccess.ALWAYS) as archive:
        seed(archive, [header for number in range(10) for header in study(f"P{number}", f"1.2.{number}")])

        assert len(found(archive, FindQuery(Level.STUDY, (where(AGE, "042Y"), where("PatientID", "P3"))))) == 1
        assert len(opened) == 1


def test_since_with_a_tag_outside_the_index_is_refused_before_the_first_answer(tmp_path: Path) -> None:
    with (
        open_archive(tmp_path, tags_of_file=_ages([]), storage_access=StorageAccess.ALWAYS) as archive,
        pytest.raises(BadRequest, match="Since"),
    ):
        archive.search.find(FindQuery(Level.STUDY, (where(AGE, "042Y"),), since=1))


def test_an_unreadable_file_is_a_file_without_the_tag(tmp_path: Path) -> None:
    def read(file: BinaryIO, tags: frozenset[int]) -> Mapping[int, str]:
        raise UnreadableDicom(f"{file.name} cannot be read.")

    with open_archive(tmp_path, tags_of_file=read, storage_access=StorageAccess.ALWAYS) as archive:
        seed(archive, study())

        assert found(archive, FindQuery(Level.STUDY, (where(AGE, "042Y"),))) == []
        assert list(archive.search.rows(FindQuery(Level.STUDY), [tag_of(AGE)])) == [(None,)]


def test_answers_left_unread_give_their_reader_back(archive: Archive) -> None:
    seed(archive, [header for number in range(20) for header in study("P1", f"1.2.{number}")])
    query = FindQuery(Level.STUDY, (where("PatientID", "P1"),))
    next(iter(archive.search.find(query)))
    before = opened_files()

    for _ in range(50):
        answers = archive.search.find(query)
        next(answers)
        del answers
        rows = archive.search.rows(query, [tag_of(AGE)])
        del rows

    assert opened_files() <= before


def test_finds_read_side_by_side_see_what_was_there_when_they_began(archive: Archive) -> None:
    headers = [header for number in range(20) for header in study(f"P{number}", f"1.2.{number}")]
    seed(archive, headers)
    answers = archive.search.find(FindQuery(Level.STUDY))
    first = next(answers)

    archive.delete(Level.STUDY, ids(headers, Level.STUDY)[5])

    assert [first.id, *(one.id for one in answers)] == ids(headers, Level.STUDY)
    assert archive.search.count(FindQuery(Level.STUDY)) == 19
