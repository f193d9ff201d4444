"""Compresses samples as streams of DICOM's transfer syntaxes: one frame in, one stream out."""

from typing import Any

import numpy as np
from numpy.typing import NDArray

from pacsberry.errors import NotUnderstood


def jpeg_ls(values: NDArray[Any]) -> bytes:
    """JPEG-LS without loss (ISO 14495-1) of integers of 8 or 16 bits, one or three samples a pixel; NotUnderstood.

    The stream knows no sign: negative values are there as two's complement of all their bits, so a reader gets them
    back by taking the words for signed ones, whatever BitsStored is.
    """
    if values.dtype.kind not in "iu" or values.dtype.itemsize > 2:
        raise NotUnderstood("JPEG-LS holds integers of up to 16 bits only.")
    from imagecodecs._jpegls import jpegls_encode

    return bytes(jpegls_encode(np.ascontiguousarray(values).view(f"u{values.dtype.itemsize}")))
