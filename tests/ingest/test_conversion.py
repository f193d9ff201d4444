"""IngestTranscoding: what is converted on arrival, what is kept as it came, and that nothing is converted twice."""

import gzip
import io
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import numpy as np
import pydicom
import pytest
from pydicom.dataset import FileDataset

from pacsberry.archive import Archive, ArchiveSettings, Spool
from pacsberry.dicom.encoding import file_meta
from pacsberry.errors import UnreadableDicom
from pacsberry.imaging.limits import Limits, NoWorker
from pacsberry.imaging.on_arrival import ArrivalRules, ArrivalTranscoder
from pacsberry.imaging.pictures import Pictures
from pacsberry.ingest import Ingest, Quarantine, Reader
from pacsberry.model import Header, KeepStatus, Kept, Level, Origin, OverwritePolicy, Receipt
from tests.imaging.transcoded import samples
from tests.makers import BIG_ENDIAN, EXPLICIT, IMPLICIT, bare, make_dataset, make_instance
from tests.makers.images import JPEG_BASELINE, JPEG_LS, RLE, make_image

UPLOAD = Receipt(Origin.REST_API, "127.0.0.1")
VIDEO = "1.2.840.10008.1.2.4.102"
VALUES = np.random.default_rng(2).integers(0, 256, (16, 20)).astype("u1")


class Box:
    """An archive with its way in, which converts."""

    def __init__(self, folder: Path, rules: ArrivalRules, **settings: object) -> None:
        self.folder = folder
        self.reader = Reader(default_encoding=lambda: "Latin1")
        self.archive = Archive(
            storage=folder,
            index=folder / "index.sqlite3",
            settings=ArchiveSettings(reading=self.reader.reading, reserve_bytes=0, **settings),  # type: ignore[arg-type]
        )
        self.pictures = Pictures(self.archive.files, Limits())
        self.converted = 0
        self.transcoder = ArrivalTranscoder(
            rules, files=self.archive.files, pictures=self.pictures, spool=self.archive.spool
        )
        self.ingest = Ingest(
            archive=self.archive,
            reader=self.reader,
            quarantine=Quarantine(folder / "quarantine", maximum_bytes=10**6),
            conversion=self,
        )

    def becomes(self, header: Header) -> Header | None:
        return self.transcoder.becomes(header)

    def convert(self, spool: Spool, header: Header) -> Spool | None:
        self.converted += 1
        return self.transcoder.convert(spool, header)

    def accept(self, data: bytes, *, restored_from: int | None = None) -> Kept:
        with self.archive.spool() as spool:
            spool.write(data)
            return self.ingest.accept(spool, UPLOAD, restored_from=restored_from)

    @property
    def kept(self) -> bytes:
        (path,) = [path for path in (self.folder / "files").rglob("*") if path.is_file()]
        return gzip.decompress(path.read_bytes()) if path.suffix == ".gz" else path.read_bytes()

    def start(self) -> None:
        self.archive.start()

    def stop(self) -> None:
        self.pictures.stop()
        self.archive.stop()


@contextmanager
def running(folder: Path, rules: ArrivalRules, **settings: object) -> Iterator[Box]:
    box = Box(folder, rules, **settings)
    box.start()
    try:
        yield box
    finally:
        box.stop()


@pytest.fixture
def box(tmp_path: Path) -> Iterator[Box]:
    with running(tmp_path, ArrivalRules(JPEG_LS)) as box:
        yield box


@pytest.fixture
def lossy(tmp_path: Path) -> Iterator[Box]:
    with running(tmp_path, ArrivalRules(JPEG_BASELINE, quality=50)) as box:
        yield box


@pytest.fixture
def packing(tmp_path: Path) -> Iterator[Box]:
    with running(tmp_path, ArrivalRules(BIG_ENDIAN), compression=True) as box:
        yield box


def dataset(data: bytes) -> FileDataset:
    return pydicom.dcmread(io.BytesIO(data))


def test_what_arrives_is_kept_in_the_other_syntax(box: Box) -> None:
    kept = box.accept(make_image(VALUES))

    assert kept.status is KeepStatus.SUCCESS
    assert dataset(box.kept).file_meta.TransferSyntaxUID == JPEG_LS
    assert np.array_equal(samples(box.kept), VALUES)
    (file,) = box.archive.resources.instance_files(Level.INSTANCE, kept.identifiers.orthanc_id(Level.INSTANCE))
    assert file.transfer_syntax_uid == JPEG_LS
    assert file.size == len(box.kept)
    assert not list((box.folder / "spool").iterdir())


def test_a_data_set_of_c_store_is_converted_likewise(box: Box) -> None:
    ds = make_dataset("MR")
    with box.archive.spool() as spool:
        spool.write(file_meta(ds.SOPClassUID, ds.SOPInstanceUID, EXPLICIT, source_aet="SCANNER"))
        spool.write(bare(ds))
        kept = box.ingest.accept_dataset(
            spool,
            UPLOAD,
            transfer_syntax_uid=EXPLICIT,
            sop_class_uid=ds.SOPClassUID,
            sop_uid=ds.SOPInstanceUID,
        )

    assert kept.status is KeepStatus.SUCCESS
    assert dataset(box.kept).file_meta.TransferSyntaxUID == JPEG_LS
    assert dataset(box.kept).file_meta.SourceApplicationEntityTitle == "SCANNER"


def test_the_storage_may_pack_what_was_converted(packing: Box) -> None:
    data = make_instance("CT", rows=128, columns=128)

    packing.accept(data)

    assert dataset(packing.kept).file_meta.TransferSyntaxUID == BIG_ENDIAN
    assert np.array_equal(samples(packing.kept), samples(data))


@pytest.mark.parametrize(
    ("data", "why"),
    [
        (make_image(VALUES, JPEG_LS), "has the syntax"),
        (make_instance("SR"), "has no pixels"),
        (make_instance("CT", transfer_syntax=VIDEO), "is video"),
        (make_image(VALUES.astype("u4")), "has 32 bits"),
        (make_instance("CT", transfer_syntax=JPEG_BASELINE), "has pixels that nobody can decode"),
    ],
)
def test_what_cannot_be_converted_is_kept_as_it_came(box: Box, data: bytes, why: str) -> None:
    assert box.accept(data).status is KeepStatus.SUCCESS

    assert box.kept == data, why
    assert box.converted == (0 if why in ("has the syntax", "has no pixels", "is video") else 1)


@pytest.mark.parametrize(("of_uncompressed", "of_compressed"), [(False, True), (True, False), (False, False)])
def test_uncompressed_and_compressed_images_may_be_left_out(
    tmp_path: Path, of_uncompressed: bool, of_compressed: bool
) -> None:
    rules = ArrivalRules(JPEG_LS, of_uncompressed=of_uncompressed, of_compressed=of_compressed)
    transcoder = ArrivalTranscoder(rules, files=None, pictures=None, spool=None)  # type: ignore[arg-type]
    reader = Reader(default_encoding=lambda: "Latin1")

    def becomes(data: bytes) -> bool:
        return transcoder.becomes(reader.of_file(io.BytesIO(data))) is not None

    assert becomes(make_instance("CT")) is of_uncompressed
    assert becomes(make_instance("CT", transfer_syntax=IMPLICIT)) is of_uncompressed
    assert becomes(make_image(VALUES, RLE)) is of_compressed


def test_objects_without_pixels_change_between_native_syntaxes(tmp_path: Path) -> None:
    with running(tmp_path, ArrivalRules(IMPLICIT)) as box:
        box.accept(make_instance("SR"))

        assert dataset(box.kept).file_meta.TransferSyntaxUID == IMPLICIT
        assert dataset(box.kept) == dataset(make_instance("SR"))


def test_what_loses_something_is_kept_as_another_object_and_only_once(lossy: Box) -> None:
    data = make_image(VALUES)

    first, again = lossy.accept(data), lossy.accept(data)

    assert (first.status, again.status) == (KeepStatus.SUCCESS, KeepStatus.ALREADY_STORED)
    assert first.identifiers == again.identifiers
    assert first.identifiers.sop_uid == dataset(lossy.kept).SOPInstanceUID != dataset(data).SOPInstanceUID
    assert lossy.converted == 1


def test_what_is_there_is_not_converted_again_unless_it_is_to_be_replaced(tmp_path: Path) -> None:
    for number, policy in enumerate(OverwritePolicy):
        with running(tmp_path / str(number), ArrivalRules(JPEG_LS), overwrite=policy) as box:
            box.accept(make_image(VALUES))

            again = box.accept(make_image(VALUES))

            is_replaced = policy is OverwritePolicy.ALWAYS
            assert again.status is (KeepStatus.SUCCESS if is_replaced else KeepStatus.ALREADY_STORED)
            assert box.converted == (1 if policy is OverwritePolicy.NEVER else 2)


def test_what_comes_out_of_a_backup_is_kept_as_it_was(box: Box) -> None:
    data = make_image(VALUES)

    box.accept(data, restored_from=1_700_000_000)

    assert box.kept == data


def test_a_file_cut_short_is_refused_as_ever(box: Box) -> None:
    with pytest.raises(UnreadableDicom):
        box.accept(make_image(VALUES)[:-50])


def test_without_a_worker_things_are_kept_as_they_came(box: Box) -> None:
    box.pictures.stop()
    data = make_image(VALUES)

    assert box.accept(data).status is KeepStatus.SUCCESS

    assert box.kept == data
    with pytest.raises(NoWorker):
        box.pictures.pool.worker().__enter__()


@pytest.mark.parametrize("lie", ["another instance", "another patient", "nonsense"])
def test_a_worker_that_was_taken_over_cannot_smuggle_in_another_object(
    box: Box, monkeypatch: pytest.MonkeyPatch, lie: str
) -> None:
    data = make_image(VALUES)
    other = {
        "another instance": make_image(VALUES, JPEG_LS, instance=5),
        "another patient": make_instance("CT", patient_id="OTHER", sop_uid=str(dataset(data).SOPInstanceUID)),
        "nonsense": bytes(500),
    }[lie]

    def smuggle(spool: Spool, header: Header) -> Spool:
        converted = box.archive.spool()
        converted.write(other)
        return converted

    monkeypatch.setattr(box, "convert", smuggle)

    box.accept(data)

    assert box.kept == data
    assert not list((box.folder / "spool").iterdir())
