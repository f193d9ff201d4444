"""Tags as Orthanc's JSON shows them; the expected values are those a real Orthanc 1.10.1 gave for the same bytes."""

import io
import struct
from collections.abc import Mapping
from pathlib import Path
from typing import cast

import pydicom
import pytest

from pacsberry.dicom.elements import UNDEFINED
from pacsberry.dicom.modules import MODULES
from pacsberry.dicom.names import TagDictionary
from pacsberry.dicom.part10 import DicomFile
from pacsberry.dicom.tagjson import Json, TagForm, dataset_json, meta_json, tag_values
from pacsberry.errors import TooLarge, UnreadableDicom
from pacsberry.model import Level
from tests.dicom.hand_made import (
    BIG_ENDIAN,
    IMPLICIT,
    JPEG,
    big,
    dataset,
    element,
    file_of,
    implicit,
    item,
    made,
    open_sequence,
)
from tests.makers import NATIVE_SYNTAXES, make_instance


def full(*elements: bytes, **how: object) -> dict[str, Json]:
    return dataset_json(DicomFile.open(made(*elements)), **how)  # type: ignore[arg-type]


def shown(*elements: bytes) -> dict[str, tuple[str, Json]]:
    """{tag: (type, value)} of the full form."""
    return {
        tag: (cast(str, facts["Type"]), facts["Value"])
        for tag, facts in cast(dict[str, dict[str, Json]], full(*elements)).items()
    }


NAME = element(0x00100010, "PN", "Doe^John")


def test_the_three_forms_are_those_of_orthanc() -> None:
    file = DicomFile.open(file_of(NAME))

    assert dataset_json(file, TagForm.FULL) == {
        "0010,0010": {"Name": "PatientName", "Type": "String", "Value": "Doe^John"}
    }
    assert dataset_json(file, TagForm.SHORT) == {"0010,0010": "Doe^John"}
    assert dataset_json(file, TagForm.SIMPLIFY) == {"PatientName": "Doe^John"}


@pytest.mark.parametrize(
    ("vr", "raw", "kind", "value"),
    [
        ("LO", b" A \\ B  ", "String", " A \\ B"),
        ("LO", b"", "String", ""),
        ("LO", b"  ", "String", ""),
        ("DS", b" 1.50 \\ 2", "String", " 1.50 \\ 2"),
        ("LT", b" line1\r\n line2  ", "String", " line1\r\n line2"),
        ("US", struct.pack("<4H", 0, 256, 256, 0), "String", "0\\256\\256\\0"),
        ("US", b"", "Null", None),
        ("US", b"\1", "String", ""),
        ("SS", struct.pack("<h", -3), "String", "-3"),
        ("UL", struct.pack("<LL", 4_000_000_000, 0), "String", "4000000000\\0"),
        ("SL", struct.pack("<ll", -3, 100_000), "String", "-3\\100000"),
        ("FD", struct.pack("<d", 0.1), "String", "0.10000000000000001"),
        ("FD", struct.pack("<d", 1e300), "String", "1.0000000000000001e+300"),
        ("FD", struct.pack("<3d", 1 / 3, -2, 1e-7), "String", "0.33333333333333331\\-2\\9.9999999999999995e-08"),
        ("FD", struct.pack("<d", 5e-324), "String", "4.9406564584124654e-324"),
        ("FD", struct.pack("<d", float("nan")), "String", "nan"),
        ("FL", struct.pack("<ff", 0.1, 1e10), "String", "0.10000000149011612\\10000000000"),
        ("AT", struct.pack("<HH", 0x0020, 0x9056), "String", "0020,9056"),
        ("SV", struct.pack("<q", -5), "String", "-5"),
        ("OB", b"%PDF", "Null", None),
        ("OW", b"1234", "Null", None),
        ("OF", b"1234", "Null", None),
        ("OV", b"12345678", "Null", None),
        ("UT", b"ut text ", "String", "ut text"),
    ],
)
def test_values_are_text_and_binary_ones_null(vr: str, raw: bytes, kind: str, value: str | None) -> None:
    assert shown(element(0x00191099, vr, raw))["0019,1099"] == (kind, value)


@pytest.mark.parametrize(
    ("tag", "raw", "kind", "value"),
    [
        (0x00100010, b"Doe^John", "String", "Doe^John"),
        (0x00280010, b"\5\0", "String", "5"),
        (0x00081140, b"abcd", "Null", None),  # a sequence nobody can look into
        (0x00190010, b"MAKER ", "String", "MAKER"),
        (0x00191099, b"text", "Null", None),
    ],
)
def test_a_value_of_unknown_vr_is_read_with_the_dictionary(tag: int, raw: bytes, kind: str, value: str | None) -> None:
    assert shown(element(tag, "UN", raw))[f"{tag >> 16:04x},{tag & 0xFFFF:04x}"] == (kind, value)


@pytest.mark.parametrize("raw", [b"x" * 257, b"\xe9" * 130, b"1.5\\" * 100, b"x" * 100_000])
def test_values_above_256_bytes_are_too_long(raw: bytes) -> None:
    too_long = element(0x00104000, "UT", raw)

    assert shown(too_long)["0010,4000"] == ("TooLong", None)
    assert full(too_long, form=TagForm.SIMPLIFY)["PatientComments"] is None


@pytest.mark.parametrize("raw", [b"x" * 256, b"\xe9" * 128, b"ab" + b" " * 4000])
def test_values_of_256_bytes_are_not(raw: bytes) -> None:
    assert shown(element(0x00104000, "LT", raw))["0010,4000"][0] == "String"


def test_numbers_may_be_too_long() -> None:
    assert shown(element(0x00281101, "US", struct.pack("<150H", *range(150))))["0028,1101"] == ("TooLong", None)


def test_long_values_are_shown_when_asked() -> None:
    comments = element(0x00104000, "UT", "x" * 100_000)

    tags = full(comments, ignore_length=[0x00104000], form=TagForm.SHORT)

    assert tags["0010,4000"] == "x" * 100_000


def test_a_long_value_is_not_even_read() -> None:
    class Watched(io.BytesIO):
        taken = 0

        def read(self, size: int | None = -1) -> bytes:
            data = super().read(size)
            self.taken += len(data)
            return data

    file = Watched(made(element(0x00104000, "UT", bytes(3_000_000)), element(0x00420011, "OB", bytes(3_000_000))))

    dataset_json(DicomFile.open(file))

    assert file.taken < 300_000


def test_sequences_are_lists_of_data_sets() -> None:
    inner = open_sequence(0x00081199, item(element(0x00081155, "UI", "1.3\0"), length=UNDEFINED))
    sequence = element(0x00081140, "SQ", item(element(0x00081150, "UI", "1.2\0") + inner) + item())

    tags = full(sequence, NAME, form=TagForm.SIMPLIFY)

    assert tags["ReferencedImageSequence"] == [
        {"ReferencedSOPClassUID": "1.2", "ReferencedSOPSequence": [{"ReferencedSOPInstanceUID": "1.3"}]},
        {},
    ]
    assert tags["PatientName"] == "Doe^John"


def test_an_item_may_have_its_own_character_set() -> None:
    inside = item(element(0x00080005, "CS", "ISO_IR 144") + element(0x00400006, "PN", "Люк".encode("iso8859_5") + b" "))

    tags = full(open_sequence(0x00400100, inside), element(0x00104000, "LT", b"\xe9 "), form=TagForm.SHORT)

    assert cast(list[dict[str, str]], tags["0040,0100"])[0]["0040,0006"] == "Люк"
    assert tags["0010,4000"] == "é"


def test_private_tags_are_named_by_the_creator_of_their_data_set() -> None:
    creator = element(0x00090010, "LO", "GEMS_IDEN_01")
    inside = item(element(0x00091001, "LO", "y "))
    sequence = element(0x00091199, "SQ", inside)

    tags = cast(dict[str, dict[str, Json]], full(creator, element(0x00091001, "LO", "x "), sequence))

    assert tags["0009,0010"]["Name"] == "PrivateCreator"
    assert tags["0009,1001"]["Name"] == "FullFidelity"
    inner = cast(list[dict[str, dict[str, Json]]], tags["0009,1199"]["Value"])
    assert inner[0]["0009,1001"]["Name"] == "Unknown Tag & Data"


def test_private_values_in_implicit_vr_are_read_by_their_creator() -> None:
    content = (
        implicit(0x00090010, "GEMS_IDEN_01")
        + implicit(0x00091027, struct.pack("<l", -5))
        + implicit(0x00091099, b"1234")
    )

    tags = dataset_json(DicomFile.open(file_of(implicit(0x00080016, "1.2\0") + content, IMPLICIT)), TagForm.SHORT)

    assert tags["0009,1027"] == "-5"
    assert tags["0009,1099"] is None


def test_the_users_dictionary_names_tags() -> None:
    dictionary = TagDictionary.from_option({"0014,1020": ["US", "Thing", 1, 1]})
    file = DicomFile.open(file_of(implicit(0x00080016, "1.2\0") + implicit(0x00141020, b"\5\0"), IMPLICIT))

    assert dataset_json(file, TagForm.SIMPLIFY, dictionary=dictionary)["Thing"] == "5"


def test_unknown_tags_and_group_lengths_are_shown() -> None:
    tags = cast(
        dict[str, dict[str, Json]],
        full(
            element(0x00080000, "UL", b"d\0\0\0"), element(0x0008FFF0, "LO", "x "), element(0x00190000, "UL", bytes(4))
        ),
    )

    assert tags["0008,0000"] == {"Name": "GenericGroupLength", "Type": "String", "Value": "100"}
    assert tags["0008,fff0"]["Name"] == "Unknown Tag & Data"
    assert tags["0019,0000"]["Name"] == "PrivateGroupLength"


@pytest.mark.parametrize(
    "pixels",
    [
        element(0x7FE00010, "OW", b"\1\2"),
        open_sequence(0x7FE00010, item(), item(b"ab"), vr="OB"),
        element(0x7FE00008, "OF"),
    ],
)
def test_pixel_data_and_what_follows_is_shown_only_of_the_whole(pixels: bytes) -> None:
    behind = element(0x7FE10010, "LO", "BEHIND") + element(0xFFFCFFFC, "OB", bytes(10))
    file = DicomFile.open(file_of(NAME + pixels + behind))

    assert dataset_json(file, TagForm.SHORT) == {"0010,0010": "Doe^John"}
    whole = dataset_json(file, TagForm.SHORT, whole=True)
    assert whole.pop("7fe0,0010" if b"\x10\0" in pixels[:4] else "7fe0,0008", "absent") is None
    assert whole == {"0010,0010": "Doe^John", "7fe1,0010": "BEHIND"}


def test_the_pixels_of_an_icon_do_not_end_the_tags() -> None:
    icon = open_sequence(0x00880200, item(open_sequence(0x7FE00010, item(), item(b"ab"), vr="OB")))

    tags = dataset_json(DicomFile.open(file_of(icon + element(0x40000010, "LT", "x "), JPEG)), TagForm.SHORT)

    assert tags == {"0088,0200": [{"7fe0,0010": None}], "4000,0010": "x"}


def test_the_meta_information_is_shown_without_binary_values() -> None:
    file = make_instance("CT")

    header = meta_json(DicomFile.open(file), TagForm.SIMPLIFY)

    assert header["TransferSyntaxUID"] == "1.2.840.10008.1.2.1"
    assert header["FileMetaInformationGroupLength"] == str(int.from_bytes(file[140:144], "little"))
    assert "FileMetaInformationVersion" not in header
    assert meta_json(DicomFile.open(file))["0002,0010"] == {
        "Name": "TransferSyntaxUID",
        "Type": "String",
        "Value": "1.2.840.10008.1.2.1",
    }


def test_a_module_is_the_part_of_the_tags_that_belongs_to_its_level() -> None:
    file = DicomFile.open(make_instance("CT", patient_name="Müller"))

    patient = dataset_json(file, TagForm.SIMPLIFY, only=MODULES[Level.PATIENT])
    study = dataset_json(file, TagForm.SIMPLIFY, only=MODULES[Level.STUDY])

    assert patient.keys() == {"PatientName", "PatientID", "PatientBirthDate", "PatientSex"}
    assert patient["PatientName"] == "Müller"
    assert {"StudyInstanceUID", "AccessionNumber"} <= study.keys()


@pytest.mark.parametrize("syntax", NATIVE_SYNTAXES)
def test_every_syntax_shows_the_same_tags(syntax: str) -> None:
    of_syntax = make_instance("RTSTRUCT", transfer_syntax=syntax)

    assert dataset_json(DicomFile.open(of_syntax)) == dataset_json(DicomFile.open(make_instance("RTSTRUCT")))


@pytest.mark.filterwarnings("ignore::UserWarning")
def test_the_tags_of_real_files_are_those_pydicom_meets(pydicom_files: Mapping[str, Path]) -> None:
    for path in pydicom_files.values():
        try:
            ours = dataset_json(DicomFile.open(path.read_bytes()), whole=True)
            theirs = pydicom.dcmread(path, force=True)
        except (UnreadableDicom, NotImplementedError, ValueError, TypeError, AttributeError):
            continue
        assert ours.keys() == {
            f"{tag >> 16:04x},{tag & 0xFFFF:04x}" for tag in map(int, theirs.keys()) if tag != 0xFFFCFFFC
        }, path.name


def test_too_many_elements_are_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("pacsberry.dicom.tagjson.MAXIMUM_ELEMENTS", 100)

    with pytest.raises(TooLarge, match="more than 100"):
        dataset_json(DicomFile.open(file_of(b"".join(element(0x00100000 + n, "LO", "x ") for n in range(1, 110)))))


def test_single_values_are_read_for_filters_beyond_the_index() -> None:
    comments = element(0x00104000, "LT", "é".encode() * 300)
    file = DicomFile.open(made(element(0x00080005, "CS", "ISO_IR 192"), comments, element(0x00280010, "US", b"\5\0")))

    values = tag_values(file, [0x00104000, 0x00280010, 0x00280011, 0x00081140])

    assert values == {0x00104000: "é" * 300, 0x00280010: "5"}


@pytest.mark.parametrize("syntax", [IMPLICIT, BIG_ENDIAN])
def test_single_values_are_read_whatever_the_syntax(syntax: str) -> None:
    content = {
        IMPLICIT: implicit(0x00080016, "1.2\0") + implicit(0x00280010, b"\5\0") + implicit(0x00420011, b"%PDF"),
        BIG_ENDIAN: big(0x00080016, "UI", b"1.2\0") + big(0x00280010, "US", b"\0\5") + big(0x00420011, "OB", b"%PDF"),
    }[syntax]

    assert tag_values(DicomFile.open(file_of(content, syntax)), [0x00280010, 0x00420011]) == {0x00280010: "5"}


def test_looking_for_single_values_stops_behind_the_last() -> None:
    file = DicomFile.open(file_of(dataset() + element(0x00100010, "PN", "x", length=0xFFFF)))

    assert tag_values(file, [0x00080018]) == {0x00080018: "1.2.5"}
