"""Thumbnails and packs of a series, made by real workers: what is in them, and what becomes of frames that fail."""

import io
import threading
from collections.abc import Mapping
from contextlib import ExitStack
from pathlib import Path
from typing import Any, Final

import numpy as np
import pytest
from numpy.typing import NDArray

from pacsberry.errors import NotUnderstood
from pacsberry.imaging.limits import Limits, NoWorker, TooManyPictures
from pacsberry.imaging.orders import Order, Product
from pacsberry.imaging.pictures import Pictures
from pacsberry.imaging.pool import WorkerPool
from pacsberry.imaging.prepared.packfile import Pack
from pacsberry.imaging.prepared.products import Kind, Made, Source, gains_from_packing, make_products
from tests.imaging.aids import Folder, acting, children
from tests.makers import BIG_ENDIAN, DEFLATED, EXPLICIT, IMPLICIT, make_instance
from tests.makers import images as makers
from tests.makers.images import make_image

CT: Final = {"WindowCenter": 1000, "WindowWidth": 1000}


class Products:
    """What was made, and read back."""

    def __init__(self, pictures: Pictures, folder: Path, sources: list[Source], *kinds: Kind) -> None:
        paths = {kind: folder / f"{kind}.out" for kind in kinds}
        with ExitStack() as stack:
            files = {kind: stack.enter_context(path.open("w+b", buffering=0)) for kind, path in paths.items()}
            self.made: Mapping[Kind, Made] = make_products(pictures, sources, files)
        self.data = {kind: path.read_bytes() for kind, path in paths.items()}
        self.packs = {}
        for kind in set(kinds) - {Kind.THUMBNAIL}:
            with paths[kind].open("rb") as file:
                self.packs[kind] = Pack.read(file)

    def picture(self, kind: Kind, number: int) -> NDArray[Any]:
        from imagecodecs import _jpegls, _webp

        start, length = self.packs[kind].places[number]
        data = self.data[kind][start : start + length]
        return np.asarray(_webp.webp_decode(data) if kind is Kind.PREVIEW else _jpegls.jpegls_decode(data))


def disc(side: int, value: int, dtype: str = "u2") -> NDArray[Any]:
    """A disc in the middle, brighter than what is around."""
    y, x = np.mgrid[:side, :side] - (side - 1) / 2
    return np.where(x * x + y * y < (side / 3) ** 2, value, 100).astype(dtype)


def noise(side: int, level: int, amplitude: int, seed: int) -> NDArray[np.uint16]:
    """A disc in correlated noise, as a scanner's reconstruction leaves it."""
    random = np.random.default_rng(seed)
    grain = random.normal(0, amplitude, (side + 1, side + 1))
    grain = grain[1:, 1:] + grain[:-1, 1:] + grain[1:, :-1]
    return np.asarray(np.clip(disc(side, level) + grain, 0, 4095), np.uint16)


def put(folder: Folder, *files: bytes) -> list[Source]:
    return [Source(folder.put(f"{number}.dcm", data), None) for number, data in enumerate(files)]


# ---------------------------------------------------------------------------------------------- what is in them


def test_a_preview_pack_has_all_slices_small_through_the_window_of_the_series(
    folder: Folder, pictures: Pictures, tmp_path: Path
) -> None:
    stack = [make_image(disc(512, 600 + 100 * number), tags=CT, instance=number) for number in range(9)]

    got = Products(pictures, tmp_path, put(folder, *stack), Kind.PREVIEW)

    assert got.made[Kind.PREVIEW].pictures == 9
    assert not got.made[Kind.PREVIEW].holes
    assert got.packs[Kind.PREVIEW].facts["Window"] == {"Center": 1000, "Width": 1000, "Function": "LINEAR"}
    assert got.packs[Kind.PREVIEW].facts["MediaType"] == "image/webp"
    for number in range(9):
        picture = got.picture(Kind.PREVIEW, number)
        assert picture.shape == (512, 512, 3)
        assert abs(int(picture[256, 256, 0]) - (100 + 100 * number) * 255 / 999) < 6
        assert picture[2, 2].max() < 6


def test_the_pictures_come_coarse_to_fine(folder: Folder, pictures: Pictures, tmp_path: Path) -> None:
    sources = put(folder, *[make_image(disc(16, 500), instance=number) for number in range(5)])

    got = Products(pictures, tmp_path, sources, Kind.PREVIEW, Kind.FRAMES)

    for pack in got.packs.values():
        assert list(pack.places) == [2, 0, 4, 1, 3]


PALETTE: Final = {
    f"{colour}PaletteColorLookupTable{what}": value
    for colour in ("Red", "Green", "Blue")
    for what, value in (("Descriptor", [256, 0, 8]), ("Data", bytes(range(256))))
}
LOSSLESS: Final = {
    "16 bits": make_image(noise(40, 3000, 50, 1), tags=CT),
    "12 bits, signed": make_image(noise(41, 1500, 50, 2).astype("i2") - 1024, bits_stored=12),
    "16 bits, signed, implicit": make_image(noise(41, 1500, 50, 2).astype("i2") - 1024, IMPLICIT),
    "8 bits": make_image(disc(33, 250, "u1")),
    "8 bits, signed": make_image(disc(32, 120, "u1").astype("i1") - 100),
    "big endian": make_image(noise(31, 3000, 50, 4), BIG_ENDIAN),
    "deflated": make_image(noise(31, 3000, 50, 4), DEFLATED),
    "RLE": make_image(noise(31, 3000, 50, 4), makers.RLE),
    "JPEG lossless": make_image(noise(31, 3000, 50, 4), makers.JPEG_LOSSLESS_FIRST),
    "MONOCHROME1": make_image(noise(31, 3000, 50, 4), photometric="MONOCHROME1"),
    "bits above and below": make_image(noise(31, 3000, 50, 4), bits_stored=10, tags={"HighBit": 11}),
    "a palette": make_image(disc(20, 250, "u1"), photometric="PALETTE COLOR", tags=PALETTE),
    "colours": make_image(np.stack([disc(21, 250, "u1"), disc(21, 90, "u1"), disc(21, 1, "u1")], axis=2)),
    "colours in planes": make_image(np.stack([disc(20, 250, "u1")] * 3, axis=2), is_planar=True),
    "one row": make_image(noise(40, 3000, 50, 1)[:1]),
    "one column": make_image(noise(40, 3000, 50, 1)[:, :1]),
    "one pixel": make_image(np.array([[7]], "u2")),
}


@pytest.mark.parametrize("name", LOSSLESS)
def test_full_depth_has_every_value_that_the_file_has(
    name: str, folder: Folder, pictures: Pictures, tmp_path: Path
) -> None:
    from pacsberry.dicom.part10 import DicomFile
    from pacsberry.imaging.worker.frame import read_samples

    stored = read_samples(DicomFile.open(io.BytesIO(LOSSLESS[name])), 0).values

    got = Products(pictures, tmp_path, put(folder, LOSSLESS[name]), Kind.PREVIEW, Kind.FRAMES)

    values = got.picture(Kind.FRAMES, 0)
    assert values.dtype.itemsize == stored.dtype.itemsize
    assert np.array_equal(values.reshape(stored.shape).view(stored.dtype), stored)
    assert max(got.picture(Kind.PREVIEW, 0).shape[:2]) == max(stored.shape[:2])
    assert got.packs[Kind.FRAMES].facts["TransferSyntax"] == makers.JPEG_LS


AS_STORED: Final = {
    "32 bits": make_image(noise(40, 3000, 50, 1).astype("u4") << 8),
    "single bits": make_image(
        np.zeros((16, 16), "u1"),
        tags={"BitsAllocated": 1, "BitsStored": 1, "HighBit": 0, "PixelData": bytes(range(32))},
    ),
    "YBR": make_image(np.stack([disc(20, 250, "u1")] * 3, axis=2), photometric="YBR_FULL"),
}


@pytest.mark.parametrize("name", AS_STORED)
def test_what_jpeg_ls_does_not_hold_is_left_as_stored_and_has_a_preview(
    name: str, folder: Folder, pictures: Pictures, tmp_path: Path
) -> None:
    got = Products(pictures, tmp_path, put(folder, AS_STORED[name]), Kind.PREVIEW, Kind.FRAMES)

    assert (got.made[Kind.FRAMES].pictures, got.made[Kind.PREVIEW].pictures) == (0, 1)
    assert not got.made[Kind.FRAMES].holes


def test_frames_that_are_small_already_are_left_as_stored(folder: Folder, pictures: Pictures, tmp_path: Path) -> None:
    syntaxes = (EXPLICIT, makers.JPEG_LS, makers.JPEG_2000, makers.RLE, makers.JPEG_LOSSLESS)
    sources = [
        Source(folder.put(f"{number}.dcm", make_image(noise(16, 900, 9, 1), syntax)), None, 1, syntax)
        for number, syntax in enumerate(syntaxes)
    ]

    got = Products(pictures, tmp_path, sources, Kind.FRAMES)

    assert sorted(got.packs[Kind.FRAMES].places) == [0, 3, 4]
    assert [gains_from_packing(syntax) for syntax in syntaxes] == [True, False, False, True, True]


def test_frames_of_several_files_are_numbered_through(folder: Folder, pictures: Pictures, tmp_path: Path) -> None:
    many = [disc(8, 200 + number) for number in range(3)]
    sources = [
        Source(
            folder.put(
                "a.dcm",
                make_image(disc(8, 1)),
            ),
            None,
        ),
        Source(folder.put("report.dcm", make_instance("SR")), None, frames=0),
        Source(folder.put("b.dcm", make_image(many)), None, frames=3),
        Source(folder.put("c.dcm", make_image(disc(8, 9))), None),
    ]

    got = Products(pictures, tmp_path, sources, Kind.FRAMES)

    assert [int(got.picture(Kind.FRAMES, number)[4, 4]) for number in range(5)] == [1, 200, 201, 202, 9]


def test_pictures_of_several_sizes_and_colours_keep_their_proportions(
    folder: Folder, pictures: Pictures, tmp_path: Path
) -> None:
    shapes = [(512, 512), (300, 600), (1000, 10), (7, 5), (735, 975, 3), (1024, 256)]
    others = [(1, 1)] * 60
    sources = put(
        folder, *[make_image(np.full(shape, 99, "u1" if len(shape) == 3 else "u2")) for shape in [*shapes, *others]]
    )

    got = Products(pictures, tmp_path, sources, Kind.PREVIEW)

    assert [got.picture(Kind.PREVIEW, number).shape[:2] for number in range(6)] == [
        (256, 256), (128, 256), (256, 3), (7, 5), (193, 256), (256, 64)
    ]  # fmt: skip


@pytest.mark.parametrize(("count", "side"), [(1, 1024), (16, 1024), (17, 512), (64, 512), (65, 256)])
def test_the_fewer_pictures_the_larger_they_are(
    count: int, side: int, folder: Folder, pictures: Pictures, tmp_path: Path
) -> None:
    file = folder.put("a.dcm", make_image(disc(1100, 900)[:, 500:600]))

    got = Products(pictures, tmp_path, [Source(file, None)] * count, Kind.PREVIEW)

    assert got.picture(Kind.PREVIEW, 0).shape == (side, round(side / 11), 3)


def test_inverted_palette_and_colour_pictures_are_what_a_viewer_shows(
    folder: Folder, pictures: Pictures, tmp_path: Path
) -> None:
    tags: dict[str, object] = {}
    for colour, entries in (("Red", (255, 0)), ("Green", (0, 255)), ("Blue", (0, 0))):
        tags[f"{colour}PaletteColorLookupTableDescriptor"] = [2, 0, 8]
        tags[f"{colour}PaletteColorLookupTableData"] = bytes(entries)
    red = np.zeros((16, 16, 3), "u1") + np.array([200, 30, 30], "u1")
    sources = put(
        folder,
        make_image(disc(16, 1500), photometric="MONOCHROME1", tags=CT),
        make_image(np.ones((16, 16), "u1"), photometric="PALETTE COLOR", tags=tags),
        make_image(red),
    )

    got = Products(pictures, tmp_path, sources, Kind.PREVIEW)

    assert got.picture(Kind.PREVIEW, 0)[8, 8].max() < 10
    assert got.picture(Kind.PREVIEW, 0)[0, 0].min() > 245
    assert np.abs(got.picture(Kind.PREVIEW, 1)[8, 8].astype(int) - [0, 255, 0]).max() < 12
    assert np.abs(got.picture(Kind.PREVIEW, 2)[8, 8].astype(int) - [200, 30, 30]).max() < 12


def test_slices_whose_windows_differ_do_not_flicker(folder: Folder, pictures: Pictures, tmp_path: Path) -> None:
    """As MR, and as PET, whose slope differs, too: the same tissue is the same grey in every slice."""
    stack = []
    for number in range(6):
        tags = {"Modality": "MR", "WindowCenter": 50 + 200 * number, "WindowWidth": 100 + 100 * number}
        tags |= {"RescaleSlope": str(8 / 2**number), "RescaleIntercept": "0"}
        stack.append(make_image(disc(64, 1000) * 2**number // 8, tags=tags))

    got = Products(pictures, tmp_path, put(folder, *stack), Kind.PREVIEW)

    greys = [int(got.picture(Kind.PREVIEW, number)[32, 32, 0]) for number in range(6)]
    assert max(greys) - min(greys) <= 6
    assert min(greys) > 200


@pytest.mark.parametrize(
    ("side", "level", "amplitude"), [(512, 1100, 12), (256, 900, 40), (128, 900, 60), (512, 3000, 200)]
)
def test_a_preview_pack_has_at_most_4_percent_of_the_raw_bytes(
    side: int, level: int, amplitude: int, folder: Folder, pictures: Pictures, tmp_path: Path
) -> None:
    stack = [make_image(noise(side, level, amplitude, number), tags={"Modality": "MR"}) for number in range(20)]

    got = Products(pictures, tmp_path, put(folder, *stack), Kind.PREVIEW)

    assert got.made[Kind.PREVIEW].pictures == 20
    assert len(got.data[Kind.PREVIEW]) == got.made[Kind.PREVIEW].length
    # Of a long stack the index is next to nothing.
    pictures_alone = sum(length for _, length in got.packs[Kind.PREVIEW].places.values())
    assert pictures_alone <= 0.04 * 20 * side * side * 2


def test_all_pictures_of_a_noisy_stack_have_the_same_quality(
    folder: Folder, pictures: Pictures, tmp_path: Path
) -> None:
    stack = [make_image(noise(256, 900, 60, number), tags={"Modality": "MR"}) for number in range(30)]

    got = Products(pictures, tmp_path, put(folder, *stack), Kind.PREVIEW)

    lengths = [length for _, length in got.packs[Kind.PREVIEW].places.values()]
    assert max(lengths) < 1.25 * min(lengths)


def test_a_thumbnail_is_the_middle_picture_as_jpeg(folder: Folder, pictures: Pictures, tmp_path: Path) -> None:
    from imagecodecs import _jpeg8

    sources = put(folder, *[make_image(disc(512, value), tags=CT) for value in (600, 1000, 1400)])

    got = Products(pictures, tmp_path, sources, Kind.THUMBNAIL)

    picture = _jpeg8.jpeg8_decode(got.data[Kind.THUMBNAIL])
    assert picture.shape == (256, 256)
    assert abs(int(picture[128, 128]) - 127) < 4
    assert got.made[Kind.THUMBNAIL] == Made(len(got.data[Kind.THUMBNAIL]), 1, {})


# ---------------------------------------------------------------------------------------------- what fails


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
