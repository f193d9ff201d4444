"""What `pacsberry backup` and `pacsberry restore` tell while they work, and how they tell what a backup holds."""

from collections.abc import Mapping
from typing import Final

import click

from pacsberry.amounts import counted
from pacsberry.backup.manifest import Failure
from pacsberry.cli.progress import Progress

_SHOWN: Final = 20  # failures


class Teller:
    """Passes on progress, and the first failures one by one."""

    def __init__(self, failed: str, rest: str) -> None:
        """`failed`: what did not happen ('not saved'); `rest`: the sentence about failures that are not shown."""
        self.progress: Progress | None = None
        self._words = failed
        self._rest = rest
        self._failures = 0

    def advance(self, amount: int) -> None:
        """So many bytes more are done."""
        if self.progress is not None:
            self.progress.advance(amount)

    def failed(self, failure: Failure) -> None:
        """Something did not happen."""
        self._failures += 1
        if self._failures <= _SHOWN:
            click.echo(f"pacsberry: {self._words}: {shown(failure.what)}: {shown(failure.reason)}", err=True)
        if self._failures == _SHOWN + 1:
            click.echo(f"pacsberry: {self._rest}", err=True)


def holdings(counts: Mapping[str, int]) -> str:
    """What a backup holds: '3 patients, 4 studies, 1 instance'."""
    nouns = (("patients", "patient"), ("studies", "study"), ("instances", "instance"))
    return ", ".join(counted(counts[level], noun) for level, noun in nouns)


def shown(text: str) -> str:
    """What came from files or a backup, safe for a terminal."""
    return "".join(char if char.isprintable() else "?" for char in text)
