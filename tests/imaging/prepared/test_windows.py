"""One window for a whole stack, chosen from some of its frames."""

import pytest

from pacsberry.imaging.prepared.windows import window_of_stack
from pacsberry.imaging.survey import StackWindow, Survey

SOFT, BONE = StackWindow(40, 400, "LINEAR"), StackWindow(500, 2000, "LINEAR")


def survey(
    window: StackWindow | None = None, modality: str = "CT", *, values: tuple[float, ...] = (), **how: bool
) -> Survey:
    return Survey(modality, window, how.get("has_table", False), how.get("is_colour", False), values)


def test_a_window_that_all_name_is_taken() -> None:
    assert window_of_stack([survey(SOFT)] * 5) == SOFT


def test_a_localiser_among_slices_does_not_change_the_window() -> None:
    assert window_of_stack([survey(BONE), *[survey(SOFT)] * 7]) == SOFT


def test_slices_that_each_name_another_one_get_one_that_fits_them_all() -> None:
    stack = [
        survey(StackWindow(number, 10 + number, "LINEAR"), "MR", values=tuple(range(100 * number, 100 * number + 101)))
        for number in range(10)
    ]

    window = window_of_stack(stack)

    assert window is not None
    assert window.function == "LINEAR_EXACT"
    assert 0 <= window.center - window.width / 2 <= 20
    assert 980 <= window.center + window.width / 2 <= 1000


def test_radiographs_that_each_name_another_one_keep_theirs() -> None:
    assert window_of_stack([survey(SOFT, "CR", values=(0, 9)), survey(BONE, "CR", values=(0, 9))]) is None


def test_a_table_of_the_file_is_left_to_it_when_there_is_no_window() -> None:
    assert window_of_stack([survey(modality="DX", has_table=True, values=(0, 1))]) is None


def test_without_windows_single_bright_values_do_not_darken_the_rest() -> None:
    dark = [survey(modality="MR", values=tuple(float(value) for value in range(101)))] * 9
    bright = survey(modality="MR", values=(*map(float, range(100)), 30000.0))

    window = window_of_stack([*dark, bright])

    assert window is not None
    assert window.center + window.width / 2 <= 101


@pytest.mark.parametrize("stack", [[], [survey(is_colour=True)], [survey()]])
def test_what_has_no_grey_values_has_no_window(stack: list[Survey]) -> None:
    assert window_of_stack(stack) is None


def test_a_stack_of_one_value_is_black() -> None:
    assert window_of_stack([survey(values=(7.0, 7.0))]) == StackWindow(7.5, 1, "LINEAR_EXACT")


def test_a_mask_of_something_small_is_white_on_black() -> None:
    nothing = [survey(modality="SEG", values=(0.0,) * 101)] * 9

    window = window_of_stack([*nothing, survey(modality="SEG", values=(*[0.0] * 100, 1.0))])

    assert window == StackWindow(0.5, 1, "LINEAR_EXACT")


@pytest.mark.parametrize(
    "message",
    [b"", b"[]", b"7", b"{}", b"\xff", b'{"modality":"CT","window":[1],"has_table":0,"is_colour":0,"quantiles":[]}',
     b'{"modality":"CT","window":null,"has_table":0,"is_colour":0,"quantiles":[NaN]}',
     b'{"modality":"CT","window":[1e999,1,""],"has_table":0,"is_colour":0,"quantiles":[]}',
     b'{"modality":"CT","window":null,"has_table":0,"is_colour":0,"quantiles":["x"]}', b"[" * 100_000,
     b'{"modality":"CT","window":null,"has_table":0,"is_colour":0,"quantiles":[' + b"1," * 2000 + b"1]}"],
)  # fmt: skip
def test_what_a_hostile_image_may_say_through_a_worker_is_no_survey(message: bytes) -> None:
    with pytest.raises(ValueError):  # noqa: PT011  # whatever it says
        Survey.of_bytes(message)


def test_a_survey_comes_back_from_its_message() -> None:
    told = survey(SOFT, values=(1.0, 2.5))

    assert Survey.of_bytes(told.to_bytes()) == told
