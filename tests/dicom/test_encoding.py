"""Command sets, file meta information, identifiers of queries."""

import io
import struct
from datetime import timedelta

import pydicom
import pynetdicom.dsutils
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from pydicom.dataset import Dataset

from pacsberry.dicom.elements import MAXIMUM_DEPTH, UNDEFINED
from pacsberry.dicom.encoding import (
    LONGEST_COMMAND,
    LONGEST_IDENTIFIER,
    Identifier,
    IdentifierEncoder,
    QueryElement,
    character_set,
    decode_command,
    decode_identifier,
    encode_command,
    encode_identifier,
    file_meta,
)
from pacsberry.dicom.names import TagDictionary
from pacsberry.dicom.uids import IMPLEMENTATION_CLASS_UID
from pacsberry.errors import TooLarge, UnreadableDicom
from tests.dicom.hand_made import BIG_ENDIAN, EXPLICIT, IMPLICIT, dataset, element, implicit, item, open_sequence

SYNTAXES = [EXPLICIT, IMPLICIT, BIG_ENDIAN]
ECHO: dict[int, int | str] = {0x0002: "1.2.840.10008.1.1", 0x0100: 0x0030, 0x0110: 7, 0x0800: 0x0101}


def read_by_pydicom(data: bytes, transfer_syntax: str) -> Dataset:
    return pynetdicom.dsutils.decode(io.BytesIO(data), transfer_syntax == IMPLICIT, transfer_syntax != BIG_ENDIAN)


def test_a_command_set_is_what_pydicom_reads() -> None:
    command = {**ECHO, 0x0600: "DESTINATION", 0x0902: "a comment", 0x1020: 5}

    ds = read_by_pydicom(encode_command(command), IMPLICIT)

    assert ds.AffectedSOPClassUID == "1.2.840.10008.1.1"
    assert (ds.CommandField, ds.MessageID, ds.NumberOfRemainingSuboperations) == (0x30, 7, 5)
    assert (ds.MoveDestination, ds.ErrorComment) == ("DESTINATION", "a comment")
    assert ds.CommandGroupLength == len(encode_command(command)) - 12


def test_a_command_set_that_pydicom_writes_is_read() -> None:
    ds = Dataset()
    ds.AffectedSOPClassUID, ds.CommandField, ds.MessageID, ds.CommandDataSetType = "1.2.840.10008.1.1", 0x30, 7, 0x101
    ds.MoveOriginatorApplicationEntityTitle = "MOVER"
    ds.OffendingElement = [0x00100010, 0x00100020]
    data = pynetdicom.dsutils.encode(ds, True, True)
    assert data is not None

    assert decode_command(data) == {**ECHO, 0x1030: "MOVER", 0x0901: "0010,0010\\0010,0020"}


@given(st.dictionaries(st.sampled_from([0x100, 0x110, 0x900, 0x1021]), st.integers(0, 0xFFFF)))
def test_a_command_set_survives_the_round(numbers: dict[int, int]) -> None:
    command: dict[int, int | str] = {**numbers, 0x0002: "1.2.3", 0x1030: "AET"}

    assert decode_command(encode_command(command)) == command


@pytest.mark.parametrize(
    ("data", "said"),
    [
        (encode_command(ECHO)[:-1], "not made of elements"),
        (encode_command(ECHO) + b"\0\0", "ends inside an element"),
        (implicit(0x00000100, b"\1\0\1\0"), "not one number"),
        (implicit(0x00000100, b""), "not one number"),
        (implicit(0x00000110, b"\1\0", length=0xFFFFFFF0), "not made of elements"),
        (implicit(0x00080016, "1.2\0"), "not made of elements"),
        (bytes(LONGEST_COMMAND + 8), "longer than"),
    ],
)
def test_a_broken_command_set_is_refused(data: bytes, said: str) -> None:
    with pytest.raises(UnreadableDicom, match=said):
        decode_command(data)


def test_retired_elements_of_commands_are_left_out() -> None:
    assert decode_command(implicit(0x00000001, b"\0\0\0\0") + implicit(0x00000110, b"\7\0")) == {0x0110: 7}


@given(st.binary(max_size=200))
def test_no_bytes_make_reading_a_command_fail_otherwise(data: bytes) -> None:
    try:
        decode_command(data)
    except UnreadableDicom:
        return


@pytest.mark.parametrize("source_aet", ["", "SCANNER", "SIXTEENLETTERSAE"])
def test_file_meta_and_a_data_set_are_a_file(source_aet: str) -> None:
    meta = file_meta("1.2.840.10008.5.1.4.1.1.2", "1.2.3.4", EXPLICIT, source_aet=source_aet)

    ds = pydicom.dcmread(io.BytesIO(meta + dataset()))

    assert ds.file_meta.MediaStorageSOPClassUID == "1.2.840.10008.5.1.4.1.1.2"
    assert ds.file_meta.MediaStorageSOPInstanceUID == "1.2.3.4"
    assert ds.file_meta.TransferSyntaxUID == EXPLICIT
    assert ds.file_meta.ImplementationClassUID == IMPLEMENTATION_CLASS_UID
    assert ds.file_meta.get("SourceApplicationEntityTitle", "") == source_aet
    assert ds.file_meta.FileMetaInformationGroupLength == len(meta) - 144
    assert ds.StudyInstanceUID == "1.2.3"


ANSWER = {
    0x00080020: "20200101",
    0x00080050: "ACC 1",
    0x00080061: "CT\\MR",
    0x00100010: "Müller^Jürgen",
    0x00100020: "",
    0x0020000D: "1.2.3.4.5",
    0x00201206: "12",
    0x00540081: "3\\70000\\x\\4",  # US: one of them is too large, one no number
}


@pytest.mark.parametrize("transfer_syntax", SYNTAXES)
def test_answers_are_what_pydicom_reads(transfer_syntax: str) -> None:
    encoder = IdentifierEncoder(
        list(ANSWER), transfer_syntax, constants={0x00080052: "STUDY", 0x00080054: "PACSBERRY", 0x00201208: "1"}
    )

    ds = read_by_pydicom(encoder.encode([ANSWER[tag] for tag in encoder.tags]), transfer_syntax)

    assert ds.SpecificCharacterSet == "ISO_IR 100"
    assert (ds.QueryRetrieveLevel, ds.RetrieveAETitle, ds.NumberOfStudyRelatedInstances) == ("STUDY", "PACSBERRY", 1)
    assert (ds.StudyDate, ds.AccessionNumber, ds.ModalitiesInStudy) == ("20200101", "ACC 1", ["CT", "MR"])
    assert ds.PatientName == "Müller^Jürgen"
    assert (ds.PatientID, ds.StudyInstanceUID) == ("", "1.2.3.4.5")
    assert list(ds["NumberOfSlices"].value) == [3, 4]
    assert [int(made.tag) for made in ds] == sorted(int(made.tag) for made in ds)


@pytest.mark.parametrize("transfer_syntax", SYNTAXES)
@pytest.mark.parametrize("length", [1, 254, 255, 256, 257, 1000, 65533])
def test_values_of_every_length_are_written(transfer_syntax: str, length: int) -> None:
    encoder = IdentifierEncoder([0x00081030], transfer_syntax)

    answer = decode_identifier(encoder.encode(["x" * length]), transfer_syntax)

    assert answer[0x00081030] == QueryElement("LO", "x" * length)


def test_a_value_too_long_for_its_element_is_cut() -> None:
    encoder = IdentifierEncoder([0x00081030], EXPLICIT)

    assert len(decode_identifier(encoder.encode(["x" * 70_000]), EXPLICIT)[0x00081030].text) == 65534
    whole = encode_identifier({0x00081030: QueryElement("LO", "x" * 70_000)}, EXPLICIT)
    assert len(decode_identifier(whole, EXPLICIT)[0x00081030].text) == 65534


@pytest.mark.parametrize("transfer_syntax", SYNTAXES)
def test_absent_values_and_sequences_are_written_empty(transfer_syntax: str) -> None:
    encoder = IdentifierEncoder([0x00081140, 0x00100020, 0x00540081], transfer_syntax)

    ds = read_by_pydicom(encoder.encode(["ignored", None, None]), transfer_syntax)

    assert len(ds.ReferencedImageSequence) == 0
    assert ds.PatientID == ""
    assert ds["NumberOfSlices"].value is None


def test_each_answer_needs_a_value_for_every_tag() -> None:
    with pytest.raises(ValueError, match="shorter"):
        IdentifierEncoder([0x00100010, 0x00100020], EXPLICIT).encode(["a"])


@pytest.mark.parametrize(
    ("default_encoding", "name"),
    [
        ("Korean", "홍^길동"),
        ("JapaneseKanji", "山田^太郎"),
        ("Chinese", "张"),
        ("Utf8", "é山"),
        ("Greek", "ω"),
        ("Ascii", "a"),
    ],
)
def test_answers_say_what_they_are_encoded_in(default_encoding: str, name: str) -> None:
    text = {
        "Korean": "홍^길동",
        "JapaneseKanji": "山田^太郎",
        "Chinese": "张",
        "Utf8": "é山",
        "Greek": "ω",
        "Ascii": "a",
    }
    encoder = IdentifierEncoder([0x00100010], EXPLICIT, default_encoding)

    answer = decode_identifier(encoder.encode([text[default_encoding]]), EXPLICIT, default_encoding="Latin2")

    assert answer[0x00080005].text == character_set(default_encoding)
    assert answer[0x00100010].text == text[default_encoding]


@pytest.mark.parametrize("transfer_syntax", SYNTAXES)
def test_sequences_survive_the_round(transfer_syntax: str) -> None:
    step: Identifier = {
        0x00080060: QueryElement("CS", "CT"),
        0x00400006: QueryElement("PN", "Müller"),
        0x00400008: QueryElement("SQ", items=({0x00080100: QueryElement("SH", "CODE")},)),
    }
    worklist: Identifier = {
        0x00100010: QueryElement("PN", "Müller^J"),
        0x00400100: QueryElement("SQ", items=(step, {})),
        0x00541000: QueryElement("CS", "A\\B"),
        0x00280009: QueryElement("AT", "0018,1063"),
    }

    data = encode_identifier(worklist, transfer_syntax, "Utf8")

    read = decode_identifier(data, transfer_syntax)
    assert read.pop(0x00080005).text == "ISO_IR 192"
    assert read == worklist
    assert read_by_pydicom(data, transfer_syntax).ScheduledProcedureStepSequence[0].Modality == "CT"


def test_a_query_is_read_in_its_own_character_set() -> None:
    query = element(0x00080005, "CS", "ISO_IR 144") + element(0x00100010, "PN", "Люк*".encode("iso8859_5"))

    assert decode_identifier(query, EXPLICIT)[0x00100010] == QueryElement("PN", "Люк*")
    assert decode_identifier(query[18:], EXPLICIT, default_encoding="Cyrillic")[0x00100010].text == "Люк*"


def test_an_item_may_have_its_own_character_set() -> None:
    inside = item(element(0x00080005, "CS", "ISO_IR 144") + element(0x00400006, "PN", "Люк".encode("iso8859_5") + b" "))
    query = element(0x00100010, "PN", b"\xe9 ")

    read = decode_identifier(open_sequence(0x00400100, inside) + query, EXPLICIT)

    assert read[0x00400100].items[0][0x00400006].text == "Люк"
    assert read[0x00100010].text == "é"


def test_the_users_dictionary_serves_implicit_queries() -> None:
    dictionary = TagDictionary.from_option({"0014,1020": ["US", "Thing", 1, 1]})

    assert decode_identifier(implicit(0x00141020, b"\5\0"), IMPLICIT, dictionary=dictionary) == {
        0x00141020: QueryElement("US", "5")
    }


def test_a_query_has_a_largest_size_and_depth() -> None:
    with pytest.raises(TooLarge):
        decode_identifier(bytes(LONGEST_IDENTIFIER + 1), EXPLICIT)
    deep = element(0x00400100, "SQ", b"", length=UNDEFINED) + struct.pack("<HHL", 0xFFFE, 0xE000, UNDEFINED)
    with pytest.raises(UnreadableDicom, match="deeper"):
        decode_identifier(deep * 1000, EXPLICIT)
    nested: Identifier = {}
    for _ in range(MAXIMUM_DEPTH + 2):
        nested = {0x00400100: QueryElement("SQ", items=(nested,))}
    with pytest.raises(TooLarge):
        encode_identifier(nested, EXPLICIT)


@settings(deadline=timedelta(seconds=2))
@given(st.binary(max_size=300), st.sampled_from(SYNTAXES))
def test_no_bytes_make_reading_a_query_fail_otherwise(data: bytes, transfer_syntax: str) -> None:
    try:
        decode_identifier(data, transfer_syntax)
    except UnreadableDicom:
        return


@given(
    st.lists(st.text(max_size=40), min_size=4, max_size=4),
    st.sampled_from(SYNTAXES),
    st.sampled_from(["Latin1", "Utf8", "Korean", "Windows1251"]),
)
def test_no_text_makes_writing_an_answer_fail(values: list[str], transfer_syntax: str, default_encoding: str) -> None:
    encoder = IdentifierEncoder([0x00080018, 0x00100010, 0x00540081, 0x00280009], transfer_syntax, default_encoding)

    assert len(decode_identifier(encoder.encode(values), transfer_syntax)) == 5
