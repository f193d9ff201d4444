"""dicomweb-client, the library of PyPI, driven against the server."""

import io
from collections.abc import Iterator
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import numpy as np
import pydicom
import pytest
from dicomweb_client import DICOMwebClient
from requests import HTTPError

from tests.http.live import Live, live_server
from tests.makers import EXPLICIT, make_study
from tests.makers.images import make_image

STUDY = make_study(patient_id="ANNA", patient_name="Müller^Anna", series={"CT": 3, "MR": 2})
VALUES = np.arange(24 * 20, dtype="i2").reshape(24, 20)
FRAMES = [VALUES, VALUES + 1, VALUES + 2]
IMAGE = make_image(FRAMES)


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Live]:
    with live_server(tmp_path_factory.mktemp("client")) as running:
        for data in (*STUDY, IMAGE):
            running.upload(data)
        yield running


@pytest.fixture
def client(server: Live) -> DICOMwebClient:
    return DICOMwebClient(url=f"{server.url}/dicom-web")


def _read(data: bytes) -> Any:
    return pydicom.dcmread(io.BytesIO(data))


FIRST = _read(STUDY[0])
UIDS = (FIRST.StudyInstanceUID, FIRST.SeriesInstanceUID, FIRST.SOPInstanceUID)
FRAMED = _read(IMAGE)
OF_IMAGE = (FRAMED.StudyInstanceUID, FRAMED.SeriesInstanceUID, FRAMED.SOPInstanceUID)


def test_it_searches(client: DICOMwebClient) -> None:
    [study] = client.search_for_studies(search_filters={"PatientName": "Müller*"}, fields=["StudyDescription"])
    series = client.search_for_series(UIDS[0])
    instances = client.search_for_instances(UIDS[0], UIDS[1], limit=2)

    assert str(pydicom.Dataset.from_json(study).PatientName) == "Müller^Anna"
    assert sorted(pydicom.Dataset.from_json(one).Modality for one in series) == ["CT", "MR"]
    assert len(instances) == 2
    assert len(client.search_for_studies(get_remaining=True, limit=1)) == 2
    assert client.search_for_studies(search_filters={"PatientID": "nobody"}) == []


def test_it_retrieves_files(client: DICOMwebClient) -> None:
    assert len(client.retrieve_study(UIDS[0])) == 5
    assert len(client.retrieve_series(*UIDS[:2])) == 3
    assert client.retrieve_instance(*UIDS, media_types=(("application/dicom", EXPLICIT),)) == FIRST
    assert client.retrieve_instance(*UIDS, media_types=(("application/dicom", "*"),)) == FIRST


def test_it_retrieves_metadata_and_bulk_data(server: Live, client: DICOMwebClient) -> None:
    assert len(client.retrieve_study_metadata(UIDS[0])) == 5
    assert len(client.retrieve_series_metadata(*UIDS[:2])) == 3
    told = client.retrieve_instance_metadata(*UIDS)

    assert pydicom.Dataset.from_json(told, bulk_data_uri_handler=lambda uri: b"").Rows == FIRST.Rows
    path = urlsplit(told["7FE00010"]["BulkDataURI"]).path  # its Host header leaves the port out, so our address does
    for media_types in (None, (("application/octet-stream", "*"),)):
        assert client.retrieve_bulkdata(server.url + path, media_types=media_types) == [FIRST.PixelData]


def test_it_retrieves_frames(client: DICOMwebClient) -> None:
    for media_types in (None, (("application/octet-stream", "*"),), (("application/octet-stream", EXPLICIT),)):
        found = client.retrieve_instance_frames(*OF_IMAGE, frame_numbers=[3, 1], media_types=media_types)
        assert found == [FRAMES[2].tobytes(), FRAMES[0].tobytes()]


def test_it_retrieves_pictures(client: DICOMwebClient) -> None:
    for media_type, start in (("image/png", b"\x89PNG"), ("image/jpeg", b"\xff\xd8")):
        assert client.retrieve_instance_rendered(*OF_IMAGE, media_types=(media_type,)).startswith(start)
        frames = client.retrieve_instance_frames_rendered(*OF_IMAGE, frame_numbers=[2], media_types=(media_type,))
        assert frames.startswith(start)


def test_it_stores_instances_and_is_told_what_became_of_each(tmp_path: Path) -> None:
    files = make_study(patient_id="BERT", study=7, series={"CT": 4, "SR": 1})
    datasets = [_read(data) for data in files]
    study = datasets[0].StudyInstanceUID
    with live_server(tmp_path) as server:
        client = DICOMwebClient(url=f"{server.url}/dicom-web")

        told = client.store_instances(datasets[:3])
        again = client.store_instances(datasets, study_instance_uid=study)

        assert len(told.ReferencedSOPSequence) == 3
        assert [item.ReferencedSOPInstanceUID for item in again.ReferencedSOPSequence] == [
            ds.SOPInstanceUID for ds in datasets
        ]
        assert "FailedSOPSequence" not in again
        assert client.retrieve_instance(study, datasets[0].SeriesInstanceUID, datasets[0].SOPInstanceUID) == datasets[0]
        with pytest.raises(HTTPError, match="409"):
            client.store_instances([datasets[0]], study_instance_uid="1.2.3")


def test_it_stores_with_a_chunked_body(tmp_path: Path) -> None:
    datasets = [_read(data) for data in make_study(study=8, series={"CT": 3})]
    with live_server(tmp_path) as server:
        client = DICOMwebClient(url=f"{server.url}/dicom-web", chunk_size=1000)

        assert len(client.store_instances(datasets).ReferencedSOPSequence) == 3
        assert len(server.get("/instances").json) == 3
