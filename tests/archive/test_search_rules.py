"""Finds against a filter that knows no index, over a population of odd values; and the index does the work."""

from collections.abc import Iterator, Mapping

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from pacsberry.archive import Archive, StorageAccess
from pacsberry.archive.queries import FindQuery, LabelsConstraint, OrderBy, OrderKind
from pacsberry.archive.search_sql import compile_find
from pacsberry.dicom.main_tags import ORTHANC_MAIN_TAGS
from pacsberry.dicom.matching import Constraint
from pacsberry.model import Header, Level
from tests.archive.search_aids import found, ids, tag_of, tags, where
from tests.archive.seed import Series, open_archive, seed, study

NAMES = ["SMITH^JOHN", "Smith^Jane", "MÜLLER^JÖRG", "müller", "YAMADA^TAROU=山田^太郎", "O'BRIEN^A%_[x]", "", "S"]
PATIENT_IDS = ["P1", "p1", "P1 ", "Pé", "PE", "00042", "42", "a*b", "100%", ""]
DATES = ["20250101", "20250102", "20251231", "", "2025", "June"]
ACCESSIONS = ["A1", "a1", "B_1", "", "Ä1"]
DESCRIPTIONS = ["MRI HEAD", "mri knee", "CT 50% dose", "a_b", ""]
MODALITIES = ["CT", "MR", "SR", "ct", "", "PT\\NM"]


def _population() -> list[Header]:
    headers: list[Header] = []
    for number in range(60):
        description = DESCRIPTIONS[number % len(DESCRIPTIONS)] if number % 7 else None
        birth_date = DATES[number % 3] if number % 2 else None
        made = study(
            PATIENT_IDS[number % len(PATIENT_IDS)],
            f"1.2.{number}",
            patient=tags(PatientName=NAMES[(number * 3) % len(NAMES)], PatientBirthDate=birth_date),
            tags=tags(
                StudyDate=DATES[number % len(DATES)],
                AccessionNumber=ACCESSIONS[(number * 2) % len(ACCESSIONS)],
                StudyDescription=description,
            ),
            series=[
                Series(MODALITIES[(number + place) % len(MODALITIES)], 1 + place, tags=tags(BodyPartExamined="HEAD"))
                for place in range(1 + number % 3)
            ],
        )
        headers.extend(made)
    return headers


POPULATION = _population()
FILTERS: Mapping[str, list[str]] = {
    "PatientName": NAMES,
    "PatientID": PATIENT_IDS,
    "PatientBirthDate": DATES,
    "StudyDate": DATES,
    "AccessionNumber": ACCESSIONS,
    "StudyDescription": DESCRIPTIONS,
    "StudyInstanceUID": ["1.2.3", "1.2.33", "1.2.5*"],
    "Modality": MODALITIES,
    "ModalitiesInStudy": [*MODALITIES, "NM"],
    "SeriesNumber": ["1", "2", "3"],
    "SOPInstanceUID": ["1.2.3.1.1", "1.2.4.2.2"],
    "NumberOfStudyRelatedInstances": ["1", "3", "6"],
}


@st.composite
def _asked(draw: st.DrawFn) -> tuple[str, str]:
    """A tag and what somebody may ask of it: values, spelt otherwise, with wildcards, as lists and ranges."""
    name = draw(st.sampled_from(sorted(FILTERS)))
    value = draw(st.sampled_from(FILTERS[name]))
    how = draw(
        st.sampled_from(["as is", "upper", "lower", "prefix", "suffix", "middle", "one", "list", "range", "open"])
    )
    other = draw(st.sampled_from(FILTERS[name]))
    cut = draw(st.integers(0, len(value)))
    asked = {
        "as is": value,
        "upper": value.upper(),
        "lower": value.lower(),
        "prefix": value[:cut] + "*",
        "suffix": "*" + value[cut:],
        "middle": value[: cut // 2] + "*" + value[cut:] + "*",
        "one": value[:cut] + "?" + value[cut + 1 :],
        "list": f"{value}\\{other}",
        "range": f"{value}-{other}",
        "open": f"-{value}",
    }
    return name, asked[how]


def _naive(headers: list[Header], level: Level, constraints: list[Constraint]) -> set[str]:
    """The same find without an index: every resource, every rule."""
    groups: dict[str, list[Header]] = {}
    for header in headers:
        groups.setdefault(header.identifiers.orthanc_id(level), []).append(header)
    return {
        resource_id
        for resource_id, group in groups.items()
        if all(_fulfils(headers, group[0], level, constraint) for constraint in constraints)
    }


def _fulfils(headers: list[Header], first: Header, level: Level, constraint: Constraint) -> bool:
    siblings = [other for other in headers if other.identifiers.study_uid == first.identifiers.study_uid]
    if constraint.tag == tag_of("NumberOfStudyRelatedInstances") and level >= Level.STUDY:
        return constraint.matches(str(len(siblings)))
    if constraint.tag == tag_of("ModalitiesInStudy") and level >= Level.STUDY:
        values = [value for one in siblings for value in one.main_tags[Level.SERIES]["Modality"].split("\\")]
        return any(constraint.matches(value or None) for value in values)
    for at in range(level, -1, -1):
        main = ORTHANC_MAIN_TAGS.levels[at].get(constraint.tag)
        if main is not None:
            # What came first stays (S4): the tags of a parent are those of the first instance received; those of
            # the patient are kept for every study, as of its first instance.
            giver = Level(max(at, min(level, Level.STUDY)))
            top = next(o for o in headers if o.identifiers.orthanc_id(giver) == first.identifiers.orthanc_id(giver))
            return constraint.matches(top.main_tags[at].get(main.name))
    main = ORTHANC_MAIN_TAGS.levels[Level.SERIES].get(constraint.tag)
    if level is Level.STUDY and main is not None:
        return any(constraint.matches(one.main_tags[Level.SERIES].get(main.name)) for one in siblings)
    return constraint.matches(None)


@pytest.fixture(scope="module")
def population(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Archive]:
    folder = tmp_path_factory.mktemp("population")
    with open_archive(folder, storage_access=StorageAccess.NEVER) as opened:
        seed(opened, POPULATION)
        yield opened


@settings(max_examples=400, deadline=None)
@given(level=st.sampled_from(Level), asked=st.lists(_asked(), min_size=1, max_size=3), case_sensitive=st.booleans())
@example(level=Level.STUDY, asked=[("StudyDate", "june")], case_sensitive=False)
@example(level=Level.STUDY, asked=[("StudyDate", "june\\20250101")], case_sensitive=False)
@example(level=Level.STUDY, asked=[("AccessionNumber", "*")], case_sensitive=True)
@example(level=Level.SERIES, asked=[("ModalitiesInStudy", "NM")], case_sensitive=True)
@example(level=Level.STUDY, asked=[("PatientName", NAMES[0])], case_sensitive=True)
@example(level=Level.INSTANCE, asked=[("PatientName", "*J*"), ("PatientID", "P1")], case_sensitive=False)
@example(level=Level.PATIENT, asked=[("PatientName", "S*")], case_sensitive=False)
def test_a_find_finds_what_a_filter_over_everything_finds(
    population: Archive, level: Level, asked: list[tuple[str, str]], case_sensitive: bool
) -> None:
    constraints = [where(name, value, case_sensitive=case_sensitive) for name, value in asked]
    query = FindQuery(level, tuple(constraints))

    found_ids = found(population, query)

    expected = _naive(POPULATION, level, constraints)
    assert found_ids == [one for one in ids(POPULATION, level) if one in expected]
    assert population.search.count(query) == len(found_ids)


@settings(max_examples=100, deadline=None)
@given(asked=_asked(), since=st.integers(0, 80), limit=st.integers(0, 80), descending=st.booleans())
def test_a_page_is_a_piece_of_the_whole_answer(
    population: Archive, asked: tuple[str, str], since: int, limit: int, descending: bool
) -> None:
    constraints = (where(*asked),) if population.search.is_indexed(Level.STUDY, tag_of(asked[0])) else ()
    order = (OrderBy(OrderKind.DICOM_TAG, tag_of("StudyDate"), descending),)

    whole = found(population, FindQuery(Level.STUDY, constraints, order_by=order))
    page = found(population, FindQuery(Level.STUDY, constraints, order_by=order, since=since, limit=limit))

    assert page == whole[since : since + limit if limit else None]


@settings(max_examples=200, deadline=None)
@given(name=st.sampled_from(sorted(FILTERS)), value=st.text(max_size=12), level=st.sampled_from(Level))
def test_no_text_from_outside_breaks_a_find(population: Archive, name: str, value: str, level: Level) -> None:
    query = FindQuery(level, (where(name, value),), labels=(value,), parents=())

    assert found(population, query) == []


def test_half_a_character_of_json_finds_nothing(population: Archive) -> None:
    for name in ("PatientID", "PatientName", "StudyDate", "Modality"):
        assert found(population, FindQuery(Level.STUDY, (where(name, "\ud800*"),))) == []
        assert found(population, FindQuery(Level.STUDY, (where(name, "\ud800"),))) == []
        assert found(population, FindQuery(Level.STUDY, (where(name, "\ud800-\udfff"),))) == []


@pytest.mark.parametrize("level", [Level.STUDY, Level.SERIES, Level.INSTANCE])
@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("PatientID", "P1"),
        ("PatientID", "P1\\P2"),
        ("PatientID", "P1*"),
        ("StudyInstanceUID", "1.2.3"),
        ("StudyInstanceUID", "1.2.3\\1.2.4"),
        ("AccessionNumber", "A1"),
        ("AccessionNumber", "A1\\A2"),
        ("StudyDate", "20250101"),
        ("StudyDate", "20250101-20250131"),
    ],
)
def test_no_table_is_scanned_for_an_identifier_or_a_day(
    population: Archive, level: Level, name: str, value: str
) -> None:
    assert scans(population, FindQuery(level, (where(name, value),))) == []


def test_identifiers_of_series_and_instances_are_looked_up_too(population: Archive) -> None:
    assert scans(population, FindQuery(Level.SERIES, (where("SeriesInstanceUID", "1.2.3"),))) == []
    assert scans(population, FindQuery(Level.INSTANCE, (where("SOPInstanceUID", "1.2.3"),))) == []


def test_a_filter_without_an_index_scans_and_the_test_above_sees_it(population: Archive) -> None:
    assert scans(population, FindQuery(Level.STUDY, (where("StudyDescription", "x"),))) == ["SCAN s"]


def scans(archive: Archive, query: FindQuery) -> list[str]:
    """The steps of SQLite's plan that read a whole table; 'ordered' and json_each are what the query brings along."""
    statement = compile_find(query, [], ORTHANC_MAIN_TAGS)
    with archive.index.read() as connection:
        plan = [row[3] for row in connection.execute(f"EXPLAIN QUERY PLAN {statement.sql}", statement.parameters)]
    return [step for step in plan if step.startswith("SCAN") and "json_each" not in step and step != "SCAN ordered"]


def test_a_pattern_of_a_thousand_stars_is_answered(population: Archive) -> None:
    pattern = "S*" + "M*" * 5000

    assert found(population, FindQuery(Level.STUDY, (where("PatientName", pattern),))) == []


def test_a_thousand_labels_are_one_condition(population: Archive) -> None:
    labels = tuple(f"label-{number}" for number in range(5000))

    for how in (LabelsConstraint.ALL, LabelsConstraint.ANY):
        assert found(population, FindQuery(Level.STUDY, labels=labels, labels_constraint=how)) == []
