"""A data set written anew says the same in every encoding, and believes nothing that a file claims."""

import io
from typing import Any

import pydicom
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from pydicom.dataset import Dataset, FileDataset
from pydicom.sequence import Sequence

from pacsberry.dicom.encoding import QueryElement, file_meta
from pacsberry.dicom.part10 import DicomFile
from pacsberry.dicom.rewriting import Changes, Rewriting, swapped
from pacsberry.errors import UnreadableDicom
from tests.makers import BIG_ENDIAN, DEFLATED, EXPLICIT, IMPLICIT, make_dataset, make_instance, part10

ELEMENTWISE = (EXPLICIT, IMPLICIT, BIG_ENDIAN)


def rewritten(data: bytes, target: str, changes: Changes | None = None) -> bytes:
    """The data set of a file without pixels in another syntax, as a file."""
    file = DicomFile.open(data)
    return file_meta("1.2", "1.3", target) + b"".join(Rewriting(file, target, changes or {}).head())


def read(data: bytes) -> FileDataset:
    return pydicom.dcmread(io.BytesIO(data))


def rich() -> Dataset:
    """Every kind of value, sequences in sequences, private elements, characters beyond ASCII."""
    ds = make_dataset("SR", charset="ISO_IR 100", patient_name="Käse^Anna")
    inner, outer = Dataset(), Dataset()
    inner.CodeValue, inner.CodingSchemeDesignator, inner.CodeMeaning = "1", "DCM", "odd"
    outer.ConceptNameCodeSequence = Sequence([inner, inner])
    outer.TextValue = "some text"
    ds.ContentSequence = Sequence([outer, Dataset(), outer])
    ds.add_new(0x00091001, "LO", "private")
    ds.add_new(0x00090010, "LO", "MAKER")
    ds.add_new(0x00091002, "FD", [1.5, -2.25])
    ds.add_new(0x00091003, "UN", b"\x01\x02\x03\x04")
    ds.add_new(0x00189087, "FD", [0.1, 0.2])
    ds.add_new(0x00200052, "UI", "1.2.3")
    ds.add_new(0x00280009, "AT", [0x00181063, 0x00181065])
    ds.add_new(0x00281199, "UI", "1.2.3.4")
    ds.add_new(0x00660016, "OF", b"\x00\x00\x80\x3f" * 4)
    ds.add_new(0x00720081, "OV", bytes(range(16)))
    ds.add_new(0x0040A043, "SQ", Sequence([]))
    ds.add_new(0x00189073, "FD", 2.5)
    ds.add_new(0x00280303, "CS", "YES")
    ds.add_new(0x0040A30A, "DS", "1.25")
    ds.add_new(0x00182010, "DS", ["1", "2"])
    ds.add_new(0x00181622, "US", 3)
    ds.add_new(0x00186016, "UL", 70000)
    ds.add_new(0x00186020, "SL", -70000)
    return ds


@pytest.mark.parametrize("first", ELEMENTWISE)
@pytest.mark.parametrize("second", ELEMENTWISE)
def test_all_that_stands_there_comes_back(first: str, second: str) -> None:
    ds = rich()
    if IMPLICIT in (first, second):
        for tag in (0x00091001, 0x00091002, 0x00091003):  # whose VR implicit files do not tell
            del ds[tag]
    data = part10(ds)

    again = rewritten(rewritten(rewritten(data, first), second), EXPLICIT)

    assert read(again) == read(data)


@pytest.mark.parametrize("target", ELEMENTWISE)
def test_elements_are_changed_added_and_left_out_in_their_places(target: str) -> None:
    changes: Changes = {
        0x00080018: QueryElement("UI", "1.2.3.4.5"),
        0x00081030: None,
        0x00082111: QueryElement("ST", "added"),
        0x00082112: QueryElement("SQ", items=({0x00081150: QueryElement("UI", "1.9")},)),
        0x00280002: QueryElement("US", "3"),
        0x7FE00001: None,
        0xFFFC0000 | 0xFFFC: QueryElement("OB", ""),
    }

    for source in ELEMENTWISE:
        data = make_instance("SR", transfer_syntax=source)
        ds = read(rewritten(data, target, changes))
        before = read(data)
        assert (ds.SOPInstanceUID, ds.DerivationDescription, ds.SamplesPerPixel) == ("1.2.3.4.5", "added", 3)
        assert ds.SourceImageSequence[0].ReferencedSOPClassUID == "1.9"
        assert "StudyDescription" not in ds
        assert [element.tag for element in ds] == sorted(element.tag for element in ds)
        assert ds.PatientName == before.PatientName
        assert len(ds) == len(before) - 1 + 4


def test_group_lengths_are_left_out() -> None:
    data = make_instance("SR")
    for group in (0x0008, 0x0010):
        at = next(found.offset for found in DicomFile.open(data).elements() if found.tag >> 16 == group)
        data = data[:at] + group.to_bytes(2, "little") + b"\0\0UL\4\0\x63\0\0\0" + data[at:]
    assert len([element for element in read(data) if not element.tag.element]) == 2

    for target in ELEMENTWISE:
        assert not [element for element in read(rewritten(data, target)) if not element.tag.element]


def test_a_value_too_long_for_its_vr_becomes_unknown() -> None:
    ds = make_dataset("SR", transfer_syntax=IMPLICIT)
    ds.add_new(0x00081030, "UN", b"x" * 70000)
    ds.add_new(0x00283006, "OW", b"ab" * 40000)
    data = part10(ds)

    explicit = read(rewritten(data, EXPLICIT))

    assert explicit[0x00081030].value == b"x" * 70000
    assert (explicit[0x00283006].VR, explicit[0x00283006].value) == ("OW", b"ab" * 40000)


def test_values_that_have_the_sign_of_the_pixels_get_their_vr_from_it() -> None:
    for sign, vr in ((0, "US"), (1, "SS")):
        ds = make_dataset("SR", transfer_syntax=IMPLICIT)
        ds.PixelRepresentation = sign
        ds.add_new(0x00280120, vr, 5)
        data = part10(ds)

        assert vr == read(rewritten(data, EXPLICIT))[0x00280120].VR


def test_an_unknown_sequence_is_written_as_one() -> None:
    """CP-246: UN of undefined length holds Implicit VR Little Endian."""
    item = b"\xfe\xff\x00\xe0\xff\xff\xff\xff" + b"\x08\x00\x00\x01\x04\x00\x00\x00CODE" + b"\xfe\xff\x0d\xe0\0\0\0\0"
    element = b"\x40\x00\x55\x05UN\0\0\xff\xff\xff\xff" + item + b"\xfe\xff\xdd\xe0\0\0\0\0"
    data = make_instance("SR", tags={"ContentSequence": None})
    at = next(found.offset for found in DicomFile.open(data).elements() if found.tag > 0x00400555)
    data = data[:at] + element + data[at:]

    for target in (IMPLICIT, BIG_ENDIAN):
        assert read(rewritten(data, target))[0x00400555].value[0].CodeValue == "CODE"


def test_nesting_without_end_is_refused() -> None:
    deep = b"\x40\x00\x30\xa7SQ\0\0\xff\xff\xff\xff\xfe\xff\x00\xe0\xff\xff\xff\xff" * 10_000
    data = make_instance("SR", tags={"ContentSequence": None}) + deep

    with pytest.raises(UnreadableDicom):
        rewritten(data, IMPLICIT)


@pytest.mark.parametrize("number_bytes", [1, 2, 4, 8])
def test_numbers_are_turned_and_turned_back(number_bytes: int) -> None:
    data = bytes(range(19))

    turned = swapped(data, number_bytes)

    assert swapped(turned, number_bytes) == data
    assert turned[:number_bytes] == data[:number_bytes][::-1]


@settings(max_examples=150, deadline=None)
@given(st.data())
def test_damaged_data_sets_are_read_or_refused_and_nothing_else(data: st.DataObject) -> None:
    source = data.draw(st.sampled_from((*ELEMENTWISE, DEFLATED)))
    file = bytearray(part10_of(source))
    for _ in range(data.draw(st.integers(1, 6))):
        place = data.draw(st.integers(300, len(file) - 1))
        file[place] = data.draw(st.integers(0, 255))
    target = data.draw(st.sampled_from(ELEMENTWISE))

    try:
        out = rewritten(bytes(file), target)
    except UnreadableDicom:
        return
    assert len(out) < 4 * len(file) + 100_000


_FILES: dict[str, Any] = {}


def part10_of(syntax: str) -> bytes:
    """The rich data set in a syntax; made once."""
    if syntax not in _FILES:
        ds = rich()
        ds.file_meta.TransferSyntaxUID = pydicom.uid.UID(syntax)
        _FILES[syntax] = part10(ds)
    return bytes(_FILES[syntax])
