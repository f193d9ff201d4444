"""Instances and studies, deterministic: the same arguments give the same UIDs and the same bytes.

UIDs are derived from `patient_id` and the numbers `study`, `series` and `instance`, so two calls that differ
in one number differ in that level and below, and a repeated call gives a file the archive already has.
"""

import hashlib
import io
from collections.abc import Mapping, Sequence
from typing import TypedDict, Unpack

from pydicom import dcmwrite
from pydicom.dataset import Dataset, FileDataset, FileMetaDataset
from pydicom.encaps import encapsulate
from pydicom.uid import UID

from tests.makers.kinds import KINDS, Kind
from tests.makers.pixels import ramp
from tests.makers.syntaxes import BIG_ENDIAN, EXPLICIT

_IMPLEMENTATION_UID = UID("2.25.105353870935938870411183120317310611717")


class StudyHow(TypedDict, total=False):
    """The arguments of `make_study` that it hands on to each instance."""

    patient_id: str
    patient_name: str
    study: int
    study_uid: str | None
    charset: str | Sequence[str] | None
    transfer_syntax: str
    rows: int
    columns: int
    frames: int
    tags: Mapping[str, object] | None


class How(StudyHow, total=False):
    """The arguments of `make_instance`, those of `make_dataset`."""

    series: int
    instance: int
    series_uid: str | None
    sop_uid: str | None


def uid_for(*parts: object) -> str:
    """A UID that depends on nothing but `parts`, in the UUID form (PS3.5 B.2)."""
    digest = hashlib.sha256("|".join(map(str, parts)).encode()).digest()
    return f"2.25.{int.from_bytes(digest[:16], 'big')}"


def make_dataset(
    kind: str = "CT",
    *,
    patient_id: str = "PATIENT-1",
    patient_name: str = "Test^Patient",
    study: int = 1,
    series: int = 1,
    instance: int = 1,
    study_uid: str | None = None,
    series_uid: str | None = None,
    sop_uid: str | None = None,
    charset: str | Sequence[str] | None = "ISO_IR 192",
    transfer_syntax: str = EXPLICIT,
    rows: int = 16,
    columns: int = 16,
    frames: int = 1,
    tags: Mapping[str, object] | None = None,
) -> FileDataset:
    """A data set of one of KINDS with its file meta information.

    `tags` are set last, by keyword; None removes the element. `charset` None leaves (0008,0005) out. In an
    encapsulated transfer syntax the frames are opaque bytes that no decoder accepts.
    """
    what = KINDS[kind]
    ds = FileDataset("", {}, preamble=b"\x00" * 128)
    if charset is not None:
        ds.SpecificCharacterSet = charset if isinstance(charset, str) else list(charset)
    ds.SOPClassUID = what.sop_class_uid
    ds.StudyInstanceUID = study_uid or uid_for(patient_id, study)
    ds.SeriesInstanceUID = series_uid or uid_for(patient_id, study, kind, series)
    ds.SOPInstanceUID = sop_uid or uid_for(ds.StudyInstanceUID, ds.SeriesInstanceUID, instance)
    ds.Modality = what.modality
    _patient(ds, patient_id, patient_name)
    _study(ds, study)
    _series(ds, series)
    ds.InstanceNumber = instance
    what.fill(ds)
    if what.bits_allocated:
        _pixels(ds, what, UID(transfer_syntax), (rows, columns, frames))
    for keyword, value in (tags or {}).items():
        if value is not None:
            setattr(ds, keyword, value)
        elif keyword in ds:
            delattr(ds, keyword)
    ds.file_meta = _meta(ds, what, transfer_syntax)
    return ds


def make_instance(kind: str = "CT", **how: Unpack[How]) -> bytes:
    """One Part 10 file; the arguments are those of `make_dataset`."""
    return part10(make_dataset(kind, **how))


def make_study(*, series: Mapping[str, int] | None = None, **how: Unpack[StudyHow]) -> list[bytes]:
    """One study: {kind: number of instances}, one series per kind, in that order (default: three CT slices)."""
    plan = series or {"CT": 3}
    return [
        make_instance(kind, series=number, instance=instance, **how)
        for number, (kind, instances) in enumerate(plan.items(), start=1)
        for instance in range(1, instances + 1)
    ]


def part10(ds: Dataset) -> bytes:
    """The data set as a Part 10 file in the transfer syntax that its file meta names (PS3.10 7.1)."""
    out = io.BytesIO()
    dcmwrite(out, ds, enforce_file_format=True)
    return out.getvalue()


def bare(ds: Dataset) -> bytes:
    """The data set as it travels in C-STORE: without preamble and file meta information."""
    whole = part10(ds)
    group_length = int.from_bytes(whole[140:144], "little")  # preamble 128, 'DICM' 4, header of (0002,0000) 8
    return whole[144 + group_length :]


def _patient(ds: Dataset, patient_id: str, patient_name: str) -> None:
    ds.PatientName = patient_name
    ds.PatientID = patient_id
    ds.PatientBirthDate = "19700101"
    ds.PatientSex = "O"


def _study(ds: Dataset, study: int) -> None:
    ds.StudyDate, ds.StudyTime = "20260105", "101500"
    ds.AccessionNumber = f"ACC{study:05}"
    ds.ReferringPhysicianName = ""
    ds.StudyID = str(study)
    ds.StudyDescription = "Made for a test"


def _series(ds: Dataset, series: int) -> None:
    ds.SeriesNumber = series
    ds.SeriesDate, ds.SeriesTime = "20260105", "102000"
    ds.SeriesDescription = f"Series {series}"
    ds.Manufacturer = "Pacsberry tests"
    ds.FrameOfReferenceUID = uid_for(ds.SeriesInstanceUID, "frame of reference")


def _pixels(ds: Dataset, what: Kind, transfer_syntax: UID, shape: tuple[int, int, int]) -> None:
    rows, columns, frames = shape
    ds.SamplesPerPixel = what.samples
    ds.PhotometricInterpretation = "MONOCHROME2" if what.samples == 1 else "RGB"
    if what.samples > 1:
        ds.PlanarConfiguration = 0
    ds.Rows, ds.Columns = rows, columns
    if what.is_multi_frame or frames > 1:
        ds.NumberOfFrames = frames
    ds.BitsAllocated = what.bits_allocated
    ds.BitsStored = 12 if what.bits_allocated == 16 else 8
    ds.HighBit = ds.BitsStored - 1
    ds.PixelRepresentation = 0
    seed = int(ds.InstanceNumber)
    if transfer_syntax.is_encapsulated:
        opaque = [hashlib.sha256(f"{seed}|{frame}".encode()).digest() for frame in range(frames)]
        ds.PixelData = encapsulate(opaque)
        ds["PixelData"].VR = "OB"
        ds["PixelData"].is_undefined_length = True
        return
    ds.PixelData = ramp(
        rows=rows,
        columns=columns,
        frames=frames,
        bits_allocated=what.bits_allocated,
        samples=what.samples,
        seed=seed,
        big_endian=transfer_syntax == BIG_ENDIAN,
    )
    ds["PixelData"].VR = "OW" if what.bits_allocated == 16 else "OB"


def _meta(ds: Dataset, what: Kind, transfer_syntax: str) -> FileMetaDataset:
    meta = FileMetaDataset()
    meta.MediaStorageSOPClassUID = what.sop_class_uid
    meta.MediaStorageSOPInstanceUID = ds.SOPInstanceUID if "SOPInstanceUID" in ds else UID(uid_for("no instance UID"))
    meta.TransferSyntaxUID = UID(transfer_syntax)
    meta.ImplementationClassUID = _IMPLEMENTATION_UID
    meta.ImplementationVersionName = "PACSBERRY_TESTS"
    return meta
