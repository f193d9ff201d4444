"""Real files by HTTP: each is kept and comes back byte for byte, or is refused and leaves nothing."""

import json
from collections.abc import Iterator
from pathlib import Path

import pydicom.data
import pytest

from tests.flows.house import House, in_process

BUNDLED = Path(pydicom.data.__file__).parent
FILES = sorted(
    str(path.relative_to(BUNDLED))
    for path in BUNDLED.rglob("*")
    if path.is_file()
    and (path.suffix == ".dcm" or "dicomdirtests" in path.parts)
    and not path.name.startswith("README")
)
PALETTES = ("fall", "hotiron", "hotmetalblue", "pet", "pet20step", "spring", "summer", "winter")
PIXELS = ("7fe0-0008", "7fe0-0009", "7fe0-0010")
NO_STUDY = "The file has no StudyInstanceUID."
NO_DATA_SET = "There is no DICOM data set in the file."
# What is refused, and what is said. Orthanc 1.10.1 refuses each of these, too.
REFUSED = {
    # made to test one thing, without the UIDs that every instance has
    "charset_files/chrSQEncoding.dcm": NO_STUDY,
    "charset_files/chrSQEncoding1.dcm": NO_STUDY,
    "test_files/JPEGLSNearLossless_08.dcm": NO_STUDY,
    "test_files/JPEGLSNearLossless_16.dcm": NO_STUDY,
    "test_files/SC_rgb_jls_lossy_line.dcm": NO_STUDY,
    "test_files/SC_rgb_jls_lossy_sample.dcm": NO_STUDY,
    "test_files/empty_charset_LEI.dcm": NO_STUDY,
    "test_files/meta_missing_tsyntax.dcm": NO_STUDY,
    "test_files/nested_priv_SQ.dcm": NO_STUDY,
    "test_files/no_meta_group_length.dcm": NO_STUDY,
    # color palettes, which belong to no patient (PS3.3 A.58)
    **{f"palettes/{name}.dcm": NO_STUDY for name in PALETTES},
    # private elements only
    "test_files/UN_sequence.dcm": NO_DATA_SET,
    "test_files/priv_SQ.dcm": NO_DATA_SET,
    # one single element, and neither preamble nor file meta information
    "test_files/no_meta.dcm": "This is no DICOM file",
    # directories of a medium (PS3.3 F), not instances
    "test_files/dicomdirtests/DICOMDIR": NO_DATA_SET,
    "test_files/dicomdirtests/DICOMDIR-bigEnd": NO_DATA_SET,
    "test_files/dicomdirtests/DICOMDIR-empty.dcm": NO_DATA_SET,
    "test_files/dicomdirtests/DICOMDIR-implicit": NO_DATA_SET,
    "test_files/dicomdirtests/DICOMDIR-nooffset": NO_DATA_SET,
    "test_files/dicomdirtests/DICOMDIR-nopatient": NO_DATA_SET,
    "test_files/dicomdirtests/DICOMDIR-reordered": NO_DATA_SET,
    "test_files/dicomdirtests/TINY_ALPHA/DICOMDIR": NO_DATA_SET,
    # cut off
    "test_files/MR_truncated.dcm": "ends 62 bytes early",
    "test_files/rtplan_truncated.dcm": "ends 265 bytes early",
    # its data set is in another transfer syntax than its file meta information says, and unreadable in that
    "test_files/SC_rgb_jpeg.dcm": "bytes early",
}


@pytest.fixture(scope="module")
def shared(tmp_path_factory: pytest.TempPathFactory) -> Iterator[House]:
    """One server for all files; each test leaves it empty."""
    with in_process(tmp_path_factory.mktemp("real")) as running:
        yield running


def come_and_go(house: House, data: bytes) -> None:
    """Upload, compare everything that can be had of it without decoding, delete."""
    told = house.upload(data)
    instance = f"/instances/{told['ID']}"

    assert house.file(told["ID"]) == data
    assert house.counts() == (1, 1, 1, 1)
    assert house.get(f"{instance}/simplified-tags").keys()
    has_pixels = any(house.ask("GET", f"{instance}/content/{tag}").status == 200 for tag in PIXELS)
    for frame in house.get(f"{instance}/frames"):
        assert house.ask("GET", f"{instance}/frames/{frame}/raw").status == (200 if has_pixels else 400)

    assert house.ask("DELETE", instance).status == 200
    assert house.counts() == (0, 0, 0, 0)


def test_there_are_files() -> None:
    assert len(FILES) > 150
    assert set(REFUSED) < set(FILES)


@pytest.mark.parametrize("name", sorted(set(FILES) - set(REFUSED)))
def test_a_bundled_file_of_pydicom_comes_back_byte_for_byte(shared: House, name: str) -> None:
    come_and_go(shared, (BUNDLED / name).read_bytes())


@pytest.mark.parametrize("name", REFUSED)
def test_a_file_that_is_no_whole_instance_is_refused_and_leaves_nothing(shared: House, name: str) -> None:
    reply = shared.ask("POST", "/instances", (BUNDLED / name).read_bytes())

    assert reply.status == 400
    assert REFUSED[name] in json.loads(reply.body)["Details"]
    assert shared.counts() == (0, 0, 0, 0)
    assert shared.spooled() == []


def test_a_gzip_file_of_pydicom_is_unpacked(shared: House) -> None:
    told = shared.ask("POST", "/instances", (BUNDLED / "test_files" / "zipMR.gz").read_bytes()).json

    assert told["Status"] == "Success"
    assert shared.file(told["ID"]) == (BUNDLED / "test_files" / "MR_small.dcm").read_bytes()
    assert shared.ask("DELETE", told["Path"]).status == 200


def test_every_sample_comes_back_byte_for_byte(shared: House, samples: Path) -> None:
    paths = sorted(samples.rglob("*.dcm"))

    for path in paths:
        come_and_go(shared, path.read_bytes())

    assert len(paths) > 10
