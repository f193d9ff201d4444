"""curl and pyorthanc against the whole server."""

import gzip
import io
import json
import zipfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pydicom
import pyorthanc
import pytest

from tests.flows.association import find
from tests.flows.house import House, as_process, in_process
from tests.flows.programs import curl
from tests.makers import make_instance, make_study


@pytest.fixture
def path(tmp_path: Path) -> Path:
    """A file to upload."""
    made = tmp_path / "one.dcm"
    made.write_bytes(make_instance("CT"))
    return made


def test_curl_uploads_a_file_and_gets_it_back(house: House, path: Path, tmp_path: Path) -> None:
    told = json.loads(curl("-X", "POST", "--data-binary", f"@{path}", f"{house.url}/instances"))
    curl("-o", tmp_path / "back", f"{house.url}{told['Path']}/file")

    assert (tmp_path / "back").read_bytes() == path.read_bytes()


def test_curl_uploads_a_large_file_with_expect_and_one_of_unknown_length(house: House, tmp_path: Path) -> None:
    for number, words in enumerate((["-H", "Expect: 100-continue"], ["-H", "Transfer-Encoding: chunked"])):
        path = tmp_path / f"{number}.dcm"
        path.write_bytes(make_instance("CT", instance=number, rows=1024, columns=1024))
        told = json.loads(curl(*words, "--data-binary", f"@{path}", f"{house.url}/instances"))

        assert house.file(told["ID"]) == path.read_bytes()


def test_curl_uploads_with_gzip_zip_and_a_form(house: House, tmp_path: Path) -> None:
    one, two, three, four, five = make_study(series={"CT": 5})
    (tmp_path / "one.gz").write_bytes(gzip.compress(one))
    with zipfile.ZipFile(tmp_path / "two.zip", "w", zipfile.ZIP_DEFLATED) as packed:
        packed.writestr("a/two.dcm", two)
        packed.writestr("a/three.dcm", three)
        packed.writestr("README.txt", "two slices")
    for name, content in (("four", four), ("five", five)):
        (tmp_path / name).write_bytes(content)
    address = f"{house.url}/instances"

    gz = json.loads(curl("--data-binary", f"@{tmp_path}/one.gz", address))
    zipped = json.loads(curl("--data-binary", f"@{tmp_path}/two.zip", address))
    curl("--fail", "-F", f"files=@{tmp_path}/four", "-F", f"files=@{tmp_path}/five", address)

    assert gz["Status"] == "Success"
    assert [member["Status"] for member in zipped] == ["Success", "Success"]
    instances = house.get("/instances")
    assert {house.file(id) for id in instances} == {one, two, three, four, five}


def test_curl_downloads_a_part_and_goes_on_where_it_stopped(house: House, path: Path, tmp_path: Path) -> None:
    told = house.upload(path.read_bytes())
    address = f"{house.url}{told['Path']}/file"
    head, rest = path.read_bytes()[:300], path.read_bytes()[300:]
    (tmp_path / "part").write_bytes(head)

    curl("-r", "0-299", "-o", tmp_path / "head", address)
    curl("-C", "-", "-o", tmp_path / "part", address)
    status = curl("-r", "99999999-", "-o", tmp_path / "none", "-w", "%{http_code}", address)

    assert (tmp_path / "head").read_bytes() == head
    assert (tmp_path / "part").read_bytes() == head + rest
    assert status == "416"


def test_curl_downloads_a_study_as_zip(house: House, tmp_path: Path) -> None:
    contents = make_study(series={"CT": 3, "SR": 1})
    house.upload_all(contents[1:])
    told = house.upload(contents[0])

    curl("-o", tmp_path / "study.zip", f"{house.url}/studies/{told['ParentStudy']}/archive")

    with zipfile.ZipFile(tmp_path / "study.zip") as packed:
        assert {packed.read(name) for name in packed.namelist()} == set(contents)


def test_curl_may_say_in_other_ways_what_it_wants(house: House, path: Path) -> None:
    told = house.upload(path.read_bytes())

    status = curl(
        "-o", "/dev/null", "-w", "%{http_code}", "-H", "X-HTTP-Method-Override: DELETE", house.url + told["Path"]
    )
    assert (status, house.counts()) == ("200", (0, 0, 0, 0))
    told = house.upload(path.read_bytes())
    status = curl("-o", "/dev/null", "-w", "%{http_code}", f"{house.url}{told['Path']}?_method=DELETE")
    assert (status, house.counts()) == ("200", (0, 0, 0, 0))


def test_curl_logs_in_over_https(tmp_path: Path, certificate: Path, path: Path) -> None:
    settings = {
        "RegisteredUsers": {"alice": "hunter2"},
        "AuthenticationEnabled": True,
        "SslEnabled": True,
        "SslCertificate": str(certificate),
    }
    with as_process(tmp_path, settings) as house:
        address = f"https://localhost:{house.http_port}/instances"
        only_status = ("-k", "-o", "/dev/null", "-w", "%{http_code}")

        assert curl(*only_status, address) == "401"
        assert curl(*only_status, "-u", "alice:hunter3", address) == "401"
        assert curl(*only_status, "--data-binary", f"@{path}", address) == "401"
        assert curl(*only_status, "-u", "alice:hunter2", "--data-binary", f"@{path}", address) == "200"
        (id,) = json.loads(curl("-k", "-u", "alice:hunter2", address))
        curl("-k", "-u", "alice:hunter2", "-o", tmp_path / "back", f"{address}/{id}/file")
        curl(address, fails=True)  # nobody signed the certificate
        curl("-k", f"http://localhost:{house.http_port}/instances", fails=True)
        assert house.terminate() == 0

    assert (tmp_path / "back").read_bytes() == path.read_bytes()


@pytest.fixture(scope="module")
def shared(tmp_path_factory: pytest.TempPathFactory) -> Iterator[House]:
    """A server for the tests with pyorthanc, each with a patient of its own."""
    with in_process(tmp_path_factory.mktemp("pyorthanc")) as running:
        yield running


@pytest.mark.filterwarnings("ignore:Use 'content=<...>' to upload raw bytes/text content")
def test_pyorthanc_uploads_finds_and_deletes_what_dicom_sees(shared: House) -> None:
    with pyorthanc.Orthanc(shared.url) as client:
        for content in make_study(patient_id="PYORTHANC", series={"CT": 2, "MR": 1}):
            client.post_instances(content)
        (patient,) = pyorthanc.find_patients(client, {"PatientID": "PYORTHANC"})
        series: list[Any] = pyorthanc.find_series(client, {"PatientID": "PYORTHANC", "Modality": "MR"})

        assert len(find(shared.dicom_port, "SERIES", PatientID="PYORTHANC", Modality="")) == 2
        mr = pydicom.dcmread(io.BytesIO(series[0].instances[0].get_dicom_file_content()))
        client.delete_series_id(series[0].id_)
        assert len(find(shared.dicom_port, "SERIES", PatientID="PYORTHANC", Modality="")) == 1
        assert mr.Modality == "MR"
        with zipfile.ZipFile(io.BytesIO(patient.get_zip())) as packed:
            assert len(packed.namelist()) == 2
