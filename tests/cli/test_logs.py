"""Levels that change at run time, lines that cannot be forged, files that do not grow for ever."""

import logging
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pacsberry.cli.logs import LONGEST_MESSAGE, LineFormatter, LogOptions, escaped, start_logging
from pacsberry.errors import BadRequest
from pacsberry.logs import CATEGORIES, LEVELS, LogLevels, category_of


@pytest.fixture(autouse=True)
def _levels_and_handlers_as_before() -> Iterator[None]:
    names = [name for names in CATEGORIES.values() for name in names]
    before = {name: logging.getLogger(name).level for name in names}
    root = logging.getLogger()
    handlers, level, raises = root.handlers[:], root.level, logging.raiseExceptions
    yield
    for name, old in before.items():
        logging.getLogger(name).setLevel(old)
    for handler in root.handlers:
        if handler not in handlers:
            handler.close()
    root.handlers[:], logging.raiseExceptions = handlers, raises
    root.setLevel(level)
    logging.captureWarnings(False)


def record(message: str, *args: object, name: str = "pacsberry", level: int = logging.WARNING) -> logging.LogRecord:
    return logging.LogRecord(name, level, "/x/place.py", 12, message, args, None)


@pytest.mark.parametrize("category", CATEGORIES)
@pytest.mark.parametrize("level", LEVELS)
def test_each_category_can_be_changed_alone(category: str, level: str) -> None:
    levels = LogLevels()
    levels.set_all("default")

    levels.set(category, level)

    assert {name: levels.get(name) for name in CATEGORIES} == {
        name: level if name == category else "default" for name in CATEGORIES
    }
    assert logging.getLogger(CATEGORIES[category][0] + ".some.module").isEnabledFor(LEVELS[level])


def test_all_categories_can_be_changed_together() -> None:
    LogLevels().set_all("verbose")

    assert {LogLevels().get(category) for category in CATEGORIES} == {"verbose"}
    assert LogLevels().get() == "verbose"


def test_unknown_levels_and_categories_are_bad_requests() -> None:
    for category, level in (("http", "loud"), ("nonsense", "trace"), ("http", "x" * 10_000)):
        with pytest.raises(BadRequest) as caught:
            LogLevels().set(category, level)
        assert len(str(caught.value)) < 200
    with pytest.raises(BadRequest):
        LogLevels().get("nonsense")


@pytest.mark.parametrize(
    ("logger", "category"),
    [
        ("pacsberry", "generic"),
        ("pacsberry.archive", "generic"),
        ("pacsberry.http.routes", "http"),
        ("waitress.queue", "http"),
        ("pacsberry.dimse.rules", "dicom"),
        ("pynetdicom.acse", "dicom"),
        ("elsewhere", "generic"),
    ],
)
def test_every_logger_belongs_to_a_category(logger: str, category: str) -> None:
    assert category_of(logger) == category


def test_a_line_looks_like_one_of_orthanc() -> None:
    line = LineFormatter().format(record("%s images", 3, name="pacsberry.http", level=logging.INFO))

    head, _, message = line.partition("] ")
    assert message == "(http) 3 images"
    assert head[0] == "I"
    assert head.endswith("            MAIN place.py:12")


@given(st.text())
def test_nothing_from_outside_leaves_its_line(text: str) -> None:
    line = LineFormatter().format(record("from %s", text))

    assert line.isprintable()
    assert line.splitlines() == [line]


def test_ordinary_text_is_left_alone() -> None:
    assert escaped("Jäger^Анна 山田 *%\\") == "Jäger^Анна 山田 *%\\"
    assert escaped("a\r\nb\x1b[31m\u202e") == "a\\r\\nb\\x1b[31m\\u202e"


def test_a_long_message_is_cut() -> None:
    line = LineFormatter().format(record("x" * 100_000))

    assert len(line) < LONGEST_MESSAGE + 200
    assert "95904 more characters" in line


def test_the_lines_of_a_traceback_are_indented_so_that_none_can_be_taken_for_another_record() -> None:
    one = record("failed")
    try:
        raise ValueError("bad\nW0101 00:00:00.000000 MAIN x.py:1] forged")
    except ValueError:
        one.exc_info = sys.exc_info()

    first, *rest = LineFormatter().format(one).split("\n")

    assert first.endswith("failed")
    assert len(rest) >= 3
    assert all(line.startswith("  | ") for line in rest)


def test_log_files_are_bounded(tmp_path: Path) -> None:
    start_logging(LogOptions(folder=str(tmp_path)), maximum_bytes=2000, kept=2)

    for number in range(200):
        logging.getLogger("pacsberry").warning("line %d \ud800", number)

    files = sorted(path.name for path in tmp_path.iterdir())
    assert files == ["pacsberry.log", "pacsberry.log.1", "pacsberry.log.2"]
    assert all(path.stat().st_size <= 2000 for path in tmp_path.iterdir())
    assert "line 199" in (tmp_path / "pacsberry.log").read_text()


def test_a_log_file_is_bounded_even_when_no_full_one_is_kept(tmp_path: Path) -> None:
    start_logging(LogOptions(file=str(tmp_path / "a.log")), maximum_bytes=2000, kept=0)

    for number in range(200):
        logging.getLogger("pacsberry").warning("line %d", number)

    assert sum(path.stat().st_size for path in tmp_path.iterdir()) <= 4000


def test_starting_again_does_not_say_everything_twice(tmp_path: Path) -> None:
    for _ in range(2):
        start_logging(LogOptions(file=str(tmp_path / "a.log")), maximum_bytes=9999, kept=1)

    logging.getLogger("pacsberry").warning("once")

    assert (tmp_path / "a.log").read_text().count("once") == 1
