"""Pictures that many want at the same moment are made once."""

import os
import threading
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from pacsberry.errors import NotUnderstood
from pacsberry.imaging.limits import Limits
from pacsberry.imaging.made import Made
from pacsberry.imaging.orders import Order, Product
from pacsberry.imaging.pictures import Pictures
from pacsberry.imaging.recent import RecentPictures
from pacsberry.imaging.waiting import Product as ProductFile
from pacsberry.imaging.waiting import WaitingProducts
from tests.imaging.aids import Folder, content
from tests.makers import make_instance

ORDER = Order(Product.RENDERED)


class Maker:
    """Counts what it makes."""

    def __init__(self) -> None:
        self.waiting = WaitingProducts()
        self.count = 0
        self.begun = threading.Event()
        self.go_on = threading.Event()
        self.go_on.set()
        self.problem: Exception | None = None

    def make(self, data: bytes = b"picture") -> Made:
        self.count += 1
        self.begun.set()
        assert self.go_on.wait(10)
        if self.problem is not None:
            raise self.problem
        file = ProductFile(self.waiting)
        os.write(file.fileno(), data)
        finished, length = file.finished()
        return Made(finished, length, (), "", 1)


@pytest.fixture
def maker() -> Maker:
    return Maker()


def test_what_was_made_a_moment_ago_is_not_made_again(maker: Maker) -> None:
    recent = RecentPictures()

    answers = [recent.get(("file", ORDER), maker.make) for _ in range(3)]

    assert [content(one) for one in answers] == [b"picture"] * 3
    assert maker.count == 1
    assert maker.waiting.bytes == 7
    recent.forget()
    assert maker.waiting.bytes == 0


def test_everybody_reads_from_the_start(maker: Maker) -> None:
    recent = RecentPictures()
    first, second = (recent.get(("file", ORDER), maker.make) for _ in range(2))

    assert first.file.read(3) == b"pic"
    assert second.file.read(3) == b"pic"
    assert first.file.read() == b"ture"
    first.file.close()
    second.file.close()
    recent.forget()


def test_another_order_is_another_picture(maker: Maker) -> None:
    recent = RecentPictures()

    for key in (("file", ORDER), ("other", ORDER), ("file", Order(Product.RENDERED, frame=1))):
        recent.get(key, maker.make).file.close()

    assert maker.count == 3
    recent.forget()


def test_who_comes_while_it_is_made_waits_for_it(maker: Maker) -> None:
    recent = RecentPictures()
    maker.go_on.clear()
    with ThreadPoolExecutor(10) as pool:
        waiting = [pool.submit(recent.get, ("file", ORDER), maker.make) for _ in range(10)]
        assert maker.begun.wait(10)
        maker.go_on.set()

        assert [content(one.result()) for one in waiting] == [b"picture"] * 10
    assert maker.count == 1
    recent.forget()
    assert maker.waiting.bytes == 0


def test_when_it_fails_everybody_is_told_and_the_next_one_tries_again(maker: Maker) -> None:
    recent = RecentPictures()
    maker.problem = NotUnderstood("no pixels")
    maker.go_on.clear()
    with ThreadPoolExecutor(5) as pool:
        waiting = [pool.submit(recent.get, ("file", ORDER), maker.make) for _ in range(5)]
        assert maker.begun.wait(10)
        maker.go_on.set()
        for one in waiting:
            with pytest.raises(NotUnderstood, match="no pixels"):
                one.result()
    maker.problem = None

    assert content(recent.get(("file", ORDER), maker.make)) == b"picture"
    recent.forget()


def test_those_asked_for_longest_ago_make_room(maker: Maker) -> None:
    recent = RecentPictures(most_bytes=25)
    for name in ("a", "b", "a", "c", "d"):  # a is asked for again, so b goes first
        recent.get((name, ORDER), lambda: maker.make(b"x" * 10)).file.close()

    assert maker.count == 4
    assert maker.waiting.bytes == 20
    recent.get(("d", ORDER), maker.make).file.close()
    assert maker.count == 4
    recent.forget()
    assert maker.waiting.bytes == 0


def test_what_somebody_still_sends_stays_until_it_is_sent(maker: Maker) -> None:
    recent = RecentPictures(most_bytes=10)
    mine = recent.get(("a", ORDER), lambda: maker.make(b"x" * 10))
    recent.get(("b", ORDER), lambda: maker.make(b"y" * 10)).file.close()
    recent.forget()

    assert maker.waiting.bytes == 10
    assert content(mine) == b"x" * 10
    assert maker.waiting.bytes == 0


@pytest.mark.parametrize(
    ("order", "data"), [(Order(Product.NUMBERS), b"x"), (Order(Product.STREAM), b"x"), (ORDER, bytes(2**20 + 1))]
)
def test_what_is_large_or_no_picture_is_not_kept(maker: Maker, order: Order, data: bytes) -> None:
    recent = RecentPictures()

    for _ in range(2):
        recent.get(("file", order), lambda: maker.make(data)).file.close()

    assert maker.count == 2
    assert maker.waiting.bytes == 0


def test_the_memory_is_given_back_when_the_workers_have_left(tmp_path: Path) -> None:
    folder = Folder(tmp_path)
    name = folder.put("image", make_instance("CT"))
    pictures = Pictures(folder, Limits(workers=1, idle_seconds=0.2))
    try:
        first, second = (content(pictures.make(name, ORDER)) for _ in range(2))
        assert first == second
        assert pictures.waiting.bytes == len(first)

        assert _eventually(lambda: pictures.waiting.bytes == 0)
    finally:
        pictures.stop()


def _eventually(holds: Callable[[], bool]) -> bool:
    wait = threading.Event()
    return any(holds() or wait.wait(0.05) for _ in range(200))


def test_a_file_of_ones_own_is_closed_once(maker: Maker) -> None:
    recent = RecentPictures()
    file = recent.get(("file", ORDER), maker.make).file
    file.close()
    file.close()
    recent.forget()

    assert maker.waiting.bytes == 0
