"""The data set of a kept file is found, whatever stands before it."""

from pathlib import Path

import pytest
from pydicom.uid import UID

from pacsberry.errors import UnreadableDicom
from pacsberry.peers.outgoing import dataset_region
from tests.makers import EXPLICIT, bare, make_dataset, part10


def region(path: Path, content: bytes) -> bytes:
    path.write_bytes(content)
    with path.open("rb") as file:
        offset, length = dataset_region(file)
    return content[offset : offset + length]


def test_it_begins_behind_the_file_meta_information(tmp_path: Path) -> None:
    ds = make_dataset("CT", transfer_syntax=EXPLICIT)

    assert region(tmp_path / "file", part10(ds)) == bare(ds)


def test_a_long_file_meta_information_is_followed(tmp_path: Path) -> None:
    ds = make_dataset("CT")
    ds.file_meta.PrivateInformationCreatorUID = UID("1.2.3")
    ds.file_meta.PrivateInformation = bytes(20000)

    assert region(tmp_path / "file", part10(ds)) == bare(ds)


def test_a_file_without_meta_information_is_all_data_set(tmp_path: Path) -> None:
    ds = make_dataset("CT")

    assert region(tmp_path / "file", bare(ds)) == bare(ds)


@pytest.mark.parametrize("cut", [0.5, 0.9])
def test_meta_information_that_ends_too_early_is_an_error(tmp_path: Path, cut: float) -> None:
    ds = make_dataset("CT")
    content = part10(ds)
    meta = len(content) - len(bare(ds))

    with pytest.raises(UnreadableDicom):
        region(tmp_path / "file", content[: int(meta * cut)])
