"""Images that mean harm are refused with a reason; neither the worker nor other images suffer."""

import numpy as np
import pytest
from pydicom.encaps import encapsulate

from pacsberry.errors import DamagedFile, NotUnderstood, UnreadableDicom
from pacsberry.imaging.limits import Limits, PixelsFailed
from pacsberry.imaging.orders import Order, Product
from pacsberry.imaging.pictures import Pictures
from tests.imaging.aids import PREVIEW, Folder, children, content
from tests.makers import images as made
from tests.makers import make_instance
from tests.makers.images import make_image

HOSTILE = {
    "no DICOM at all": b"\0" * 500,
    "no pixels": make_instance("SR"),
    "a billion pixels": make_image(np.zeros((4, 4), "u1"), tags={"Rows": 65535, "Columns": 65535}),
    "a billion frames": make_image(np.zeros((4, 4), "u1"), tags={"NumberOfFrames": 10**9, "Rows": 4000}),
    "more rows than pixels": make_image(np.zeros((4, 4), "u2"), tags={"Rows": 4000, "Columns": 4000}),
    "opaque fragments": make_instance("CT", transfer_syntax=made.JPEG_2000),
    "video": make_instance("CT", transfer_syntax="1.2.840.10008.1.2.4.102"),
    "a truncated file": make_image(np.zeros((400, 400), "u2"))[:-1000],
    "a JPEG 2000 header of 4 billion columns": make_image(np.zeros((64, 64), "u1"), made.JPEG_2000).replace(
        bytes.fromhex("ff4fff5100290000") + b"\0\0\0\x40", bytes.fromhex("ff4fff5100290000") + b"\xff\xff\xff\xff"
    ),
    "a JPEG 2000 header of tiles without number": make_image(np.zeros((64, 64), "u1"), made.JPEG_2000).replace(
        b"\0\0\0\x40\0\0\0\x40\0\0\0\0\0\0\0\0\0\x01", b"\0\0\0\0\0\0\0\x01\0\0\0\0\0\0\0\0\0\x01"
    ),
    "a JPEG of 65535 x 65535": make_image(np.zeros((8, 8), "u1"), made.JPEG_BASELINE, tags={"Rows": 65535}).replace(
        b"\x08\0\x08\0\x08\x01", b"\x08\xff\xff\xff\xff\x01"
    ),
    "an RLE header that points outside": make_image(np.zeros((8, 8), "u1"), made.RLE).replace(
        b"\x01\0\0\0\x40\0\0\0", b"\x01\0\0\0\xff\xff\xff\x7f"
    ),
}


@pytest.mark.parametrize("what", HOSTILE)
def test_a_hostile_image_is_refused_with_a_reason_and_the_worker_lives_on(
    what: str, folder: Folder, pictures: Pictures
) -> None:
    good, bad = folder.put("good.dcm", make_instance("CT")), folder.put("bad.dcm", HOSTILE[what])
    before = content(pictures.make(good, PREVIEW))
    worker = children()

    with pytest.raises(NotUnderstood) as told:
        pictures.make(bad, PREVIEW)

    assert len(str(told.value)) > 10
    assert content(pictures.make(good, PREVIEW)) == before
    assert children() == worker


def test_an_image_that_takes_more_memory_than_a_worker_has_is_refused(folder: Folder) -> None:
    pictures = Pictures(folder, Limits(memory_bytes=200 << 20))
    large = folder.put("large.dcm", make_image(np.zeros((3000, 3000), "i4")))
    small = folder.put("small.dcm", make_instance("CT"))

    with pytest.raises(NotUnderstood, match="memory"):
        pictures.make(large, PREVIEW)

    assert content(pictures.make(small, PREVIEW))
    pictures.stop()


def test_one_frame_of_a_large_file_does_not_need_the_memory_of_all(folder: Folder) -> None:
    pictures = Pictures(folder, Limits(memory_bytes=200 << 20))
    head = make_image([np.full((512, 512), n, "u2") for n in (1, 2)], tags={"NumberOfFrames": 600})
    frames = 600 * 512 * 512 * 2
    start = head.index(b"\xe0\x7f\x10\x00OW") + 8
    name = folder.put("large.dcm", head[:start] + frames.to_bytes(4, "little") + head[start + 4 :])
    with folder.path(name).open("r+b") as file:
        file.truncate(start + 4 + frames)  # 300 MB, of which the card holds one

    product = pictures.make(name, Order(Product.NUMBERS, frame=599))

    assert content(product) == bytes(512 * 512 * 2)
    assert max(child.memory_info().rss for child in children()) < 60 << 20
    pictures.stop()


@pytest.mark.parametrize("syntax", [*made.LOSSLESS, made.JPEG_BASELINE, made.JPEG_EXTENDED, made.HTJ2K_LOSSY])
@pytest.mark.parametrize("rounds", [25, pytest.param(500, marks=pytest.mark.proof)])
def test_bytes_gone_bad_in_a_stream_give_a_picture_or_a_reason(rounds: int, syntax: str, folder: Folder) -> None:
    pictures = Pictures(folder, Limits(seconds=5))
    values = np.random.default_rng(1).integers(0, 200, (24, 24), dtype="u1")
    stream = made.compress(values, syntax, bits=8)
    random = np.random.default_rng(2)
    answered = 0
    for number in range(rounds):
        broken = bytearray(stream)
        for _ in range(1 + number % 4):
            broken[int(random.integers(2, len(broken)))] = int(random.integers(0, 256))
        file = folder.put(f"{number}.dcm", make_image(values, syntax, tags={"PixelData": encapsulate([bytes(broken)])}))

        try:
            answered += bool(content(pictures.make(file, PREVIEW)))
        except (NotUnderstood, PixelsFailed) as error:
            answered += len(str(error)) > 10

    assert answered == rounds
    pictures.stop()
    assert not children()


@pytest.mark.parametrize("syntax", [made.JPEG_BASELINE, made.JPEG_LOSSLESS, made.JPEG_LS, made.JPEG_2000, made.HTJ2K])
@pytest.mark.parametrize("rounds", [10, pytest.param(300, marks=pytest.mark.proof)])
def test_files_with_bytes_gone_bad_are_transcoded_or_refused(rounds: int, syntax: str, folder: Folder) -> None:
    (folder.path("a").parent.parent / "spool").mkdir(exist_ok=True)
    pictures = Pictures(folder, Limits(seconds=5))
    data = make_image([np.random.default_rng(1).integers(0, 200, (24, 24), dtype="u1")] * 3, syntax)
    random = np.random.default_rng(2)
    targets = (made.JPEG_LS, made.RLE, made.JPEG_2000, "1.2.840.10008.1.2.1", "1.2.840.10008.1.2.1.99")
    answered = 0
    for number in range(rounds):
        broken = bytearray(data)
        for _ in range(1 + number % 4):
            broken[int(random.integers(340, len(broken)))] = int(random.integers(0, 256))
        file = folder.put(f"{number}.dcm", bytes(broken))

        try:
            done = pictures.transcode(file, targets[number % len(targets)], sop_uid="1.2.3")
            with done.file:
                answered += done.length > 300
        except (NotUnderstood, PixelsFailed, UnreadableDicom, DamagedFile) as error:
            answered += len(str(error)) > 10

    assert answered == rounds
    pictures.stop()
    assert not children()


@pytest.mark.parametrize("what", HOSTILE)
def test_a_hostile_image_is_not_compressed_and_the_worker_lives_on(
    what: str, folder: Folder, pictures: Pictures
) -> None:
    good, bad = folder.put("good.dcm", make_instance("CT")), folder.put("bad.dcm", HOSTILE[what])
    pictures.transcode(good, made.JPEG_LS, sop_uid="1.2").file.close()
    worker = children()

    with pytest.raises((NotUnderstood, UnreadableDicom)) as told:
        pictures.transcode(bad, made.JPEG_LS, sop_uid="1.2")

    assert len(str(told.value)) > 10
    pictures.transcode(good, made.JPEG_LS, sop_uid="1.2").file.close()
    assert children() == worker
