"""Structured reports as lines."""

from pydicom.dataset import Dataset
from pydicom.sequence import Sequence

from pacsberry.dicom.part10 import DicomFile
from pacsberry.dicom.report import ReportLine, report_lines
from tests.makers import make_dataset, make_instance
from tests.makers.instances import part10


def code(meaning: str, value: str = "1") -> Sequence:
    item = Dataset()
    item.CodeValue, item.CodingSchemeDesignator, item.CodeMeaning = value, "DCM", meaning
    return Sequence([item])


def content(kind: str, name: str) -> Dataset:
    item = Dataset()
    item.RelationshipType, item.ValueType, item.ConceptNameCodeSequence = "CONTAINS", kind, code(name)
    return item


def lines(data: bytes) -> list[ReportLine]:
    return list(report_lines(DicomFile.open(data)))


def test_a_report_is_told_line_by_line() -> None:
    assert lines(make_instance("SR")) == [
        ReportLine(0, "CONTAINER", "Radiology Report", ""),
        ReportLine(1, "TEXT", "Finding", "No abnormality."),
    ]


def test_every_kind_of_content_has_a_value_and_its_place_in_the_tree() -> None:
    report = make_dataset("SR")
    number = content("NUM", "Diameter")
    measured = Dataset()
    measured.NumericValue, measured.MeasurementUnitsCodeSequence = "12.5", code("millimeter", "mm")
    number.MeasuredValueSequence = Sequence([measured])
    coded = content("CODE", "Side")
    coded.ConceptCodeSequence = code("Left")
    person = content("PNAME", "Observer")
    person.PersonName = "Roe^Jane"
    text = content("TEXT", "Finding")
    text.TextValue = "long " * 500
    section = content("CONTAINER", "Findings")
    section.ContentSequence = Sequence([number, coded])
    image = content("IMAGE", "Source")
    reference = Dataset()
    reference.ReferencedSOPClassUID, reference.ReferencedSOPInstanceUID = "1.2.840.10008.5.1.4.1.1.2", "1.2.3"
    image.ReferencedSOPSequence = Sequence([reference])
    report.ContentSequence = Sequence([section, person, text, image])

    assert lines(part10(report))[1:] == [
        ReportLine(1, "CONTAINER", "Findings", ""),
        ReportLine(2, "NUM", "Diameter", "12.5 mm"),
        ReportLine(2, "CODE", "Side", "Left"),
        ReportLine(1, "PNAME", "Observer", "Roe^Jane"),
        ReportLine(1, "TEXT", "Finding", ("long " * 500).strip()),
        ReportLine(1, "IMAGE", "Source", "1.2.840.10008.5.1.4.1.1.2"),
    ]


def test_what_is_no_report_has_no_lines() -> None:
    assert lines(make_instance("CT")) == []
