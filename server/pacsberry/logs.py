"""How much each part of the server says, changeable while it runs: Orthanc's categories and their three levels.

The levels live in Python's loggers, so `LogLevels` has no state: whoever needs it makes one. Where the lines go and
what they look like is cli/logs.py.
"""

import logging
from collections import deque

from pacsberry.errors import BadRequest

_RECENT_LINES, _LONGEST_RECENT = 1000, 500  # at most half a megabyte, when everything is traced

LEVELS = {"default": logging.WARNING, "verbose": logging.INFO, "trace": logging.DEBUG}
# Each category and its loggers: ours, and those of the libraries whose words belong to it.
CATEGORIES = {
    "generic": ("pacsberry",),
    "plugins": ("pacsberry.plugins",),
    "http": ("pacsberry.http", "waitress"),
    "sqlite": ("pacsberry.sqlite",),
    "dicom": ("pacsberry.dicom", "pacsberry.dimse", "pacsberry.peers", "pynetdicom", "pydicom"),
    "jobs": ("pacsberry.jobs",),
    "lua": ("pacsberry.lua",),
}


class LogLevels:
    """Reads and changes the verbosity of the categories; thread-safe, as the loggers are."""

    def get(self, category: str = "generic") -> str:
        """'default', 'verbose' or 'trace'; raises BadRequest for an unknown category."""
        level = logging.getLogger(_loggers(category)[0]).getEffectiveLevel()
        if level <= logging.DEBUG:
            return "trace"
        return "verbose" if level <= logging.INFO else "default"

    def set(self, category: str, level: str) -> None:
        """Change one category; raises BadRequest for an unknown category or level."""
        if level not in LEVELS:
            raise BadRequest(f"Unknown log level {level[:40]!r}: use one of {', '.join(LEVELS)}.")
        for name in _loggers(category):
            logging.getLogger(name).setLevel(LEVELS[level])

    def set_all(self, level: str) -> None:
        """Change every category."""
        for category in CATEGORIES:
            self.set(category, level)


class RecentLines(logging.Handler):
    """Remembers the last lines of the log, for who cannot read where it goes.  Belongs to the root logger."""

    def __init__(self) -> None:
        super().__init__()
        self.lines: deque[str] = deque(maxlen=_RECENT_LINES)

    def emit(self, record: logging.LogRecord) -> None:
        """Keep one line, as all handlers write it."""
        try:
            self.lines.append(self.format(record)[:_LONGEST_RECENT])
        except (TypeError, ValueError):  # words and values do not fit
            self.handleError(record)


def recent_lines() -> list[str]:
    """The last lines of this process' log, the newest at the end; none where nobody remembers them."""
    for handler in logging.getLogger().handlers:
        if isinstance(handler, RecentLines):
            return list(handler.lines)
    return []


def category_of(logger: str) -> str:
    """The category a logger belongs to: that of the longest name it starts with."""
    while logger:
        for category, names in CATEGORIES.items():
            if logger in names:
                return category
        logger = logger.rpartition(".")[0]
    return "generic"


def _loggers(category: str) -> tuple[str, ...]:
    if category not in CATEGORIES:
        raise BadRequest(f"Unknown log category {category[:40]!r}: use one of {', '.join(CATEGORIES)}.")
    return CATEGORIES[category]
