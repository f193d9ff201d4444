"""JPEG-LS with the precision that the samples have, by CharLS, which imagecodecs carries (ISO 14495-1).

imagecodecs' own encoder knows 8 and 16 bits only: a CT of 12 would be announced as one of 16, which decoders complain
about, and take 0.5 % more bytes.  This is CharLS' C interface of version 2, as its header describes it.
"""

import ctypes
import importlib
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

_BY_SAMPLE: Final = 2  # interleave mode: the samples of a pixel side by side, as in the array; DCMTK and GDCM take it
_NO_LIBRARY: Final = (OSError, AttributeError, StopIteration)


class _FrameInfo(ctypes.Structure):
    _fields_ = (
        ("width", ctypes.c_uint32),
        ("height", ctypes.c_uint32),
        ("bits_per_sample", ctypes.c_int32),
        ("component_count", ctypes.c_int32),
    )


def encode(values: NDArray[Any], *, bits: int, near: int) -> bytes:
    """An array (rows, columns[, 3]) of unsigned samples below 2**bits; `near`: how far each may be off.

    Without CharLS' library, as where imagecodecs is built in another way, the stream says 8 or 16 bits.  ValueError.
    """
    values = np.ascontiguousarray(values)
    try:
        library = _library()
    except _NO_LIBRARY:
        encoder = importlib.import_module("imagecodecs._jpegls")
        return bytes(encoder.jpegls_encode(values, level=near))
    handle = ctypes.c_void_p(library.charls_jpegls_encoder_create())
    try:
        return _encoded(library, handle, values, bits, near)
    finally:
        library.charls_jpegls_encoder_destroy(handle)


def _encoded(library: ctypes.CDLL, handle: ctypes.c_void_p, values: NDArray[Any], bits: int, near: int) -> bytes:
    samples = 1 if values.ndim == 2 else values.shape[2]
    info = _FrameInfo(values.shape[1], values.shape[0], bits, samples)
    _check(library.charls_jpegls_encoder_set_frame_info(handle, ctypes.byref(info)))
    _check(library.charls_jpegls_encoder_set_near_lossless(handle, near))
    if samples > 1:
        _check(library.charls_jpegls_encoder_set_interleave_mode(handle, _BY_SAMPLE))
    room = ctypes.c_size_t()
    _check(library.charls_jpegls_encoder_get_estimated_destination_size(handle, ctypes.byref(room)))
    stream = np.empty(room.value, np.uint8)
    _check(
        library.charls_jpegls_encoder_set_destination_buffer(
            handle, ctypes.c_void_p(stream.ctypes.data), ctypes.c_size_t(stream.nbytes)
        )
    )
    _check(
        library.charls_jpegls_encoder_encode_from_buffer(
            handle, ctypes.c_void_p(values.ctypes.data), ctypes.c_size_t(values.nbytes), ctypes.c_uint32(0)
        )
    )
    written = ctypes.c_size_t()
    _check(library.charls_jpegls_encoder_get_bytes_written(handle, ctypes.byref(written)))
    return stream[: written.value].tobytes()


def _check(error: int) -> None:
    if error:
        raise ValueError(f"CharLS error {error}")


def _library() -> ctypes.CDLL:
    """The one that imagecodecs' decoder has loaded into this process."""
    importlib.import_module("imagecodecs._jpegls")
    with open("/proc/self/maps") as maps:  # noqa: PTH123  # no file, a question to the kernel
        path = next(line.split(maxsplit=5)[5].strip() for line in maps if "libcharls" in line)
    library = ctypes.CDLL(path)
    library.charls_jpegls_encoder_create.restype = ctypes.c_void_p
    return library
