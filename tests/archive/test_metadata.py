"""Metadata: the system's from its columns, the users' with revisions."""

import hashlib
from collections.abc import Iterator
from pathlib import Path

import pytest

from pacsberry.archive import Archive
from pacsberry.archive.metadata import MAXIMUM_VALUE_BYTES
from pacsberry.dicom.main_tags import ORTHANC_MAIN_TAGS
from pacsberry.errors import BadRequest, Conflict, NotAllowed, TooLarge, UnknownResource
from pacsberry.model import Header, Level, Origin, Receipt
from tests.archive.seed import CT_IMAGE, EXPLICIT, Series, open_archive, seed, study


def md5_of(text: str) -> str:
    return hashlib.md5(text.encode(), usedforsecurity=False).hexdigest()


@pytest.fixture
def headers() -> list[Header]:
    return list(study(series=[Series(instances=2, expected=5)]))


@pytest.fixture
def archive(tmp_path: Path, headers: list[Header]) -> Iterator[Archive]:
    with open_archive(tmp_path, user_metadata={"Lesson": 1024}) as opened:
        seed(opened, headers)
        yield opened


@pytest.fixture
def study_id(headers: list[Header]) -> str:
    return headers[0].identifiers.orthanc_id(Level.STUDY)


def named(archive: Archive, level: Level, resource_id: str) -> dict[str, str]:
    return archive.metadata.named(archive.metadata.all(level, resource_id))


def test_the_system_knows_of_each_level(archive: Archive, headers: list[Header]) -> None:
    who = headers[0].identifiers
    signatures = [ORTHANC_MAIN_TAGS.signature(level) for level in Level]

    assert named(archive, Level.PATIENT, who.orthanc_id(Level.PATIENT)) == {
        "LastUpdate": "20260921T141320",
        "MainDicomTagsSignature": signatures[0],
        "PatientRecyclingOrder": "1",
    }
    assert named(archive, Level.STUDY, who.orthanc_id(Level.STUDY)) == {
        "LastUpdate": "20260921T141320",
        "MainDicomTagsSignature": signatures[1],
    }
    assert named(archive, Level.SERIES, who.orthanc_id(Level.SERIES)) == {
        "RemoteAET": "SCANNER",
        "ExpectedNumberOfInstances": "5",
        "LastUpdate": "20260921T141320",
        "MainDicomTagsSignature": signatures[2],
    }
    assert named(archive, Level.INSTANCE, who.orthanc_id(Level.INSTANCE)) == {
        "IndexInSeries": "1",
        "ReceptionDate": "20260921T141320",
        "RemoteAET": "SCANNER",
        "Origin": "DicomProtocol",
        "TransferSyntax": EXPLICIT,
        "SopClassUid": CT_IMAGE,
        "RemoteIP": "10.0.0.7",
        "CalledAET": "PACSBERRY",
        "PixelDataOffset": "1114",
        "MainDicomTagsSignature": signatures[3],
        "PixelDataVR": "OW",
    }


def test_an_upload_tells_its_user_and_no_called_aet(tmp_path: Path) -> None:
    with open_archive(tmp_path) as archive:
        receipt = Receipt(Origin.REST_API, remote_ip="127.0.0.1", http_username="ada")
        seed(archive, study(), receipt=receipt)
        (instance,) = archive.resources.ids(Level.INSTANCE)

        metadata = named(archive, Level.INSTANCE, instance)

        assert (metadata["Origin"], metadata["HttpUsername"], metadata["RemoteAET"]) == ("RestApi", "ada", "")
        assert "CalledAET" not in metadata


def test_a_protected_patient_has_no_place_in_the_recycling_order(archive: Archive, headers: list[Header]) -> None:
    patient = headers[0].identifiers.orthanc_id(Level.PATIENT)
    archive.protection.protect(Level.PATIENT, patient, protected=True)

    assert archive.metadata.get(Level.PATIENT, patient, "IsProtected").value == "true"
    with pytest.raises(UnknownResource):
        archive.metadata.get(Level.PATIENT, patient, "PatientRecyclingOrder")


def test_numbers_and_names_mean_the_same(archive: Archive, study_id: str) -> None:
    archive.metadata.put(Level.STUDY, study_id, "Lesson", "seven")
    archive.metadata.put(Level.STUDY, study_id, "65535", "nameless")

    assert archive.metadata.get(Level.STUDY, study_id, "1024").value == "seven"
    assert list(archive.metadata.all(Level.STUDY, study_id)) == [7, 15, 1024, 65535]
    assert list(named(archive, Level.STUDY, study_id))[2:] == ["Lesson", "65535"]
    assert archive.metadata.get(Level.STUDY, study_id, "7").value == "20260921T141320"


def test_each_write_is_a_revision_and_a_change(archive: Archive, study_id: str) -> None:
    first = archive.metadata.put(Level.STUDY, study_id, "Lesson", "seven")
    second = archive.metadata.put(Level.STUDY, study_id, "Lesson", "äight")

    assert first.etag == f'"0-{md5_of("seven")}"'
    assert second.etag == f'"1-{md5_of("äight")}"'
    assert archive.metadata.get(Level.STUDY, study_id, "Lesson") == second
    archive.metadata.delete(Level.STUDY, study_id, "Lesson")
    with pytest.raises(UnknownResource):
        archive.metadata.get(Level.STUDY, study_id, "Lesson")
    assert archive.metadata.put(Level.STUDY, study_id, "Lesson", "again").revision == 0
    page = archive.changes.page(types=("UpdatedMetadata",))
    assert [change["ID"] for change in page["Changes"]] == [study_id] * 4  # type: ignore[attr-defined]


def test_a_write_against_an_old_revision_is_refused_and_changes_nothing(archive: Archive, study_id: str) -> None:
    put, delete = archive.metadata.put, archive.metadata.delete
    old = put(Level.STUDY, study_id, "Lesson", "one")
    new = put(Level.STUDY, study_id, "Lesson", "two", if_match=old.etag)

    for stale in (old.etag, f'"1-{"0" * 32}"', '"7-"'):
        with pytest.raises(Conflict):
            put(Level.STUDY, study_id, "Lesson", "three", if_match=stale)
        with pytest.raises(Conflict):
            delete(Level.STUDY, study_id, "Lesson", if_match=stale)
    with pytest.raises(BadRequest):
        put(Level.STUDY, study_id, "Lesson", "three", if_match="nonsense")
    with pytest.raises(Conflict):
        put(Level.STUDY, study_id, "1025", "new", if_match=old.etag)
    assert archive.metadata.get(Level.STUDY, study_id, "Lesson") == new
    put(Level.STUDY, study_id, "Lesson", "without If-Match")
    delete(Level.STUDY, study_id, "Lesson", if_match=archive.metadata.get(Level.STUDY, study_id, "Lesson").etag)


def test_with_check_revisions_nothing_is_overwritten_unseen(
    tmp_path: Path, headers: list[Header], study_id: str
) -> None:
    with open_archive(tmp_path, check_revisions=True) as archive:
        seed(archive, headers)
        first = archive.metadata.put(Level.STUDY, study_id, "1024", "one")

        with pytest.raises(Conflict):
            archive.metadata.put(Level.STUDY, study_id, "1024", "two")
        with pytest.raises(Conflict):
            archive.metadata.delete(Level.STUDY, study_id, "1024")
        archive.metadata.put(Level.STUDY, study_id, "1024", "two", if_match=first.etag.strip('"'))


def test_what_the_system_owns_cannot_be_written(archive: Archive, study_id: str) -> None:
    for name in ("LastUpdate", "7", "AnonymizedFrom", "1023", "0"):
        with pytest.raises(NotAllowed):
            archive.metadata.put(Level.STUDY, study_id, name, "x")
        with pytest.raises(NotAllowed):
            archive.metadata.delete(Level.STUDY, study_id, name)


def test_what_has_no_name_is_unknown(archive: Archive, study_id: str) -> None:
    for name in ("Nope", "", "-1", "1e3", "²", "\ud800"):
        with pytest.raises(UnknownResource):
            archive.metadata.put(Level.STUDY, study_id, name, "x")
    for name in ("65536", "9" * 5000):
        with pytest.raises(BadRequest):
            archive.metadata.get(Level.STUDY, study_id, name)
    for resource_id in ("gone", "\ud800"):
        with pytest.raises(UnknownResource):
            archive.metadata.put(Level.STUDY, resource_id, "Lesson", "x")
        with pytest.raises(UnknownResource):
            archive.metadata.all(Level.STUDY, resource_id)
    with pytest.raises(UnknownResource):
        archive.metadata.delete(Level.STUDY, study_id, "Lesson")


def test_a_value_has_a_limit_and_is_text(archive: Archive, study_id: str) -> None:
    archive.metadata.put(Level.STUDY, study_id, "Lesson", "x" * MAXIMUM_VALUE_BYTES)
    with pytest.raises(TooLarge):
        archive.metadata.put(Level.STUDY, study_id, "Lesson", "ä" * (MAXIMUM_VALUE_BYTES // 2 + 1))
    with pytest.raises(BadRequest):
        archive.metadata.put(Level.STUDY, study_id, "Lesson", "\ud800")
    assert archive.metadata.get(Level.STUDY, study_id, "Lesson").revision == 0


def test_metadata_survive_a_restart(tmp_path: Path, headers: list[Header], study_id: str) -> None:
    with open_archive(tmp_path) as archive:
        seed(archive, headers)
        archive.metadata.put(Level.STUDY, study_id, "1024", "kept")
    with open_archive(tmp_path) as archive:
        assert archive.metadata.get(Level.STUDY, study_id, "1024").value == "kept"
