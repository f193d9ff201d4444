"""The same images to Debian's Orthanc and to our server: transcoded, they have the same pixels and attributes.

Its version transcodes in archives only.  It reads what we wrote, too.  Skipped where no Orthanc is installed.
"""

import io
import socket
import zipfile
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any, Final

import httpx
import numpy as np
import pydicom
import pytest
from numpy.typing import NDArray
from pydicom.dataset import FileDataset
from pydicom.uid import UID

from tests.clients.orthanc import BINARY, running_orthanc
from tests.http.live import live_server
from tests.imaging.transcoded import samples
from tests.makers import BIG_ENDIAN, EXPLICIT, IMPLICIT, make_instance
from tests.makers import images as made
from tests.makers.images import make_image

pytestmark = pytest.mark.skipif(BINARY is None, reason="Orthanc is not installed")

_RAMP: Final = ((np.arange(40 * 30).reshape(40, 30) * 37) % 4096).astype("u2")
_SMOOTH: Final = (np.arange(48)[:, None] * 3 + np.arange(40) * 2).astype("u1")
FILES: Final = {
    "12 bits": make_image(_RAMP, bits_stored=12, instance=1),
    "signed": make_image(_RAMP.astype("i2") - 1000, instance=2),
    "8 bits": make_image(_SMOOTH, instance=3),
    "colours": make_image(np.stack([_SMOOTH, _SMOOTH.T.copy().reshape(48, 40), 255 - _SMOOTH], 2), instance=4),
    "planes": make_image(np.stack([_SMOOTH] * 3, 2), is_planar=True, instance=5),
    "frames": make_image([_RAMP, _RAMP // 2, _RAMP // 3], bits_stored=12, instance=6),
    "JPEG-LS": make_image(_RAMP, made.JPEG_LS, bits_stored=12, instance=7),
    "JPEG lossless": make_image(_RAMP, made.JPEG_LOSSLESS_FIRST, bits_stored=12, instance=8),
    "RLE": make_image(_RAMP, made.RLE, bits_stored=12, instance=9),
    "big endian": make_image(_RAMP, BIG_ENDIAN, bits_stored=12, instance=10),
    "report": make_instance("SR"),
}
LOSSLESS: Final = (EXPLICIT, IMPLICIT, BIG_ENDIAN, made.JPEG_LS, made.JPEG_LOSSLESS, made.JPEG_LOSSLESS_FIRST)
# What belongs to how pixels lie, or is written by whoever writes the file.
_OWN: Final = frozenset((0x00280006, 0x7FE00010, 0x00082111))


@dataclass(frozen=True)
class Both:
    """The two servers, holding the same images."""

    orthanc: httpx.Client
    ours: httpx.Client
    ids: Mapping[str, str]

    def get(self, name: str, syntax: str) -> tuple[bytes, bytes]:
        """The file out of an archive of each."""
        order = {"Resources": [self.ids[name]], "Transcode": syntax}
        packed = [client.post("/tools/create-archive", json=order).content for client in (self.orthanc, self.ours)]
        theirs, ours = (_only_member(archive) for archive in packed)
        return theirs, ours


def _only_member(archive: bytes) -> bytes:
    with zipfile.ZipFile(io.BytesIO(archive)) as opened:
        (name,) = opened.namelist()
        return opened.read(name)


@pytest.fixture(scope="module")
def both(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Both]:
    folder = tmp_path_factory.mktemp("transcoding")
    with socket.socket() as one, socket.socket() as other:
        for free in (one, other):
            free.bind(("127.0.0.1", 0))
        ports = one.getsockname()[1], other.getsockname()[1]
    with (
        live_server(folder / "ours") as server,
        running_orthanc(folder / "theirs", *ports) as url,
        httpx.Client(base_url=url) as orthanc,
        httpx.Client(base_url=server.url) as ours,
    ):
        ids = {}
        for name, data in FILES.items():
            ids[name] = str(orthanc.post("/instances", content=data).json()["ID"])
            assert ours.post("/instances", content=data).json()["ID"] == ids[name]
        yield Both(orthanc, ours, ids)


def dataset(data: bytes) -> FileDataset:
    return pydicom.dcmread(io.BytesIO(data))


def pixels(data: bytes) -> NDArray[Any]:
    ds = dataset(data)
    return np.stack([samples(data, number) for number in range(int(ds.get("NumberOfFrames", 1)))])


@pytest.mark.parametrize("syntax", LOSSLESS)
@pytest.mark.parametrize("name", [name for name in FILES if name != "report"])
def test_lossless_files_have_the_same_pixels_and_attributes(both: Both, name: str, syntax: str) -> None:
    theirs, ours = both.get(name, syntax)

    assert np.array_equal(pixels(ours), pixels(FILES[name]))
    assert np.array_equal(pixels(ours), pixels(theirs))
    one, other = dataset(theirs), dataset(ours)
    assert one.file_meta.TransferSyntaxUID == other.file_meta.TransferSyntaxUID
    tags = {element.tag for element in (*one, *other) if element.tag not in _OWN and element.tag.element}
    assert all(one[tag].value == other[tag].value for tag in tags)


@pytest.mark.parametrize("syntax", [made.JPEG_BASELINE, made.JPEG_EXTENDED, made.JPEG_LS_NEAR])
@pytest.mark.parametrize("name", ["8 bits", "colours"])
def test_lossy_files_are_near_and_other_objects_in_both(both: Both, name: str, syntax: str) -> None:
    theirs, ours = both.get(name, syntax)

    one, other = dataset(theirs), dataset(ours)
    stored = dataset(FILES[name])
    for ds in (one, other):
        assert stored.SOPInstanceUID not in (ds.SOPInstanceUID, ds.file_meta.MediaStorageSOPInstanceUID)
        assert ds.SOPInstanceUID == ds.file_meta.MediaStorageSOPInstanceUID
        assert ds.LossyImageCompression == "01"
        assert ds.StudyInstanceUID == stored.StudyInstanceUID
    assert one.LossyImageCompressionMethod == other.LossyImageCompressionMethod
    assert abs(pixels(ours).astype(int) - pixels(theirs)).mean() < 8


@pytest.mark.parametrize("syntax", [*LOSSLESS, made.JPEG_BASELINE, made.JPEG_LS_NEAR])
@pytest.mark.parametrize("name", ["12 bits", "8 bits", "colours", "frames"])
def test_orthanc_takes_and_decodes_what_we_wrote(both: Both, name: str, syntax: str) -> None:
    if name in ("12 bits", "frames") and syntax == made.JPEG_BASELINE:
        pytest.skip("JPEG baseline has 8 bits")
    file = both.get(name, syntax)[1]
    ds = dataset(file)
    ds.SOPInstanceUID = ds.file_meta.MediaStorageSOPInstanceUID = UID("2.25.99")
    out = io.BytesIO()
    ds.save_as(out)

    id = both.orthanc.post("/instances", content=out.getvalue()).json()["ID"]
    shown = both.orthanc.get(f"/instances/{id}/preview", headers={"Accept": "image/x-portable-arbitrarymap"})
    stored = both.orthanc.get(
        f"/instances/{both.ids[name]}/preview", headers={"Accept": "image/x-portable-arbitrarymap"}
    )

    assert shown.status_code == 200
    if syntax in LOSSLESS:
        assert shown.content == stored.content
    both.orthanc.delete(f"/instances/{id}")


@pytest.mark.parametrize("syntax", [EXPLICIT, IMPLICIT, BIG_ENDIAN])
def test_objects_without_pixels_are_written_likewise(both: Both, syntax: str) -> None:
    theirs, ours = both.get("report", syntax)

    assert dataset(theirs) == dataset(ours)


def test_lossy_quality_is_understood(both: Both) -> None:
    path = f"/instances/{both.ids['colours']}/file?transcode={made.JPEG_BASELINE}&lossy-quality="

    sizes = [len(both.ours.get(f"{path}{quality}").content) for quality in (10, 50, 90)]

    assert sizes == sorted(sizes)
    assert sizes[0] < sizes[2]
