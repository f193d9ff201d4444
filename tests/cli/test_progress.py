"""Progress is told in a line now and then when nobody looks at a terminal, with amount, speed and time."""

import io
import time

import pytest

from pacsberry.amounts import counted, duration, size
from pacsberry.cli.progress import Progress


class _Terminal(io.StringIO):
    def isatty(self) -> bool:
        return True


def _clock(monkeypatch: pytest.MonkeyPatch, *times: float) -> None:
    left = list(times)
    monkeypatch.setattr(time, "monotonic", lambda: left.pop(0) if len(left) > 1 else left[0])


def test_a_log_gets_lines_with_share_speed_and_time_left(monkeypatch: pytest.MonkeyPatch) -> None:
    _clock(monkeypatch, 0.0, 5.0, 20.0, 40.0)
    stream = io.StringIO()
    with Progress("Copying", 4000, of_bytes=True, stream=stream) as told:
        told.advance(1000)
        told.advance(1000)
        told.advance(2000)
    assert stream.getvalue().splitlines() == [
        "Copying:  50% of 4.0 KB, 100 B/s, 20 s left",
        "Copying: 100% of 4.0 KB, 100 B/s, 40 s",
        "Copying: 100% of 4.0 KB, 100 B/s, 40 s",
    ]


def test_a_terminal_gets_one_line_with_a_bar(monkeypatch: pytest.MonkeyPatch) -> None:
    _clock(monkeypatch, 0.0, 1.0, 2.0)
    stream = _Terminal()
    with Progress("Reading", 2, stream=stream) as told:
        told.advance()
    assert stream.getvalue().count("\n") == 1
    assert "[###############...............]  50% of 2" in stream.getvalue()


def test_an_unknown_total_is_told_as_an_amount() -> None:
    stream = io.StringIO()
    began = time.monotonic()
    with Progress("Sending", 0, stream=stream) as told:
        told.advance(12345)
    assert stream.getvalue().startswith("Sending: 12 345, ")
    assert time.monotonic() - began < 10


@pytest.mark.parametrize(
    ("amount", "text"),
    [(0, "0 B"), (999, "999 B"), (1500, "1.5 KB"), (250_000, "250 KB"), (3.2e9, "3.2 GB"), (5e15, "5000 TB")],
)
def test_sizes_are_told_for_people(amount: float, text: str) -> None:
    assert size(amount) == text


@pytest.mark.parametrize(("seconds", "text"), [(8.4, "8 s"), (200, "3 min 20 s"), (7500, "2 h 5 min")])
def test_times_are_told_for_people(seconds: float, text: str) -> None:
    assert duration(seconds) == text


@pytest.mark.parametrize(
    ("number", "noun", "told"),
    [(1, "patient", "1 patient"), (0, "patient", "0 patients"), (2, "study", "2 studies"), (3, "series", "3 series")],
)
def test_things_are_counted_in_words(number: int, noun: str, told: str) -> None:
    assert counted(number, noun) == told
