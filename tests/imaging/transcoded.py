"""Files in another transfer syntax, written as a pixel worker writes them, and read by pydicom."""

import io
import os
import tempfile
from typing import Any

import pydicom
from numpy.typing import NDArray
from pydicom.dataset import FileDataset

from pacsberry.dicom.part10 import DicomFile
from pacsberry.imaging.orders import Order, Product
from pacsberry.imaging.targets import LOSSY
from pacsberry.imaging.transcoding import fill_table
from pacsberry.imaging.worker.frame import read_samples
from pacsberry.imaging.worker.transcoding import write_file, write_frame

Pixels = NDArray[Any]
NEW_UID = "2.25.7"


def transcoded(data: bytes, syntax: str, *, quality: int = 90) -> bytes:
    """The file, of a single piece."""
    order = Order(Product.FILE, transfer_syntax=syntax, quality=quality, sop_uid=NEW_UID if syntax in LOSSY else "")
    with tempfile.TemporaryFile(buffering=0) as out:
        reply = write_file(order, DicomFile.open(data), out.write)
        assert reply.next_frame == 0
        assert reply.length == out.seek(0, os.SEEK_END)
        if reply.table:
            fill_table(out.fileno(), reply.table, reply.frames)
        out.seek(0)
        return out.read()


def frame_in(data: bytes, syntax: str, frame: int = 0) -> bytes:
    """One frame alone."""
    out = io.BytesIO()
    write_frame(Order(Product.STREAM, frame=frame, transfer_syntax=syntax), DicomFile.open(data), out.write)
    return out.getvalue()


def samples(data: bytes, frame: int = 0) -> Pixels:
    """The values of a frame, as our own decoders read them."""
    return read_samples(DicomFile.open(io.BytesIO(data)), frame).values


def dataset(data: bytes) -> FileDataset:
    """As pydicom reads the file."""
    return pydicom.dcmread(io.BytesIO(data))
