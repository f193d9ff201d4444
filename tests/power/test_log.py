"""What a card may keep after a cut: all that was synced, and of the rest whatever the manner of the cut leaves."""

import io
from pathlib import Path

import pytest

from tests.power.images import Images, copy
from tests.power.log import SYNC, WRITE, CardLog, Cut, Manner, put

SECTORS = 8
ROOM = SECTORS * 512


def card_log(path: Path, *writes: bytes | None) -> CardLog:
    """Each write fills the place of its number, a sync (None) takes a number, too; one record a nanosecond."""
    with path.open("wb") as log:
        for number, data in enumerate(writes):
            put(log, SYNC if data is None else WRITE, number * ROOM, number, (data or b"") * ROOM)
    return CardLog(path)


def left(log: CardLog, folder: Path, cut: Cut) -> list[bytes]:
    """The bytes in each place, of which there may be several kinds after a torn write."""
    base = folder / "base.img"
    base.write_bytes(b"\0" * ROOM * 8)
    Images(log, base, folder).make(cut, folder / "cut.img")
    content = io.BytesIO((folder / "cut.img").read_bytes())
    return [bytes(sorted(set(content.read(ROOM)))) for _ in range(len(log.records))]


@pytest.mark.parametrize("manner", list(Manner))
@pytest.mark.parametrize("seed", range(5))
def test_what_was_synced_is_kept_and_what_came_after_the_cut_is_not(tmp_path: Path, manner: Manner, seed: int) -> None:
    log = card_log(tmp_path / "log", b"a", b"b", None, b"c", b"d", b"e")

    found = left(log, tmp_path, Cut(5, manner, seed))

    assert found[:2] == [b"a", b"b"]
    assert found[5] == b"\0"


def test_the_manner_decides_on_what_was_not_synced(tmp_path: Path) -> None:
    log = card_log(tmp_path / "log", b"a", None, b"b", b"c")

    assert left(log, tmp_path, Cut(4, Manner.ALL, 1))[2:] == [b"b", b"c"]
    assert left(log, tmp_path, Cut(4, Manner.NONE, 1))[2:] == [b"\0", b"\0"]
    some = {tuple(left(log, tmp_path, Cut(4, Manner.SOME, seed))[2:]) for seed in range(20)}
    assert some == {(b"b", b"c"), (b"b", b"\0"), (b"\0", b"c"), (b"\0", b"\0")}
    torn = {kinds for seed in range(20) for kinds in left(log, tmp_path, Cut(4, Manner.TORN, seed))[2:]}
    assert torn >= {b"\0", b"\0b", b"\0c"}


def test_a_sync_that_came_after_the_cut_does_not_count(tmp_path: Path) -> None:
    log = card_log(tmp_path / "log", b"a", b"b", None)

    assert log.synced(2) == 0
    assert log.synced(3) == 3
    assert left(log, tmp_path, Cut(2, Manner.NONE, 1))[:2] == [b"\0", b"\0"]


def test_moments_and_positions(tmp_path: Path) -> None:
    log = card_log(tmp_path / "log", b"a", b"b", None, b"c")

    assert [log.position_at(at_ns) for at_ns in (0, 1, 3, 9)] == [0, 1, 3, 4]
    assert log.end_ns(1) == 1
    assert log.end_ns(4) > 9
    assert log.before_syncs() == [2]


def test_cuts_come_in_ascending_order(tmp_path: Path) -> None:
    log = card_log(tmp_path / "log", b"a", None, b"b")
    (tmp_path / "base.img").write_bytes(b"\0" * ROOM)
    images = Images(log, tmp_path / "base.img", tmp_path)
    images.make(Cut(3, Manner.ALL, 1), tmp_path / "cut.img")

    with pytest.raises(ValueError, match="ascending"):
        images.make(Cut(1, Manner.ALL, 1), tmp_path / "cut.img")


def test_holes_stay_holes(tmp_path: Path) -> None:
    source, target = tmp_path / "source", tmp_path / "target"
    with source.open("wb") as file:
        file.truncate(2**20)
        file.seek(2**19)
        file.write(b"x" * 4096)

    copy(source, target)

    assert target.read_bytes() == source.read_bytes()
    assert target.stat().st_blocks == source.stat().st_blocks
