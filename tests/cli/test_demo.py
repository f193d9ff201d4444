"""The demo study: valid, the same everywhere, and somebody would want to look at it."""

import io
import itertools
import subprocess
import sys
from pathlib import Path

import pydicom
import pytest
from click.testing import CliRunner

from pacsberry.cli.main import pacsberry as command
from pacsberry.demo import PATIENT_ID, STUDY_UID, demo_files

FILES = list(demo_files())
DATASETS = [pydicom.dcmread(io.BytesIO(content)) for content in FILES]


def test_it_is_one_study_of_twelve_ct_slices_and_a_radiograph() -> None:
    assert [ds.Modality for ds in DATASETS] == ["CT"] * 12 + ["CR"]
    assert {(ds.PatientID, ds.StudyInstanceUID) for ds in DATASETS} == {(PATIENT_ID, STUDY_UID)}
    assert len({ds.SeriesInstanceUID for ds in DATASETS}) == 2
    assert len({ds.SOPInstanceUID for ds in DATASETS}) == 13
    assert [ds.InstanceNumber for ds in DATASETS[:12]] == list(range(1, 13))


def test_it_is_the_same_each_time() -> None:
    assert list(demo_files()) == FILES


@pytest.mark.parametrize("index", range(13))
def test_each_file_is_what_the_standard_asks_for(index: int) -> None:
    content, ds = FILES[index], DATASETS[index]

    assert content[128:132] == b"DICM"
    assert ds.file_meta.TransferSyntaxUID == "1.2.840.10008.1.2.1"
    assert ds.file_meta.MediaStorageSOPInstanceUID == ds.SOPInstanceUID
    assert len(ds.PixelData) == 2 * ds.Rows * ds.Columns
    assert max(memoryview(ds.PixelData).cast("H")) < 1 << ds.BitsStored
    out = io.BytesIO()
    pydicom.dcmwrite(out, ds, enforce_file_format=True)
    assert pydicom.dcmread(io.BytesIO(out.getvalue())) == ds


def test_the_slices_form_a_volume_with_air_lung_and_bone() -> None:
    slices = DATASETS[:12]
    heights = [float(ds.ImagePositionPatient[2]) for ds in slices]
    steps = {above - below for below, above in itertools.pairwise(heights)}
    values = {value + int(ds.RescaleIntercept) for ds in slices for value in memoryview(ds.PixelData).cast("H")}

    assert steps == {float(slices[0].SliceThickness)}
    assert {-1024, -830, 45, 420} < values


def test_the_nodule_is_in_one_slice_on_the_right_side() -> None:
    seen = [
        (ds.InstanceNumber, at % ds.Columns)
        for ds in DATASETS[:12]
        for at, value in enumerate(memoryview(ds.PixelData).cast("H"))
        if value + int(ds.RescaleIntercept) == 55
    ]

    assert len({number for number, _ in seen}) == 1
    assert all(column < 64 for _, column in seen)


def test_the_command_writes_it_into_a_folder(tmp_path: Path) -> None:
    result = CliRunner().invoke(command, ["demo", str(tmp_path / "study")])

    assert result.exit_code == 0
    assert [path.read_bytes() for path in sorted((tmp_path / "study").iterdir())] == FILES


def test_making_it_imports_neither_pydicom_nor_numpy() -> None:
    code = (
        "import sys, pacsberry.demo as d; list(d.demo_files()); print('pydicom' in sys.modules, 'numpy' in sys.modules)"
    )
    done = subprocess.run(
        [sys.executable, "-c", code],
        env={"PYTHONPATH": str(Path(__file__).parents[2] / "server")},
        capture_output=True,
        text=True,
        check=True,
    )

    assert done.stdout == "False False\n"


def test_dcmtk_finds_nothing_to_complain_about(tmp_path: Path) -> None:
    path = tmp_path / "a.dcm"
    for content in (FILES[0], FILES[-1]):
        path.write_bytes(content)
        done = subprocess.run(["dcmdump", "-q", str(path)], capture_output=True, text=True, check=False)
        assert (done.returncode, done.stderr) == (0, "")
