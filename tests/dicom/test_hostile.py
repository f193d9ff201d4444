"""Whatever bytes come, the reader answers or says UnreadableDicom (or TooLarge), soon and in little memory."""

import contextlib
import io
import struct
import time
import tracemalloc
from collections.abc import Callable, Iterator
from datetime import timedelta
from pathlib import Path

import pydicom.data
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from pacsberry.dicom.content import Children, find_pdf, read_content
from pacsberry.dicom.elements import UNDEFINED
from pacsberry.dicom.frames import Frames
from pacsberry.dicom.header import HEAD_SIZE, check_complete, read_header
from pacsberry.dicom.part10 import DicomFile
from pacsberry.dicom.tagjson import TagForm, dataset_json, meta_json, tag_values
from pacsberry.errors import BadRequest, TooLarge, UnknownResource, UnreadableDicom
from tests.dicom.hand_made import EXPLICIT, IMPLICIT, JPEG, dataset, element, file_of, implicit, item, open_sequence
from tests.makers import DEFLATED, NATIVE_SYNTAXES, make_instance

_FOLDER = Path(pydicom.data.__file__).parent
_REAL = [
    *("test_files/CT_small.dcm", "test_files/JPEG2000.dcm", "test_files/UN_sequence.dcm", "test_files/badVR.dcm"),
    *("test_files/MR_small_bigendian.dcm", "test_files/MR_small_implicit.dcm", "test_files/SC_rgb_rle_2frame.dcm"),
    *("test_files/image_dfl.dcm", "test_files/nested_priv_SQ.dcm", "test_files/rtplan.dcm", "test_files/test-SR.dcm"),
    *("charset_files/chrH31.dcm", "charset_files/chrKoreanMulti.dcm", "test_files/liver_1frame.dcm"),
]
FILES = [(_FOLDER / name).read_bytes() for name in _REAL] + [
    *(make_instance("RTSTRUCT", transfer_syntax=syntax) for syntax in NATIVE_SYNTAXES),
    make_instance("US-loop", transfer_syntax=JPEG, frames=3),
    make_instance("PDF"),
]
LENGTHS = [0, 1, 2, 7, 8, 0x7F, 0xFF, 0xFFFE, 0xFFFF, 0x10000, 0x7FFFFFFF, 0xFFFFFFFE, 0xFFFFFFFF]


def everything(data: bytes) -> Iterator[Callable[[], object]]:
    """All that the server does with a file."""

    def opened() -> DicomFile:
        return DicomFile.open(io.BytesIO(data))

    def take_frames() -> None:
        frames = Frames(opened())
        for place in {0, 1, frames.count - 1}:
            for chunk in frames.chunks(place):
                assert len(chunk) <= 1 << 17

    def descend() -> None:
        path: list[str] = []
        for _ in range(6):
            found = read_content(opened(), path)
            if not isinstance(found, Children):
                assert sum(map(len, found.chunks())) <= max(len(data), 1 << 27)
                return
            if not found.names:
                return
            path.append(found.names[len(found.names) // 2])

    yield lambda: read_header(data, size=len(data))
    yield lambda: read_header(data[:HEAD_SIZE], size=len(data), reopen=lambda: io.BytesIO(data))
    yield lambda: check_complete(data)
    yield lambda: check_complete(io.BytesIO(data), size=len(data))
    yield lambda: dataset_json(opened(), TagForm.FULL, whole=True)
    yield lambda: dataset_json(opened(), TagForm.SIMPLIFY, ignore_length=[0x00100010, 0x30060050])
    yield lambda: meta_json(opened())
    yield lambda: tag_values(opened(), [0x00100010, 0x00280010, 0x7FE10010])
    yield lambda: find_pdf(opened())
    yield take_frames
    yield descend


def survive(data: bytes) -> None:
    for act in everything(data):
        try:
            act()
        except (UnreadableDicom, TooLarge, UnknownResource, BadRequest):
            continue


@st.composite
def broken_files(draw: st.DrawFn) -> bytes:
    """A real file with a few bytes flipped, lengths forged, pieces cut out or repeated, or its end missing."""
    data = bytearray(draw(st.sampled_from(FILES)))
    header = min(len(data), 4000)  # breakage in pixels is no news
    for _ in range(draw(st.integers(1, 4))):
        place = draw(st.integers(0, header - 1))
        match draw(st.sampled_from(["flip", "length", "short", "cut", "repeat", "end"])):
            case "flip":
                data[place % len(data)] = draw(st.integers(0, 255))
            case "length":
                data[place : place + 4] = struct.pack("<L", draw(st.sampled_from(LENGTHS)))
            case "short":
                data[place : place + 2] = struct.pack("<H", draw(st.sampled_from(LENGTHS)) & 0xFFFF)
            case "cut":
                del data[place : place + draw(st.integers(1, 100))]
            case "repeat":
                data[place:place] = data[place : place + draw(st.integers(1, 100))]
            case _:
                del data[place:]
        if len(data) < 2:
            break
        header = min(len(data), 4000)
    return bytes(data)


def at_lengths(data: bytes) -> list[int]:
    """Where lengths stand: the only places at which four forged bytes can do harm."""
    return [met.value_offset - 4 for met in DicomFile.open(data).elements() if met.value_offset >= 4]


_FAST = settings(deadline=timedelta(seconds=5), suppress_health_check=[HealthCheck.too_slow], max_examples=150)
_LONG = settings(_FAST, max_examples=6000)


@_FAST
@given(broken_files())
def test_a_broken_file_is_read_or_refused(data: bytes) -> None:
    survive(data)


@pytest.mark.proof
@_LONG
@given(broken_files())
def test_thousands_of_broken_files_are_read_or_refused(data: bytes) -> None:
    survive(data)


@_FAST
@given(st.binary(max_size=400), st.sampled_from([*NATIVE_SYNTAXES, JPEG]))
def test_a_data_set_of_any_bytes_is_read_or_refused(content: bytes, syntax: str) -> None:
    survive(file_of(content, syntax))


@_FAST
@given(st.binary(max_size=400), st.booleans())
def test_a_file_of_any_bytes_is_read_or_refused(content: bytes, has_preamble: bool) -> None:
    survive((bytes(128) + b"DICM" if has_preamble else b"") + content)


@pytest.mark.parametrize("forged", LENGTHS)
def test_every_length_of_a_file_may_be_forged(forged: int) -> None:
    for file in (FILES[6], FILES[8], FILES[14]):
        for place in at_lengths(file)[::7]:
            survive(file[:place] + struct.pack("<L", forged) + file[place + 4 :])


@pytest.mark.proof
@pytest.mark.parametrize("file", FILES, ids=lambda file: str(len(file)))
def test_every_length_of_every_file_may_be_forged(file: bytes) -> None:
    for place in at_lengths(file):
        for forged in LENGTHS:
            survive(file[:place] + struct.pack("<L", forged) + file[place + 4 :])


@pytest.mark.proof
@pytest.mark.parametrize("file", FILES, ids=lambda file: str(len(file)))
def test_every_file_may_be_cut_anywhere(file: bytes) -> None:
    for size in [*range(0, min(len(file), 3000), 3), *range(3000, len(file), 997)]:
        survive(file[:size])


def deep(depth: int, syntax: str) -> bytes:
    if syntax == IMPLICIT:
        one = implicit(0x00081140, b"", length=UNDEFINED)
    else:
        one = element(0x00081140, "SQ", b"", length=UNDEFINED)
    return file_of((one + struct.pack("<HHL", 0xFFFE, 0xE000, UNDEFINED)) * depth, syntax)


def deep_with_lengths(depth: int) -> bytes:
    content = b""
    for _ in range(depth):
        content = element(0x00081140, "SQ", item(content))
    return file_of(START + content)


START = element(0x00080016, "UI", "1.2\0")


def bombs(many: int) -> dict[str, bytes]:
    """Files made to cost the reader more than they are worth; `many` of something each."""
    creators = b"".join(element(0x00090010 + n % 200, "LO", "GEMS_IDEN_01") for n in range(many))
    return {
        "deep": deep(many, EXPLICIT),
        "deep implicit": deep(many, IMPLICIT),
        "deep with lengths": deep_with_lengths(1000),
        "many elements": file_of(START + element(0x00100010, "PN") * many),
        "many implicit elements": file_of(implicit(0x00080016, "1.2\0") + implicit(0x00100010) * many, IMPLICIT),
        "many items": file_of(START + open_sequence(0x00081140, item() * many)),
        "many open items": file_of(START + open_sequence(0x00081140, item(length=UNDEFINED) * many)),
        "many delimiters": file_of(START + b"\xfe\xff\xdd\xe0\0\0\0\0" * many),
        "many fragments": file_of(dataset() + open_sequence(0x7FE00010, item() * many, vr="OB"), JPEG),
        "many private creators": file_of(START + creators),
        "many values": file_of(
            START + element(0x00280009, "AT", bytes(60_000)) + element(0x7FE00001, "OV", bytes(many))
        ),
        "claimed frames": make_instance("US-loop", tags={"NumberOfFrames": 2_000_000_000}),
        "claimed compressed frames": make_instance(
            "US-loop", transfer_syntax=JPEG, tags={"NumberOfFrames": 2_000_000_000}
        ),
        "claimed size": make_instance("CT", tags={"Rows": 65535, "Columns": 65535}),
        "deflated twice": file_of(make_instance("CT", transfer_syntax=DEFLATED), DEFLATED),
    }


@pytest.mark.parametrize("name", bombs(1))
def test_a_bomb_takes_little_memory(name: str) -> None:
    bomb = bombs(4_000)[name]
    tracemalloc.start()
    try:
        for act in everything(bomb):
            tracemalloc.reset_peak()
            before = tracemalloc.get_traced_memory()[0]
            with contextlib.suppress(UnreadableDicom, TooLarge, UnknownResource, BadRequest):
                act()
            assert tracemalloc.get_traced_memory()[1] - before < 20 * len(bomb) + (1 << 20)
    finally:
        tracemalloc.stop()


@pytest.mark.proof
@pytest.mark.parametrize("name", bombs(1))
def test_a_large_bomb_takes_little_time(name: str) -> None:
    bomb = bombs(1_000_000)[name]

    for act in everything(bomb):
        began = time.process_time()
        with contextlib.suppress(UnreadableDicom, TooLarge, UnknownResource, BadRequest):
            act()
        assert time.process_time() - began < 60
