"""Values of tags that the index does not hold: they are read from files, as far as StorageAccessOnFind allows."""

import logging
from collections.abc import Callable, Mapping
from enum import Enum

from pacsberry.errors import PacsberryError

LOGGER = logging.getLogger("pacsberry.archive")

ReadTags = Callable[[str, frozenset[int]], Mapping[int, str]]
"""Reads the values of some tags from a kept file, by its name in the FileStore; it may raise PacsberryError."""


class StorageAccess(Enum):
    """The option StorageAccessOnFind: when a find may open files."""

    ALWAYS = "Always"
    ANSWERS = "Answers"  # to complete answers, not to filter
    NEVER = "Never"


class OutsideTags:
    """Reads tags from files, or does not."""

    def __init__(self, read_tags: ReadTags, access: StorageAccess) -> None:
        self._read_tags = read_tags
        self.may_filter = access is StorageAccess.ALWAYS
        self.may_answer = access is not StorageAccess.NEVER

    def read(self, file: str | None, tags: frozenset[int]) -> Mapping[int, str]:
        """The values that the file has; nothing when it is gone or unreadable."""
        if file is None or not tags:
            return {}
        try:
            return self._read_tags(file, tags)
        except PacsberryError as error:
            LOGGER.warning("Tags outside the index cannot be read from %s: %s", file, error)
            return {}
