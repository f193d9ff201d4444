"""The bench's own data: CT and MR series, one large multi-frame object, tiny studies, C-FIND queries.

Written as Part 10 files in Explicit VR Little Endian by a few lines of `struct`, because 20 000 objects are made
at every run. UIDs, names and pixels are the same at every run.
"""

import struct
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

from tests.bench import anatomy
from tests.bench.pixels import CHEST, HEAD, slices

CT_SIDE, MR_SIDE = 512, 256
STUDIES = 4  # the CT and the MR set each; one for each of four senders
_ROOT = "2.25.3141592653"  # PS3.5 B.2: a UID made from a number of our own
_EXPLICIT_LITTLE = "1.2.840.10008.1.2.1"
_CT, _MR = "1.2.840.10008.5.1.4.1.1.2", "1.2.840.10008.5.1.4.1.1.4"
_SECONDARY_CAPTURE, _XA = "1.2.840.10008.5.1.4.1.1.7", "1.2.840.10008.5.1.4.1.1.12.1"
_LONG_LENGTH = frozenset(("OB", "OW", "SQ", "UN", "UT"))  # PS3.5 7.1.2: two reserved bytes and a 32-bit length
_FAMILIES = ("SMITH", "GARCIA", "MEIER", "ROSSI", "DUBOIS", "NOVAK", "JANSEN", "SILVA", "KOWALSKI", "HANSEN")
_MR_PRIVATE_BYTES = 2300  # scanners keep protocols in private elements: an MR slice is 135 KB, not 132


@dataclass(frozen=True, slots=True)
class ImageSet:
    """Files of one kind on disk, a folder for each study."""

    name: str
    folders: tuple[Path, ...]
    study_uids: tuple[str, ...]
    files: tuple[Path, ...]
    total_bytes: int

    @property
    def count(self) -> int:
        """How many instances the set holds."""
        return len(self.files)


def make_ct(folder: Path, count: int) -> ImageSet:
    """`count` CT slices of 512 x 512 pixels, 526 KB each, in four studies."""
    return _make_set("ct", folder, _CT, "CT", 1, slices(count, CT_SIDE, CHEST, seed=1), CT_SIDE, count)


def make_mr(folder: Path, count: int) -> ImageSet:
    """`count` MR slices of 256 x 256 pixels, 135 KB each, in four studies."""
    return _make_set("mr", folder, _MR, "MR", 2, slices(count, MR_SIDE, HEAD, seed=2), MR_SIDE, count)


def make_stack(folder: Path, count: int) -> ImageSet:
    """One CT series of `count` slices, as a class opens it."""
    pictures = anatomy.slices(count, CT_SIDE, seed=4)
    return _make_set("stack", folder, _CT, "CT", 6, pictures, CT_SIDE, count, studies=1)


def sop_uid_of_stack(slice_number: int) -> str:
    """The SOP Instance UID of a slice of `make_stack`, counted from 0."""
    return _uid(6, 0, 0, 0, slice_number)


def series_uid_of_stack() -> str:
    """Its Series Instance UID."""
    return _uid(6, 0, 0, 0)


def make_large(folder: Path, megabytes: int) -> ImageSet:
    """One multi-frame object of about `megabytes` million bytes, in a study of its own."""
    frames = max(1, megabytes * 1_000_000 // (2 * CT_SIDE * CT_SIDE))
    study, series, sop = _uid(3, 0, 0), _uid(3, 0, 0, 0), _uid(3, 0, 0, 0, 0)
    tags = (
        _tags(_XA, "XA", "LARGE", "LARGE^ONE", study, series, sop, number=1)
        | {0x00280008: ("IS", str(frames))}
        | _image_tags(CT_SIDE)
    )
    folder.mkdir(parents=True)
    path = folder / "large.dcm"
    with path.open("wb") as file:
        file.write(_meta(_XA, sop))
        file.write(_encode(tags))
        file.write(struct.pack("<HH2sHI", 0x7FE0, 0x0010, b"OW", 0, frames * 2 * CT_SIDE * CT_SIDE))
        for picture in slices(frames, CT_SIDE, CHEST, seed=3):
            file.write(picture)
    return ImageSet("large", (folder,), (study,), (path,), path.stat().st_size)


def tiny_patient_id(number: int) -> str:
    """The PatientID of a tiny study."""
    return f"TINY{number:06d}"


def tiny_study_uid(number: int) -> str:
    """The StudyInstanceUID of a tiny study."""
    return _uid(4, number, 0)


def tiny_objects(count: int) -> Iterator[bytes]:
    """`count` files of 0.9 KB, each a patient and a study of its own; every tenth patient is called SMITH."""
    for number in range(count):
        study = tiny_study_uid(number)
        sop = f"{study}.1.1"
        name = f"{_FAMILIES[number % 10]}^PATIENT{number}"
        tags = _tags(_SECONDARY_CAPTURE, "OT", tiny_patient_id(number), name, study, f"{study}.1", sop, number=1)
        yield _meta(_SECONDARY_CAPTURE, sop) + _encode(tags | _matrix_tags(8) | {0x7FE00010: ("OW", bytes(128))})


def ct_dataset(patient_id: str, study: str, series: str, sop: str) -> bytes:
    """The data set of one CT slice, as a C-STORE brings it, under identifiers of the caller's."""
    (picture,) = slices(1, CT_SIDE, CHEST, seed=1)
    tags = _tags(_CT, "CT", patient_id, f"BENCH^{patient_id}", study, series, sop, number=1)
    return _encode(tags | _image_tags(CT_SIDE) | {0x7FE00010: ("OW", picture)})


def make_queries(folder: Path, numbers: Iterator[int]) -> list[Path]:
    """Study-level C-FIND identifiers for findscu, each for one PatientID among the tiny studies."""
    folder.mkdir(parents=True, exist_ok=True)
    paths = []
    for number in numbers:
        tags: dict[int, tuple[str, str | bytes]] = {
            0x00080005: ("CS", "ISO_IR 100"), 0x00080020: ("DA", ""), 0x00080052: ("CS", "STUDY"),
            0x00080050: ("SH", ""), 0x00081030: ("LO", ""), 0x00100010: ("PN", ""),
            0x00100020: ("LO", tiny_patient_id(number)), 0x0020000D: ("UI", ""),
        }  # fmt: skip
        path = folder / f"{number}.dcm"
        path.write_bytes(_meta(_SECONDARY_CAPTURE, _uid(5, number, 0)) + _encode(tags))
        paths.append(path)
    return paths


def _make_set(
    name: str,
    folder: Path,
    sop_class: str,
    modality: str,
    root: int,
    pictures: Iterator[bytes],
    side: int,
    count: int,
    *,
    studies: int = STUDIES,
) -> ImageSet:
    per_study = -(-count // studies)
    folders: list[Path] = []
    study_uids: list[str] = []
    files: list[Path] = []
    total = 0
    for number, picture in enumerate(pictures):
        study, slice_number = divmod(number, per_study)
        if slice_number == 0:
            folders.append(folder / f"study{study}")
            folders[-1].mkdir(parents=True)
            study_uids.append(_uid(root, study, 0))
        series, sop = _uid(root, study, 0, 0), _uid(root, study, 0, 0, slice_number)
        patient = f"{modality}{study}"
        tags = _tags(sop_class, modality, patient, f"BENCH^{patient}", study_uids[-1], series, sop, slice_number + 1)
        tags |= _image_tags(side, slice_number) | {0x7FE00010: ("OW", picture)}
        if sop_class == _MR:
            tags |= {0x00281050: ("DS", "300"), 0x00281051: ("DS", "600"), 0x00281052: ("DS", "0")}
            tags |= {0x00290010: ("LO", "BENCH"), 0x00291010: ("OB", bytes(range(230)) * (_MR_PRIVATE_BYTES // 230))}
        content = _meta(sop_class, sop) + _encode(tags)
        path = folders[-1] / f"{slice_number:06d}.dcm"
        path.write_bytes(content)
        files.append(path)
        total += len(content)
    return ImageSet(name, tuple(folders), tuple(study_uids), tuple(files), total)


def _uid(*numbers: int) -> str:
    return ".".join((_ROOT, *(str(number + 1) for number in numbers)))


def _tags(
    sop_class: str, modality: str, patient_id: str, name: str, study: str, series: str, sop: str, number: int
) -> dict[int, tuple[str, str | bytes]]:
    """The attributes a scanner sends: enough that a viewer and the index find all they look for."""
    return {
        0x00080005: ("CS", "ISO_IR 100"), 0x00080008: ("CS", "ORIGINAL\\PRIMARY\\AXIAL"), 0x00080016: ("UI", sop_class),
        0x00080018: ("UI", sop), 0x00080020: ("DA", "20260301"), 0x00080021: ("DA", "20260301"),
        0x00080030: ("TM", "101530"), 0x00080050: ("SH", f"A{patient_id}"), 0x00080060: ("CS", modality),
        0x00080070: ("LO", "Pacsberry"), 0x00080080: ("LO", "School of the bench"), 0x00080090: ("PN", "HOUSE^GREGORY"),
        0x00081030: ("LO", f"{modality} of {name}"), 0x0008103E: ("LO", "Thin slices"), 0x00100010: ("PN", name),
        0x00100020: ("LO", patient_id), 0x00100030: ("DA", "19700101"), 0x00100040: ("CS", "O"),
        0x0020000D: ("UI", study), 0x0020000E: ("UI", series), 0x00200010: ("SH", "1"), 0x00200011: ("IS", "1"),
        0x00200013: ("IS", str(number)),
    }  # fmt: skip


def _image_tags(side: int, slice_number: int = 0) -> dict[int, tuple[str, str | bytes]]:
    """A square slice, 1 mm from its neighbors: its pixels, where it lies in space, how it is shown."""
    return _matrix_tags(side) | {
        0x00200032: ("DS", f"-180\\-180\\{slice_number}.5"), 0x00200037: ("DS", "1\\0\\0\\0\\1\\0"),
        0x00280030: ("DS", "0.703125\\0.703125"), 0x00281050: ("DS", "40"), 0x00281051: ("DS", "400"),
        0x00281052: ("DS", "-1024"), 0x00281053: ("DS", "1"),
    }  # fmt: skip


def _matrix_tags(side: int) -> dict[int, tuple[str, str | bytes]]:
    """The image pixel module (PS3.3 C.7.6.3) of a square picture of 16-bit pixels."""
    return {
        0x00280002: ("US", _us(1)), 0x00280004: ("CS", "MONOCHROME2"), 0x00280010: ("US", _us(side)),
        0x00280011: ("US", _us(side)), 0x00280100: ("US", _us(16)), 0x00280101: ("US", _us(12)),
        0x00280102: ("US", _us(11)), 0x00280103: ("US", _us(0)),
    }  # fmt: skip


def _us(value: int) -> bytes:
    return struct.pack("<H", value)


def _encode(tags: Mapping[int, tuple[str, str | bytes]]) -> bytes:
    """Explicit VR Little Endian (PS3.5 7.1.2), in the order of the tags."""
    parts = []
    for tag in sorted(tags):
        vr, value = tags[tag]
        if isinstance(value, str):
            value = value.encode("latin-1")
        if len(value) % 2:
            value += b"\0" if vr in ("UI", "OB") else b" "
        if vr in _LONG_LENGTH:
            parts.append(struct.pack("<HH2sHI", tag >> 16, tag & 0xFFFF, vr.encode(), 0, len(value)))
        else:
            parts.append(struct.pack("<HH2sH", tag >> 16, tag & 0xFFFF, vr.encode(), len(value)))
        parts.append(value)
    return b"".join(parts)


def _meta(sop_class: str, sop: str) -> bytes:
    """Preamble and file meta information (PS3.10 7.1)."""
    group = _encode({
        0x00020001: ("OB", b"\0\1"), 0x00020002: ("UI", sop_class), 0x00020003: ("UI", sop),
        0x00020010: ("UI", _EXPLICIT_LITTLE), 0x00020012: ("UI", f"{_ROOT}.0"),
    })  # fmt: skip
    return bytes(128) + b"DICM" + _encode({0x00020000: ("UL", struct.pack("<I", len(group)))}) + group
