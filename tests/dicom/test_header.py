"""The header of a file says what pydicom and Orthanc read."""

import io
from collections.abc import Mapping
from pathlib import Path

import pydicom
import pytest

from pacsberry.dicom.elements import UNDEFINED
from pacsberry.dicom.header import HEAD_SIZE, LONGEST_VALUE, read_header
from pacsberry.dicom.main_tags import ORTHANC_MAIN_TAGS, MainTags
from pacsberry.errors import UnreadableDicom
from pacsberry.model import Level, PixelSize
from tests.dicom.hand_made import (
    BIG_ENDIAN,
    DEFLATED,
    IMPLICIT,
    JPEG,
    SEQUENCE_END,
    big,
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
from tests.makers import KINDS, NATIVE_SYNTAXES, make_dataset, make_instance, part10


def test_the_identifiers_are_those_of_a_real_orthanc() -> None:
    # computed by Orthanc 1.10.1 for this file of pydicom
    path = Path(pydicom.__file__).parent / "data/test_files/CT_small.dcm"

    header = header_of(path.read_bytes())

    assert header.identifiers.orthanc_id(Level.INSTANCE) == "f689ddd2-662f8fe1-8b18180d-ec2a2cee-937917af"
    assert header.identifiers.orthanc_id(Level.PATIENT) == "fa558bce-587a86d3-ad0da9b3-9d043d9d-4f5c5718"
    assert header.pixel_data_offset == 6288
    assert header.main_tags[Level.SERIES]["ImageOrientationPatient"].startswith("1.000000\\0.000000\\")
    assert header.index_in_series == 1


@pytest.mark.parametrize("kind", sorted(KINDS))
@pytest.mark.parametrize("syntax", NATIVE_SYNTAXES)
def test_the_header_says_what_pydicom_reads(kind: str, syntax: str) -> None:
    tags = {"NumberOfSlices": 7, "ImageIndex": 3} if kind == "PT" else {}
    file = make_instance(kind, transfer_syntax=syntax, patient_name="Müller^Jürgen", tags=tags)

    assert_agrees_with_pydicom(file)


@pytest.mark.filterwarnings("ignore::UserWarning")  # pydicom's, about values that are not what their VR allows
def test_the_header_of_every_real_file_says_what_pydicom_reads(pydicom_files: Mapping[str, Path]) -> None:
    agreed = 0
    for path in pydicom_files.values():
        file = path.read_bytes()
        try:
            header_of(file)
        except UnreadableDicom:
            continue
        assert_agrees_with_pydicom(file)
        agreed += 1

    assert agreed > 50


def assert_agrees_with_pydicom(file: bytes) -> None:
    header = header_of(file)
    ds = pydicom.dcmread(io.BytesIO(file), force=True)
    assert header.identifiers.patient_id == str(ds.get("PatientID", ""))
    assert header.identifiers.study_uid == ds.StudyInstanceUID
    assert header.identifiers.series_uid == ds.SeriesInstanceUID
    assert header.identifiers.sop_uid == ds.SOPInstanceUID
    assert header.sop_class_uid == ds.get("SOPClassUID", "")
    for level in Level:
        for tag, main in ORTHANC_MAIN_TAGS.levels[level].items():
            ours = header.main_tags[level].get(main.name)
            try:
                theirs = as_text(ds[tag].value) if tag in ds and main.vr != "SQ" else None
            except ValueError:  # pydicom does not hand out '1A' as an integer string; we do
                continue
            if theirs is not None and len(theirs.encode()) > LONGEST_VALUE:
                theirs = None
            assert ours == theirs, main.name


def as_text(value: object) -> str:
    if value is None:
        return ""
    if isinstance(value, pydicom.multival.MultiValue):
        return "\\".join(as_text(one) for one in value)
    original = getattr(value, "original_string", None)  # of decimal strings, '1.50' and not '1.5'
    return original if isinstance(original, str) else str(value)


WRONG_STUDY = element(0x0020000D, "UI", "9.9.9\0")
WRONG_STUDY_IMPLICIT = implicit(0x0020000D, "9.9.9\0")


@pytest.mark.parametrize(
    "sequence",
    [
        element(0x00081140, "SQ", item(WRONG_STUDY)),
        element(0x00081140, "SQ", item(WRONG_STUDY, length=UNDEFINED)),
        open_sequence(0x00081140, item(WRONG_STUDY), item(), item(WRONG_STUDY, length=UNDEFINED)),
        open_sequence(0x00081140, item(open_sequence(0x00081199, item(WRONG_STUDY)), length=UNDEFINED)),
        open_sequence(0x00081140, item(element(0x00081199, "SQ", item(WRONG_STUDY)), length=UNDEFINED)),
        open_sequence(0x00091010, item(WRONG_STUDY_IMPLICIT, length=UNDEFINED), vr="UN"),
        open_sequence(
            0x00081140, item(open_sequence(0x00091010, item(WRONG_STUDY_IMPLICIT), vr="UN"), length=UNDEFINED)
        ),
        open_sequence(0x00081140, item(open_sequence(0x7FE00010, item(), item(b"ab"), vr="OB"), length=UNDEFINED)),
        open_sequence(0x00081140),
    ],
)
def test_what_is_inside_sequences_is_not_taken_for_the_instance(sequence: bytes) -> None:
    file = file_of(sequence + dataset())

    assert header_of(file).identifiers.study_uid == "1.2.3"
    assert read_header(file[:600], size=len(file), reopen=lambda: io.BytesIO(file)) == header_of(file)


@pytest.mark.parametrize(
    "sequence",
    [
        implicit(0x00081140, item(WRONG_STUDY_IMPLICIT)),
        implicit(0x00081140, item(WRONG_STUDY_IMPLICIT, length=UNDEFINED) + SEQUENCE_END, length=UNDEFINED),
        implicit(0x00081140, item(WRONG_STUDY_IMPLICIT) + SEQUENCE_END, length=UNDEFINED),
    ],
)
def test_what_is_inside_implicit_sequences_is_not_taken_for_the_instance(sequence: bytes) -> None:
    content = sequence + b"".join(implicit(tag, explicit[8:]) for tag, explicit in sorted(identifiers().items()))

    assert header_of(file_of(content, IMPLICIT)).identifiers.study_uid == "1.2.3"


@pytest.mark.parametrize("missing", ["study", "series", "sop"])
@pytest.mark.parametrize("value", [None, "", "  ", "\0\0"])
def test_an_instance_without_a_uid_is_refused(missing: str, value: str | None) -> None:
    elements = identifiers(**({} if value is None else {missing: value}))
    if value is None:
        del elements[{"study": 0x0020000D, "series": 0x0020000E, "sop": 0x00080018}[missing]]

    with pytest.raises(UnreadableDicom, match="has no S"):
        header_of(file_of(b"".join(elements.values())))


def test_an_instance_without_patient_id_is_taken() -> None:
    elements = identifiers()
    del elements[0x00100020]

    header = header_of(file_of(b"".join(elements.values())))

    assert header.identifiers.patient_id == ""
    assert header.main_tags[Level.PATIENT] == {}


@pytest.mark.parametrize(
    ("raw", "uid"), [("1.2.9\0", "1.2.9"), (" 1.2.9", "1.2.9"), ("1.2.9 \0", "1.2.9"), ("1.2.0009", "1.2.0009")]
)
def test_uids_are_read_as_loosely_as_orthanc_reads_them(raw: str, uid: str) -> None:
    assert header_of(file_of(b"".join(identifiers(study=raw).values()))).identifiers.study_uid == uid


@pytest.mark.parametrize("raw", ["1." + "2" * 64, "1.2\n3", "1.2.\xe9", "1.2\x7f"])
def test_what_can_be_no_uid_is_refused(raw: str) -> None:
    with pytest.raises(UnreadableDicom, match="UID"):
        header_of(file_of(b"".join(identifiers(series=raw).values())))


def test_the_patient_id_keeps_its_leading_spaces_as_orthanc_hashes_it() -> None:
    # the identifier Orthanc 1.10.1 gave to ' A B'
    header = header_of(file_of(b"".join(identifiers(patient=" A B").values())))

    assert header.identifiers.patient_id == " A B"


def test_a_patient_id_longer_than_orthanc_takes_is_refused() -> None:
    assert header_of(made(element(0x00100020, "LO", "x" * 256))).identifiers.patient_id == "x" * 256
    with pytest.raises(UnreadableDicom, match="PatientID"):
        header_of(made(element(0x00100020, "LO", "x" * 258)))


def test_a_huge_patient_id_is_refused_without_reading_it_all() -> None:
    class Watched(io.BytesIO):
        largest = 0

        def read(self, size: int | None = -1) -> bytes:
            data = super().read(size)
            self.largest = max(self.largest, len(data))
            return data

    file = Watched(file_of(dataset(element(0x00100020, "UT", bytes(5_000_000).replace(b"\0", b"x")))))

    with pytest.raises(UnreadableDicom, match="PatientID"):
        read_header(file, size=len(file.getvalue()))

    assert file.largest <= HEAD_SIZE


def test_values_above_256_bytes_are_not_indexed() -> None:
    at_limit = header_of(made(element(0x00081030, "LO", "\xe9" * 128)))
    beyond = header_of(made(element(0x00081030, "LO", "\xe9" * 130)))

    assert at_limit.main_tags[Level.STUDY]["StudyDescription"] == "é" * 128
    assert "StudyDescription" not in beyond.main_tags[Level.STUDY]


def test_of_two_elements_with_one_tag_the_first_counts() -> None:
    file = file_of(dataset() + element(0x00100020, "LO", "OTHER "))
    content = b"".join(big(tag, explicit[4:6].decode(), explicit[8:]) for tag, explicit in identifiers().items())
    big_endian = file_of(content + big(0x00100020, "LO", b"OTHER "), BIG_ENDIAN)

    assert header_of(file).identifiers.patient_id == "PID"
    assert header_of(big_endian).identifiers.patient_id == "PID"


def test_text_is_read_in_the_files_character_set_or_the_fallback() -> None:
    name = element(0x00100010, "PN", "Люк".encode("iso8859_5"))

    said = header_of(made(element(0x00080005, "CS", "ISO_IR 144"), name))
    assumed = header_of(made(name), default_encoding="Cyrillic")

    assert said.main_tags[Level.PATIENT]["PatientName"] == "Люк"
    assert assumed.main_tags[Level.PATIENT]["PatientName"] == "Люк"


def test_a_value_encoded_as_unknown_is_read_all_the_same() -> None:
    header = header_of(made(element(0x00100020, "UN", "PID-7 "), element(0x00540081, "US", b"\x07\0")))

    assert header.identifiers.patient_id == "PID-7"
    assert header.main_tags[Level.SERIES]["NumberOfSlices"] == "7"


def test_numbers_of_big_endian_files_are_read() -> None:
    content = b"".join(big(tag, explicit[4:6].decode(), explicit[8:]) for tag, explicit in identifiers().items())

    header = header_of(file_of(content + big(0x00540081, "US", b"\0\x07"), BIG_ENDIAN))

    assert header.main_tags[Level.SERIES]["NumberOfSlices"] == "7"


def test_sequences_among_the_main_tags_are_no_text() -> None:
    header = header_of(made(element(0x00400275, "SQ", item(element(0x00400007, "LO", "x ")))))

    assert "RequestAttributesSequence" not in header.main_tags[Level.SERIES]


def test_extra_main_tags_are_read() -> None:
    tags = MainTags.with_extra({"Instance": ["Rows"], "Patient": ["PatientAge"]})
    file = make_instance("CT", rows=20, tags={"PatientAge": "034Y"})

    header = read_header(file, size=len(file), main_tags=tags)

    assert header.main_tags[Level.INSTANCE]["Rows"] == "20"
    assert header.main_tags[Level.PATIENT]["PatientAge"] == "034Y"


@pytest.mark.parametrize(
    ("elements", "expected"),
    [
        ([], None),
        ([element(0x00201002, "IS", "10"), element(0x00200105, "IS", "3 ")], 30),
        ([element(0x00201002, "IS", "10")], None),
        ([element(0x00540081, "US", b"\x05\0"), element(0x00540101, "US", b"\x02\0")], 10),
        ([element(0x00181090, "IS", "25")], 25),
        ([element(0x00201002, "IS", "1 "), element(0x00200105, "IS", "2 "), element(0x00181090, "IS", "25")], 2),
        ([element(0x00201002, "IS", "x "), element(0x00200105, "IS", "2 "), element(0x00181090, "IS", "25")], None),
        ([element(0x00181090, "IS", "9" * 12)], None),
    ],
)
def test_the_expected_number_of_instances_follows_orthancs_rule(elements: list[bytes], expected: int | None) -> None:
    assert header_of(made(*elements)).expected_instances == expected


@pytest.mark.parametrize(
    ("elements", "index"),
    [
        ([], None),
        ([element(0x00200013, "IS", " 7")], 7),
        ([element(0x00200013, "IS", "0 ")], 0),
        ([element(0x00541330, "US", b"\x05\0")], 5),
        ([element(0x00200013, "IS", "x "), element(0x00541330, "US", b"\x05\0")], None),
        ([element(0x00200013, "IS", "1_0 ")], None),
    ],
)
def test_the_index_in_its_series_is_the_instance_number_else_the_image_index(
    elements: list[bytes], index: int | None
) -> None:
    assert header_of(made(*elements)).index_in_series == index


@pytest.mark.parametrize(
    ("file", "vr"),
    [
        (made(element(0x7FE00010, "OW", b"\1\2")), "OW"),
        (made(element(0x7FE00008, "OF", b"\1\2\3\4")), "OF"),
        (file_of(dataset(open_sequence(0x7FE00010, item(), item(b"ab"), vr="OB")), JPEG), "OB"),
        (make_instance("CT", transfer_syntax=IMPLICIT), "OW"),
        (make_instance("CT", transfer_syntax=BIG_ENDIAN), "OW"),
    ],
)
def test_the_place_of_the_pixel_data_is_told(file: bytes, vr: str) -> None:
    header = header_of(file)

    assert header.pixel_data_vr == vr
    assert header.pixel_data_offset is not None
    assert file[header.pixel_data_offset :][:4] in (b"\xe0\x7f\x10\0", b"\xe0\x7f\x08\0", b"\x7f\xe0\0\x10")


def test_a_deflated_file_has_no_place_of_pixel_data() -> None:
    header = header_of(make_instance("CT", transfer_syntax=DEFLATED))

    assert header.pixel_data_offset is None
    assert header.pixel_data_vr == "OW"
    assert header.transfer_syntax_uid == DEFLATED


@pytest.mark.parametrize("syntax", NATIVE_SYNTAXES)
def test_the_size_of_the_pictures_is_read(syntax: str) -> None:
    header = header_of(make_instance("CT", transfer_syntax=syntax, rows=20, columns=24))

    assert header.pixel_size == PixelSize(20, 24, 16)


def test_what_is_no_size_is_none() -> None:
    ds = make_dataset("CT", tags={"Rows": [16, 16], "Columns": None, "BitsAllocated": None})

    assert header_of(part10(ds)).pixel_size is None
    assert header_of(make_instance("SR")).pixel_size is None
