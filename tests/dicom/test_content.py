"""Raw values at a path; the expected answers are those a real Orthanc 1.10.1 gave for the same data set."""

import io
from pathlib import Path

import pytest

from pacsberry.dicom.content import Children, RawValue, find_pdf, read_content
from pacsberry.dicom.elements import UNDEFINED
from pacsberry.dicom.part10 import DicomFile
from pacsberry.errors import TooLarge, UnknownResource, UnreadableDicom
from tests.dicom.hand_made import IMPLICIT, JPEG, dataset, element, file_of, implicit, item, made, open_sequence
from tests.makers import DEFLATED, make_instance

INNER = element(0x00081199, "SQ", item(element(0x00081150, "UI", "1.3\0")))
FILE = made(
    element(0x00080050, "SH", " acc"),
    element(0x00081140, "SQ", item(element(0x00081150, "UI", "1.2\0") + INNER) + item()),
    element(0x00081199, "SQ"),
    element(0x00100010, "PN", b"D\xe9 ^A "),
    element(0x00104000, "UT", "x" * 200_000),
    element(0x00130010, "LO", "NOBODY"),
    element(0x00131002, "UN", b"\1\2\3\4"),
    element(0x00280011, "US", b"\1\0\2\0"),
    element(0x7FE00010, "OW", b"\0\1" * 8),
)


def content(path: str, file: bytes = FILE) -> list[str] | bytes:
    found = read_content(DicomFile.open(io.BytesIO(file)), path.split("/"))
    return list(found.names) if isinstance(found, Children) else b"".join(found.chunks())


@pytest.mark.parametrize(
    ("path", "answer"),
    [
        ("0010-0010", b"D\xe9 ^A "),
        ("0010,0010", b"D\xe9 ^A "),
        ("00100010", b"D\xe9 ^A "),
        ("PatientName", b"D\xe9 ^A "),
        ("/0010-0010/", b"D\xe9 ^A "),
        ("0008-0050", b" acc"),
        ("0010-4000", b"x" * 200_000),
        ("0013-1002", b"\1\2\3\4"),
        ("0028-0011", b"\1\0\2\0"),
        ("0008-1140", ["0", "1"]),
        ("0008-1140/0", ["0008-1150", "0008-1199"]),
        ("0008-1140/0/0008-1150", b"1.2\0"),
        ("0008-1140/0/0008-1199", ["0"]),
        ("ReferencedImageSequence/0/0008-1199/0/ReferencedSOPClassUID", b"1.3\0"),
        ("0008-1140/1", []),
        ("0008-1199", []),
        ("7fe0-0010", ["0"]),
        ("7fe0-0010/0", b"\0\1" * 8),
    ],
)
def test_a_path_leads_to_bytes_or_to_the_next_segments(path: str, answer: list[str] | bytes) -> None:
    assert content(path) == answer


def test_the_empty_path_lists_the_tags_of_the_file() -> None:
    tags = content("")

    assert tags == sorted(tags)
    assert {"0008-0018", "0008-1140", "0013-1002", "7fe0-0010"} <= set(map(str, tags))
    assert "0008-1150" not in tags


@pytest.mark.parametrize(
    "path",
    [
        *("0008-1140/2", "0008-1140/x", "0008-1140/-1", "0008-1140/0/0010-0010", "0010-0010/0", "0099-0010"),
        *("nonsense", "0002-0010", "7fe0-0010/1", "7fe0-0010/0/0", "0008-1140/0/0008-1150/0", "0008-1140/\u0661"),
        "0008-1140/" + "9" * 5000,
    ],
)
def test_a_path_to_nothing_is_unknown(path: str) -> None:
    with pytest.raises(UnknownResource):
        content(path)


def test_compressed_pixels_are_fragments_the_first_of_which_is_the_table() -> None:
    pixels = open_sequence(0x7FE00010, item(b"\0\0\0\0"), item(b"abcd"), item(b"ef"), vr="OB")
    file = file_of(dataset(pixels), JPEG)

    assert content("7fe0-0010", file) == ["0", "1", "2"]
    assert content("7fe0-0010/0", file) == b"\0\0\0\0"
    assert content("7fe0-0010/2", file) == b"ef"
    with pytest.raises(UnknownResource):
        content("7fe0-0010/3", file)


def test_a_fragment_that_claims_more_than_the_file_has_is_refused() -> None:
    pixels = element(0x7FE00010, "OB", item() + item(b"ab", length=4000), length=UNDEFINED)

    with pytest.raises(UnreadableDicom, match="early"):
        content("7fe0-0010/1", file_of(dataset(pixels), JPEG))


def test_implicit_and_deflated_files_are_addressed_alike() -> None:
    sequence = implicit(0x00081140, item(implicit(0x00081150, "1.2\0"), length=UNDEFINED), length=UNDEFINED)
    implicit_file = file_of(implicit(0x00080016, "1.2\0") + sequence + b"\xfe\xff\xdd\xe0\0\0\0\0", IMPLICIT)

    assert content("0008-1140/0/0008-1150", implicit_file) == b"1.2\0"
    assert content("PatientID", make_instance("CT", transfer_syntax=DEFLATED)) == b"PATIENT-1 "


def test_a_value_says_where_it_lies() -> None:
    found = read_content(DicomFile.open(FILE), ["PatientName"])

    assert isinstance(found, RawValue)
    assert FILE[found.offset :][: found.length] == b"D\xe9 ^A "


def test_a_broken_file_is_refused() -> None:
    with pytest.raises(UnreadableDicom):
        content("0010-4000", file_of(dataset() + element(0x00104000, "UT", "x", length=99)))


def test_too_many_children_are_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("pacsberry.dicom.content.MOST_CHILDREN", 3)

    with pytest.raises(TooLarge):
        content("")


@pytest.mark.parametrize(
    ("document", "length", "pdf"),
    [
        (b"%PDF-1.4 odd\0", None, b"%PDF-1.4 odd"),
        (b"%PDF-1.4 even", None, b"%PDF-1.4 even"),
        (b"%PDF-1.4 said\0", 13, b"%PDF-1.4 said"),
        (b"%PDF-1.4 ends in zero\0", 22, b"%PDF-1.4 ends in zero\0"),
        (b"%PDF-1.4 forged", 99, b"%PDF-1.4 forged"),
        (b"", None, b""),
    ],
)
def test_a_pdf_is_found_without_its_padding(document: bytes, length: int | None, pdf: bytes) -> None:
    said = [] if length is None else [element(0x00420015, "UL", length.to_bytes(4, "little"))]
    file = made(element(0x00420011, "OB", document), element(0x00420012, "LO", "application/pdf "), *said)

    found = find_pdf(DicomFile.open(file))

    assert found is not None
    assert b"".join(found.chunks()) == pdf


@pytest.mark.parametrize(
    "elements", [[], [element(0x00420011, "OB", b"<xml/>"), element(0x00420012, "LO", "text/XML")]]
)
def test_what_is_no_pdf_is_none(elements: list[bytes]) -> None:
    assert find_pdf(DicomFile.open(made(*elements))) is None


def test_a_made_pdf_is_found() -> None:
    found = find_pdf(DicomFile.open(make_instance("PDF")))

    assert found is not None
    assert b"".join(found.chunks()).startswith(b"%PDF")


def test_the_pdf_of_a_real_file_is_found(samples: Path) -> None:
    with (samples / "sample-pdf.dcm").open("rb") as file:
        found = find_pdf(DicomFile.open(file))

        assert found is not None
        assert b"".join(found.chunks()).endswith(b"%%EOF\n")
