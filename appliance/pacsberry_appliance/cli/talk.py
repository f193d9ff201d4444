"""Where output goes: data to standard output, talk to standard error."""

import contextlib
import sys


def data(text: str) -> None:
    """What was asked for."""
    print(text)  # noqa: T201  a command talks


def talk(text: str) -> None:
    """What is said about it. Whoever started a change of the network may be cut off by it: that is no error."""
    with contextlib.suppress(OSError):
        print(text, file=sys.stderr)  # noqa: T201  a command talks
