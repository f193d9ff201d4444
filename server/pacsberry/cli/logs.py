"""Where the log goes and what its lines look like.

    W0102 15:04:05.123456             MAIN server.py:42] (http) message

as Orthanc writes them: level, month and day, local time, thread, place, category, message. What came from outside
cannot forge a line: control characters are escaped, long messages are cut, the lines of a traceback are indented.
"""

import logging
import sys
import time
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from pacsberry.errors import ConfigError
from pacsberry.logs import LogLevels, RecentLines, category_of

LOG_NAME = "pacsberry.log"
LONGEST_MESSAGE = 4096
_LETTERS = {logging.DEBUG: "T", logging.INFO: "I", logging.WARNING: "W", logging.ERROR: "E", logging.CRITICAL: "E"}
_PADDED = 16


@dataclass(frozen=True, slots=True)
class LogOptions:
    """What the command line says about the log."""

    levels: tuple[str, ...] = ()  # in order: "verbose" for all categories, "trace:http" for one
    file: str = ""
    folder: str = ""
    with_thread: bool = True
    with_context: bool = True


def start_logging(options: LogOptions, *, maximum_bytes: int, kept: int) -> LogLevels:
    """Send the log to standard error, or to a file that is rotated; raises ConfigError when it cannot be written.

    `maximum_bytes` is the size of a file before the next is begun, `kept` how many full ones stay.
    """
    handler: logging.Handler = logging.StreamHandler(sys.stderr)
    if options.file or options.folder:
        handler = _file_handler(
            Path(options.folder) / LOG_NAME if options.folder else Path(options.file), maximum_bytes, kept
        )
    formatter = LineFormatter(with_thread=options.with_thread, with_context=options.with_context)
    root = logging.getLogger()
    for old in root.handlers[:]:
        root.removeHandler(old)
        old.close()
    for each in (handler, RecentLines()):
        each.setFormatter(formatter)
        root.addHandler(each)
    root.setLevel(logging.WARNING)
    logging.captureWarnings(True)
    logging.raiseExceptions = False  # a full disk under the log must not stop the server
    levels = LogLevels()
    set_levels(levels, options.levels)
    return levels


def set_levels(levels: LogLevels, steps: Sequence[str]) -> None:
    """Apply options in their order: as in Orthanc, a later --verbose resets the categories set before it."""
    levels.set_all("default")
    for step in steps:
        level, _, category = step.partition(":")
        if category:
            levels.set(category, level)
        else:
            levels.set_all(level)


def _file_handler(path: Path, maximum_bytes: int, kept: int) -> logging.Handler:
    from logging.handlers import RotatingFileHandler

    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        # Without a backup Python would let the file grow for ever: keep at least one.
        return RotatingFileHandler(
            path, maxBytes=maximum_bytes, backupCount=max(kept, 1), encoding="utf-8", errors="backslashreplace"
        )
    except OSError as error:
        raise ConfigError(f"The log cannot be written to {path}: {error.strerror}.") from None


class LineFormatter(logging.Formatter):
    """Makes one line of a record, more only for a traceback."""

    def __init__(self, *, with_thread: bool = True, with_context: bool = True) -> None:
        super().__init__()
        self._with_thread = with_thread
        self._with_context = with_context

    def format(self, record: logging.LogRecord) -> str:
        """The finished text of a record."""
        at = time.localtime(record.created)
        micros = int(record.created % 1 * 1_000_000)
        line = f"{_LETTERS.get(record.levelno, 'I')}{at.tm_mon:02}{at.tm_mday:02} "
        line += f"{at.tm_hour:02}:{at.tm_min:02}:{at.tm_sec:02}.{micros:06} "
        if self._with_thread:
            thread = "MAIN" if record.threadName == "MainThread" else escaped(record.threadName or "")
            line += f"{thread:>{_PADDED}} "
        if self._with_context:
            category = category_of(record.name)
            line += f"{record.filename}:{record.lineno}] " + (f"({category}) " if category != "generic" else "")
        line += escaped(_cut(record.getMessage()))
        if record.exc_info:
            lines = self.formatException(record.exc_info).split("\n")
            line += "".join(f"\n  | {escaped(_cut(each))}" for each in lines)
        return line


def escaped(text: str) -> str:
    """The text with what is not printable written as an escape: newlines, terminal codes, direction marks."""
    if text.isprintable():
        return text
    return "".join(c if c.isprintable() else c.encode("unicode_escape").decode("ascii") for c in text)


def _cut(text: str) -> str:
    if len(text) <= LONGEST_MESSAGE:
        return text
    return f"{text[:LONGEST_MESSAGE]}… ({len(text) - LONGEST_MESSAGE} more characters)"
