"""The order of slices; what is expected here is what Orthanc 1.10.1 answered for the same series."""

import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pacsberry.dicom.slices import Slice, order

AXIAL, SAGITTAL = r"1\0\0\0\1\0", r"0\1\0\0\0\-1"


def _slices(*rows: tuple[int | None, float | None, str]) -> list[Slice]:
    return [
        Slice(str(place), "" if height is None else rf"0\0\{height}", orientation, index)
        for place, (index, height, orientation) in enumerate(rows)
    ]


@pytest.mark.parametrize(
    ("rows", "is_volume", "ids"),
    [
        ([(1, 0, AXIAL), (2, 5, AXIAL), (3, 10, AXIAL)], True, "012"),
        ([(1, 10, AXIAL), (2, 5, AXIAL), (3, 0, AXIAL)], True, "210"),
        ([(None, 10, AXIAL), (None, 5, AXIAL), (None, 0, AXIAL)], True, "210"),
        ([(1, 10, AXIAL), (2, 10.00001, AXIAL), (3, 0, AXIAL)], True, "201"),
        ([(1, 10, AXIAL), (2, 5, ""), (3, 0, AXIAL)], True, "210"),
        ([(1, 10, AXIAL), (2, 5, r"1\0\0\0\-1\0"), (3, 0, AXIAL)], True, "210"),
        ([(1, 10, r"2\0\0\0\2\0"), (2, 5, r"2\0\0\0\2\0")], True, "10"),
        ([(1, 0, AXIAL)], False, "0"),
        ([(1, 10, AXIAL), (2, 10, AXIAL), (3, 0, AXIAL)], False, "012"),
        ([(1, 10, AXIAL), (2, None, AXIAL), (3, 0, AXIAL)], False, "012"),
        ([(1, 10, AXIAL), (2, 5, SAGITTAL), (3, 0, AXIAL)], False, "012"),
        ([(1, 10, AXIAL), (2, 5, r"1\0\0\0\0.9999\0.01"), (3, 0, AXIAL)], False, "012"),
        ([(1, 10, r"1\0\0\1\0\0"), (2, 5, r"1\0\0\1\0\0")], False, "01"),
        ([(1, 10, r"1\0\0"), (2, 5, r"1\0\0")], False, "01"),
        ([(3, 5, ""), (2, 0, ""), (1, None, "")], False, "210"),
        ([(None, None, ""), (2, None, ""), (1, None, "")], False, "210"),
    ],
)
def test_slices_are_ordered_as_orthanc_orders_them(
    rows: list[tuple[int | None, float | None, str]], is_volume: bool, ids: str
) -> None:
    ordered = order(_slices(*rows))

    assert ordered.is_volume is is_volume
    assert "".join(one.id for one in ordered.slices) == ids


@pytest.mark.parametrize("text", ["a\\b\\c", "nan\\0\\0", "inf\\0\\0", "1e999\\0\\0", "\\\\", "1\\2\\3\\4"])
def test_a_position_that_is_none_makes_a_sequence(text: str) -> None:
    slices = [Slice("a", text, AXIAL, 1), Slice("b", r"0\0\1", AXIAL, 2)]

    assert not order(slices).is_volume


@given(st.lists(st.tuples(st.floats(-1e3, 1e3), st.floats(0, math.tau)), min_size=2, max_size=20))
def test_nothing_is_lost_or_doubled_whatever_the_geometry(rows: list[tuple[float, float]]) -> None:
    slices = [
        Slice(str(place), rf"0\0\{height:.4f}", rf"{math.cos(angle):.6f}\{math.sin(angle):.6f}\0\0\0\1", place)
        for place, (height, angle) in enumerate(rows)
    ]

    assert sorted(one.id for one in order(slices).slices) == sorted(one.id for one in slices)
