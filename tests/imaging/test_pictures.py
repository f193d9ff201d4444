"""From a kept file to a product, or to the error that says why there is none."""

from pathlib import Path

import numpy as np
import pytest

from pacsberry.archive.forms import PACKED_SUFFIX
from pacsberry.errors import BadRequest, DamagedFile, NotUnderstood, UnknownResource
from pacsberry.imaging.failures import MOST, FailureMemory
from pacsberry.imaging.limits import Limits, TooManyPictures
from pacsberry.imaging.orders import Order, Product
from pacsberry.imaging.pictures import Pictures
from pacsberry.imaging.waiting import WaitingProducts
from tests.imaging.aids import PREVIEW, Folder, content
from tests.makers import make_instance
from tests.makers.images import make_image


def test_a_worker_makes_a_picture_and_stays_for_the_next(folder: Folder, pictures: Pictures) -> None:
    file = folder.put("a.dcm", make_instance("CT", rows=64, columns=64))

    first, again = content(pictures.make(file, PREVIEW)), content(pictures.make(file, PREVIEW))

    assert first.startswith(b"\x89PNG")
    assert first == again
    assert pictures.pool.count == 1


def test_a_packed_file_gives_the_same_picture(folder: Folder, pictures: Pictures) -> None:
    import gzip

    data = make_instance("CT", rows=64, columns=64)
    plain, packed = folder.put("a.dcm", data), folder.put("a.dcm" + PACKED_SUFFIX, gzip.compress(data))

    assert content(pictures.make(plain, PREVIEW)) == content(pictures.make(packed, PREVIEW))


def test_a_damaged_packed_file_is_told_as_such(folder: Folder, pictures: Pictures) -> None:
    import gzip

    packed = gzip.compress(make_instance("CT", rows=64, columns=64))
    file = folder.put("a.dcm" + PACKED_SUFFIX, packed[:-30] + packed[-8:])

    with pytest.raises(DamagedFile):
        pictures.make(file, PREVIEW)

    assert folder.reported == [file]


def test_a_file_shorter_than_the_index_says_is_damaged(folder: Folder, pictures: Pictures) -> None:
    data = make_instance("CT")
    file = folder.put("a.dcm", data[:-100])

    with pytest.raises(DamagedFile):
        pictures.make(file, PREVIEW, size=len(data))

    assert folder.reported == [file]


def test_numbers_come_with_their_type_and_shape(folder: Folder, pictures: Pictures) -> None:
    values = np.arange(12, dtype="i2").reshape(3, 4) - 5
    file = folder.put("a.dcm", make_image([values, values + 1], tags={"RescaleSlope": 2, "RescaleIntercept": 1}))

    stored = pictures.make(file, Order(Product.NUMBERS, frame=1))
    rescaled = pictures.make(file, Order(Product.NUMBERS, rescale=True))

    assert (stored.number_type, stored.shape, stored.frames) == ("<i2", (3, 4, 1), 2)
    assert np.array_equal(np.frombuffer(content(stored), "<i2").reshape(3, 4), values + 1)
    assert rescaled.number_type == "<f4"
    assert np.array_equal(np.frombuffer(content(rescaled), "<f4").reshape(3, 4), values * 2 + 1)


def test_an_unknown_frame_and_a_missing_file_are_unknown(folder: Folder, pictures: Pictures) -> None:
    file = folder.put("a.dcm", make_instance("CT"))

    with pytest.raises(UnknownResource):
        pictures.make(file, Order(Product.PREVIEW, frame=1))
    with pytest.raises(UnknownResource):
        pictures.make("b.dcm", PREVIEW)


def test_a_size_that_is_too_large_is_a_bad_request_and_not_held_against_the_image(
    folder: Folder, pictures: Pictures
) -> None:
    file = folder.put("a.dcm", make_instance("CT"))

    with pytest.raises(BadRequest):
        pictures.make(file, Order(Product.RENDERED, fit_width=10**6))

    assert content(pictures.make(file, Order(Product.RENDERED)))


def test_what_one_product_is_refused_for_does_not_stop_another(folder: Folder, pictures: Pictures) -> None:
    file = folder.put("a.dcm", make_image(np.zeros((4, 4, 3), "u1")))

    with pytest.raises(NotUnderstood):
        pictures.make(file, Order(Product.UINT8))

    assert content(pictures.make(file, PREVIEW))


def test_pictures_that_nobody_fetches_leave_no_room_for_more(folder: Folder) -> None:
    pictures = Pictures(folder, Limits())
    pictures.waiting = WaitingProducts(most_bytes=1000)
    file = folder.put("a.dcm", make_instance("CT", rows=64, columns=64))
    first = pictures.make(file, Order(Product.NUMBERS))

    with pytest.raises(TooManyPictures, match="try again"):
        pictures.make(file, PREVIEW)
    first.file.close()

    assert pictures.waiting.bytes == 0
    assert content(pictures.make(file, PREVIEW))
    pictures.stop()
    assert pictures.waiting.bytes == 0


def test_remembered_failures_are_few() -> None:
    failures = FailureMemory()

    for number in range(MOST + 10):
        failures.remember(("file", number, "preview"), NotUnderstood("no"))

    failures.raise_remembered(("file", 9, "preview"))
    with pytest.raises(NotUnderstood):
        failures.raise_remembered(("file", 10, "preview"))


def test_the_server_process_imports_no_numpy_for_pictures() -> None:
    import subprocess
    import sys

    script = "import sys, pacsberry.imaging.pictures; print({'numpy', 'imagecodecs', 'subprocess'} & set(sys.modules))"
    path = str(Path(__file__).parents[2] / "server")

    done = subprocess.run(
        [sys.executable, "-c", script], env={"PYTHONPATH": path}, capture_output=True, check=True, text=True
    )

    assert done.stdout.strip() == "set()"
