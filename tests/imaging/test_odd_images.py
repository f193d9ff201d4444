"""Images that are rare, odd or labelled wrongly, and streams of DCMTK's encoders: read as they are meant."""

import io
import shutil
import subprocess
from pathlib import Path
from typing import Any, Final

import numpy as np
import pytest
from imagecodecs import _jpeg8
from numpy.typing import NDArray
from pydicom.encaps import encapsulate

from pacsberry.errors import NotUnderstood
from tests.imaging.test_decoding import NATIVE, slope, speckle, values_of
from tests.imaging.test_grey import rendered
from tests.imaging.test_like_dcmtk import drawn
from tests.makers import EXPLICIT, IMPLICIT
from tests.makers import images as made
from tests.makers.images import make_image

Pixels = NDArray[Any]
needs_dcmtk = pytest.mark.skipif(shutil.which("dcmcjpls") is None, reason="DCMTK is not installed")


@pytest.mark.parametrize("syntax", [*NATIVE, *made.LOSSLESS])
def test_samples_of_any_number_of_bits_come_back_with_and_without_sign(syntax: str) -> None:
    for bits in range(1, 17):
        for kind in "ui"[: 1 if bits == 1 else 2]:
            values = speckle(f"{kind}{1 if bits <= 8 else 2}", 11, 7, bits=bits)

            assert np.array_equal(values_of(make_image(values, syntax, bits_stored=bits)), values), (kind, bits)


@pytest.mark.parametrize("shape", [(1, 1), (1, 9), (9, 1), (3, 1001), (257, 2)])
@pytest.mark.parametrize("syntax", [*NATIVE, *made.LOSSLESS])
def test_odd_sizes_come_back(syntax: str, shape: tuple[int, int]) -> None:
    for values in (speckle("u1", *shape), speckle("i2", *shape), speckle("u1", *shape, 3)):
        photometric = "YBR_RCT" if values.ndim == 3 and syntax in (made.JPEG_2000, made.HTJ2K) else ""

        assert np.array_equal(values_of(make_image(values, syntax, photometric=photometric)), values)


@pytest.mark.parametrize("vr", ["OB", "OW"])
@pytest.mark.parametrize("syntax", [EXPLICIT, IMPLICIT])
@pytest.mark.parametrize("dtype", ["u1", "u2"])
def test_pixel_data_is_read_whatever_its_vr_in_little_endian(dtype: str, syntax: str, vr: str) -> None:
    values = speckle(dtype, 5, 5)
    file = make_image(values, syntax)
    wrong = file.replace(b"\xe0\x7f\x10\x00OB", b"\xe0\x7f\x10\x00" + vr.encode())
    wrong = wrong.replace(b"\xe0\x7f\x10\x00OW", b"\xe0\x7f\x10\x00" + vr.encode())

    assert np.array_equal(values_of(wrong), values)


def test_a_file_that_does_not_say_which_bits_are_stored_has_them_all() -> None:
    import pydicom

    values = speckle("u2", 5, 5)
    ds = pydicom.dcmread(io.BytesIO(make_image(values)))
    del ds.BitsStored, ds.HighBit, ds.PixelRepresentation, ds.SamplesPerPixel
    out = io.BytesIO()
    ds.save_as(out)

    assert np.array_equal(values_of(out.getvalue()), values)


# ---------------------------------------------------------------------------------------------- JPEG and its colours

COLOURS: Final = slope("u1", 40, 56, 3, bits=8)


def _jpeg(stream: bytes, photometric: str, shape: Pixels = COLOURS, syntax: str = made.JPEG_BASELINE) -> bytes:
    return make_image(shape, syntax, photometric=photometric, tags={"PixelData": encapsulate([bytes(stream)])})


@needs_dcmtk
@pytest.mark.parametrize("subsampling", ["444", "422", "420", "411"])
@pytest.mark.parametrize("size", [(40, 56), (37, 45)])
def test_chrominances_of_any_density_are_what_dcmtk_sees(
    subsampling: str, size: tuple[int, int], tmp_path: Path
) -> None:
    colours = slope("u1", *size, 3, bits=8)
    stream = _jpeg8.jpeg8_encode(colours, level=95, subsampling=subsampling)
    file = _jpeg(stream, "YBR_FULL_422", colours)
    path = tmp_path / "image.dcm"
    path.write_bytes(file)

    assert np.abs(drawn(path) - values_of(file).astype(int)).max() <= 2


def test_a_jpeg_says_itself_whether_it_is_ycbcr() -> None:
    """Files label them wrongly both ways."""
    ycbcr = _jpeg8.jpeg8_encode(COLOURS, level=98, colorspace="RGB", outcolorspace="YCbCr")
    rgb = _jpeg8.jpeg8_encode(COLOURS, level=98, colorspace="RGB", outcolorspace="RGB")
    nameless = bytearray(rgb)
    start = nameless.index(b"\xff\xc0")
    for place in range(3):  # no names that tell, as most encoders write; Adobe's mark still says it
        nameless[start + 10 + 3 * place] = place + 1
    scan = nameless.index(b"\xff\xda")
    for place in range(3):
        nameless[scan + 5 + 2 * place] = place + 1

    for stream, photometric in (
        (ycbcr, "YBR_FULL_422"), (ycbcr, "RGB"), (rgb, "RGB"), (rgb, "YBR_FULL_422"), (bytes(nameless), "YBR_FULL_422"),
    ):  # fmt: skip
        assert np.abs(values_of(_jpeg(stream, photometric)).astype(int) - COLOURS).mean() < 3


@pytest.mark.parametrize("predictor", range(1, 8))
@pytest.mark.parametrize(("dtype", "bits", "samples"), [("u1", 8, 1), ("u2", 12, 1), ("u2", 16, 1), ("u1", 8, 3)])
def test_lossless_jpeg_of_every_predictor_comes_back(predictor: int, dtype: str, bits: int, samples: int) -> None:
    values = speckle(dtype, 23, 19, *[3] * (samples == 3), bits=bits)
    precision = bits if dtype == "u2" else None
    stream = _jpeg8.jpeg8_encode(values, lossless=True, predictor=predictor, bitspersample=precision)
    file = make_image(values, made.JPEG_LOSSLESS, bits_stored=bits, tags={"PixelData": encapsulate([bytes(stream)])})

    assert np.array_equal(values_of(file), values)


# ---------------------------------------------------------------------------------------------- DCMTK's encoders

IMAGES: Final = {
    "8 bits": make_image(slope("u1", 40, 57, bits=8)),
    "12 bits": make_image(slope("u2", 41, 56, bits=12), bits_stored=12),
    "16 bits": make_image(slope("u2", 41, 55, bits=16)),
    "16 bits, signed": make_image(slope("i2", 41, 56, bits=15) - 9000),
    "colours": make_image(slope("u1", 33, 57, 3, bits=8)),
}
# Program and options; whether something is lost; the most bits.
ENCODERS: Final = {
    "JPEG-LS": (("dcmcjpls", "+el"), False, 16),
    "JPEG-LS, line by line": (("dcmcjpls", "+el", "--interleave-line"), False, 16),
    "JPEG-LS, sample by sample": (("dcmcjpls", "+el", "--interleave-sample"), False, 16),
    "JPEG-LS, colour by colour": (("dcmcjpls", "+el", "--interleave-none"), False, 16),
    "JPEG-LS, near-lossless": (("dcmcjpls", "+en", "+md", "2"), True, 16),
    "JPEG lossless": (("dcmcjpeg", "+el"), False, 16),
    "JPEG lossless, first order": (("dcmcjpeg", "+e1"), False, 16),
    "JPEG baseline": (("dcmcjpeg", "+eb", "+q", "95"), True, 8),
    "JPEG extended": (("dcmcjpeg", "+ee", "+q", "95"), True, 12),
    "JPEG spectral selection": (("dcmcjpeg", "+es", "+q", "95"), True, 12),
    "JPEG progressive": (("dcmcjpeg", "+ep", "+q", "95"), True, 12),
    "RLE": (("dcmcrle",), False, 16),
}


BITS: Final = {"8 bits": 8, "12 bits": 12, "16 bits": 16, "16 bits, signed": 16, "colours": 8}
# What loses something takes no 16 bits, or scales them.
PAIRS: Final = [
    (encoder, image)
    for encoder, (_, loses, most) in ENCODERS.items()
    for image, bits in BITS.items()
    if bits <= most and not (loses and bits == 16)
]


@needs_dcmtk
@pytest.mark.parametrize(("encoder", "image"), PAIRS)
def test_what_dcmtk_compresses_is_read(encoder: str, image: str, tmp_path: Path) -> None:
    (program, *options), loses, _ = ENCODERS[encoder]
    plain, compressed = tmp_path / "plain.dcm", tmp_path / "compressed.dcm"
    plain.write_bytes(IMAGES[image])

    subprocess.run([program, *options, plain, compressed], check=True, capture_output=True)

    ours, original = values_of(compressed.read_bytes()).astype(int), values_of(IMAGES[image]).astype(int)
    assert np.abs(ours - original).mean() <= (8 if loses else 0)


# ---------------------------------------------------------------------------------------------- values of small numbers


def test_windows_narrower_than_1_show_fractions() -> None:
    """As of PET whose slope is small, and of maps of probabilities."""
    tags = {"RescaleSlope": "0.001", "RescaleIntercept": "0"}
    values = np.arange(0, 1000, 10, dtype="u2").reshape(10, 10)

    for window in ({}, {"WindowCenter": "0.5", "WindowWidth": "0.99"}):
        shown = rendered(make_image(values, tags={**tags, **window}))

        assert shown[0, 0] <= 1
        assert shown[9, 9] >= 253
        assert 120 <= shown[5, 0] <= 132


@pytest.mark.parametrize("width", [1, 1.0])
def test_a_linear_window_of_width_1_divides_black_from_white(width: float) -> None:
    shown = rendered(make_image(np.array([[4, 5, 6]], "u2"), tags={"WindowCenter": 5, "WindowWidth": width}))

    assert shown.tolist() == [[0, 255, 255]]


def test_colours_that_no_viewer_knows_any_more_are_refused() -> None:
    with pytest.raises(NotUnderstood, match="hue"):
        values_of(make_image(slope("u1", 4, 4, 3, bits=8), photometric="HSV"))
