"""DICOM JSON and XML, read back by pydicom and by the standard library's XML parser."""

import io
import json
import warnings
import xml.etree.ElementTree as ET
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pydicom
import pytest
from pydicom.dataset import Dataset
from pydicom.sequence import Sequence

from pacsberry.dicom.names import STANDARD
from pacsberry.dicom.native_json import native_json
from pacsberry.dicom.native_xml import native_xml
from pacsberry.dicom.part10 import DicomFile
from pacsberry.errors import UnreadableDicom
from tests.makers import BIG_ENDIAN, DEFLATED, IMPLICIT, NATIVE_SYNTAXES, make_dataset, make_instance, part10

SPACE = "{http://dicom.nema.org/PS3.19/models/NativeDICOM}"


def _bulk_uri(path: str) -> str:
    return f"/content/{path}"


def _json(data: bytes) -> dict[str, Any]:
    text = "".join(
        native_json(DicomFile.open(data), bulk_uri=_bulk_uri, default_encoding="Latin1", dictionary=STANDARD)
    )
    found: dict[str, Any] = json.loads(text)
    return found


def _xml(data: bytes) -> ET.Element:
    text = "".join(native_xml(DicomFile.open(data), bulk_uri=_bulk_uri, default_encoding="Latin1", dictionary=STANDARD))
    return ET.fromstring(text.encode())  # noqa: S314  # it is our own


def _attribute(root: ET.Element, tag: str) -> ET.Element:
    found = root.find(f".//{SPACE}DicomAttribute[@tag='{tag}']")
    assert found is not None
    return found


@pytest.mark.parametrize("syntax", NATIVE_SYNTAXES)
def test_the_json_of_every_syntax_is_what_pydicom_makes_of_the_file(syntax: str) -> None:
    data = make_instance("RTSTRUCT", transfer_syntax=syntax)

    ours = _json(data)

    assert ours == pydicom.dcmread(io.BytesIO(data)).to_json_dict()


def test_the_models_of_real_files_have_every_attribute_pydicom_sees(pydicom_files: Mapping[str, Path]) -> None:
    read = 0
    for path in pydicom_files.values():
        try:
            found, document = _json(path.read_bytes()), _xml(path.read_bytes())
        except UnreadableDicom:
            continue
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            wanted = [f"{int(tag):08X}" for tag in pydicom.dcmread(path, force=True).keys() if tag.element]  # noqa: SIM118
        assert list(found) == wanted
        assert [attribute.get("tag") for attribute in document] == wanted
        read += 1

    assert read > 70


def test_pixel_data_is_told_as_a_place_below_content() -> None:
    native, encapsulated = make_instance("CT"), make_instance("CT", transfer_syntax="1.2.840.10008.1.2.4.70")

    assert _json(native)["7FE00010"] == {"vr": "OW", "BulkDataURI": "/content/7fe0-0010/0"}
    assert _json(encapsulated)["7FE00010"] == {"vr": "OB", "BulkDataURI": "/content/7fe0-0010"}
    bulk = _attribute(_xml(native), "7FE00010").find(f"{SPACE}BulkData")
    assert bulk is not None
    assert bulk.get("uri") == "/content/7fe0-0010/0"


def test_long_values_inside_sequences_have_the_path_of_their_item() -> None:
    ds = make_dataset("SR")
    item, inner = Dataset(), Dataset()
    inner.EncapsulatedDocument = bytes(5000)
    item.ContentSequence = Sequence([Dataset(), inner])
    ds.ContentSequence = Sequence([item])

    found = _json(part10(ds))

    place = found["0040A730"]["Value"][0]["0040A730"]["Value"][1]["00420011"]
    assert place == {"vr": "OB", "BulkDataURI": "/content/0040-a730/0/0040-a730/1/0042-0011"}


def test_person_names_have_their_groups_and_parts() -> None:
    data = make_instance("CT", patient_name="Yamada^Tarou=山田^太郎=やまだ^たろう")

    assert _json(data)["00100010"]["Value"] == [
        {"Alphabetic": "Yamada^Tarou", "Ideographic": "山田^太郎", "Phonetic": "やまだ^たろう"}
    ]
    name = _attribute(_xml(data), "00100010").find(f"{SPACE}PersonName/{SPACE}Ideographic/{SPACE}GivenName")
    assert name is not None
    assert name.text == "太郎"


def test_numbers_are_json_numbers_and_what_is_none_stays_text() -> None:
    ds = make_dataset("CT")
    ds.PixelSpacing = ["0.5", "1e2"]
    raw = part10(ds).replace(b"0.5\\1e2", b"0.5\\abc")

    assert _json(part10(ds))["00280030"]["Value"] == [0.5, 100.0]
    assert _json(raw)["00280030"]["Value"] == [0.5, "abc"]
    assert _json(raw)["00280010"]["Value"] == [16]


def test_characters_that_xml_cannot_hold_do_not_break_the_document() -> None:
    data = make_instance("CT", tags={"StudyDescription": 'a<b>&"\x01\x0b'})

    assert _attribute(_xml(data), "00081030")[0].text == 'a<b>&"\ufffd\ufffd'


def test_private_attributes_name_their_creator() -> None:
    ds = make_dataset("CT")
    block = ds.private_block(0x0011, 'A "maker" & <son>', create=True)
    block.add_new(0x01, "LO", "secret")

    found = _attribute(_xml(part10(ds)), "00111001")

    assert found.get("privateCreator") == 'A "maker" & <son>'
    assert found[0].text == "secret"


@pytest.mark.parametrize("syntax", [IMPLICIT, BIG_ENDIAN, DEFLATED])
def test_binary_numbers_and_tags_are_read_in_every_encoding(syntax: str) -> None:
    data = make_instance("NM", transfer_syntax=syntax, frames=2)

    found = _json(data)

    assert found["00280009"]["Value"] == ["00540010", "00540020"]
    assert found["00280010"]["Value"] == [16]
