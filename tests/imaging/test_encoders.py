"""Frames are compressed as each transfer syntax wants them; what loses nothing gives back every bit."""

from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray
from pydicom.pixels.decoders.rle import _rle_decode_frame

from pacsberry.errors import NotUnderstood
from pacsberry.imaging.worker import charls, encoders
from pacsberry.imaging.worker.codecs import decode
from pacsberry.imaging.worker.encoders import Sampling, encode
from pacsberry.imaging.worker.layout import Layout
from pacsberry.imaging.worker.streams import Jpeg, read_stream

Pixels = NDArray[Any]
LOSSLESS = (
    encoders.JPEG_LOSSLESS,
    encoders.JPEG_LOSSLESS_FIRST,
    encoders.JPEG_LS,
    encoders.JPEG_2000_LOSSLESS,
    encoders.HTJ2K_LOSSLESS,
    encoders.HTJ2K_RPCL,
    encoders.RLE,
)
LOSSY = (
    encoders.JPEG_BASELINE,
    encoders.JPEG_EXTENDED,
    encoders.JPEG_LS_NEAR,
    encoders.JPEG_2000,
    encoders.HTJ2K,
)
SAMPLES = (("u1", 8), ("u1", 5), ("u2", 9), ("u2", 12), ("u2", 16), ("i1", 8), ("i2", 12), ("i2", 16))
SHAPES = ((13, 17), (1, 1), (1, 300), (40, 3), (5, 7, 3))


def noise(dtype: str, bits: int, shape: tuple[int, ...]) -> Pixels:
    lowest = -(2 ** (bits - 1)) if dtype[0] == "i" else 0
    random = np.random.default_rng(5)
    return np.asarray(random.integers(0, 2**bits, shape) + lowest, dtype)


def smooth(dtype: str, bits: int, *shape: int) -> Pixels:
    rows, columns = shape[:2]
    plane = (np.arange(rows)[:, None] * 3 + np.arange(columns) * 2) * (2**bits - 1) // (3 * rows + 2 * columns)
    return np.asarray(np.stack([plane, plane[::-1], plane[:, ::-1]], axis=2) if len(shape) == 3 else plane, dtype)


def layout_of(values: Pixels, bits: int, photometric: str = "") -> Layout:
    samples = 1 if values.ndim == 2 else 3
    return Layout(
        rows=values.shape[0],
        columns=values.shape[1],
        samples=samples,
        bits_allocated=8 * values.itemsize,
        bits_stored=bits,
        high_bit=bits - 1,
        is_signed=values.dtype.kind == "i",
        is_float=False,
        is_planar=False,
        photometric_interpretation=photometric or ("MONOCHROME2" if samples == 1 else "RGB"),
    )


@pytest.mark.parametrize("shape", SHAPES)
@pytest.mark.parametrize(("dtype", "bits"), SAMPLES)
@pytest.mark.parametrize("syntax", LOSSLESS)
def test_nothing_is_lost(syntax: str, dtype: str, bits: int, shape: tuple[int, ...]) -> None:
    values = noise(dtype, bits, shape)

    stream = encode(values, syntax, Sampling(bits, is_rgb=values.ndim == 3))

    decoded, _ = decode(stream, syntax, layout_of(values, bits, "YBR_RCT" if values.ndim == 3 else ""))
    assert np.array_equal(decoded, values)


@pytest.mark.parametrize(("quality", "most"), [(50, 20), (90, 14), (100, 12)])
@pytest.mark.parametrize("syntax", LOSSY)
def test_a_lossy_stream_is_near_and_small(syntax: str, quality: int, most: int) -> None:
    values = smooth("u1", 8, 64, 80)

    stream = encode(values, syntax, Sampling(8, quality=quality))

    decoded, _ = decode(stream, syntax, layout_of(values, 8))
    assert abs(decoded.astype(int) - values).max() <= most
    assert len(stream) < values.nbytes / 2


@pytest.mark.parametrize("syntax", [encoders.JPEG_EXTENDED, encoders.JPEG_LS_NEAR, encoders.JPEG_2000, encoders.HTJ2K])
def test_12_bits_stay_12_bits(syntax: str) -> None:
    values = smooth("u2", 12, 64, 80)

    stream = encode(values, syntax, Sampling(12))

    decoded, _ = decode(stream, syntax, layout_of(values, 12))
    assert abs(decoded.astype(int) - values).max() <= 40


@pytest.mark.parametrize("syntax", [encoders.JPEG_LOSSLESS_FIRST, encoders.JPEG_LS, encoders.JPEG_2000_LOSSLESS])
@pytest.mark.parametrize("bits", [9, 10, 12, 14, 16])
def test_the_stream_has_the_precision_of_the_samples(syntax: str, bits: int) -> None:
    facts = read_stream(encode(noise("u2", bits, (20, 30)), syntax, Sampling(bits)))

    assert facts is not None
    assert facts.bits == bits


def test_colours_of_lossy_jpeg_share_chrominances_in_pairs() -> None:
    values = smooth("u1", 8, 32, 32, 3)

    stream = encode(values, encoders.JPEG_BASELINE, Sampling(8, is_rgb=True))

    facts = read_stream(stream)
    frame = stream.index(b"\xff\xc0")
    assert isinstance(facts, Jpeg)
    assert [stream[frame + 11 + 3 * component] for component in range(3)] == [0x21, 0x11, 0x11]
    decoded, is_rgb = decode(stream, encoders.JPEG_BASELINE, layout_of(values, 8, "YBR_FULL_422"))
    assert is_rgb
    assert abs(decoded.astype(int) - values).mean() < 6


def test_luminance_and_chrominances_are_not_turned_once_more() -> None:
    values = smooth("u1", 8, 32, 32, 3)

    stream = encode(values, encoders.JPEG_BASELINE, Sampling(8, is_rgb=False))
    again = encode(values, encoders.JPEG_BASELINE, Sampling(8, is_rgb=True))

    assert stream != again


def test_high_throughput_has_an_index_of_its_resolutions_where_the_syntax_wants_one() -> None:
    values = noise("u2", 12, (300, 300))

    stream = encode(values, encoders.HTJ2K_RPCL, Sampling(12))

    coding_style = stream.index(b"\xff\x52")
    assert stream[coding_style + 5] == 2  # RPCL (ISO 15444-1 table A.16)
    assert b"\xff\x55" in stream[:400]  # TLM
    assert stream.count(b"\xff\x90") == 6  # tile parts


@pytest.mark.parametrize("syntax", [encoders.JPEG_2000, encoders.HTJ2K])
@pytest.mark.parametrize("bits", [12, 14, 16])
def test_a_ct_is_as_good_in_16_bits_as_in_12(syntax: str, bits: int) -> None:
    random = np.random.default_rng(3)
    values = np.clip(random.normal(1000, 30, (128, 128)), 0, 4095).astype("i2") - np.int16(1024)
    values[0, :2] = -1024, 3071

    decoded, _ = decode(encode(values, syntax, Sampling(bits)), syntax, layout_of(values, bits))

    assert 1 < np.sqrt(((decoded.astype(int) - values) ** 2).mean()) < 12


def test_white_stays_white_in_lossy_high_throughput() -> None:
    values = np.where(np.random.default_rng(3).random((64, 64)) < 0.5, 255, 225).astype(np.uint8)

    decoded, _ = decode(encode(values, encoders.HTJ2K, Sampling(8)), encoders.HTJ2K, layout_of(values, 8))

    assert abs(decoded.astype(int) - values).max() < 20


def test_rle_is_what_pydicom_reads() -> None:
    values = noise("u2", 12, (7, 9))

    frame = _rle_decode_frame(encode(values, encoders.RLE, Sampling(12)), 7, 9, 1, 16)

    assert np.frombuffer(frame, "<u2").tolist() == values.ravel().tolist()


def test_rle_of_colours_keeps_runs_inside_rows_and_samples_apart() -> None:
    values = np.zeros((4, 6, 3), np.uint8)
    values[..., 1] = 7

    frame = _rle_decode_frame(encode(values, encoders.RLE, Sampling(8)), 4, 6, 3, 8)

    assert frame == b"\0" * 24 + b"\7" * 24 + b"\0" * 24


def test_jpeg_ls_is_written_without_the_library_beside_as_well(monkeypatch: pytest.MonkeyPatch) -> None:
    def missing() -> None:
        raise StopIteration

    monkeypatch.setattr(charls, "_library", missing)
    values = noise("u2", 12, (20, 30))

    stream = encode(values, encoders.JPEG_LS, Sampling(12))

    assert np.array_equal(decode(stream, encoders.JPEG_LS, layout_of(values, 12))[0], values)


@pytest.mark.parametrize(
    ("syntax", "dtype", "bits", "shape"),
    [
        (encoders.JPEG_BASELINE, "u2", 12, (8, 8)),
        (encoders.JPEG_BASELINE, "i1", 8, (8, 8)),
        (encoders.JPEG_EXTENDED, "u2", 16, (8, 8)),
        (encoders.JPEG_EXTENDED, "u2", 12, (8, 8, 3)),
        (encoders.JPEG_LS_NEAR, "i2", 16, (8, 8)),
        (encoders.JPEG_LS, "u4", 32, (8, 8)),
        (encoders.JPEG_2000_LOSSLESS, "u4", 32, (8, 8)),
        (encoders.RLE, "u8", 64, (8, 8, 3)),
        ("1.2.840.10008.1.2.4.102", "u1", 8, (8, 8)),
        ("1.2.840.10008.1.2.4.110", "u1", 8, (8, 8)),
    ],
)
def test_what_a_syntax_cannot_hold_is_refused(syntax: str, dtype: str, bits: int, shape: tuple[int, ...]) -> None:
    with pytest.raises(NotUnderstood):
        encode(np.zeros(shape, dtype), syntax, Sampling(bits))
