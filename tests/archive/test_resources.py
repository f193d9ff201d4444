"""Resources: their descriptions, their place in the hierarchy, their files."""

from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import BinaryIO

import pytest

from pacsberry.archive import Archive, StorageAccess
from pacsberry.archive.views import Content, TagForm, View, parse_content
from pacsberry.errors import BadRequest, UnknownResource
from pacsberry.model import Header, Level
from tests.archive.seed import CT_IMAGE, EXPLICIT, Series, open_archive, seed, study

PATIENT_AGE = 0x00101010
MODALITIES_IN_STUDY = 0x00080061


@pytest.fixture
def headers() -> list[Header]:
    return list(study("P1", "1.2.3", series=[Series("CT", 3), Series("MR", 1)]))


@pytest.fixture
def archive(tmp_path: Path, headers: list[Header]) -> Iterator[Archive]:
    with open_archive(tmp_path) as opened:
        seed(opened, headers)
        yield opened


def test_a_patient_is_described(archive: Archive, headers: list[Header]) -> None:
    who = headers[0].identifiers

    assert archive.resources.describe(Level.PATIENT, who.orthanc_id(Level.PATIENT)) == {
        "ID": who.orthanc_id(Level.PATIENT),
        "IsProtected": False,
        "IsStable": True,
        "Labels": [],
        "LastUpdate": "20260921T141320",
        "MainDicomTags": {"PatientID": "P1", "PatientName": "NAME^P1"},
        "Studies": [who.orthanc_id(Level.STUDY)],
        "Type": "Patient",
    }


def test_a_study_is_described_with_its_patients_tags(archive: Archive, headers: list[Header]) -> None:
    who = headers[0].identifiers

    assert archive.resources.describe(Level.STUDY, who.orthanc_id(Level.STUDY)) == {
        "ID": who.orthanc_id(Level.STUDY),
        "IsStable": True,
        "Labels": [],
        "LastUpdate": "20260921T141320",
        "MainDicomTags": {"AccessionNumber": "", "StudyDate": "20260105", "StudyInstanceUID": "1.2.3"},
        "ParentPatient": who.orthanc_id(Level.PATIENT),
        "PatientMainDicomTags": {"PatientID": "P1", "PatientName": "NAME^P1"},
        "Series": sorted({header.identifiers.orthanc_id(Level.SERIES) for header in headers}),
        "Type": "Study",
    }


def test_a_study_keeps_the_patients_tags_it_came_with(tmp_path: Path) -> None:
    smith, jones = {"PatientName": "SMITH^JOHN", "PatientSex": "M"}, {"PatientName": "JONES^ANN"}
    headers = [*study("P1", "1.2.1", patient=smith), *study("P1", "1.2.2", patient=jones)]
    with open_archive(tmp_path) as archive:
        seed(archive, headers)
        patient, first, second = (
            headers[0].identifiers.orthanc_id(Level.PATIENT),
            *(header.identifiers.orthanc_id(Level.STUDY) for header in headers),
        )

        def tags(level: Level, resource: str, member: str) -> object:
            return archive.resources.describe(level, resource)[member]

        of_smith, of_jones = {"PatientID": "P1", **smith}, {"PatientID": "P1", **jones}
        assert tags(Level.STUDY, first, "PatientMainDicomTags") == of_smith
        assert tags(Level.STUDY, second, "PatientMainDicomTags") == of_jones
        assert tags(Level.PATIENT, patient, "MainDicomTags") == of_smith
        for level in (Level.STUDY, Level.SERIES, Level.INSTANCE):
            resource = headers[1].identifiers.orthanc_id(level)
            view = View(requested_tags=(0x00100010, 0x00100040))
            described = archive.resources.describe(level, resource, view)
            assert described["RequestedTags"] == {"PatientName": "JONES^ANN"}
            (file,) = archive.resources.instance_files(level, resource)
            assert file.main_tags[Level.PATIENT] == of_jones
        files = archive.resources.instance_files(Level.PATIENT, patient)
        assert [file.main_tags[Level.PATIENT] for file in files] == [of_smith, of_jones]

        archive.delete(Level.STUDY, first)

        assert tags(Level.STUDY, second, "PatientMainDicomTags") == of_jones
        assert tags(Level.PATIENT, patient, "MainDicomTags") == of_smith


def test_a_series_is_described(archive: Archive, headers: list[Header]) -> None:
    who = headers[0].identifiers

    assert archive.resources.describe(Level.SERIES, who.orthanc_id(Level.SERIES)) == {
        "ExpectedNumberOfInstances": None,
        "ID": who.orthanc_id(Level.SERIES),
        "Instances": sorted(header.identifiers.orthanc_id(Level.INSTANCE) for header in headers[:3]),
        "IsStable": True,
        "Labels": [],
        "LastUpdate": "20260921T141320",
        "MainDicomTags": {"Modality": "CT", "SeriesInstanceUID": "1.2.3.1", "SeriesNumber": "1"},
        "ParentStudy": who.orthanc_id(Level.STUDY),
        "Status": "Unknown",
        "Type": "Series",
    }


def test_an_instance_is_described_with_its_file(archive: Archive, headers: list[Header]) -> None:
    who = headers[1].identifiers
    attachment = archive.attachments.get(Level.INSTANCE, who.orthanc_id(Level.INSTANCE), "dicom")

    assert archive.resources.describe(Level.INSTANCE, who.orthanc_id(Level.INSTANCE)) == {
        "FileSize": 1000,
        "FileUuid": attachment.uuid,
        "ID": who.orthanc_id(Level.INSTANCE),
        "IndexInSeries": 2,
        "Labels": [],
        "MainDicomTags": {"InstanceNumber": "2", "SOPInstanceUID": "1.2.3.1.2"},
        "ParentSeries": who.orthanc_id(Level.SERIES),
        "Type": "Instance",
    }
    assert len(attachment.uuid) == 36


@pytest.mark.parametrize(
    ("indices", "expected", "status"),
    [
        ((1, 2, 3), None, "Unknown"),
        ((1, 2, 3), 3, "Complete"),
        ((1, 3), 3, "Missing"),
        ((1, None), 2, "Missing"),
        ((1, 1), 2, "Inconsistent"),
        ((1, 4), 3, "Inconsistent"),
        ((0, 1), 3, "Inconsistent"),
        ((None,), 1, "Missing"),
    ],
)
def test_the_status_of_a_series_follows_its_indices(
    tmp_path: Path, indices: tuple[int | None, ...], expected: int | None, status: str
) -> None:
    with open_archive(tmp_path) as archive:
        seed(archive, study(series=[Series(instances=len(indices), expected=expected, indices=indices)]))
        (series,) = archive.resources.ids(Level.SERIES)

        described = archive.resources.describe(Level.SERIES, series)

        assert (described["Status"], described["ExpectedNumberOfInstances"]) == (status, expected)


# --- views -----------------------------------------------------------------------------------------------------------


def test_tags_come_in_three_forms(archive: Archive, headers: list[Header]) -> None:
    patient = headers[0].identifiers.orthanc_id(Level.PATIENT)

    def tags(form: TagForm) -> object:
        return archive.resources.describe(Level.PATIENT, patient, View(form))["MainDicomTags"]

    assert tags(TagForm.SIMPLIFY) == {"PatientID": "P1", "PatientName": "NAME^P1"}
    assert tags(TagForm.SHORT) == {"0010,0010": "NAME^P1", "0010,0020": "P1"}
    assert tags(TagForm.FULL) == {
        "0010,0010": {"Name": "PatientName", "Type": "String", "Value": "NAME^P1"},
        "0010,0020": {"Name": "PatientID", "Type": "String", "Value": "P1"},
    }


def test_response_content_leaves_out_the_rest(archive: Archive, headers: list[Header]) -> None:
    who = headers[0].identifiers
    ids = [who.orthanc_id(level) for level in Level]

    def members(level: Level, *names: str) -> set[str]:
        view = View(content=parse_content(names))
        return set(archive.resources.describe(level, ids[level], view)) - {"ID", "Type"}

    assert members(Level.STUDY) == set()
    assert members(Level.STUDY, "MainDicomTags") == {"MainDicomTags", "PatientMainDicomTags"}
    assert members(Level.STUDY, "Children", "Parent") == {"Series", "ParentPatient"}
    assert members(Level.SERIES, "Status", "IsStable", "Labels") == {"Status", "IsStable", "Labels"}
    assert members(Level.PATIENT, "IsProtected", "MetadataLegacy") == {"IsProtected", "LastUpdate"}
    assert members(Level.INSTANCE, "AttachmentsLegacy", "MetadataLegacy") == {"FileSize", "FileUuid", "IndexInSeries"}
    assert members(Level.INSTANCE, "Metadata", "Attachments") == {"Metadata", "Attachments"}
    with pytest.raises(BadRequest, match="Everything"):
        parse_content(["Everything"])


def test_metadata_and_attachments_are_told_when_asked(archive: Archive, headers: list[Header]) -> None:
    instance = headers[0].identifiers.orthanc_id(Level.INSTANCE)
    view = View(content=frozenset((Content.METADATA, Content.ATTACHMENTS)))
    described = archive.resources.describe(Level.INSTANCE, instance, view)

    assert isinstance(described["Metadata"], dict)
    assert described["Metadata"]["TransferSyntax"] == EXPLICIT
    assert described["Attachments"] == [
        {
            "CompressedMD5": "",
            "CompressedSize": 1000,
            "ContentType": 1,
            "UncompressedMD5": "",
            "UncompressedSize": 1000,
            "Uuid": archive.attachments.get(Level.INSTANCE, instance, "dicom").uuid,
        }
    ]


def test_requested_tags_come_from_the_index_and_then_from_a_file(tmp_path: Path) -> None:
    asked: list[frozenset[int]] = []

    def read(file: BinaryIO, tags: frozenset[int]) -> Mapping[int, str]:
        asked.append(tags)
        return {PATIENT_AGE: "042Y"}

    with open_archive(tmp_path, tags_of_file=read, storage_access=StorageAccess.ANSWERS) as archive:
        seed(archive, study(series=[Series("MR", 2), Series("CT")]))
        (study_id,) = archive.resources.ids(Level.STUDY)

        view = View(requested_tags=(0x00100010, MODALITIES_IN_STUDY, 0x00081030))
        assert archive.resources.describe(Level.STUDY, study_id, view)["RequestedTags"] == {
            "PatientName": "NAME^P1",
            "ModalitiesInStudy": "CT\\MR",
        }
        assert asked == []
        view = View(TagForm.SHORT, requested_tags=(PATIENT_AGE, 0x00080060, 0x00101030))
        assert archive.resources.describe(Level.STUDY, study_id, view)["RequestedTags"] == {
            "0010,1010": "042Y",
            "0008,0060": "MR",
        }
        assert asked == [frozenset((PATIENT_AGE, 0x00101030))]


def test_no_file_is_opened_for_requested_tags_when_the_option_says_never(tmp_path: Path) -> None:
    with open_archive(tmp_path, storage_access=StorageAccess.NEVER) as archive:
        seed(archive, study())
        (study_id,) = archive.resources.ids(Level.STUDY)

        described = archive.resources.describe(Level.STUDY, study_id, View(requested_tags=(PATIENT_AGE,)))

        assert described["RequestedTags"] == {}


def test_several_descriptions_leave_out_what_is_gone(archive: Archive, headers: list[Header]) -> None:
    known = headers[0].identifiers.orthanc_id(Level.SERIES)

    assert [one["ID"] for one in archive.resources.describe_all(Level.SERIES, ["gone", known, "häh"])] == [known]


# --- places ----------------------------------------------------------------------------------------------------------


def test_the_family_of_an_instance(archive: Archive, headers: list[Header]) -> None:
    who = headers[3].identifiers
    instance = who.orthanc_id(Level.INSTANCE)

    assert archive.resources.family(Level.INSTANCE, instance) == {level: who.orthanc_id(level) for level in Level}
    assert archive.resources.ancestor(Level.INSTANCE, instance, Level.STUDY) == who.orthanc_id(Level.STUDY)
    assert archive.resources.family(Level.PATIENT, who.orthanc_id(Level.PATIENT)) == {
        Level.PATIENT: who.orthanc_id(Level.PATIENT)
    }
    assert [archive.resources.level_of(who.orthanc_id(level)) for level in Level] == list(Level)


def test_children_of_any_depth_are_sorted(archive: Archive, headers: list[Header]) -> None:
    who = headers[0].identifiers
    instances = sorted(header.identifiers.orthanc_id(Level.INSTANCE) for header in headers)

    def children(level: Level, below: Level) -> list[str]:
        return list(archive.resources.children(level, who.orthanc_id(level), below))

    assert children(Level.PATIENT, Level.STUDY) == [who.orthanc_id(Level.STUDY)]
    assert children(Level.PATIENT, Level.INSTANCE) == instances
    assert children(Level.STUDY, Level.SERIES) == sorted({h.identifiers.orthanc_id(Level.SERIES) for h in headers})
    assert children(Level.STUDY, Level.INSTANCE) == instances
    assert len(children(Level.SERIES, Level.INSTANCE)) == 3
    with pytest.raises(BadRequest):
        children(Level.SERIES, Level.STUDY)
    with pytest.raises(BadRequest):
        children(Level.SERIES, Level.SERIES)


@pytest.mark.parametrize("resource_id", ["", "nothing", "ähnlich", "\ud800", "' OR 1=1 --"])
def test_what_is_not_there_is_unknown(archive: Archive, resource_id: str) -> None:
    resources = archive.resources
    for level in Level:
        with pytest.raises(UnknownResource):
            resources.describe(level, resource_id)
        with pytest.raises(UnknownResource):
            resources.family(level, resource_id)
        with pytest.raises(UnknownResource):
            resources.locate(level, resource_id)
        with pytest.raises(UnknownResource):
            list(resources.instance_files(level, resource_id))
        with pytest.raises(UnknownResource):
            list(resources.children(level, resource_id, Level.INSTANCE))
    with pytest.raises(UnknownResource):
        resources.level_of(resource_id)


# --- files -----------------------------------------------------------------------------------------------------------


def test_files_come_by_series_and_index(tmp_path: Path) -> None:
    series = [Series("CT", 4, indices=(3, 1, None, 2)), Series("MR", 1)]
    headers = [*study("P1", "1.2.3", series=series), *study("P1", "1.2.4")]
    with open_archive(tmp_path) as archive:
        seed(archive, headers)
        ids = [headers[0].identifiers.orthanc_id(level) for level in Level]

        files = list(archive.resources.instance_files(Level.PATIENT, ids[Level.PATIENT]))

        order = [2, 1, 3, 0, 4, 5]  # the one without an index first
        assert [one.id for one in files] == [headers[place].identifiers.orthanc_id(Level.INSTANCE) for place in order]
        first = files[0]
        assert first.ids == (*ids[:3], first.id)
        assert [dict(tags) for tags in first.main_tags] == [dict(tags) for tags in headers[2].main_tags]
        assert (first.sop_class_uid, first.transfer_syntax_uid, first.size) == (CT_IMAGE, EXPLICIT, 1000)
        assert len({one.file for one in files}) == 6
        assert files[0].main_tags[Level.SERIES] is files[1].main_tags[Level.SERIES]
        counts = [archive.resources.count_instances(level, ids[level]) for level in Level]
        assert counts == [6, 5, 4, 1]
        for level in Level:
            assert len(list(archive.resources.instance_files(level, ids[level]))) == counts[level]
