"""What the tests of the header share."""

from pacsberry.dicom.header import read_header
from pacsberry.model import Header


def header_of(file: bytes, default_encoding: str = "Latin1") -> Header:
    return read_header(file, size=len(file), default_encoding=default_encoding)
