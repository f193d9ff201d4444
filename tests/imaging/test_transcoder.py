"""From a kept file to one in another transfer syntax, by real workers: pieces, tables, limits, failures."""

import os

import numpy as np
import psutil
import pytest
from numpy.typing import NDArray
from pydicom.encaps import parse_basic_offsets

from pacsberry.errors import DamagedFile, NotUnderstood, UnknownResource
from pacsberry.imaging.limits import Limits, PixelsFailed
from pacsberry.imaging.orders import Order, Product
from pacsberry.imaging.pictures import Pictures
from pacsberry.imaging.pool import WorkerPool
from pacsberry.imaging.targets import LOSSY, derived_uid
from pacsberry.imaging.transcoding import Target, Transcoded, Transcoder
from tests.imaging.aids import Folder, acting, children
from tests.imaging.transcoded import dataset, samples
from tests.makers import DEFLATED, EXPLICIT
from tests.makers import images as made
from tests.makers.images import make_image

UID = "1.2.3"
TO_JPEG_LS = Target.of(made.JPEG_LS, UID)


@pytest.fixture
def transcoder(folder: Folder, pictures: Pictures) -> Transcoder:
    (folder.path("a").parent.parent / "spool").mkdir(exist_ok=True)
    return Transcoder(folder, pictures)


def content(done: Transcoded) -> bytes:
    with done.file as file:
        data = file.read()
    assert len(data) == done.length
    return data


def noise(*shape: int) -> NDArray[np.uint16]:
    return np.random.default_rng(4).integers(0, 4096, shape).astype("u2")


@pytest.fixture
def large(folder: Folder) -> str:
    """40 frames of 512 KB: 20 MB, more than a piece may have."""
    return folder.put("large.dcm", make_image(list(noise(40, 512, 512)), bits_stored=12))


def test_a_file_comes_back_in_the_other_syntax(folder: Folder, transcoder: Transcoder) -> None:
    values = noise(64, 64)
    data = make_image(values, bits_stored=12)

    file = content(transcoder.transcode(folder.put("a.dcm", data), TO_JPEG_LS, size=len(data)))

    assert dataset(file).file_meta.TransferSyntaxUID == made.JPEG_LS
    assert np.array_equal(samples(file), values)


@pytest.mark.parametrize("syntax", [made.JPEG_LS, made.RLE, DEFLATED])
def test_a_large_file_is_put_together_from_pieces_in_the_memory_of_a_frame(
    folder: Folder, large: str, transcoder: Transcoder, syntax: str
) -> None:
    before = psutil.Process().memory_info().rss

    done = transcoder.transcode(large, Target.of(syntax, UID))

    grown = psutil.Process().memory_info().rss - before
    (worker,) = children()
    assert worker.memory_info().rss < 64 << 20
    assert grown < 4 << 20
    file = content(done)
    ds = dataset(file)
    assert ds.file_meta.TransferSyntaxUID == syntax
    assert len(file) % 2 == 0
    for number in (0, 1, 31, 38, 39):
        assert np.array_equal(samples(file, number), noise(40, 512, 512)[number])
    if syntax != DEFLATED:
        offsets = parse_basic_offsets(ds.PixelData)
        assert len(offsets) == 40
        assert all(ds.PixelData[8 + 160 + offset :].startswith(b"\xfe\xff\x00\xe0") for offset in offsets)


def test_nothing_is_left_behind_on_the_card(folder: Folder, large: str, transcoder: Transcoder) -> None:
    spool = folder.path("a").parent.parent / "spool"

    done = transcoder.transcode(large, TO_JPEG_LS)

    assert os.listdir(spool) == []  # noqa: PTH208
    done.file.close()


def test_a_lossy_target_has_the_same_new_uid_each_time(folder: Folder, transcoder: Transcoder) -> None:
    file = folder.put("a.dcm", make_image(np.zeros((16, 16), "u1")))
    target = Target.of(made.JPEG_BASELINE, UID, 80)

    ds = dataset(content(transcoder.transcode(file, target)))

    assert ds.SOPInstanceUID == target.sop_uid == Target.of(made.JPEG_BASELINE, UID, 80).sop_uid
    assert len({target.sop_uid, Target.of(made.JPEG_BASELINE, UID, 81).sop_uid, derived_uid("1.2", *next_to())}) == 3
    assert all(Target.of(syntax, UID).sop_uid for syntax in LOSSY)
    assert not Target.of(made.RLE, UID).sop_uid


def next_to() -> tuple[str, int]:
    return made.JPEG_BASELINE, 80


def test_a_made_uid_is_one() -> None:
    uid = derived_uid("1.2.3", made.JPEG_BASELINE, 90)

    number = int(uid.removeprefix("2.25."))
    assert number.bit_length() <= 128
    assert (number >> 76) & 15 == 8
    assert (number >> 62) & 3 == 2
    assert len(uid) <= 64


def test_an_unknown_target_is_refused_before_a_worker_is_asked() -> None:
    with pytest.raises(NotUnderstood, match="transcoded"):
        Target.of("1.2.840.10008.1.2.4.102", UID)


def test_what_cannot_be_transcoded_is_remembered(folder: Folder, transcoder: Transcoder, pictures: Pictures) -> None:
    file = folder.put("a.dcm", make_image(np.zeros((8, 8), "u4")))
    with pytest.raises(NotUnderstood):
        transcoder.transcode(file, TO_JPEG_LS)
    pictures.stop()  # no worker could answer now

    with pytest.raises(NotUnderstood):
        transcoder.transcode(file, TO_JPEG_LS)
    with pytest.raises(PixelsFailed):  # another syntax might work
        transcoder.transcode(file, Target.of(made.RLE, UID))


def test_what_is_not_there_is_told(transcoder: Transcoder) -> None:
    with pytest.raises(UnknownResource):
        transcoder.transcode("none.dcm", TO_JPEG_LS)


def test_a_file_cut_short_is_damaged(folder: Folder, transcoder: Transcoder) -> None:
    data = make_image(noise(16, 16))
    file = folder.put("a.dcm", data[:-10])

    with pytest.raises(DamagedFile):
        transcoder.transcode(file, TO_JPEG_LS, size=len(data))

    assert folder.reported == [file]


@pytest.mark.parametrize(
    "answer",
    [
        "next_frame=0, table=4000000000, frames=3",
        "next_frame=0, table=-8, frames=3",
        "next_frame=0, table=-80, frames=3",
        "next_frame=0, table=8, frames=4000000000",
        "next_frame=-3, table=0, frames=1",
    ],
)
def test_a_worker_that_was_taken_over_is_not_believed(folder: Folder, answer: str) -> None:
    script = f"""
take()
fields = dict(outcome="made", reason="", length=8, shape=[], number_type="", cpu_seconds=0, {answer})
import json
server.send(json.dumps(fields).encode())
take()
server.send(json.dumps(fields).encode())
take()
"""
    limits = Limits(seconds=5)
    pictures = Pictures(folder, limits, pool=WorkerPool(limits, start=acting(script)))
    (folder.path("a").parent.parent / "spool").mkdir(exist_ok=True)
    file = folder.put("a.dcm", make_image(noise(16, 16)))

    with pytest.raises(PixelsFailed):
        Transcoder(folder, pictures).transcode(file, TO_JPEG_LS)
    pictures.stop()


def test_a_worker_that_goes_round_in_circles_is_not_followed(folder: Folder) -> None:
    script = """
fields = b'{"outcome":"made","reason":"","length":8,"shape":[],"number_type":"","cpu_seconds":0,"frames":9,'
fields += b'"next_frame":4}'
for _ in range(50):
    take()
    server.send(fields)
"""
    limits = Limits(seconds=5)
    pictures = Pictures(folder, limits, pool=WorkerPool(limits, start=acting(script)))
    (folder.path("a").parent.parent / "spool").mkdir(exist_ok=True)
    file = folder.put("a.dcm", make_image(noise(16, 16)))

    with pytest.raises(PixelsFailed, match="nonsense"):
        Transcoder(folder, pictures).transcode(file, TO_JPEG_LS)
    pictures.stop()


def test_a_picture_gets_its_turn_between_the_pieces(folder: Folder, large: str, transcoder: Transcoder) -> None:
    pictures = transcoder._pictures
    orders: list[Order] = []
    work = pictures.work

    def watched(file: str, order: Order, opened: object) -> object:
        orders.append(order)
        return work(file, order, opened)  # type: ignore[arg-type]

    pictures.work = watched  # type: ignore[method-assign,assignment]

    transcoder.transcode(large, Target.of(EXPLICIT, UID)).file.close()

    assert len(orders) > 1
    assert {order.product for order in orders} == {Product.FILE}
    assert [order.frame for order in orders] == sorted({order.frame for order in orders})
