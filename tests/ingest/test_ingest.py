"""Taking in: Part 10 files and data sets, whole and broken, and the quarantine of what peers sent in vain."""

import gzip
import json
from collections.abc import Iterator
from pathlib import Path

import pytest

from pacsberry.archive import Archive, ArchiveSettings, Spool
from pacsberry.dicom.encoding import file_meta
from pacsberry.errors import UnreadableDicom
from pacsberry.ingest import Ingest, MismatchedDataset, Quarantine, Reader
from pacsberry.model import KeepStatus, Level, Origin, Receipt
from tests.makers import BIG_ENDIAN, DEFLATED, EXPLICIT, IMPLICIT, NATIVE_SYNTAXES, bare, make_dataset, make_instance

RECEIPT = Receipt(Origin.DICOM, "192.0.2.1", "SCANNER", "PACSBERRY")
UPLOAD = Receipt(Origin.REST_API, "127.0.0.1")
JPEG = "1.2.840.10008.1.2.4.50"


class Box:
    """An archive with its way in."""

    def __init__(self, folder: Path, quarantine_bytes: int = 10**6) -> None:
        self.folder = folder
        reader = Reader(default_encoding=lambda: "Latin1")
        settings = ArchiveSettings(reading=reader.reading, reserve_bytes=0)
        self.archive = Archive(storage=folder, index=folder / "index.sqlite3", settings=settings)
        self.quarantine = Quarantine(folder / "quarantine", maximum_bytes=quarantine_bytes)
        self.ingest = Ingest(archive=self.archive, reader=reader, quarantine=self.quarantine)

    def spool(self, *pieces: bytes) -> Spool:
        spool = self.archive.spool()
        for piece in pieces:
            spool.write(piece)
        return spool

    def files(self, folder: str) -> list[Path]:
        return sorted(path for path in (self.folder / folder).rglob("*") if path.is_file())


@pytest.fixture
def box(tmp_path: Path) -> Iterator[Box]:
    box = Box(tmp_path)
    box.archive.start()
    yield box
    box.archive.stop()


@pytest.mark.parametrize("syntax", NATIVE_SYNTAXES)
def test_an_uploaded_file_is_kept_byte_for_byte_in_every_syntax(box: Box, syntax: str) -> None:
    part10 = make_instance("CT", transfer_syntax=syntax)

    with box.spool(part10) as spool:
        kept = box.ingest.accept(spool, UPLOAD)

    assert kept.status is KeepStatus.SUCCESS
    assert [path.read_bytes() for path in box.files("files")] == [part10]


@pytest.mark.parametrize("length", [0, 100, 131, 132, 200, 999, -1])
def test_a_file_cut_anywhere_is_refused_and_leaves_nothing(box: Box, length: int) -> None:
    part10 = make_instance("CT", transfer_syntax=EXPLICIT)

    with box.spool(part10[:length]) as spool, pytest.raises(UnreadableDicom):
        box.ingest.accept(spool, UPLOAD)

    assert box.files("files") == []
    assert box.files("spool") == []


@pytest.mark.parametrize("syntax", [JPEG, DEFLATED])
def test_a_cut_file_is_refused_although_its_pixels_do_not_say_how_long_they_are(box: Box, syntax: str) -> None:
    part10 = make_instance("CT", transfer_syntax=syntax, rows=256, columns=256)
    with box.spool(part10) as spool:
        box.ingest.accept(spool, UPLOAD)

    cut = make_instance("CT", transfer_syntax=syntax, rows=256, columns=256, instance=2)[:-600]
    with box.spool(cut) as spool, pytest.raises(UnreadableDicom):
        box.ingest.accept(spool, UPLOAD)

    assert len(box.files("files")) == 1


@pytest.mark.parametrize("syntax", [IMPLICIT, EXPLICIT, BIG_ENDIAN, JPEG])
@pytest.mark.parametrize("missing", [1, 7, 40, 45])
def test_a_file_cut_inside_an_element_behind_its_pixels_is_refused(box: Box, syntax: str, missing: int) -> None:
    behind = {"DataSetTrailingPadding": b"\x01" * 40}  # an element of 48 bytes, or of 52 with an explicit VR
    whole = make_instance("CT", transfer_syntax=syntax, tags=behind)

    with box.spool(whole[:-missing]) as spool, pytest.raises(UnreadableDicom):
        box.ingest.accept(spool, UPLOAD)
    assert box.files("files") == []

    with box.spool(whole) as spool:
        assert box.ingest.accept(spool, UPLOAD).status is KeepStatus.SUCCESS


def test_a_file_without_pixels_cut_inside_an_element_behind_its_identifiers_is_refused(box: Box) -> None:
    whole = make_instance("SR", transfer_syntax=EXPLICIT, tags={"DataSetTrailingPadding": b"\x01" * 40})

    with box.spool(whole[:-1]) as spool, pytest.raises(UnreadableDicom):
        box.ingest.accept(spool, UPLOAD)


def test_zeros_that_pad_a_file_are_kept(box: Box) -> None:
    padded = make_instance("CT", transfer_syntax=EXPLICIT) + bytes(500)

    with box.spool(padded) as spool:
        assert box.ingest.accept(spool, UPLOAD).status is KeepStatus.SUCCESS


def test_a_data_set_is_kept_behind_its_file_meta_information(box: Box) -> None:
    dataset = make_dataset("MR")
    meta = file_meta(dataset.SOPClassUID, dataset.SOPInstanceUID, EXPLICIT, source_aet="SCANNER")

    with box.spool(meta, bare(dataset)) as spool:
        kept = box.ingest.accept_dataset(
            spool,
            RECEIPT,
            transfer_syntax_uid=EXPLICIT,
            sop_class_uid=dataset.SOPClassUID,
            sop_uid=dataset.SOPInstanceUID,
        )

    assert kept.identifiers.sop_uid == dataset.SOPInstanceUID
    assert [path.read_bytes() for path in box.files("files")] == [meta + bare(dataset)]


@pytest.mark.parametrize("wrong", ["class", "instance"])
def test_a_data_set_that_is_not_the_announced_one_goes_to_quarantine(box: Box, wrong: str) -> None:
    dataset = make_dataset("MR")
    sop_class = "1.2.3" if wrong == "class" else dataset.SOPClassUID
    sop_uid = "1.2.3" if wrong == "instance" else dataset.SOPInstanceUID
    meta = file_meta(sop_class, sop_uid, EXPLICIT, source_aet="SCANNER")

    with box.spool(meta, bare(dataset)) as spool, pytest.raises(MismatchedDataset):
        box.ingest.accept_dataset(
            spool, RECEIPT, transfer_syntax_uid=EXPLICIT, sop_class_uid=sop_class, sop_uid=sop_uid
        )

    assert box.files("files") == []
    refused, reason = box.files("quarantine")
    assert refused.read_bytes() == meta + bare(dataset)
    facts = json.loads(reason.read_text())
    assert facts["remote_aet"] == "SCANNER"
    assert "1.2.3" in facts["reason"]


def test_a_data_set_without_study_is_quarantined_with_the_reason(box: Box) -> None:
    dataset = make_dataset("MR", tags={"StudyInstanceUID": None})
    meta = file_meta(dataset.SOPClassUID, dataset.SOPInstanceUID, EXPLICIT, source_aet="SCANNER")

    with box.spool(meta, bare(dataset)) as spool, pytest.raises(UnreadableDicom, match="StudyInstanceUID"):
        box.ingest.accept_dataset(
            spool,
            RECEIPT,
            transfer_syntax_uid=EXPLICIT,
            sop_class_uid=dataset.SOPClassUID,
            sop_uid=dataset.SOPInstanceUID,
        )

    assert "StudyInstanceUID" in box.files("quarantine")[1].read_text()


def test_a_missing_patient_id_is_accepted_as_empty(box: Box) -> None:
    with box.spool(make_instance("CT", tags={"PatientID": None})) as spool:
        kept = box.ingest.accept(spool, UPLOAD)

    assert kept.identifiers.patient_id == ""
    assert kept.identifiers.orthanc_id(Level.PATIENT) == "da39a3ee-5e6b4b0d-3255bfef-95601890-afd80709"


def test_what_was_packed_on_its_way_lies_packed_in_the_quarantine(box: Box) -> None:
    box.archive.files.packs = True
    content = b"is no DICOM " * 2000

    for _ in range(2):
        with box.spool(content) as spool, pytest.raises(UnreadableDicom):
            box.ingest.accept_dataset(spool, RECEIPT, transfer_syntax_uid="1", sop_class_uid="1", sop_uid="1")

    names = [path.name.partition(".")[2] for path in box.files("quarantine")]
    assert sorted(names) == ["dcm.gz", "dcm.gz", "json", "json"]
    assert gzip.decompress(next((box.folder / "quarantine").glob("*.gz")).read_bytes()) == content
    box.archive.files.packs = False
    with box.spool(content) as spool:  # they count, and go with their reasons
        Quarantine(box.folder / "quarantine", maximum_bytes=len(content)).put(spool, RECEIPT, "no")
    assert sorted(path.name.partition(".")[2] for path in box.files("quarantine")) == ["dcm", "json"]


def test_a_full_quarantine_lets_the_oldest_go(tmp_path: Path) -> None:
    box = Box(tmp_path, quarantine_bytes=250)
    box.archive.start()
    try:
        for number in range(5):
            with box.spool(bytes([number]) * 100) as spool:
                box.quarantine.put(spool, RECEIPT, f"reason {number}")
        with box.spool(b"x" * 251) as spool:
            assert box.quarantine.put(spool, RECEIPT, "too large") is None

        kept = [path.read_bytes()[0] for path in box.files("quarantine") if path.suffix == ".dcm"]
        assert sorted(kept) == [3, 4]
        assert len(box.files("quarantine")) == 4
        assert box.files("spool") == []
    finally:
        box.archive.stop()


def test_recovery_reads_real_files(box: Box, tmp_path: Path) -> None:
    with box.spool(make_instance("CT", patient_id="Ünal")) as spool:
        box.ingest.accept(spool, UPLOAD)
    box.archive.stop()
    for path in tmp_path.glob("index.sqlite3*"):
        path.unlink()
    again = Box(tmp_path)
    found = again.archive.start()
    try:
        assert found.rebuilt is not None
        assert found.rebuilt.found["instances"] == 1
        with again.archive.index.read() as connection:
            assert connection.execute("SELECT origin FROM origins").fetchall() == [("RestApi",)]
    finally:
        again.archive.stop()
        box.archive = again.archive
        box.archive.start()
