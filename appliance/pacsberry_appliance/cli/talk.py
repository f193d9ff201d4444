"""Where output goes: data to standard output, talk to standard error."""

import sys


def data(text: str) -> None:
    """What was asked for."""
    print(text)  # noqa: T201


def talk(text: str) -> None:
    """What is said about it."""
    print(text, file=sys.stderr)  # noqa: T201
