"""Where frames lie."""

import io
import random
import struct
from array import array
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pydicom
import pytest
from pydicom.encaps import generate_frames

from pacsberry.dicom.elements import UNDEFINED
from pacsberry.dicom.frames import Frames
from pacsberry.dicom.part10 import DicomFile
from pacsberry.errors import BadRequest, UnreadableDicom
from tests.dicom.hand_made import BIG_ENDIAN, JPEG, RLE, big, dataset, element, file_of, item, made, open_sequence
from tests.makers import DEFLATED, NATIVE_SYNTAXES, make_instance

J2K = "1.2.840.10008.1.2.4.90"
VIDEO = "1.2.840.10008.1.2.4.102"
SOI = b"\xff\xd8\xff\xe0"


def number(tag: int, value: int) -> bytes:
    return element(tag, "US", struct.pack("<H", value))


def described(
    rows: int, columns: int, *, bits: int = 8, samples: int = 1, frames: str = "1", photometric: str = "MONOCHROME2"
) -> list[bytes]:
    return [
        number(0x00280002, samples),
        element(0x00280004, "CS", photometric),
        element(0x00280008, "IS", frames),
        number(0x00280010, rows),
        number(0x00280011, columns),
        number(0x00280100, bits),
    ]


def frames_of(file: bytes) -> Frames:
    return Frames(DicomFile.open(io.BytesIO(file)))


def all_frames(file: bytes) -> list[bytes]:
    frames = frames_of(file)
    found = [b"".join(frames.chunks(place)) for place in range(frames.count)]
    assert [len(frame) for frame in found] == [frames.length(place) for place in range(frames.count)]
    return found


def encapsulated(
    *fragments: bytes, table: bytes = b"", frames: str = "1", syntax: str = JPEG, extra: bytes = b""
) -> bytes:
    pixels = open_sequence(0x7FE00010, item(table), *map(item, fragments), vr="OB")
    return file_of(dataset(*described(2, 2, frames=frames)) + extra + pixels, syntax)


@pytest.mark.parametrize("syntax", NATIVE_SYNTAXES)
@pytest.mark.parametrize("kind", ["CT", "US-loop", "NM"])
def test_native_frames_are_cut_by_their_size(kind: str, syntax: str) -> None:
    file = make_instance(kind, transfer_syntax=syntax, rows=5, columns=7, frames=3)
    pixels = pydicom.dcmread(io.BytesIO(make_instance(kind, rows=5, columns=7, frames=3))).PixelData

    found = all_frames(file)

    size = len(found[0])
    assert len(found) == 3
    assert b"".join(found) == pixels[: 3 * size]


@pytest.mark.parametrize(
    ("photometric", "samples", "bits", "size"),
    [
        ("MONOCHROME2", 1, 8, 12),
        ("MONOCHROME2", 1, 16, 24),
        ("MONOCHROME2", 1, 32, 48),
        ("RGB", 3, 8, 36),
        ("YBR_FULL", 3, 8, 36),
        ("YBR_FULL_422", 3, 8, 24),
        ("MONOCHROME2", 1, 64, 96),
    ],
)
def test_the_size_of_a_native_frame_follows_its_description(
    photometric: str, samples: int, bits: int, size: int
) -> None:
    how = described(3, 4, bits=bits, samples=samples, frames="2", photometric=photometric)

    assert [len(frame) for frame in all_frames(made(*how, element(0x7FE00010, "OW", bytes(2 * size))))] == [size, size]


@pytest.mark.parametrize("tag", [0x7FE00008, 0x7FE00009])
def test_frames_of_floats_are_found(tag: int) -> None:
    bits = 32 if tag == 0x7FE00008 else 64
    pixels = element(tag, "OF" if bits == 32 else "OD", bytes(range(bits)))

    assert all_frames(made(*described(2, 2, bits=bits, frames="2"), pixels)) == [
        bytes(range(bits // 2)),
        bytes(range(bits // 2, bits)),
    ]


@pytest.mark.parametrize(("rows", "columns"), [(3, 5), (1, 1), (2, 4), (1000, 1001)])
def test_frames_of_single_bits_are_moved_to_the_front(rows: int, columns: int) -> None:
    size = rows * columns
    packed = random.Random(1).randbytes((5 * size + 7) // 8)
    file = made(*described(rows, columns, bits=1, frames="5"), element(0x7FE00010, "OB", packed))
    bits = int.from_bytes(packed, "little")

    for place, frame in enumerate(all_frames(file)):
        assert int.from_bytes(frame, "little") % 2**size == bits >> place * size & (2**size - 1)


@pytest.mark.parametrize("bits", [8, 16, 32])
def test_words_of_big_endian_files_are_turned(bits: int) -> None:
    little = bytes(range(1, 37))
    words = array("H", little)
    words.byteswap()
    content = b"".join(
        big(tag, "US", struct.pack(">H", value))
        for tag, value in ((0x00280002, 1), (0x00280010, 3), (0x00280011, 3), (0x00280100, bits))
    )
    frames = b"".join([big(0x00280008, "IS", str(36 * 8 // bits // 9).encode())])
    file = file_of(
        big(0x00080016, "UI", b"1.2\0") + content[:10] + frames + content[10:] + big(0x7FE00010, "OW", words.tobytes()),
        BIG_ENDIAN,
    )

    assert b"".join(all_frames(file)) == little


def test_there_are_no_more_frames_than_pixels() -> None:
    file = made(*described(2, 2, frames="2000000000"), element(0x7FE00010, "OB", bytes(11)))

    assert frames_of(file).count == 2


@pytest.mark.parametrize(
    "elements",
    [
        [],
        described(2, 2),
        [element(0x7FE00010, "OW", bytes(8))],
        [*described(0, 2), element(0x7FE00010, "OW", bytes(8))],
        [*described(200, 200), element(0x7FE00010, "OW", bytes(8))],
    ],
)
def test_without_pixels_or_their_size_there_is_no_frame(elements: list[bytes]) -> None:
    frames = frames_of(made(*elements))

    assert frames.count == 0
    with pytest.raises(BadRequest, match="no frame 0"):
        frames.pieces(0)


@pytest.mark.parametrize("frames", ["", "0 ", "-1", "x "])
def test_a_missing_number_of_frames_means_one(frames: str) -> None:
    assert frames_of(made(*described(2, 2, frames=frames), element(0x7FE00010, "OB", bytes(16)))).count == 1


@pytest.mark.parametrize("place", [-1, 2, 10**20])
def test_a_frame_beyond_the_last_is_refused(place: int) -> None:
    native = frames_of(made(*described(2, 2, frames="2"), element(0x7FE00010, "OB", bytes(8))))
    compressed = frames_of(encapsulated(b"ab", b"cd", frames="2"))

    for frames in (native, compressed):
        for act in (frames.pieces, frames.length, frames.chunks):
            with pytest.raises(BadRequest):
                act(place)


def test_one_fragment_is_one_frame_when_there_are_as_many() -> None:
    assert all_frames(encapsulated(b"ab", b"cdef", b"gh", frames="3")) == [b"ab", b"cdef", b"gh"]


def test_all_fragments_are_the_only_frame() -> None:
    assert all_frames(encapsulated(SOI + b"ab", b"cd", SOI, frames="1")) == [SOI + b"abcd" + SOI]


def test_the_basic_offset_table_tells_which_fragments_belong_together() -> None:
    table = struct.pack("<3L", 0, 10 + 12, 10 + 12 + 10)

    assert all_frames(encapsulated(b"ab", b"cdef", b"gh", b"ij", b"kl", table=table, frames="3")) == [
        *(b"abcdef", b"gh", b"ijkl")
    ]


@pytest.mark.parametrize(
    "table",
    [struct.pack("<2L", 4, 22), struct.pack("<2L", 0, 23), struct.pack("<2L", 0, 0xFFFFFFF0), struct.pack("<L", 0)],
)
def test_a_table_that_cannot_be_right_is_passed_over(table: bytes) -> None:
    assert all_frames(encapsulated(SOI, b"cdefgh", SOI, table=table, frames="2")) == [SOI + b"cdefgh", SOI]


def test_a_table_wrong_in_its_middle_is_refused() -> None:
    frames = frames_of(encapsulated(b"ab", b"cd", b"ef", table=struct.pack("<3L", 0, 11, 20), frames="3"))

    assert frames.count == 3
    with pytest.raises(UnreadableDicom, match="offset table is wrong about frame 0"):
        frames.pieces(0)


def test_a_fragment_of_a_table_that_ends_early_is_refused() -> None:
    pixels = item(struct.pack("<2L", 0, 10)) + item(b"ab") + item(b"cd", length=4000)

    with pytest.raises(UnreadableDicom, match="early"):
        frames_of(
            file_of(dataset(*described(2, 2, frames="2"), element(0x7FE00010, "OB", pixels, length=UNDEFINED)), JPEG)
        )


def extended(offsets: bytes, lengths: bytes) -> bytes:
    return element(0x7FE00001, "OV", offsets) + element(0x7FE00002, "OV", lengths)


def test_the_extended_offset_table_tells_the_true_lengths() -> None:
    tables = extended(struct.pack("<3Q", 0, 10, 22), struct.pack("<3Q", 1, 4, 2))

    assert all_frames(encapsulated(b"a\0", b"bcde", b"fg", frames="3", extra=tables)) == [b"a", b"bcde", b"fg"]


@pytest.mark.parametrize(
    ("offsets", "lengths"), [((0, 11), (2, 2)), ((0, 10), (2, 3)), ((0, 2**63), (2, 2)), ((0, 10), (2, 2**63))]
)
def test_a_wrong_extended_offset_table_is_refused(offsets: tuple[int, int], lengths: tuple[int, int]) -> None:
    tables = extended(struct.pack("<2Q", *offsets), struct.pack("<2Q", *lengths))
    frames = frames_of(encapsulated(b"ab", b"cd", frames="2", extra=tables))

    with pytest.raises(UnreadableDicom, match="extended offset table is wrong about frame 1"):
        frames.pieces(1)


def test_an_extended_offset_table_of_another_length_is_passed_over() -> None:
    tables = extended(struct.pack("<Q", 0), struct.pack("<Q", 2))

    assert all_frames(encapsulated(b"ab", b"cd", frames="2", extra=tables)) == [b"ab", b"cd"]


@pytest.mark.parametrize("mark", [SOI, b"\xff\x4f\xff\x51", b"\0\0\0\x0cjP  ", b"\xff\x0a", b"\0\0\0\x0cJXL "])
def test_without_tables_frames_begin_where_pictures_do(mark: bytes) -> None:
    file = encapsulated(mark + b"1", b"more", mark + b"2", mark + b"3", b"even", b"more", frames="3")

    assert all_frames(file) == [mark + b"1more", mark + b"2", mark + b"3evenmore"]


def test_fragments_without_marks_are_one_frame_each() -> None:
    assert all_frames(encapsulated(b"ab", b"cd", b"ef", frames="2", syntax=RLE)) == [b"ab", b"cd"]


def test_there_are_no_more_frames_than_fragments() -> None:
    assert frames_of(encapsulated(b"ab", b"cd", frames="2000000000")).count == 2


def test_a_video_is_one_frame() -> None:
    assert all_frames(encapsulated(b"ab", b"cd", frames="100", syntax=VIDEO)) == [b"abcd"]


def test_pixel_data_without_any_fragment_has_no_frame() -> None:
    nothing = file_of(dataset(*described(2, 2), open_sequence(0x7FE00010, vr="OB")), JPEG)

    assert frames_of(nothing).count == 0
    assert frames_of(encapsulated()).count == 0


def test_too_many_fragments_are_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("pacsberry.dicom.fragments.MOST_FRAGMENTS", 3)

    with pytest.raises(UnreadableDicom, match="more than 3 fragments"):
        frames_of(encapsulated(b"ab", b"cd", b"ef", b"gh", frames="2"))
    table = struct.pack("<2L", 0, 40)
    with pytest.raises(UnreadableDicom, match="more than 3 fragments"):
        frames_of(encapsulated(*[b"ab"] * 5, table=table, frames="2")).pieces(0)


def test_fragments_that_end_early_are_refused() -> None:
    pixels = element(0x7FE00010, "OB", item() + item(b"ab", length=400), length=UNDEFINED)

    with pytest.raises(UnreadableDicom, match="early"):
        frames_of(file_of(dataset(*described(2, 2), pixels), JPEG))


@pytest.mark.parametrize(
    ("syntax", "mime"),
    [
        (JPEG, "image/jpeg"),
        (J2K, "image/jp2"),
        ("1.2.840.10008.1.2.4.91", "image/jp2"),
        ("1.2.840.10008.1.2.4.80", "application/octet-stream"),
        (RLE, "application/octet-stream"),
    ],
)
def test_a_frame_has_the_mime_type_orthanc_gives_it(syntax: str, mime: str) -> None:
    assert frames_of(encapsulated(b"ab", syntax=syntax)).mime == mime
    assert frames_of(make_instance("CT", transfer_syntax=DEFLATED)).mime == "application/octet-stream"


@pytest.mark.filterwarnings("ignore::UserWarning")
def test_the_frames_of_real_files_are_those_pydicom_finds(pydicom_files: Mapping[str, Path]) -> None:
    compared = 0
    for path in pydicom_files.values():
        ds: Any = pydicom.dcmread(path, force=True)
        if "PixelData" not in ds or not getattr(ds.file_meta, "TransferSyntaxUID", ""):
            continue
        syntax = ds.file_meta.TransferSyntaxUID
        try:
            frames = frames_of(path.read_bytes())
        except UnreadableDicom:
            continue
        count = frames.description.frames
        if syntax.is_encapsulated:
            theirs = list(generate_frames(ds.PixelData, number_of_frames=count))
        elif syntax == BIG_ENDIAN or frames.description.bits_allocated in (0, 1):
            continue  # pydicom does not turn words, nor move bits; without a size there are no frames
        else:
            size = frames.length(0)
            theirs = [ds.PixelData[start : start + size] for start in range(0, count * size, size)]
        assert [b"".join(frames.chunks(place)) for place in range(frames.count)] == theirs, path.name
        compared += 1

    assert compared > 40
