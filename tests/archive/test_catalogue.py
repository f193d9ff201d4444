"""The list of studies for pages: words over several tags, filters, orders and pages."""

from collections.abc import Iterator
from itertools import chain
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from pacsberry.archive import Archive
from pacsberry.archive.catalogue import MOST_LISTED, Order, Wanted
from pacsberry.archive.metadata_names import CASE_TITLE
from pacsberry.errors import UnknownResource
from pacsberry.model import Level
from tests.archive.seed import Series, many_studies, open_archive, seed, study


@pytest.fixture(scope="module")
def archive(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Archive]:
    with open_archive(tmp_path_factory.mktemp("catalogue")) as opened:
        yield filled(opened)


def filled(archive: Archive) -> Archive:
    wrist = study(
        "P1",
        "1.1",
        patient={"PatientName": "MÜLLER^JÖRG"},
        tags={"StudyDate": "20260101"},
        series=[Series("CT", 3)],
    )
    knee = study(
        "P2",
        "1.2",
        patient={"PatientName": "DOE^JANE"},
        tags={"StudyDate": "20260301", "StudyDescription": "Knee"},
        series=[Series("MR", 2, tags={"SeriesNumber": "10"}), Series("SR", 1, tags={"SeriesNumber": "2"})],
    )
    other_knee = study(
        "P3",
        "1.3",
        patient={"PatientName": "ADAMS^A"},
        tags={"StudyDate": "", "StudyDescription": "Knee left", "AccessionNumber": "A77"},
    )
    seed(archive, chain(wrist, knee, other_knee))
    for number, title in ((0, "Second"), (1, "first")):
        archive.metadata.put(Level.STUDY, ids(archive)[number], str(CASE_TITLE), title)
    archive.labels.add(Level.STUDY, ids(archive)[1], "shown")
    return archive


def ids(archive: Archive) -> list[str]:
    """Of the studies in the order in which they came."""
    return list(archive.resources.ids(Level.STUDY))


def found(archive: Archive, **wanted: object) -> list[int]:
    entries, _ = archive.catalogue.studies(Wanted(**wanted))  # type: ignore[arg-type]  # each is what its name wants
    return [ids(archive).index(entry.id) for entry in entries]


@pytest.mark.parametrize(
    ("wanted", "places"),
    [
        ({}, [1, 0, 2]),
        ({"text": "knee"}, [1, 2]),
        ({"text": "  KNEE   left"}, [2]),
        ({"text": "müller"}, [0]),
        ({"text": "jörg müll"}, [0]),
        ({"text": "p2"}, [1]),
        ({"text": "a77"}, [2]),
        ({"text": "second"}, [0]),
        ({"text": "knee xyz"}, []),
        ({"text": "%"}, []),
        ({"modality": "MR"}, [1]),
        ({"modality": "mr"}, []),
        ({"labels": ("shown",)}, [1]),
        ({"labels": ("nobody's",)}, []),
        ({"labels": ("shown", "nobody's")}, []),
        ({"without_label": "shown"}, [0, 2]),
        ({"labels": ("shown",), "without_label": "shown"}, []),
        ({"from_date": "20260201"}, [1]),
        ({"to_date": "20260201"}, [0]),
        ({"from_date": "20260101", "to_date": "20260101"}, [0]),
        ({"shown_label": "shown"}, [1]),
        ({"shown_label": "shown", "text": "doe"}, []),
        ({"shown_label": "shown", "text": "p2"}, []),
        ({"shown_label": "shown", "text": "first knee"}, [1]),
        ({"order": Order.OLDEST_STUDY}, [2, 0, 1]),
        ({"order": Order.LAST_RECEIVED}, [2, 1, 0]),
        ({"order": Order.NAME}, [2, 1, 0]),
        ({"order": Order.TITLE}, [1, 0, 2]),
        ({"since": 1, "limit": 1}, [0]),
        ({"text": "knee", "since": 1}, [2]),
        ({"since": 9}, []),
        ({"text": "knee", "since": 2**70}, []),
        ({"since": 2**70}, []),
    ],
)
def test_a_page_holds_what_was_asked_for_in_its_order(
    archive: Archive, wanted: dict[str, object], places: list[int]
) -> None:
    assert found(archive, **wanted) == places


def test_a_page_tells_whether_there_is_another(archive: Archive) -> None:
    def has_more(**wanted: object) -> bool:
        return archive.catalogue.studies(Wanted(**wanted))[1]  # type: ignore[arg-type]  # each is what its name wants

    assert has_more(limit=2)
    assert not has_more(limit=3)
    assert has_more(text="knee", limit=1)
    assert not has_more(text="knee", limit=2)
    assert has_more(limit=0)


def test_an_entry_tells_its_series_in_their_order(archive: Archive) -> None:
    entry = archive.catalogue.study(ids(archive)[1])

    assert [(one.modality, one.instances, one.tags["SeriesNumber"]) for one in entry.series] == [
        ("SR", 1, "2"),
        ("MR", 2, "10"),
    ]
    assert (entry.title, entry.labels, entry.is_protected) == ("first", ("shown",), False)
    assert entry.patient_tags["PatientName"] == "DOE^JANE"
    with pytest.raises(UnknownResource):
        archive.catalogue.study("no study")


def test_the_protection_of_the_patient_protects_its_studies(tmp_path: Path) -> None:
    with open_archive(tmp_path) as archive:
        filled(archive)
        patient = archive.resources.ancestor(Level.STUDY, ids(archive)[0], Level.PATIENT)

        archive.protection.protect(Level.PATIENT, patient, protected=True)

        assert archive.catalogue.study(ids(archive)[0]).is_protected


def test_modalities_are_those_in_use(archive: Archive) -> None:
    assert archive.catalogue.modalities() == ["CT", "MR", "SR"]
    assert archive.catalogue.modalities("shown") == ["MR", "SR"]


def test_no_page_is_longer_than_it_may(tmp_path: Path) -> None:
    with open_archive(tmp_path) as archive:
        seed(archive, many_studies(MOST_LISTED + 5))

        entries, has_more = archive.catalogue.studies(Wanted(limit=10**9))

        assert (len(entries), has_more) == (MOST_LISTED, True)


@settings(max_examples=100, deadline=None)
@given(text=st.text(max_size=30), modality=st.text(max_size=5), date=st.text(max_size=9))
def test_no_text_from_outside_breaks_a_list(archive: Archive, text: str, modality: str, date: str) -> None:
    archive.catalogue.studies(Wanted(text=text, modality=modality, from_date=date, to_date=date, labels=(text,)))
