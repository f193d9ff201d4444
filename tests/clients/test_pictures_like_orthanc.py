"""The same images to Debian's Orthanc and to our server: pictures and arrays are compared value by value.

`DIFFERS` lists where the two may differ and why.  Skipped where no Orthanc is installed.
"""

import io
import socket
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

import httpx
import numpy as np
import pydicom
import pytest
from numpy.typing import NDArray
from pydicom.uid import UID

from tests.clients.orthanc import BINARY, running_orthanc
from tests.http.live import live_server
from tests.makers import BIG_ENDIAN, part10, uid_for
from tests.makers import images as made
from tests.makers.images import make_image

pytestmark = pytest.mark.skipif(BINARY is None, reason="Orthanc is not installed")

PAM: Final = {"Accept": "image/x-portable-arbitrarymap"}
FROM_PYDICOM: Final = (
    "CT_small", "ExplVR_BigEnd", "JPGExtended", "JPEG-lossy", "MR_small", "MR_small_RLE", "MR_small_bigendian",
    "MR_small_jpeg_ls_lossless", "SC_rgb_dcmtk_+eb+cr", "SC_rgb_dcmtk_+eb+cy+np", "SC_rgb_jpeg_dcmtk",
    "SC_rgb_jpeg_gdcm", "SC_rgb_rle", "SC_rgb_rle_2frame", "SC_rgb_small_odd",
    "SC_rgb_small_odd_jpeg", "examples_overlay", "examples_palette", "examples_rgb_color", "image_dfl",
)  # fmt: skip
_RAMP: Final = ((np.arange(40 * 30).reshape(40, 30) * 37) % 4096).astype("u2")
_WINDOW: Final = {"WindowCenter": 1000, "WindowWidth": 3000}
MADE: Final = {
    "12 bits": make_image(_RAMP, bits_stored=12, tags=_WINDOW),
    "12 bits, MONOCHROME1": make_image(_RAMP, bits_stored=12, photometric="MONOCHROME1", tags=_WINDOW, instance=9),
    "signed, rescaled": make_image(
        (_RAMP.astype("i2") - 1000), tags={"RescaleSlope": 2, "RescaleIntercept": -50, **_WINDOW}, instance=2
    ),
    "big endian": make_image(_RAMP, BIG_ENDIAN, tags=_WINDOW, instance=3),
    "8 bits": make_image((_RAMP >> 4).astype("u1"), tags={"WindowCenter": 100, "WindowWidth": 50}, instance=4),
    "JPEG lossless": make_image(_RAMP, made.JPEG_LOSSLESS_FIRST, bits_stored=12, tags=_WINDOW, instance=5),
    "frames": make_image([_RAMP, _RAMP // 2, _RAMP // 3], bits_stored=12, tags=_WINDOW, instance=6),
    "colours": make_image(np.stack([_RAMP >> 4, _RAMP >> 5, _RAMP >> 6], 2).astype("u1"), is_planar=True, instance=7),
}


@dataclass(frozen=True)
class Both:
    """The two servers, holding the same images."""

    orthanc: httpx.Client
    ours: httpx.Client
    ids: Mapping[str, str]

    def get(self, path: str, **headers: str) -> tuple[httpx.Response, httpx.Response]:
        """The two answers to GET."""
        return self.orthanc.get(path, headers=headers), self.ours.get(path, headers=headers)


def _free_ports() -> tuple[int, int]:
    with socket.create_server(("127.0.0.1", 0)) as one, socket.create_server(("127.0.0.1", 0)) as other:
        return one.getsockname()[1], other.getsockname()[1]


def _of_its_own(path: Path) -> bytes:
    """A file with another SOPInstanceUID: several of pydicom's share one."""
    ds = pydicom.dcmread(path)
    ds.SOPInstanceUID = uid_for(path.name)
    ds.file_meta.MediaStorageSOPInstanceUID = UID(ds.SOPInstanceUID)
    return part10(ds)


@pytest.fixture(scope="module")
def both(tmp_path_factory: pytest.TempPathFactory, pydicom_files: Mapping[str, Path]) -> Iterator[Both]:
    folder = tmp_path_factory.mktemp("pictures")
    files = {name: _of_its_own(pydicom_files[f"{name}.dcm"]) for name in FROM_PYDICOM} | MADE
    with (
        running_orthanc(folder / "orthanc", *_free_ports()) as url,
        live_server(folder / "ours") as server,
        httpx.Client(base_url=url, timeout=60) as orthanc,
        httpx.Client(base_url=server.url, timeout=60) as ours,
    ):
        ids = {}
        for name, data in files.items():
            told = [client.post("/instances", content=data).json() for client in (orthanc, ours)]
            assert [(one["ID"], one["Status"]) for one in told] == [(told[0]["ID"], "Success")] * 2, name
            ids[name] = told[0]["ID"]
        yield Both(orthanc, ours, ids)


def _pixels(reply: httpx.Response) -> NDArray[Any]:
    """The pixels of a PAM file."""
    assert reply.headers["content-type"] == PAM["Accept"]
    header, _, data = reply.content.partition(b"ENDHDR\n")
    facts = dict(line.split(" ") for line in header.decode().splitlines()[1:])
    assert facts["TUPLTYPE"] == ("RGB" if facts["DEPTH"] == "3" else "GRAYSCALE")
    shape = (int(facts["HEIGHT"]), int(facts["WIDTH"]), int(facts["DEPTH"]))
    return np.frombuffer(data, "u1" if facts["MAXVAL"] == "255" else ">u2").reshape(shape).astype(int)


def _array(reply: httpx.Response) -> NDArray[Any]:
    loaded: Any = np.load(io.BytesIO(reply.content))
    return np.asarray(loaded if isinstance(loaded, np.ndarray) else loaded["arr_0"])


# File and route whose pixels may differ, and why.
NO_WINDOW = (
    "without a window in the file all values are shown, not the range its bits could have, which is black mostly"
)
DIFFERS: Final[Mapping[tuple[str, str], str]] = {
    ("CT_small", "preview"): "padding does not count for the range",
    ("8 bits", "rendered"): "the file's window is applied as PS3.3 C.11.2.1.2.1 says, which shows in narrow ones",
    **{
        (name, "rendered"): NO_WINDOW
        for name in ("CT_small", "examples_overlay", "image_dfl", "JPGExtended", "JPEG-lossy")
    },
}
ROUTES: Final = ("preview", "rendered", "image-uint8", "image-uint16", "image-int16")


@pytest.mark.parametrize("route", ROUTES)
@pytest.mark.parametrize("name", [*FROM_PYDICOM, *MADE])
def test_pictures_are_the_same(both: Both, name: str, route: str) -> None:
    theirs, ours = both.get(f"/instances/{both.ids[name]}/{route}", **PAM)

    assert theirs.status_code == ours.status_code
    if ours.status_code == 200 and (name, route) not in DIFFERS:
        assert np.abs(_pixels(theirs) - _pixels(ours)).max() <= 1


@pytest.mark.parametrize("route", ["numpy", "numpy?rescale=false", "numpy?compress", "numpy?compress=0&rescale=1"])
@pytest.mark.parametrize("name", [*FROM_PYDICOM, *MADE])
def test_arrays_are_the_same(both: Both, name: str, route: str) -> None:
    for place in ("", "/frames/0"):
        replies = both.get(f"/instances/{both.ids[name]}{place}/{route}")

        theirs, ours = map(_array, replies)
        assert (theirs.dtype, theirs.shape) == (ours.dtype, ours.shape)
        assert np.abs(theirs.astype(float) - ours).max() <= (2 if theirs.shape[-1] == 3 else 1e-3)


@pytest.mark.parametrize("name", ["MR_small", "signed, rescaled", "SC_rgb_small_odd", "frames", "8 bits"])
def test_text_for_octave_is_the_same(both: Both, name: str) -> None:
    for place in ("", "/frames/0"):
        theirs, ours = both.get(f"/instances/{both.ids[name]}{place}/matlab")

        assert theirs.text == ours.text
        assert theirs.headers["content-type"] == ours.headers["content-type"]


@pytest.mark.parametrize(
    "query",
    ["window-center=500&window-width=1000", "window-center=10&window-width=0", "window-width=100", "window-center=7"],
)
@pytest.mark.parametrize("name", [name for name in MADE if name != "colours"])
def test_windows_asked_for_are_the_same(both: Both, name: str, query: str) -> None:
    theirs, ours = both.get(f"/instances/{both.ids[name]}/rendered?{query}", **PAM)

    assert np.abs(_pixels(theirs) - _pixels(ours)).max() <= 1


@pytest.mark.parametrize(
    "query", ["width=60", "height=10", "width=15&height=15", "width=15&smooth=1", "width=0", "height=133"]
)
@pytest.mark.parametrize("name", ["12 bits", "colours"])
def test_sizes_asked_for_are_the_same(both: Both, name: str, query: str) -> None:
    theirs, ours = both.get(f"/instances/{both.ids[name]}/rendered?{query}", **PAM)

    assert _pixels(theirs).shape == _pixels(ours).shape


def test_formats_are_the_same(both: Both) -> None:
    for name in ("12 bits", "colours"):
        for accept in ("image/png", "image/jpeg", PAM["Accept"], "*/*", "image/*", "image/png;q=0.1,image/jpeg;q=0.2"):
            theirs, ours = both.get(f"/instances/{both.ids[name]}/preview", Accept=accept)
            assert theirs.headers["content-type"] == ours.headers["content-type"]


# (Orthanc's status, ours), and why.
STATUS: Final[Mapping[tuple[int, int], str]] = {
    (404, 406): "a format that cannot be made is not acceptable",
    (404, 400): "a number that is none is a bad request",
    (415, 400): "likewise",
}


def test_errors_are_the_same(both: Both) -> None:
    paths = [
        (f"/instances/{both.ids['12 bits']}/{path}", accept)
        for path, accept in (
            ("frames/1/preview", "*/*"),
            ("frames/-1/preview", "*/*"),
            ("frames/x/preview", "*/*"),
            ("preview", "text/html"),
            ("image-uint16", "image/jpeg"),
            ("preview?quality=0", "image/jpeg"),
            ("preview?quality=x", "image/jpeg"),
            ("rendered?window-center=x", "*/*"),
            ("rendered?width=-3", "*/*"),
            ("rendered?smooth=x", "*/*"),
            ("numpy?rescale=x", "*/*"),
            ("frames/0/nothing", "*/*"),
        )
    ] + [("/instances/none/preview", "*/*"), ("/series/none/numpy", "*/*"), ("/studies/none/numpy", "*/*")]

    for path, accept in paths:
        theirs, ours = both.get(path, Accept=accept)
        statuses = (theirs.status_code, ours.status_code)
        assert statuses[0] == statuses[1] or statuses in STATUS, path


def test_the_array_of_a_series_is_the_same(both: Both) -> None:
    series = both.ours.get(f"/instances/{both.ids['examples_rgb_color']}").json()["ParentSeries"]

    theirs, ours = map(_array, both.get(f"/series/{series}/numpy"))

    assert (theirs.dtype, theirs.shape) == (ours.dtype, ours.shape)


def test_operations_of_a_frame_are_the_same(both: Both) -> None:
    theirs, ours = both.get(f"/instances/{both.ids['12 bits']}/frames/0")

    assert theirs.json() == ours.json()
