"""DCMTK reads what we write, and what it writes of the same file says the same."""

import io
import shutil
import subprocess
from pathlib import Path
from typing import Any, Final

import numpy as np
import pydicom
import pytest
from numpy.typing import NDArray
from pydicom.pixels.utils import pixel_array

from pacsberry.imaging.targets import LOSSY
from tests.imaging.transcoded import dataset, samples, transcoded
from tests.makers import BIG_ENDIAN, DEFLATED, EXPLICIT, IMPLICIT, make_instance
from tests.makers import images as made
from tests.makers.images import make_image

pytestmark = pytest.mark.skipif(shutil.which("dcmdjpls") is None, reason="DCMTK is not installed")

Pixels = NDArray[Any]
DECODERS: Final = {
    made.JPEG_BASELINE: "dcmdjpeg",
    made.JPEG_EXTENDED: "dcmdjpeg",
    made.JPEG_LOSSLESS: "dcmdjpeg",
    made.JPEG_LOSSLESS_FIRST: "dcmdjpeg",
    made.JPEG_LS: "dcmdjpls",
    made.JPEG_LS_NEAR: "dcmdjpls",
    made.RLE: "dcmdrle",
    DEFLATED: "dcmconv",
    IMPLICIT: "dcmconv",
    BIG_ENDIAN: "dcmconv",
}
CONVERTERS: Final[dict[str, list[str]]] = {
    IMPLICIT: ["dcmconv", "+ti"],
    BIG_ENDIAN: ["dcmconv", "+tb"],
    EXPLICIT: ["dcmconv", "+te"],
}


def noise(dtype: str, bits: int, *shape: int) -> Pixels:
    lowest = -(2 ** (bits - 1)) if dtype[0] == "i" else 0
    return np.asarray(np.random.default_rng(11).integers(0, 2**bits, shape) + lowest, dtype)


def slope(dtype: str, bits: int, rows: int, columns: int) -> Pixels:
    plane = (np.arange(rows)[:, None] * 3 + np.arange(columns) * 2) * (2**bits - 1) // (3 * rows + 2 * columns)
    return np.asarray(plane, dtype)


IMAGES: Final = {
    "8 bits": (noise("u1", 8, 21, 34), 8),
    "12 bits": (noise("u2", 12, 21, 34), 12),
    "16 bits": (noise("u2", 16, 21, 34), 16),
    "10 bits": (noise("u2", 10, 21, 34), 10),
    "signed": (noise("i2", 16, 21, 34), 16),
    "colours": (noise("u1", 8, 21, 34, 3), 8),
    "odd": (noise("u1", 8, 3, 5), 8),
}


def by(command: list[str], data: bytes, folder: Path) -> bytes:
    """What a program of DCMTK makes of a file."""
    source, target = folder / "in.dcm", folder / "out.dcm"
    source.write_bytes(data)
    done = subprocess.run([*command, source, target], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    assert "E:" not in done.stderr
    return target.read_bytes()


@pytest.mark.parametrize("name", IMAGES)
@pytest.mark.parametrize("target", [syntax for syntax in DECODERS if syntax not in LOSSY])
def test_dcmtk_reads_every_pixel_that_we_wrote(target: str, name: str, tmp_path: Path) -> None:
    values, bits = IMAGES[name]
    frames = [values, values[::-1].copy(), values]
    file = transcoded(make_image(frames, bits_stored=bits), target)

    read = pydicom.dcmread(io.BytesIO(by([DECODERS[target]], file, tmp_path)))

    assert np.array_equal(pixel_array(read, raw=True), np.stack(frames))


@pytest.mark.parametrize("target", [made.JPEG_BASELINE, made.JPEG_EXTENDED, made.JPEG_LS_NEAR])
def test_dcmtk_reads_what_is_lossy(target: str, tmp_path: Path) -> None:
    values = np.stack([slope("u1", 8, 40, 50)] * 3, axis=2)
    file = transcoded(make_image(values), target)

    read = dataset(by([DECODERS[target]], file, tmp_path))

    assert read.PhotometricInterpretation == "RGB"
    assert abs(pixel_array(read, raw=True).astype(int) - values).max() < 12


@pytest.mark.parametrize("kind", ["CT", "MR", "SR", "SEG", "RTSTRUCT", "PDF"])
@pytest.mark.parametrize("target", [IMPLICIT, BIG_ENDIAN, EXPLICIT])
def test_dcmtk_writes_the_same_data_set(kind: str, target: str, tmp_path: Path) -> None:
    try:
        data = make_instance(kind)
    except KeyError:
        pytest.skip("the makers do not know this kind")
    for source in (data, transcoded(data, BIG_ENDIAN), transcoded(data, IMPLICIT)):
        ours = dataset(transcoded(source, target))

        theirs = dataset(by(CONVERTERS[target], source, tmp_path))

        assert list(ours.keys()) == [tag for tag in theirs.keys() if tag.element]  # noqa: SIM118  # without group lengths
        assert all(ours[tag].value == theirs[tag].value for tag in ours.keys())  # noqa: SIM118


@pytest.mark.parametrize(
    ("command", "syntax"),
    [
        (["dcmcjpeg", "+e1"], made.JPEG_LOSSLESS_FIRST),
        (["dcmcjpeg", "+el", "+sv", "4"], made.JPEG_LOSSLESS),
        (["dcmcjpls"], made.JPEG_LS),
        (["dcmcrle"], made.RLE),
    ],
)
@pytest.mark.parametrize("name", IMAGES)
def test_what_dcmtk_compressed_is_decompressed(command: list[str], syntax: str, name: str, tmp_path: Path) -> None:
    values, bits = IMAGES[name]
    theirs = by(command, make_image([values, values], bits_stored=bits), tmp_path)
    assert dataset(theirs).file_meta.TransferSyntaxUID == syntax

    ours = transcoded(theirs, EXPLICIT)

    assert np.array_equal(samples(ours, 1), values)
    if name != "colours":
        assert dataset(ours).PixelData == dataset(make_image([values, values], bits_stored=bits)).PixelData


@pytest.mark.parametrize("target", [*DECODERS, made.JPEG_2000, made.HTJ2K])
def test_dcmtk_dumps_every_file_without_a_complaint(target: str, tmp_path: Path) -> None:
    path = tmp_path / "a.dcm"
    path.write_bytes(transcoded(make_image(slope("u1", 8, 16, 16)), target))

    done = subprocess.run(["dcmdump", path], capture_output=True, text=True, check=False)

    assert done.returncode == 0
    assert not done.stderr
