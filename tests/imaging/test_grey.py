"""From stored values to grey levels: windows, tables, padding, inversion, overlays and sizes."""

import io
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray
from pydicom.dataset import Dataset
from pydicom.pixels.processing import apply_modality_lut, apply_voi_lut
from pydicom.sequence import Sequence

from pacsberry.errors import BadRequest, NotUnderstood
from pacsberry.imaging.orders import Form, Order, Product
from pacsberry.imaging.worker.products import make
from tests.makers import BIG_ENDIAN, DEFLATED, EXPLICIT, IMPLICIT
from tests.makers.images import make_image

SLOPE = np.arange(-40, 60, dtype="i2").reshape(10, 10)


def picture(file: bytes, order: Order) -> NDArray[Any]:
    """The picture in a PAM file."""
    pieces: list[bytes] = []
    make(order, io.BytesIO(file), lambda piece: pieces.append(bytes(piece)))
    header, _, data = b"".join(pieces).partition(b"ENDHDR\n")
    facts = dict(line.split(" ") for line in header.decode().splitlines()[1:])
    shape = [int(facts["HEIGHT"]), int(facts["WIDTH"])] + [3] * (facts["DEPTH"] == "3")
    return np.frombuffer(data, "u1" if facts["MAXVAL"] == "255" else ">u2").reshape(shape)


def preview(file: bytes, **how: Any) -> NDArray[Any]:
    return picture(file, Order(Product.PREVIEW, form=Form.PAM, **how))


def rendered(file: bytes, **how: Any) -> NDArray[Any]:
    return picture(file, Order(Product.RENDERED, form=Form.PAM, **how))


def test_a_preview_uses_all_grey_levels() -> None:
    shown = preview(make_image(SLOPE))

    assert (shown.min(), shown.max()) == (0, 255)
    assert shown[0, 0] == 0
    assert shown[9, 9] == 255


def test_an_image_of_one_value_is_black() -> None:
    assert preview(make_image(np.full((3, 3), 77, "u2"))).max() == 0


def test_monochrome1_is_inverted() -> None:
    assert np.array_equal(preview(make_image(SLOPE, photometric="MONOCHROME1")), 255 - preview(make_image(SLOPE)))


@pytest.mark.parametrize("photometric", ["MONOCHROME1", "MONOCHROME2"])
def test_padding_is_black_and_does_not_widen_the_range(photometric: str) -> None:
    values = SLOPE.copy()
    values[0] = -2000
    values[1] = -1999
    tags = {"PixelPaddingValue": -2000, "PixelPaddingRangeLimit": -1999}
    file = make_image(values, photometric=photometric, tags=tags)

    for shown in (preview(file), rendered(file)):
        assert not shown[:2].any()
        assert {int(shown[2:].min()), int(shown[2:].max())} == {0, 255}


def test_an_image_of_padding_alone_is_black() -> None:
    values = np.full((3, 3), 7, "u2")

    assert preview(make_image(values, tags={"PixelPaddingValue": 7})).max() == 0


@pytest.mark.parametrize("function", ["", "LINEAR", "LINEAR_EXACT", "SIGMOID"])
@pytest.mark.parametrize(("center", "width"), [(40, 400), (0, 2), (10.5, 33.3)])
def test_the_window_of_the_file_is_applied_as_pydicom_does(function: str, center: float, width: float) -> None:
    tags = {"WindowCenter": center, "WindowWidth": width, "RescaleSlope": 2, "RescaleIntercept": -10}
    if function:
        tags["VOILUTFunction"] = function  # type: ignore[assignment]
    file = make_image(SLOPE, tags=tags)
    ds = Dataset()
    for keyword, value in {**tags, "BitsStored": 16, "PixelRepresentation": 1}.items():
        setattr(ds, keyword, value)
    ds.PhotometricInterpretation = "MONOCHROME2"

    theirs = apply_voi_lut(apply_modality_lut(SLOPE, ds), ds)

    lowest, highest = -(2.0**15) * 2 - 10, (2.0**15 - 1) * 2 - 10  # pydicom maps to the range of the modality's output
    expected = (theirs - lowest) / (highest - lowest) * 255
    assert np.abs(rendered(file) - expected).max() <= 1


def test_the_window_asked_for_goes_before_that_of_the_file() -> None:
    file = make_image(SLOPE, tags={"WindowCenter": 0, "WindowWidth": 10})

    shown = rendered(file, window_center=10.0, window_width=20.0)

    assert np.abs(shown - np.clip(SLOPE * 255 / 20, 0, 255)).max() <= 1


@pytest.mark.parametrize(("asked", "full"), [({"window_center": 5.0}, (5, 10)), ({"window_width": 30.0}, (0, 30))])
def test_half_a_window_is_completed_from_the_file(asked: dict[str, float], full: tuple[float, float]) -> None:
    file = make_image(SLOPE, tags={"WindowCenter": 0, "WindowWidth": 10})

    assert np.array_equal(rendered(file, **asked), rendered(file, window_center=full[0], window_width=full[1]))


def test_without_a_window_all_values_are_shown() -> None:
    shown = rendered(make_image(SLOPE))

    assert (shown[0, 0], shown[9, 9]) == (0, 255)


def test_a_window_of_no_width_divides_black_from_white() -> None:
    shown = rendered(make_image(SLOPE), window_center=0.0, window_width=0.0)

    assert set(np.unique(shown)) <= {0, 127, 255}


def _table(first: int, entries: list[int], bits: int) -> Dataset:
    item = Dataset()
    item.add_new("LUTDescriptor", "SS" if first < 0 else "US", [len(entries), first, bits])
    item.add_new("LUTData", "OW", np.array(entries, "<u2").tobytes())
    item.ModalityLUTType = "US"
    return item


SYNTAXES = [EXPLICIT, IMPLICIT, BIG_ENDIAN, DEFLATED]


@pytest.mark.parametrize("syntax", SYNTAXES[:2])
def test_the_table_of_the_file_is_used_when_it_has_no_window(syntax: str) -> None:
    values = np.array([[0, 1, 2, 3, 4, 5, 6, 7]], "u2")
    tags = {"VOILUTSequence": Sequence([_table(2, [0, 1000, 2000, 4095], 12)])}

    shown = rendered(make_image(values, syntax, tags=tags))

    assert shown[0].tolist() == [0, 0, 0, 62, 124, 255, 255, 255]


def test_the_table_of_the_modality_comes_before_the_window() -> None:
    values = np.array([[0, 1, 2]], "u2")
    tags = {"ModalityLUTSequence": Sequence([_table(0, [300, 100, 200], 16)]), "WindowCenter": 200, "WindowWidth": 201}

    shown = rendered(make_image(values, tags=tags))

    assert shown[0].tolist() == [255, 0, 128]


@pytest.mark.parametrize("has_lengths", [True, False])
@pytest.mark.parametrize("syntax", SYNTAXES)
def test_the_functional_groups_of_a_frame_settle_its_window(syntax: str, has_lengths: bool) -> None:
    frames = [SLOPE] * 3
    groups = []
    for center in (0, 10, 20):
        voi, item = Dataset(), Dataset()
        voi.WindowCenter, voi.WindowWidth = center, 1
        voi.VOILUTFunction = "LINEAR_EXACT"
        item.FrameVOILUTSequence = Sequence([voi])
        groups.append(item)
    shared, rescale = Dataset(), Dataset()
    rescale.RescaleSlope, rescale.RescaleIntercept = 1, 1000  # what is shared gives way to the frame's own
    own = Dataset()
    own.RescaleSlope, own.RescaleIntercept = 1, 0
    shared.PixelValueTransformationSequence = Sequence([rescale])
    for item in groups:
        item.PixelValueTransformationSequence = Sequence([own])
    tags = {
        "SharedFunctionalGroupsSequence": Sequence([shared]),
        "PerFrameFunctionalGroupsSequence": Sequence(groups),
    }
    for sequence in tags.values():
        for item in sequence:
            item.is_undefined_length_sequence_item = not has_lengths
    file = make_image(frames, syntax, tags=tags)

    white = [int((rendered(file, frame=number) == 255).sum()) for number in range(3)]

    assert white == [59, 49, 39]


def test_values_of_32_bits_and_floats_are_windowed_too() -> None:
    file = make_image((SLOPE.astype("i4") + 40) * 1_000_000)

    assert np.abs(preview(file).astype(int) - preview(make_image(SLOPE))).max() <= 1
    assert rendered(file, window_center=0.0, window_width=2.0)[5, 5] == 255


@pytest.mark.parametrize(
    ("product", "values", "expected"),
    [
        (Product.UINT8, [-5, 0, 200, 300], [0, 0, 200, 255]),
        (Product.UINT16, [-5, 0, 200, 300], [0, 0, 200, 300]),
        (Product.INT16, [-5, 0, 200, 300], [65531, 0, 200, 300]),
    ],
)
def test_clamped_values_stop_at_the_ends_of_their_type(
    product: Product, values: list[int], expected: list[int]
) -> None:
    shown = picture(make_image(np.array([values], "i2")), Order(product, form=Form.PAM))

    assert shown[0].tolist() == expected


def test_colours_have_no_clamped_values() -> None:
    with pytest.raises(NotUnderstood, match="Colours"):
        picture(make_image(np.zeros((2, 2, 3), "u1")), Order(Product.UINT8))


def _overlay(bits: NDArray[Any], origin: tuple[int, int], **tags: object) -> dict[str, object]:
    data = np.packbits(bits.ravel(), bitorder="little").tobytes()
    return {
        "OverlayRows": bits.shape[-2],
        "OverlayColumns": bits.shape[-1],
        "OverlayBitsAllocated": 1,
        "OverlayOrigin": list(origin),
        "OverlayData": data + b"\0" * (len(data) % 2),
        **tags,
    }


def _with_overlay(values: Any, overlay: dict[str, object]) -> bytes:
    vrs = {"OverlayOrigin": "SS", "OverlayData": "OW", "NumberOfFramesInOverlay": "IS"}
    ds = Dataset()
    numbers = {
        "OverlayRows": 0x60000010, "OverlayColumns": 0x60000011, "NumberOfFramesInOverlay": 0x60000015,
        "OverlayOrigin": 0x60000050, "ImageFrameOrigin": 0x60000051, "OverlayBitsAllocated": 0x60000100,
        "OverlayData": 0x60003000,
    }  # fmt: skip
    for name, value in overlay.items():
        ds.add_new(numbers[name], vrs.get(name, "US"), value)
    import pydicom

    from tests.makers import part10

    whole = pydicom.dcmread(io.BytesIO(make_image(values)))
    whole.update(ds)
    return part10(whole)


@pytest.mark.parametrize("origin", [(1, 1), (3, 2), (-1, -1), (9, 10), (40, 40)])
def test_overlays_are_drawn_on_demand_where_they_belong(origin: tuple[int, int]) -> None:
    bits = np.random.default_rng(3).integers(0, 2, (5, 5), dtype="u1")
    file = _with_overlay(SLOPE, _overlay(bits, origin))
    canvas = np.zeros((100, 100), bool)
    canvas[49 + origin[0] : 54 + origin[0], 49 + origin[1] : 54 + origin[1]] = bits
    drawn = canvas[50:60, 50:60]

    shown, plain = preview(file, overlays=True), preview(file)

    assert np.array_equal(shown, np.where(drawn, 255, plain))


def test_overlays_of_several_frames_go_with_theirs() -> None:
    bits = np.zeros((2, 3, 3), "u1")
    bits[1, 1, 1] = 1
    overlay = _overlay(bits, (1, 1), NumberOfFramesInOverlay="2", ImageFrameOrigin=2)
    file = _with_overlay([np.zeros((3, 3), "u1")] * 3, overlay)

    assert [int(preview(file, frame=number, overlays=True).sum()) for number in range(3)] == [0, 0, 255]


@pytest.mark.parametrize("broken", [{"OverlayData": b"\0\0"}, {"OverlayRows": 65535, "OverlayColumns": 65535}])
def test_a_broken_overlay_is_left_out(broken: dict[str, object]) -> None:
    overlay = {**_overlay(np.ones((5, 5), "u1"), (1, 1)), **broken}

    assert np.array_equal(preview(_with_overlay(SLOPE, overlay), overlays=True), preview(make_image(SLOPE)))


@pytest.mark.parametrize(
    ("width", "height", "shape"),
    [(20, 0, (40, 20)), (0, 10, (10, 5)), (20, 20, (20, 10)), (1, 1000, (2, 1)), (0, 0, (20, 10)), (1, 0, (2, 1))],
)
@pytest.mark.parametrize("smooth", [False, True])
def test_a_picture_fits_in_the_size_asked_for(width: int, height: int, shape: tuple[int, int], smooth: bool) -> None:
    file = make_image(np.arange(200, dtype="u1").reshape(20, 10))

    assert rendered(file, fit_width=width, fit_height=height, smooth=smooth).shape == shape


def test_a_smooth_smaller_picture_is_the_mean_of_what_it_covers() -> None:
    values = np.random.default_rng(5).integers(0, 256, (30, 40), dtype="u1")
    values[0, 0], values[0, 1] = 0, 255
    file = make_image(values)
    full = rendered(file, window_center=127.5, window_width=255.0)

    small = rendered(file, window_center=127.5, window_width=255.0, fit_width=4, smooth=True)

    assert np.abs(small - full.reshape(3, 10, 4, 10).mean(axis=(1, 3))).max() <= 0.51


def test_a_smooth_larger_picture_has_no_steps() -> None:
    file = make_image(np.tile(np.array([0, 255], "u1"), (2, 1)))

    large = rendered(file, fit_width=64, smooth=True).astype(int)

    assert np.diff(large[0]).max() < 12


def test_colours_are_resized_too() -> None:
    values = np.random.default_rng(5).integers(0, 256, (8, 8, 3), dtype="u1")

    assert rendered(make_image(values), fit_width=4, smooth=True).shape == (4, 4, 3)
    assert np.array_equal(rendered(make_image(values)), values)


@pytest.mark.parametrize("width", [8193, 10**9])
def test_a_picture_larger_than_any_screen_is_refused(width: int) -> None:
    with pytest.raises(BadRequest, match="at most"):
        rendered(make_image(SLOPE), fit_width=width)
