"""An image in, in another transfer syntax, and out again to a workstation that knows none of it."""

import io
import shutil
from pathlib import Path

import numpy as np
import pydicom
import pytest

from pacsberry.errors import ConfigError
from tests.flows.house import in_process
from tests.flows.programs import run
from tests.imaging.transcoded import samples
from tests.makers import EXPLICIT, make_instance
from tests.makers.images import JPEG_BASELINE, JPEG_LS, make_image

VALUES = np.random.default_rng(2).integers(0, 4096, (16, 20)).astype("u2")


@pytest.mark.skipif(shutil.which("storescu") is None, reason="DCMTK is not installed")
def test_what_a_scanner_sends_is_kept_small_and_handed_out_plain(tmp_path: Path) -> None:
    file = tmp_path / "slice.dcm"
    file.write_bytes(make_image(VALUES, bits_stored=12))
    out = tmp_path / "out"
    out.mkdir()

    with in_process(tmp_path, {"IngestTranscoding": JPEG_LS}) as house:
        assert house.get("/system")["IngestTranscoding"] == JPEG_LS
        run("storescu", "-aec", "ORTHANC", "127.0.0.1", house.dicom_port, file)
        (id,) = house.get("/instances")
        stored = house.ask("GET", f"/instances/{id}/metadata/TransferSyntax").body
        kept = house.file(id)
        report = house.upload(make_instance("SR"))
        run(
            *("getscu", "-S", "-aec", "ORTHANC", "-od", out, "127.0.0.1", house.dicom_port),
            *("-k", "QueryRetrieveLevel=STUDY", "-k", f"StudyInstanceUID={pydicom.dcmread(file).StudyInstanceUID}"),
        )

    assert stored == JPEG_LS.encode()
    assert np.array_equal(samples(kept), VALUES)
    assert report["Status"] == "Success"
    received = [path.read_bytes() for path in out.iterdir() if path.name.startswith("CT")]
    (image,) = received
    assert pydicom.dcmread(io.BytesIO(image)).file_meta.TransferSyntaxUID == EXPLICIT
    assert np.array_equal(samples(image), VALUES)


def test_a_lossy_copy_is_told_by_its_own_identifier(tmp_path: Path) -> None:
    data = make_image((VALUES // 16).astype("u1"))

    with in_process(tmp_path, {"IngestTranscoding": JPEG_BASELINE, "DicomLossyTranscodingQuality": 40}) as house:
        told = house.upload(data)
        again = house.ask("POST", "/instances", data).json
        ds = pydicom.dcmread(io.BytesIO(house.file(told["ID"])))

        assert again["Status"] == "AlreadyStored"
        assert again["ID"] == told["ID"]
        assert house.counts()[3] == 1
        assert len(house.kept_files()) == 1
        assert house.spooled() == []
    assert ds.SOPInstanceUID != pydicom.dcmread(io.BytesIO(data)).SOPInstanceUID
    assert ds.LossyImageCompression == "01"


@pytest.mark.parametrize("syntax", ["1.2.3", "1.2.840.10008.1.2.4.102"])
def test_a_syntax_that_nobody_encodes_ends_the_start(tmp_path: Path, syntax: str) -> None:
    with pytest.raises(ConfigError, match="IngestTranscoding"), in_process(tmp_path, {"IngestTranscoding": syntax}):
        pass
