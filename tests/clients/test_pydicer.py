"""What PyDicer asks of an Orthanc to copy data sets: a search posted as text, descriptions, files; 200 or nothing."""

import io
import json
from pathlib import Path
from typing import Any

import httpx
import pydicom

from tests.http.live import Live
from tests.makers import make_study


def _get(client: httpx.Client, path: str) -> Any:
    answer = client.get(path)
    assert answer.status_code == 200
    return answer.json()


def test_a_patient_is_copied_the_way_pydicer_does_it(server: Live, tmp_path: Path) -> None:
    files = make_study(patient_id="LUNG-1", series={"CT": 3, "RTSTRUCT": 1})
    for data in files:
        server.upload(data)
    query = json.dumps({"Level": "Patient", "Query": {"PatientID": "LUNG-1"}})

    with httpx.Client(base_url=server.url) as client:
        found = client.post("/tools/find", content=query)  # without a Content-Type
        assert found.status_code == 200
        assert "content-type" not in found.request.headers
        for patient in found.json():
            assert _get(client, f"/patients/{patient}")["MainDicomTags"]["PatientID"] == "LUNG-1"
            for study in _get(client, f"/patients/{patient}")["Studies"]:
                for series in _get(client, f"/studies/{study}")["Series"]:
                    described = _get(client, f"/series/{series}")
                    tags = described["MainDicomTags"]
                    folder = tmp_path / "copies" / tags["Modality"] / tags["SeriesInstanceUID"]
                    folder.mkdir(parents=True)
                    for instance in described["Instances"]:
                        uid = _get(client, f"/instances/{instance}")["MainDicomTags"]["SOPInstanceUID"]
                        answer = client.get(f"/instances/{instance}/file")
                        assert answer.status_code == 200
                        (folder / f"{uid}.dcm").write_bytes(answer.content)

    copies = sorted(path.read_bytes() for path in (tmp_path / "copies").rglob("*.dcm"))
    assert copies == sorted(files)
    assert {pydicom.dcmread(io.BytesIO(copy)).Modality for copy in copies} == {"CT", "RTSTRUCT"}


def test_the_same_query_as_a_form_is_understood(server: Live) -> None:
    """`curl -d` and older clients send JSON under the name of a form."""
    query = '{"Level": "Patient", "Query": {}}'

    answer = httpx.post(
        f"{server.url}/tools/find", content=query, headers={"Content-Type": "application/x-www-form-urlencoded"}
    )

    assert (answer.status_code, answer.json()) == (200, [])
