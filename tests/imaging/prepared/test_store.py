"""The folder of prepared files: what is torn is noticed, the bound holds, the least useful go first."""

import os
import random
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

import pytest

from pacsberry.errors import DamagedFile, NoRoom
from pacsberry.imaging.prepared.kinds import FRAMES, GOES_FIRST, METADATA, PREVIEW, THUMBNAIL
from pacsberry.imaging.prepared.sealed import read_seal, seal
from pacsberry.imaging.prepared.store import Address, PreparedStore

MB = 1 << 20
SERIES = "0123abcd-01234567-01234567-01234567-01234567"
OTHER = "01ffffff-01234567-01234567-01234567-01234567"
OLD, NEW = "0" * 16, "1" * 16


@dataclass
class Disk:
    """A file system of 100 MB, some of which is kept free."""

    spare: int = 80 * MB
    half: int = 0  # of what is kept free

    def spare_bytes(self, *, is_little: bool = False) -> int:
        return self.spare + (self.half if is_little else 0)

    def total_bytes(self) -> int:
        return 100 * MB


@pytest.fixture
def disk() -> Disk:
    return Disk()


@pytest.fixture
def store(tmp_path: Path, disk: Disk) -> PreparedStore:
    return PreparedStore(tmp_path / "prepared", disk, percent=10, goes_first=GOES_FIRST)


def put(
    store: PreparedStore,
    data: bytes = b"content",
    *,
    series: str = SERIES,
    digest: str = OLD,
    kind: str = PREVIEW,
    facts: Mapping[str, object] | None = None,
) -> Address:
    address = Address(series, digest, kind)
    with store.begin(address) as draft:
        draft.file.write(data)
        draft.keep(facts or {})
    return address


def path_of(tmp_path: Path, address: Address) -> Path:
    return tmp_path / "prepared" / address.name


def files(tmp_path: Path) -> list[str]:
    return sorted(path.name for path in (tmp_path / "prepared").rglob("*") if path.is_file())


def read(store: PreparedStore, address: Address) -> bytes | None:
    found = store.open(address)
    if found is None:
        return None
    with found.file:
        return found.file.read(found.length)


def test_what_was_kept_is_found_with_its_facts(store: PreparedStore) -> None:
    address = put(store, b"0123456789", facts={"CountPictures": 3})

    found = store.open(address)

    assert found is not None
    with found.file:
        assert found.file.read(found.length) == b"0123456789"
    assert found.facts == {"CountPictures": 3}
    assert store.has(address)
    assert store.open(Address(SERIES, NEW, PREVIEW)) is None
    assert store.open(Address(SERIES, OLD, FRAMES)) is None


def test_a_draft_that_is_not_kept_leaves_nothing(store: PreparedStore, tmp_path: Path) -> None:
    with store.begin(Address(SERIES, OLD, PREVIEW)) as draft:
        draft.file.write(b"half")
        assert len(files(tmp_path)) == 1

    assert files(tmp_path) == []
    assert store.bytes_used() == 0


@pytest.mark.parametrize("cut", [0, 1, 10, 23, 24, 40, 4000])
def test_a_file_cut_short_is_removed_and_not_shown(tmp_path: Path, disk: Disk, cut: int) -> None:
    store = PreparedStore(tmp_path / "prepared", disk, percent=10, goes_first=GOES_FIRST)
    address = put(store, bytes(range(250)) * 16)
    path = path_of(tmp_path, address)
    os.truncate(path, cut)
    after_the_cut = PreparedStore(tmp_path / "prepared", disk, percent=10, goes_first=GOES_FIRST)

    assert after_the_cut.open(address) is None

    assert files(tmp_path) == []


def test_every_changed_byte_is_noticed_by_the_next_process(tmp_path: Path, disk: Disk) -> None:
    noise = random.Random(1)
    for _ in range(60):
        store = PreparedStore(tmp_path / "prepared", disk, percent=10, goes_first=GOES_FIRST)
        address = put(store, noise.randbytes(300), facts={"CountPictures": 3})
        path = path_of(tmp_path, address)
        data = bytearray(path.read_bytes())
        data[noise.randrange(len(data))] ^= 1 << noise.randrange(8)
        path.write_bytes(data)

        assert PreparedStore(tmp_path / "prepared", disk, percent=10, goes_first=GOES_FIRST).open(address) is None


def test_blocks_that_never_reached_the_card_are_noticed(tmp_path: Path, disk: Disk) -> None:
    """Of the right length, and full of zeros: what some file systems leave after a power cut."""
    store = PreparedStore(tmp_path / "prepared", disk, percent=10, goes_first=GOES_FIRST)
    address = put(store, b"x" * 9000)
    path = path_of(tmp_path, address)
    with path.open("r+b") as file:
        file.seek(4096)
        file.write(bytes(4096))

    assert PreparedStore(tmp_path / "prepared", disk, percent=10, goes_first=GOES_FIRST).open(address) is None


def test_a_file_is_read_through_once_and_not_with_each_request(
    store: PreparedStore, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    address = put(store, b"x" * MB)
    read_bytes = 0
    pread = os.pread

    def counting(descriptor: int, length: int, offset: int) -> bytes:
        nonlocal read_bytes
        data = pread(descriptor, length, offset)
        read_bytes += len(data)
        return data

    monkeypatch.setattr(os, "pread", counting)
    for _ in range(5):
        assert read(store, address) is not None

    assert read_bytes < 1000


def test_hostile_ends_are_no_seals(tmp_path: Path) -> None:
    noise = random.Random(5)
    for size in (0, 5, 24, 30, 500):
        path = tmp_path / "file"
        path.write_bytes(noise.randbytes(size))
        with path.open("rb") as file, pytest.raises(DamagedFile):
            read_seal(file, verify=True)
    path.write_bytes(b"PcbSeal1" + b"\xff" * 16)
    with path.open("rb") as file, pytest.raises(DamagedFile):
        read_seal(file, verify=True)


def test_facts_too_long_to_be_read_again_are_not_sealed(tmp_path: Path) -> None:
    with (tmp_path / "file").open("w+b") as file, pytest.raises(ValueError, match="facts"):
        seal(file, {"x": "a" * (2 * MB)})


def test_nothing_is_begun_beyond_the_bound_unless_something_goes(store: PreparedStore, tmp_path: Path) -> None:
    first = put(store, bytes(6 * MB))
    assert store.may_add(3 * MB)
    assert not store.may_add(5 * MB)

    store.make_way(5 * MB)

    assert not store.has(first)
    assert store.may_add(5 * MB)
    with pytest.raises(NoRoom):
        store.make_way(11 * MB)


def test_room_that_is_kept_free_is_not_used(store: PreparedStore, disk: Disk) -> None:
    address = put(store)
    disk.spare = 3 * MB

    assert not store.may_add(0)
    assert not store.has_spare()
    with pytest.raises(NoRoom):
        store.begin(Address(SERIES, NEW, PREVIEW))
    assert not store.has(address)  # it was asked to go, and that was not enough


def test_frames_go_first_then_what_was_not_looked_at_for_longest(store: PreparedStore, tmp_path: Path) -> None:
    new_preview, old_preview = put(store, bytes(MB), digest=NEW), put(store, bytes(MB), series=OTHER)
    frames = put(store, bytes(MB), kind=FRAMES)
    small = [put(store, kind=THUMBNAIL), put(store, kind=METADATA)]
    os.utime(path_of(tmp_path, old_preview), (1000, 1000))
    os.utime(path_of(tmp_path, new_preview), (2000, 2000))
    gone = []
    for _ in range(3):
        assert store.give_back(1) >= MB
        gone += [one for one in (frames, old_preview, new_preview) if not store.has(one) and one not in gone]

    assert gone == [frames, old_preview, new_preview]
    assert all(map(store.has, small))
    assert store.give_back(100 * MB) == 8192
    assert store.give_back(100 * MB) == 0
    assert files(tmp_path) == []
    assert store.bytes_used() == 0


def test_what_is_little_stays_when_all_together_would_not_be_enough(store: PreparedStore) -> None:
    frames, preview = put(store, bytes(MB), kind=FRAMES), put(store, bytes(MB))

    assert store.give_back(50 * MB, False) >= MB
    assert (store.has(frames), store.has(preview)) == (False, True)
    assert store.give_back(50 * MB, False) == 0
    assert store.give_back(1, False) >= MB  # it alone is enough: nobody else has to go
    assert not store.has(preview)


def test_what_is_little_may_go_on_in_half_of_what_is_kept_free(store: PreparedStore, disk: Disk) -> None:
    disk.spare, disk.half = 0, 20 * MB

    assert store.has(put(store))
    assert store.may_add(MB, is_little=True)
    assert not store.may_add(MB)
    with pytest.raises(NoRoom):
        store.begin(Address(SERIES, OLD, FRAMES))


def test_what_cannot_be_removed_is_not_tried_for_ever(store: PreparedStore, monkeypatch: pytest.MonkeyPatch) -> None:
    put(store)

    def refuse(path: Path, missing_ok: bool = False) -> None:
        raise PermissionError(1, "Operation not permitted", str(path))

    monkeypatch.setattr(Path, "unlink", refuse)

    assert store.give_back(MB) == 0


def test_who_is_used_is_dated_once_a_day(tmp_path: Path, disk: Disk) -> None:
    store = PreparedStore(tmp_path / "prepared", disk, percent=10, goes_first=GOES_FIRST)
    address = put(store)
    path = path_of(tmp_path, address)
    os.utime(path, (1000, 1000))

    assert read(store, address)
    dated = path.stat().st_mtime
    assert read(store, address)

    assert dated > 1_000_000
    assert path.stat().st_mtime == dated


def test_bytes_are_counted_as_files_come_and_go(store: PreparedStore, tmp_path: Path, disk: Disk) -> None:
    put(store, bytes(10_000))
    put(store, bytes(10_000))  # made again
    put(store, series=OTHER)
    again = PreparedStore(tmp_path / "prepared", disk, percent=10, goes_first=GOES_FIRST)

    assert store.bytes_used() == again.bytes_used() == 12288 + 4096
    store.forget(SERIES)
    assert store.bytes_used() == 4096


def test_a_series_is_forgotten_alone_and_but_for_its_present_digest(store: PreparedStore) -> None:
    old, new, other = put(store), put(store, digest=NEW), put(store, series=OTHER)

    store.forget(SERIES, but=NEW)
    assert (store.has(old), store.has(new), store.has(other)) == (False, True, True)

    store.forget(SERIES)
    assert (store.has(new), store.has(other)) == (False, True)


def test_a_sweep_leaves_what_is_current_and_what_is_being_made(store: PreparedStore, tmp_path: Path) -> None:
    old, new = put(store), put(store, digest=NEW)
    folder = tmp_path / "prepared" / "01"
    (folder / f"{SERIES}-{NEW}.preview.deadbeef0.part").write_bytes(b"of an earlier run")
    (folder / "a note of somebody").write_bytes(b"")
    with store.begin(Address(OTHER, NEW, PREVIEW)) as draft:
        store.sweep(lambda series, digest: digest == NEW)
        draft.file.write(b"y")
        draft.keep({})

    assert (store.has(old), store.has(new)) == (False, True)
    assert len(files(tmp_path)) == 2


def test_clearing_leaves_not_even_folders(store: PreparedStore, tmp_path: Path) -> None:
    put(store)
    put(store, series=OTHER)

    store.clear()

    assert not (tmp_path / "prepared").exists()
    assert store.bytes_used() == 0


def test_a_folder_that_cannot_be_used_costs_prepared_files_only(tmp_path: Path, disk: Disk) -> None:
    (tmp_path / "prepared").write_bytes(b"a file in the place of the folder")
    store = PreparedStore(tmp_path / "prepared", disk, percent=10, goes_first=GOES_FIRST)

    assert store.open(Address(SERIES, OLD, PREVIEW)) is None
    assert store.bytes_used() == 0
    assert store.give_back(MB) == 0
    store.forget(SERIES)
    store.sweep(lambda series, digest: True)
    with pytest.raises(OSError, match="prepared"):
        store.begin(Address(SERIES, OLD, PREVIEW))
