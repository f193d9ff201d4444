"""Frames that cannot be shown or kill their worker, crowds, ends and full disks, while packs are made."""

import threading
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from pacsberry.errors import NotUnderstood
from pacsberry.imaging.limits import Limits, NoWorker, TooManyPictures
from pacsberry.imaging.orders import Order, Product
from pacsberry.imaging.pictures import Pictures
from pacsberry.imaging.pool import WorkerPool
from pacsberry.imaging.prepared.products import Kind, Source, make_products
from tests.imaging.aids import Folder, acting, children
from tests.imaging.prepared.products_aids import CT, Products, disc, noise, put
from tests.makers import make_instance
from tests.makers.images import make_image


def test_what_cannot_be_shown_is_a_hole_with_its_reason_and_the_rest_is_there(
    folder: Folder, pictures: Pictures, tmp_path: Path
) -> None:
    good = make_image(disc(32, 900), tags=CT)
    sources = [
        *put(folder, good, make_instance("SR"), make_image(np.zeros((400, 400), "u2"))[:-1000], good, b"\0" * 400),
        Source("gone.dcm", None),
        Source(folder.put("few.dcm", good), None, frames=2),
    ]

    got = Products(pictures, tmp_path, sources, Kind.THUMBNAIL, Kind.PREVIEW, Kind.FRAMES)

    for kind in (Kind.PREVIEW, Kind.FRAMES):
        assert sorted(got.packs[kind].places) == [0, 3, 6]
        holes = got.made[kind].holes
        assert sorted(holes) == [1, 2, 4, 5, 7]
        assert "no image" in holes[1]
        assert "no frame 1" in holes[7]
        told = got.packs[kind].facts["Holes"]
        assert sorted(number for hole in told for number in hole["Pictures"]) == [1, 2, 4, 5, 7]
    assert got.made[Kind.THUMBNAIL].pictures == 1


def test_a_series_without_pictures_makes_nothing_and_says_so(
    folder: Folder, pictures: Pictures, tmp_path: Path
) -> None:
    sources = put(folder, make_instance("SR"), make_instance("SR"))

    got = Products(pictures, tmp_path, sources, *Kind)

    assert [made.pictures for made in got.made.values()] == [0, 0, 0]
    assert got.data[Kind.THUMBNAIL] == b""
    assert Products(pictures, tmp_path, [], *Kind).made[Kind.PREVIEW].pictures == 0


def _crashing_at(marks: str) -> str:
    """A worker that dies of the orders whose frame is one of `marks` and says that it made nothing of the others."""
    return f"""
import json
while True:
  message, descriptors, _, _ = socket.recv_fds(server, 65536, 2)
  if not message: sys.exit()
  order = json.loads(message)
  if order["frame"] in ({marks}): os.abort()
  if order["product"] == "survey":
    os.write(descriptors[1], b'{{"modality":"CT","window":null,"has_table":false,"is_colour":false,"quantiles":[]}}')
    server.send(REPLY % (b"made", 0))
  else:
    os.write(descriptors[1], b"abcdef")
    server.send((REPLY % (b"made", 0)).replace(b'"shape":[]', b'"shape":[4,2,1000]'))
  for descriptor in descriptors: os.close(descriptor)
"""


def _pictures(folder: Folder, script: str) -> Pictures:
    return Pictures(folder, Limits(seconds=5), pool=WorkerPool(Limits(seconds=5), start=acting(script)))


def test_a_frame_that_kills_its_worker_costs_its_own_place_alone(folder: Folder, tmp_path: Path) -> None:
    pictures = _pictures(folder, _crashing_at("3,"))
    sources = [Source(folder.put("a.dcm", b"x"), None, frames=7)]

    got = Products(pictures, tmp_path, sources, Kind.PREVIEW, Kind.FRAMES)

    assert sorted(got.packs[Kind.PREVIEW].places) == [0, 1, 2, 4, 5, 6]
    assert "crashed" in got.made[Kind.PREVIEW].holes[3]
    start, length = got.packs[Kind.FRAMES].places[5]
    assert got.data[Kind.FRAMES][start : start + length] == b"ef"
    pictures.stop()
    assert not children()


def test_a_file_that_kills_worker_after_worker_is_given_up(folder: Folder, tmp_path: Path) -> None:
    started: list[int] = []

    def start(limits: Limits) -> Any:
        started.append(1)
        return acting(_crashing_at("*range(999),"))(limits)

    limits = Limits(seconds=5)
    pictures = Pictures(folder, limits, pool=WorkerPool(limits, start=start))
    names = [folder.put(f"{number}.dcm", b"x") for number in range(40)]

    got = Products(pictures, tmp_path, [Source(names[0], None, frames=500)], Kind.PREVIEW)
    assert len(got.made[Kind.PREVIEW].holes) == 500
    assert len(started) == 3

    Products(pictures, tmp_path, [Source(name, None) for name in names], Kind.PREVIEW)
    assert len(started) <= 3 + 20
    pictures.stop()


@pytest.mark.parametrize(
    "shape", ["[]", "[4,2]", "[-1,7,9]", "[4,1,9]", "[6,0,0]", "[6,0,-5]", "[2000000,0,9]", "[0,7,9]"]
)
def test_a_worker_that_tells_nonsense_of_what_it_made_is_not_believed(
    shape: str, folder: Folder, tmp_path: Path
) -> None:
    pictures = _pictures(folder, _crashing_at("").replace("[4,2,1000]", shape))

    got = Products(pictures, tmp_path, put(folder, b"x", b"y"), Kind.PREVIEW, Kind.FRAMES)

    assert got.made[Kind.PREVIEW].pictures == 0
    assert "nonsense" in got.made[Kind.PREVIEW].holes[0]
    pictures.stop()


def test_a_small_picture_that_is_large_is_not_believed(folder: Folder, tmp_path: Path) -> None:
    script = _crashing_at("").replace('b"abcdef"', "bytes(2**21)").replace("[4,2,1000]", "[2097152,0,1000]")
    pictures = _pictures(folder, script)

    got = Products(pictures, tmp_path, put(folder, b"x"), Kind.PREVIEW)

    assert got.made[Kind.PREVIEW].pictures == 0
    pictures.stop()


def test_more_frames_than_a_pack_may_have_are_refused_before_anything_is_done(
    folder: Folder, pictures: Pictures, tmp_path: Path
) -> None:
    with pytest.raises(NotUnderstood, match="20000"):
        Products(pictures, tmp_path, [Source("a.dcm", None, frames=2**31)], Kind.PREVIEW)
    assert not children()


def test_video_is_a_hole_without_anybody_being_asked(folder: Folder, tmp_path: Path) -> None:
    pictures = _pictures(folder, "sys.exit()")
    sources = [Source(folder.put("a.dcm", b"x"), None, 900, "1.2.840.10008.1.2.4.102")]

    got = Products(pictures, tmp_path, sources, *Kind)

    assert [made.pictures for made in got.made.values()] == [0, 0, 0]
    assert "Video" in got.made[Kind.PREVIEW].holes[7]
    assert not pictures.pool.count


def test_no_worker_at_all_is_told_and_is_no_hole(folder: Folder, tmp_path: Path) -> None:
    def start(limits: Limits) -> Any:
        raise NoWorker("none")

    pictures = Pictures(folder, Limits(), pool=WorkerPool(Limits(), start=start))

    with pytest.raises(NoWorker):
        Products(pictures, tmp_path, put(folder, b"x"), Kind.PREVIEW)


def test_a_crowd_that_waits_for_its_pictures_delays_the_making_and_does_not_end_it(
    folder: Folder, pictures: Pictures, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    pauses: list[float] = []
    pictures.waiting.add(1 << 30)

    def pause(seconds: float) -> None:
        pauses.append(seconds)
        if len(pauses) == 5:
            pictures.waiting.add(-(1 << 30))

    monkeypatch.setattr("pacsberry.imaging.prepared.stack.time.sleep", pause)
    got = Products(pictures, tmp_path, put(folder, make_image(disc(8, 9))), Kind.FRAMES)

    assert got.made[Kind.FRAMES].pictures == 1
    assert len(pauses) == 5
    pictures.waiting.add(1 << 30)
    with pytest.raises(TooManyPictures):
        Products(pictures, tmp_path, put(folder, make_image(disc(8, 9))), Kind.FRAMES)


def test_the_making_can_be_ended_and_goes_at_the_pace_of_its_owner(
    folder: Folder, pictures: Pictures, tmp_path: Path
) -> None:
    sources = put(folder, *[make_image(disc(8, 9))] * 5)
    seen: list[tuple[int, int]] = []

    def between(done: int, all_: int) -> None:
        seen.append((done, all_))
        if done == 3:
            raise InterruptedError

    with (tmp_path / "out").open("w+b") as file, pytest.raises(InterruptedError):
        make_products(pictures, sources, {Kind.PREVIEW: file}, between)

    assert seen[-1] == (3, 5)
    assert all(total == 5 for _, total in seen)


def test_packs_are_the_same_however_many_workers_are_at_work(folder: Folder, tmp_path: Path) -> None:
    pictures = Pictures(folder, Limits(workers=3, seconds=10))
    stack = [make_image(noise(64, 900, 40 * number, number), tags={"Modality": "MR"}) for number in range(20)]
    sources = put(folder, *stack[:11], make_instance("SR"), *stack[11:])
    contents = []
    for at_once in (1, 3):
        with (tmp_path / "a").open("w+b") as preview, (tmp_path / "b").open("w+b") as frames:
            make_products(pictures, sources, {Kind.PREVIEW: preview, Kind.FRAMES: frames}, at_once=at_once)
        contents.append([(tmp_path / name).read_bytes() for name in "ab"])

    assert contents[0] == contents[1]
    pictures.stop()


@pytest.mark.parametrize("at_once", [1, 3])
def test_a_making_that_was_ended_leaves_neither_pictures_nor_threads(
    at_once: int, folder: Folder, tmp_path: Path
) -> None:
    pictures = Pictures(folder, Limits(workers=3, seconds=10))
    sources = put(folder, *[make_image(noise(64, 900, 40, 1))] * 60)

    def between(done: int, _: int) -> None:
        if done == 40:
            raise InterruptedError

    with (tmp_path / "out").open("w+b") as file, pytest.raises(InterruptedError):
        make_products(pictures, sources, {Kind.FRAMES: file}, between, at_once=at_once)

    assert pictures.waiting.bytes == 0
    assert not [thread for thread in threading.enumerate() if thread.name.startswith("stack-pictures")]
    pictures.stop()


def test_a_full_disk_ends_the_making(folder: Folder, pictures: Pictures) -> None:
    sources = put(folder, make_image(disc(8, 9)))

    for kind in Kind:
        with Path("/dev/full").open("wb", buffering=0) as full, pytest.raises(OSError, match="No space"):
            make_products(pictures, sources, {kind: full})


def test_frames_are_decoded_once_for_both_packs(folder: Folder, pictures: Pictures, tmp_path: Path) -> None:
    orders: list[Order] = []
    make = pictures.make

    def counted(file: str, order: Order, *, size: int | None = None) -> Any:
        orders.append(order)
        return make(file, order, size=size)

    pictures.make = counted  # type: ignore[method-assign]
    Products(pictures, tmp_path, put(folder, *[make_image(disc(8, 9))] * 30), Kind.PREVIEW, Kind.FRAMES)

    assert sum(order.is_full for order in orders) == 30
    assert sum(order.product is Product.SURVEY for order in orders) == 16
    assert len(orders) == 30 + 16 + 8


def test_a_stack_takes_the_memory_of_a_frame(folder: Folder, pictures: Pictures, tmp_path: Path) -> None:
    frames = [noise(512, 900, 20, number) for number in range(12)]
    sources = [Source(folder.put("a.dcm", make_image(frames)), None, frames=12)]

    got = Products(pictures, tmp_path, sources, Kind.PREVIEW, Kind.FRAMES)

    assert got.made[Kind.FRAMES].pictures == 12
    assert max(child.memory_info().rss for child in children()) < 60 << 20
    assert pictures.waiting.bytes == 0
