"""Files that are cut, nested too deep or no DICOM are refused; most files need not be opened for that."""

import io
import struct
import zlib

import pytest

from pacsberry.dicom.elements import UNDEFINED
from pacsberry.dicom.header import HEAD_SIZE, HeadTooShort, check_complete, read_header
from pacsberry.errors import UnreadableDicom
from tests.dicom.hand_made import (
    BIG_ENDIAN,
    DEFLATED,
    EXPLICIT,
    IMPLICIT,
    JPEG,
    dataset,
    element,
    file_of,
    identifiers,
    implicit,
    item,
    made,
    open_sequence,
)
from tests.dicom.header_aids import header_of
from tests.makers import NATIVE_SYNTAXES, make_instance


def test_a_header_beyond_the_first_bytes_is_read_from_the_file() -> None:
    file = file_of(element(0x00080001, "OB", bytes(2 * HEAD_SIZE)) + dataset(element(0x7FE00010, "OW", b"\1\2")))

    with pytest.raises(HeadTooShort):
        read_header(file[:HEAD_SIZE], size=len(file))

    assert read_header(file[:HEAD_SIZE], size=len(file), reopen=lambda: io.BytesIO(file)) == header_of(file)
    assert read_header(io.BytesIO(file), size=len(file)) == header_of(file)


@pytest.mark.parametrize("syntax", [*NATIVE_SYNTAXES, JPEG])
def test_the_file_is_not_opened_when_its_first_bytes_say_all(syntax: str) -> None:
    file = make_instance("CT", transfer_syntax=syntax, rows=300, columns=300)
    opened = []

    def reopen() -> io.BytesIO:
        opened.append(True)
        return io.BytesIO(file)

    header = read_header(file[:HEAD_SIZE], size=len(file), reopen=reopen)

    assert header == header_of(file)
    assert not opened or syntax in (BIG_ENDIAN, DEFLATED)


@pytest.mark.parametrize("cut", [1, 2, 100])
def test_native_pixel_data_that_ends_early_is_refused_without_reading_it(cut: int) -> None:
    file = make_instance("CT", rows=300, columns=300)

    with pytest.raises(UnreadableDicom, match=f"ends {cut} bytes early, inside its pixel data"):
        read_header(file[:HEAD_SIZE], size=len(file) - cut)


@pytest.mark.parametrize("kind", ["CT", "SR"])
@pytest.mark.parametrize("syntax", NATIVE_SYNTAXES)
def test_a_file_cut_anywhere_is_refused(kind: str, syntax: str) -> None:
    file = make_instance(kind, transfer_syntax=syntax, rows=4, columns=4)
    boundaries = 0

    for size in range(len(file)):
        try:
            header_of(file[:size])
            check_complete(file[:size])
        except UnreadableDicom:
            continue
        boundaries += 1  # cut between two elements, behind the identifiers: nobody can tell

    assert boundaries < 40


@pytest.mark.parametrize("syntax", [EXPLICIT, IMPLICIT, BIG_ENDIAN])
def test_a_file_cut_in_its_last_element_is_refused(syntax: str) -> None:
    file = make_instance("SR", transfer_syntax=syntax)

    with pytest.raises(UnreadableDicom, match="1 bytes early"):
        header_of(file[:-1])


def test_zeros_in_place_of_elements_are_refused() -> None:
    content = b"".join(implicit(tag, explicit[8:]) for tag, explicit in sorted(identifiers().items()))

    for file in (made(), file_of(content, IMPLICIT)):
        with pytest.raises(UnreadableDicom, match="no element"):
            header_of(file + bytes(96))


def test_sequences_nested_too_deep_are_refused() -> None:
    content = b""
    for _ in range(100):
        content = open_sequence(0x00081140, item(content, length=UNDEFINED))

    with pytest.raises(UnreadableDicom, match="deeper"):
        header_of(file_of(content + dataset()))


@pytest.mark.parametrize("cut", [1, 8, 9, 20])
def test_encapsulated_pixel_data_that_ends_early_is_found_by_the_complete_walk(cut: int) -> None:
    file = make_instance("CT", transfer_syntax=JPEG, frames=3)

    check_complete(file)
    check_complete(io.BytesIO(file), size=len(file))
    with pytest.raises(UnreadableDicom, match="early"):
        check_complete(file[:-cut])


@pytest.mark.parametrize(
    ("file", "said"),
    [
        (b"", "empty|complete|no DICOM"),
        (b"hello world, this is text" * 10, "no DICOM file"),
        (b"%PDF-1.4 and so on" * 10, "no DICOM file"),
        (b"\x89PNG\r\n\x1a\n" + bytes(200), "no DICOM file"),
        (bytes(200), "no DICOM file"),
        (bytes(128) + b"DICM", "ends after its preamble"),
        (made()[:140], "not complete"),
        (bytes(128) + b"DICM" + element(0x00020102, "OB", bytes(70_000)) + dataset(), "not complete"),
        (bytes(128) + b"DICM" + element(0x00020010, "UI", EXPLICIT + "\0") + b"\2\0\x12\0??\0\0\0\0\0\0\0\0", "broken"),
    ],
)
def test_what_is_no_dicom_file_is_refused_with_the_reason(file: bytes, said: str) -> None:
    with pytest.raises(UnreadableDicom, match=said):
        header_of(file)
    if file:
        with pytest.raises(UnreadableDicom):
            check_complete(file)


def test_a_bad_deflated_stream_is_refused() -> None:
    deflated = zlib.compress(dataset())  # with zlib's header, which DICOM does not have

    with pytest.raises(UnreadableDicom):
        header_of(file_of(deflated, DEFLATED))


def test_the_sop_class_comes_from_the_meta_information_when_the_data_set_lacks_it() -> None:
    elements = identifiers()
    del elements[0x00080016]
    meta = element(0x00020002, "UI", "1.2.840.10008.5.1.4.1.1.2\0") + element(0x00020010, "UI", EXPLICIT + "\0")
    start = bytes(128) + b"DICM" + element(0x00020000, "UL", struct.pack("<L", len(meta))) + meta

    assert header_of(start + b"".join(elements.values())).sop_class_uid == "1.2.840.10008.5.1.4.1.1.2"
