"""What a rebuild of the index brought back, and what not: for the log, the status, the command."""

import logging
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final

from pacsberry.amounts import counted
from pacsberry.model import Level

LOGGER = logging.getLogger("pacsberry.archive")

_NAMED: Final = 100  # of each kind of problem are named; the others are counted


@dataclass(slots=True)
class Names:
    """Things of one kind: how many, and the first of them by name."""

    count: int = 0
    first: list[str] = field(default_factory=list)

    def add(self, name: str) -> None:
        """One more."""
        self.count += 1
        if len(self.first) < _NAMED:
            self.first.append(name)


@dataclass(slots=True)
class Rebuilt:
    """What a rebuild brought back, and what not."""

    reason: str  # why there was one: a sentence
    at: int  # UTC seconds
    found: dict[str, int] = field(default_factory=dict)  # patients, studies, series, instances
    noted: int = 0  # resources that have their labels, metadata, attachments or protection again
    duplicates: int = 0  # files of an instance that has another one: they go
    deleted: int = 0  # files that were deleted already, and go now
    unreadable: Names = field(default_factory=Names)  # files that are no DICOM, or damaged: they stay
    bad_notes: Names = field(default_factory=Names)  # lines that are no notes
    gone: Names = field(default_factory=Names)  # resources that notes tell of, and that have no file any more
    unlinked: Names = field(default_factory=Names)  # users' attachments whose file is missing or not whole
    unclaimed: Names = field(
        default_factory=Names
    )  # files that were attached to something, nobody knows what: they stay
    old: Path | None = None  # where the old index is now

    @property
    def is_complete(self) -> bool:
        """Whether everything that lay on the card is in the index."""
        problems = (self.unreadable, self.bad_notes, self.gone, self.unlinked, self.unclaimed)
        return not any(problem.count for problem in problems)

    def lines(self) -> Iterator[str]:
        """What there is to say, one sentence a line: all of it, then what is not as it should be."""
        found = ", ".join(
            counted(self.found[level.plural], level.title.lower()) for level in Level if level.plural in self.found
        )
        yield f"The index was made anew from the files: {found}."
        yield f"Labels, metadata, attachments or protection from notes.jsonl: of {self.noted} of them."
        if self.duplicates:
            yield f"There twice: {counted(self.duplicates, 'file')}; the copies go."
        if self.deleted:
            yield f"Deleted already: {counted(self.deleted, 'file')}, which go now."
        for names, sentence in (
            (self.unreadable, "Files that cannot be read as DICOM, and stay where they are, outside the index"),
            (self.bad_notes, "Lines of notes.jsonl that say nothing that can be used"),
            (self.gone, "Resources that notes.jsonl tells of, and that have no file any more"),
            (self.unlinked, "Users' attachments that have lost their file"),
            (self.unclaimed, "Files of users' attachments that belong to nobody knows what, and stay where they are"),
        ):
            if names.count:
                yield f"{sentence}: {names.count}, {', '.join(names.first)}{'' if names.count <= _NAMED else ', …'}."
        if self.old is not None:
            yield f"The old index is kept as {self.old} until the next rebuild."

    def log(self) -> None:
        """Say it in the log."""
        for line in self.lines():
            LOGGER.warning("%s", line)
