"""What is in thumbnails, preview packs and packs of all values."""

import io
from pathlib import Path
from typing import Final

import numpy as np
import pytest

from pacsberry.imaging.pictures import Pictures
from pacsberry.imaging.prepared.products import Kind, Made, Source, gains_from_packing
from tests.imaging.aids import Folder
from tests.imaging.prepared.products_aids import CT, Products, disc, noise, put
from tests.makers import BIG_ENDIAN, DEFLATED, EXPLICIT, IMPLICIT, make_instance
from tests.makers import images as makers
from tests.makers.images import make_image


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
