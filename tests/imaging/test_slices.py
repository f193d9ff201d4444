"""What packs consist of: surveys of frames, pictures made smaller."""

import io
from dataclasses import replace
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray

from pacsberry.dicom.part10 import DicomFile
from pacsberry.imaging.orders import Form, Order, Product
from pacsberry.imaging.survey import StackWindow, Survey
from pacsberry.imaging.worker.frame import read_frame, read_samples
from pacsberry.imaging.worker.sizes import shrunk
from pacsberry.imaging.worker.slices import raw_bytes, small_picture, survey
from tests.imaging.test_decoding import slope, speckle
from tests.makers.images import make_image


def surveyed(file: bytes) -> Survey:
    return survey(read_frame(DicomFile.open(io.BytesIO(file)), 0))


def body() -> NDArray[np.int16]:
    """Values from -100 to 99 in a square with much around it."""
    values = np.full((100, 100), -2000, "i2")
    values[20:80, 20:80] = np.arange(3600).reshape(60, 60) % 200 - 100
    return values


def test_a_survey_names_modality_and_window_of_the_file() -> None:
    told = surveyed(make_image(body(), tags={"Modality": "MR", "WindowCenter": [40, 9], "WindowWidth": [400, 8]}))

    assert (told.modality, told.window) == ("MR", StackWindow(40, 400, "LINEAR"))
    assert (told.is_colour, told.has_table) == (False, False)


def test_a_survey_looks_at_values_in_the_unit_of_the_modality_and_not_at_the_background() -> None:
    told = surveyed(make_image(body(), tags={"RescaleSlope": "2", "RescaleIntercept": "-1000"}))

    assert (told.quantiles[0], told.quantiles[-1]) == (-1200, -802)
    assert len(told.quantiles) == 101
    assert list(told.quantiles) == sorted(told.quantiles)


def test_padding_is_not_looked_at() -> None:
    values = body()
    values[0, 0] = 3000

    told = surveyed(make_image(values, tags={"PixelPaddingValue": 3000}))

    assert told.quantiles[-1] == 99


def test_a_drawing_of_two_values_keeps_both() -> None:
    told = surveyed(make_image(np.kron(np.eye(8, dtype="u2"), np.full((8, 8), 500, "u2"))))

    assert (told.quantiles[0], told.quantiles[-1]) == (0, 500)


def test_a_few_pixels_of_the_lowest_value_are_no_background() -> None:
    told = surveyed(make_image(np.arange(10000, dtype="u2").reshape(100, 100)))

    assert told.quantiles[0] == 0


def test_colours_have_no_values_to_be_windowed() -> None:
    told = surveyed(make_image(speckle("u1", 8, 8, 3)))

    assert told.is_colour
    assert not told.quantiles


@pytest.mark.parametrize("shape", [(512, 512), (300, 700), (257, 255), (1024, 1000, 3), (2000, 30), (1, 5000)])
def test_a_picture_made_smaller_is_the_mean_of_what_it_covers(shape: tuple[int, ...]) -> None:
    picture = slope("u1", *shape, bits=8)

    small = shrunk(picture, 128, 128)

    rows, columns = small.shape[:2]
    assert max(rows, columns) == 128
    assert small.flags.c_contiguous
    # Of a slope the mean of what a pixel covers is the value in the middle of that.
    rows_at = ((np.arange(rows) + 0.5) * shape[0] / rows).astype(int)
    columns_at = ((np.arange(columns) + 0.5) * shape[1] / columns).astype(int)
    expected = picture[rows_at][:, columns_at].astype(int)
    inner = (slice(1, -1) if rows > 2 else slice(None), slice(1, -1) if columns > 2 else slice(None))
    assert np.abs(small[inner].astype(int) - expected[inner]).max() <= 5


@pytest.mark.parametrize("shape", [(1, 1), (128, 128), (128, 5), (3, 7, 3)])
def test_a_picture_that_fits_is_left_as_it_is(shape: tuple[int, ...]) -> None:
    picture: NDArray[Any] = speckle("u1", *shape)

    assert np.array_equal(shrunk(picture, 128, 128), picture)


def test_the_window_of_an_order_goes_before_that_of_the_file_with_its_own_function() -> None:
    samples = read_samples(
        DicomFile.open(io.BytesIO(make_image(body(), tags={"WindowCenter": 0, "WindowWidth": 9}))), 0
    )
    order = Order(Product.SLICE, form=Form.PAM, fit_width=256, fit_height=256, window_center=0, window_width=200)

    pictures = {
        function: small_picture(samples, replace(order, window_function=function))
        for function in ("LINEAR", "LINEAR_EXACT", "SIGMOID")
    }

    assert len(set(pictures.values())) == 3
    assert all(picture.startswith(b"P7\nWIDTH 100\nHEIGHT 100\n") for picture in pictures.values())


@pytest.mark.parametrize(
    ("dtype", "samples", "bytes_a_pixel"), [("u1", 1, 2), ("u2", 1, 2), ("u4", 1, 4), ("u1", 3, 3)]
)
def test_raw_bytes_count_at_least_two_for_a_pixel(dtype: str, samples: int, bytes_a_pixel: int) -> None:
    file = make_image(speckle(dtype, 7, 5, *[3] * (samples == 3)))

    assert raw_bytes(read_samples(DicomFile.open(io.BytesIO(file)), 0)) == 35 * bytes_a_pixel
