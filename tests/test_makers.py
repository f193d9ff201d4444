"""The makers make what they say: files that pydicom and DCMTK read, the same on every run, different where asked."""

import io
import subprocess
from pathlib import Path

import pytest
from pydicom import dcmread

from tests.makers import BIG_ENDIAN, EXPLICIT, KINDS, NATIVE_SYNTAXES, bare, make_dataset, make_instance, make_study


@pytest.mark.parametrize("transfer_syntax", NATIVE_SYNTAXES, ids=lambda uid: uid.name)
def test_every_kind_is_read_by_pydicom_and_by_dcmtk(transfer_syntax: str, tmp_path: Path) -> None:
    for kind in KINDS:
        (tmp_path / f"{kind}.dcm").write_bytes(make_instance(kind, transfer_syntax=transfer_syntax))

    subprocess.run(["dcmdump", "--quiet", "--scan-directories", str(tmp_path)], stdout=subprocess.DEVNULL, check=True)
    for kind, what in KINDS.items():
        ds = dcmread(tmp_path / f"{kind}.dcm")
        assert (ds.SOPClassUID, ds.Modality) == (what.sop_class_uid, what.modality)
        assert ds.file_meta.TransferSyntaxUID == transfer_syntax


def test_the_same_arguments_give_the_same_bytes_and_another_number_another_instance() -> None:
    assert make_instance(rows=64) == make_instance(rows=64)
    assert make_dataset(instance=2).SOPInstanceUID != make_dataset(instance=1).SOPInstanceUID
    assert make_dataset(instance=2).SeriesInstanceUID == make_dataset(instance=1).SeriesInstanceUID
    assert make_dataset(study=2).StudyInstanceUID != make_dataset(study=1).StudyInstanceUID


def test_a_study_has_a_series_for_each_kind() -> None:
    datasets = [dcmread(io.BytesIO(file)) for file in make_study(patient_id="P7", series={"CT": 2, "SR": 1})]

    assert [ds.Modality for ds in datasets] == ["CT", "CT", "SR"]
    assert len({ds.StudyInstanceUID for ds in datasets}) == 1
    assert len({ds.SeriesInstanceUID for ds in datasets}) == 2
    assert len({ds.SOPInstanceUID for ds in datasets}) == 3


def test_pixels_have_the_asked_size_and_the_byte_order_of_the_transfer_syntax() -> None:
    little = make_dataset(rows=30, columns=20, transfer_syntax=EXPLICIT).PixelData
    big = make_dataset(rows=30, columns=20, transfer_syntax=BIG_ENDIAN).PixelData

    assert len(little) == 30 * 20 * 2
    assert little != big
    assert little[::2] == big[1::2]


def test_tags_are_set_last_and_none_removes_one() -> None:
    ds = make_dataset(tags={"PatientName": "Müller^Änne", "AccessionNumber": None}, charset="ISO_IR 100")

    assert "Müller".encode("latin-1") in bare(ds)
    assert "AccessionNumber" not in ds
