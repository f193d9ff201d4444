"""DCMTK's dcm2pnm and dcmj2pnm draw the same pictures of the same files."""

import shutil
import subprocess
from collections.abc import Mapping
from pathlib import Path
from typing import Any, Final

import numpy as np
import pytest
from numpy.typing import NDArray
from pydicom.dataset import Dataset
from pydicom.sequence import Sequence

from tests.imaging.test_grey import preview, rendered
from tests.makers import BIG_ENDIAN
from tests.makers import images as made
from tests.makers.images import make_image

pytestmark = pytest.mark.skipif(shutil.which("dcmj2pnm") is None, reason="DCMTK is not installed")

RAMP: Final = ((np.arange(40 * 30).reshape(40, 30) * 37) % 4096).astype("u2")
WINDOW: Final = {"WindowCenter": 1000, "WindowWidth": 900, "RescaleSlope": 1, "RescaleIntercept": 0}


def _table() -> Dataset:
    item = Dataset()
    item.add_new("LUTDescriptor", "US", [4096, 0, 12])
    item.add_new("LUTData", "OW", np.sqrt(np.arange(4096) * 4095).astype("<u2").tobytes())
    return item


WINDOWED: Final = {
    "12 bits": make_image(RAMP, bits_stored=12, tags=WINDOW),
    "MONOCHROME1": make_image(RAMP, bits_stored=12, photometric="MONOCHROME1", tags=WINDOW),
    "signed, rescaled": make_image(
        RAMP.astype("i2") - 2000, tags={**WINDOW, "RescaleSlope": "1.5", "RescaleIntercept": "-100"}
    ),
    "big endian": make_image(RAMP, BIG_ENDIAN, tags=WINDOW),
    "narrow": make_image(RAMP, tags={**WINDOW, "WindowWidth": 5}),
    "JPEG lossless": make_image(RAMP, made.JPEG_LOSSLESS_FIRST, bits_stored=12, tags=WINDOW),
}
FROM_PYDICOM: Final = (
    "examples_palette", "examples_rgb_color", "SC_rgb_jpeg_gdcm", "SC_rgb_dcmtk_+eb+cr", "SC_rgb_rle",
    "SC_rgb_small_odd", "ExplVR_BigEnd", "SC_rgb_dcmtk_+eb+cy+np", "SC_ybr_full_422_uncompressed",
)  # fmt: skip


def drawn(path: Path, *options: str) -> NDArray[Any]:
    """The picture that dcmj2pnm makes, a raw PGM or PPM of 8 bits."""
    out = path.with_suffix(".pnm")
    subprocess.run(["dcmj2pnm", *options, path, out], check=True, capture_output=True)
    kind, size, most, data = out.read_bytes().split(b"\n", 3)
    columns, rows = map(int, size.split())
    assert most == b"255"
    return np.frombuffer(data, "u1").reshape((rows, columns, 3) if kind == b"P6" else (rows, columns)).astype(int)


@pytest.mark.parametrize("name", WINDOWED)
def test_the_window_of_the_file_shows_the_same(name: str, tmp_path: Path) -> None:
    path = tmp_path / "image.dcm"
    path.write_bytes(WINDOWED[name])

    theirs = drawn(path, "+Wi", "1")

    assert np.abs(theirs - rendered(WINDOWED[name])).max() <= 1


@pytest.mark.parametrize("name", WINDOWED)
def test_all_values_show_the_same(name: str, tmp_path: Path) -> None:
    path = tmp_path / "image.dcm"
    path.write_bytes(WINDOWED[name])

    theirs = drawn(path, "+Wm")

    assert np.abs(theirs - preview(WINDOWED[name])).max() <= 1


def test_a_table_of_the_file_shows_the_same(tmp_path: Path) -> None:
    file = make_image(RAMP, bits_stored=12, tags={"VOILUTSequence": Sequence([_table()])})
    path = tmp_path / "image.dcm"
    path.write_bytes(file)

    theirs = drawn(path, "+Wl", "1")

    assert np.abs(theirs - rendered(file)).max() <= 1


@pytest.mark.parametrize("name", FROM_PYDICOM)
def test_colours_are_the_same(name: str, pydicom_files: Mapping[str, Path], tmp_path: Path) -> None:
    path = tmp_path / "image.dcm"
    path.write_bytes(pydicom_files[f"{name}.dcm"].read_bytes())

    theirs = drawn(path)

    assert np.abs(theirs - preview(path.read_bytes())).max() <= 2
