"""Every transfer syntax, sample type and layout gives the numbers that went in, or those that other programs see."""

import contextlib
import io
import shutil
import subprocess
import warnings
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
import pydicom
import pytest
from numpy.typing import NDArray
from pydicom.errors import InvalidDicomError
from pydicom.pixels.processing import apply_color_lut
from pydicom.pixels.utils import pixel_array

from pacsberry.dicom.part10 import DicomFile
from pacsberry.errors import NotUnderstood, UnknownResource
from pacsberry.imaging.worker.frame import read_frame
from tests.makers import BIG_ENDIAN, DEFLATED, EXPLICIT, IMPLICIT
from tests.makers import images as made
from tests.makers.images import make_image

Pixels = NDArray[Any]


def values_of(data: bytes, frame: int = 0) -> Pixels:
    return read_frame(DicomFile.open(io.BytesIO(data)), frame).values


def speckle(dtype: str, *shape: int, bits: int = 0) -> Pixels:
    """Noise over a slope, over the whole range of `bits`."""
    bits = bits or 8 * np.dtype(dtype).itemsize
    lowest = -(2 ** (bits - 1)) if np.dtype(dtype).kind == "i" else 0
    random = np.random.default_rng(7)
    return np.asarray(random.integers(0, 2**bits, shape, dtype="i8") + lowest, dtype)


def slope(dtype: str, *shape: int, bits: int) -> Pixels:
    """A smooth image, for codecs that lose something."""
    rows, columns = shape[:2]
    plane = (np.arange(rows)[:, None] * 3 + np.arange(columns) * 2) * (2**bits - 1) // (3 * rows + 2 * columns)
    if len(shape) == 3:
        plane = np.stack([plane, plane[::-1], plane[:, ::-1]], axis=2)
    return np.asarray(plane, dtype)


SAMPLES = (("u1", 8), ("u2", 16), ("u2", 12), ("i2", 16), ("i2", 12))
NATIVE = (EXPLICIT, IMPLICIT, BIG_ENDIAN, DEFLATED)


@pytest.mark.parametrize(("dtype", "bits"), SAMPLES)
@pytest.mark.parametrize("syntax", [*NATIVE, *made.LOSSLESS])
def test_grey_values_come_back_from_every_lossless_syntax(syntax: str, dtype: str, bits: int) -> None:
    values = speckle(dtype, 13, 17, bits=bits)

    read = values_of(make_image(values, syntax, bits_stored=bits))

    assert read.dtype.kind == np.dtype(dtype).kind
    assert np.array_equal(read, values)


@pytest.mark.parametrize("dtype", ["u1", "u2"])
@pytest.mark.parametrize("is_planar", [False, True])
@pytest.mark.parametrize("syntax", NATIVE)
def test_uncompressed_colours_come_back_as_8_bits_in_both_planar_configurations(
    syntax: str, is_planar: bool, dtype: str
) -> None:
    values = speckle(dtype, 5, 7, 3)

    read = values_of(make_image(values, syntax, is_planar=is_planar))

    assert read.dtype == np.uint8
    assert np.array_equal(read, values >> (8 * values.itemsize - 8))


@pytest.mark.parametrize("syntax", made.LOSSLESS)
def test_colours_come_back_from_every_lossless_syntax(syntax: str) -> None:
    values = speckle("u1", 9, 11, 3)
    photometric = "YBR_RCT" if syntax in (made.JPEG_2000, made.HTJ2K) else "RGB"

    assert np.array_equal(values_of(make_image(values, syntax, photometric=photometric)), values)


@pytest.mark.parametrize(
    ("syntax", "dtype", "bits", "most"),
    [
        (made.JPEG_BASELINE, "u1", 8, 4),
        (made.JPEG_EXTENDED, "u1", 8, 4),
        (made.JPEG_EXTENDED, "u2", 12, 24),
        (made.JPEG_LS_NEAR, "u1", 8, 2),
        (made.JPEG_LS_NEAR, "u2", 12, 2),
        (made.JPEG_2000_LOSSY, "u1", 8, 4),
        (made.JPEG_2000_LOSSY, "u2", 16, 400),
        (made.HTJ2K_LOSSY, "u2", 16, 400),
    ],
)
def test_grey_values_come_back_nearly_from_lossy_syntaxes(syntax: str, dtype: str, bits: int, most: int) -> None:
    values = slope(dtype, 40, 56, bits=bits)

    read = values_of(make_image(values, syntax, bits_stored=bits))

    assert np.abs(read.astype(int) - values).max() <= most


def test_colours_come_back_nearly_from_jpeg() -> None:
    values = slope("u1", 40, 56, 3, bits=8)

    read = values_of(make_image(values, made.JPEG_BASELINE, photometric="YBR_FULL_422"))

    assert np.abs(read.astype(int) - values).mean() < 3


@pytest.mark.parametrize("syntax", [*NATIVE, *made.LOSSLESS])
def test_each_frame_is_itself(syntax: str) -> None:
    frames = [speckle("u1", 7, 9) // (number + 1) for number in range(3)]
    file = make_image(frames, syntax, fragments=1)

    assert [np.array_equal(values_of(file, number), frame) for number, frame in enumerate(frames)] == [True] * 3
    with pytest.raises(UnknownResource, match="no frame 3"):
        values_of(file, 3)


def test_a_frame_in_several_fragments_is_put_together() -> None:
    values = speckle("u2", 64, 64)

    assert np.array_equal(values_of(make_image(values, made.JPEG_LS, fragments=4)), values)


@pytest.mark.parametrize("padding", [b"\0", b"\xff"])
@pytest.mark.parametrize("syntax", [made.JPEG_LS, made.JPEG_LOSSLESS, made.JPEG_2000])
def test_padding_behind_a_stream_does_not_matter(syntax: str, padding: bytes) -> None:
    values = speckle("u1", 16, 16)
    stream = made.compress(values, syntax, bits=8)
    stream += padding * (2 - len(stream) % 2)  # fragments have even lengths
    file = make_image(values, syntax, tags={"PixelData": _encapsulated(stream)})

    assert np.array_equal(values_of(file), values)


def test_single_bits_are_counted_from_the_lowest_across_frames() -> None:
    bits = speckle("u1", 3, 5, 7) & 1
    packed = np.packbits(bits.ravel(), bitorder="little").tobytes()
    file = make_image(
        [np.zeros((5, 7), "u1")] * 3,
        tags={"BitsAllocated": 1, "BitsStored": 1, "HighBit": 0, "PixelData": packed},
    )

    assert [np.array_equal(values_of(file, number), bits[number]) for number in range(3)] == [True] * 3


def test_32_bit_values_come_back_in_both_byte_orders() -> None:
    values = speckle("u4", 5, 6)

    assert np.array_equal(values_of(make_image(values)), values)
    assert np.array_equal(values_of(make_image(values, BIG_ENDIAN, tags={})), values)


def test_bits_beside_the_stored_ones_are_not_part_of_a_value() -> None:
    values = speckle("u2", 8, 8)
    file = make_image(values, bits_stored=12, tags={"HighBit": 13})

    assert np.array_equal(values_of(file), (values >> 2) & 0xFFF)


def test_a_stream_with_another_sign_than_the_file_is_read_with_that_of_the_file() -> None:
    values = speckle("u2", 8, 8, bits=13)
    file = make_image(values, made.JPEG_2000, bits_stored=16, tags={"PixelRepresentation": 1, "BitsStored": 13})

    assert np.array_equal(values_of(file), (values << 3).view("i2") >> 3)


def test_uncompressed_ybr_422_shares_its_chrominances() -> None:
    file = make_image(
        np.zeros((1, 4, 3), "u1"),
        photometric="YBR_FULL_422",
        tags={"PixelData": bytes([50, 100, 128, 128, 200, 250, 128, 255])},
    )

    read = values_of(file)

    assert read[0, 0].tolist() == [50, 50, 50]
    assert read[0, 1].tolist() == [100, 100, 100]
    assert read[0, 2].tolist() == [255, 109, 200]


@pytest.mark.parametrize("bits", [8, 16])
def test_a_palette_gives_colours(bits: int) -> None:
    values = np.array([[0, 9, 10, 11, 200]], "u1")
    entries = np.array([10, 20, 30], "u1") if bits == 8 else np.array([10, 20, 30], "<u2") << 8
    tags: dict[str, object] = {}
    for factor, colour in enumerate(("Red", "Green", "Blue"), 1):
        tags[f"{colour}PaletteColorLookupTableDescriptor"] = [3, 9, bits]
        data = (entries * factor).astype(entries.dtype).tobytes()
        tags[f"{colour}PaletteColorLookupTableData"] = data + b"\0" * (len(data) % 2)

    read = values_of(make_image(values, photometric="PALETTE COLOR", tags=tags))

    assert read[0].tolist() == [[10, 20, 30], [10, 20, 30], [20, 40, 60], [30, 60, 90], [30, 60, 90]]


def test_a_segmented_palette_is_written_out() -> None:
    # two entries, then four on the way to 100 x 256, then the first segment again (PS3.3 C.7.9.2)
    words = np.array([0, 2, 0, 20 << 8, 1, 4, 100 << 8, 2, 1, 0, 0], "<u2").tobytes()
    tags: dict[str, object] = {}
    for colour in ("Red", "Green", "Blue"):
        tags[f"{colour}PaletteColorLookupTableDescriptor"] = [8, 0, 16]
        tags[f"Segmented{colour}PaletteColorLookupTableData"] = words
    values = np.arange(8, dtype="u1").reshape(1, 8)

    read = values_of(make_image(values, photometric="PALETTE COLOR", tags=tags))

    assert read[0, :, 0].tolist() == [0, 20, 40, 60, 80, 100, 0, 20]


def test_floating_point_pixels_are_read() -> None:
    values = np.array([[1.5, -2.25], [1e10, 0]], "f4")
    file = _float_file(values)

    assert np.array_equal(values_of(file), values)


def _float_file(values: Pixels) -> bytes:
    ds = pydicom.dcmread(io.BytesIO(make_image(np.zeros(values.shape, "u2"))))
    del ds.PixelData, ds.BitsStored, ds.HighBit, ds.PixelRepresentation
    ds.BitsAllocated = 32
    ds.FloatPixelData = values.tobytes()
    out = io.BytesIO()
    ds.save_as(out)
    return out.getvalue()


def test_pydicom_reads_the_same_from_its_own_files(pydicom_files: Mapping[str, Path]) -> None:
    compared = []
    for name, path in pydicom_files.items():
        theirs = _by_pydicom(path)
        if theirs is not None:
            with path.open("rb") as file:
                ours = read_frame(DicomFile.open(file), 0).values
            assert np.abs(ours.astype(int) - theirs.astype(int)).max() <= 1, name
            compared.append(name)

    assert len(compared) >= 30


def _by_pydicom(path: Path) -> Pixels | None:
    """The first frame as pydicom decodes it with numpy alone, colours as 8 bits; None when it cannot."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        try:
            ds = pydicom.dcmread(path)
            pixels: Pixels = pixel_array(ds, index=0, decoding_plugin="pydicom")
        except (AttributeError, NotImplementedError, RuntimeError, ValueError, InvalidDicomError):
            return None
    if ds.PhotometricInterpretation == "PALETTE COLOR":
        pixels = apply_color_lut(pixels, ds)
        return pixels >> 8 * (pixels.itemsize - 1)
    return pixels >> (ds.BitsStored - 8) if pixels.ndim == 3 and ds.BitsStored > 8 else pixels


SAME_AS_MR_SMALL = ("MR_small_RLE", "MR_small_jp2klossless", "MR_small_jpeg_ls_lossless", "MR_small_bigendian")


@pytest.mark.parametrize("name", SAME_AS_MR_SMALL)
def test_the_same_image_in_several_syntaxes_has_the_same_values(name: str, pydicom_files: Mapping[str, Path]) -> None:
    one, other = (values_of(pydicom_files[f"{stem}.dcm"].read_bytes()) for stem in ("MR_small", name))

    assert np.array_equal(one, other)


DCMTK = {
    "dcmdjpeg": [
        "JPGExtended.dcm",
        "JPEG-lossy.dcm",
        "SC_rgb_jpeg_gdcm.dcm",
        "SC_rgb_dcmtk_+eb+cr.dcm",
        "examples_ybr_color.dcm",
        "SC_rgb_jpeg_dcmtk.dcm",
    ],
    "dcmdjpls": ["MR_small_jpeg_ls_lossless.dcm", "JPEGLSNearLossless_16.dcm", "SC_rgb_jls_lossy_line.dcm"],
    "dcmdrle": ["MR_small_RLE.dcm", "SC_rgb_rle_16bit.dcm", "rtdose_rle.dcm"],
}


@pytest.mark.parametrize(("program", "name"), [(program, name) for program in DCMTK for name in DCMTK[program]])
def test_dcmtk_decodes_the_same(program: str, name: str, pydicom_files: Mapping[str, Path], tmp_path: Path) -> None:
    if shutil.which(program) is None:
        pytest.skip(f"{program} is not installed")
    decoded = tmp_path / name

    subprocess.run([program, pydicom_files[name], decoded], check=True, capture_output=True)

    ours, theirs = values_of(pydicom_files[name].read_bytes()), values_of(decoded.read_bytes())
    assert np.abs(ours.astype(int) - theirs.astype(int)).max() <= 2


@pytest.mark.parametrize(
    ("tags", "reason"),
    [
        ({"Rows": 65535, "Columns": 65535}, "65535 x 65535"),
        ({"Rows": 5000, "Columns": 5000}, "shorter"),
        ({"Rows": 0}, "rows and columns"),
        ({"SamplesPerPixel": 4}, "4 samples"),
        ({"BitsAllocated": 12}, "12 bits"),
        ({"PixelData": b""}, "shorter"),
        ({"PhotometricInterpretation": "PALETTE COLOR"}, "palette"),
    ],
)
def test_an_image_that_cannot_be_right_is_refused_with_the_reason(tags: dict[str, object], reason: str) -> None:
    with pytest.raises(NotUnderstood, match=reason):
        values_of(make_image(np.zeros((4, 4), "u1"), tags=tags))


@pytest.mark.parametrize("syntax", [*made.LOSSLESS, made.JPEG_BASELINE])
def test_a_compressed_image_of_another_size_than_the_file_claims_is_refused(syntax: str) -> None:
    with pytest.raises(NotUnderstood):
        values_of(make_image(speckle("u1", 8, 8), syntax, tags={"Rows": 4000, "Columns": 4000}))


def test_rle_segments_of_another_kind_of_image_are_refused() -> None:
    colours = _encapsulated(made.rle(speckle("u1", 8, 8, 3)))

    with pytest.raises(NotUnderstood, match="RLE segments"):
        values_of(make_image(speckle("u1", 8, 8), made.RLE, tags={"PixelData": colours}))


@pytest.mark.parametrize("syntax", [*made.LOSSLESS, made.JPEG_BASELINE])
def test_a_stream_cut_short_is_refused_or_shown_and_never_an_error_of_ours(syntax: str) -> None:
    stream = made.compress(speckle("u1", 32, 32), syntax, bits=8)
    for length in (0, 3, 20, 64, 70, len(stream) // 2):
        part = stream[:length] + b"\0" * (length % 2)
        file = make_image(speckle("u1", 32, 32), syntax, tags={"PixelData": _encapsulated(part)})

        with contextlib.suppress(NotUnderstood):
            assert values_of(file).shape == (32, 32)


def _encapsulated(stream: bytes) -> bytes:
    return bytes.fromhex("feff00e000000000feff00e0") + len(stream).to_bytes(4, "little") + stream
