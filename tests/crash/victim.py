"""The server as a user runs it, with a trap: at the n-th time it reaches a step, it kills itself (SIGKILL).

    python -m tests.crash.victim CONFIG STEP N

STEP is one of `STEPS`; N counts from 1; 'none' never kills.  Only what surrounds a system call is replaced, so the code
that runs is the product's.
"""

import os
import signal
import sqlite3
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

# What a step is called, and the call before or after which the plug is pulled.
STEPS = (
    "spool-created",
    "before-write",
    "after-write",
    "before-fdatasync",
    "after-fdatasync",
    "before-rename",
    "after-rename",
    "before-fsync",
    "after-fsync",
    "before-commit",
    "after-commit",
    "before-unlink",
    "after-unlink",
)


class Trap:
    """Counts the visits of one step and pulls the plug at the n-th."""

    def __init__(self, step: str, number: int) -> None:
        self._step = step
        self._left = number

    def visit(self, step: str) -> None:
        if step == self._step:
            self._left -= 1
            if self._left <= 0:
                os.kill(os.getpid(), signal.SIGKILL)

    def around(self, name: str, act: Callable[..., Any]) -> Callable[..., Any]:
        def trapped(*args: Any, **kwargs: Any) -> Any:
            self.visit(f"before-{name}")
            result = act(*args, **kwargs)
            self.visit(f"after-{name}")
            return result

        return trapped


def install(trap: Trap) -> None:
    """Put the trap around the calls that change the card."""
    open_file = os.open

    def opened(path: Any, flags: int, *args: Any, **kwargs: Any) -> int:
        descriptor = open_file(path, flags, *args, **kwargs)
        if flags & os.O_EXCL:
            trap.visit("spool-created")
        return descriptor

    os.open = opened
    os.write = _halves(trap, os.write)
    os.fdatasync = trap.around("fdatasync", os.fdatasync)
    os.fsync = trap.around("fsync", os.fsync)
    Path.rename = trap.around("rename", Path.rename)  # type: ignore[method-assign]
    Path.unlink = trap.around("unlink", Path.unlink)  # type: ignore[method-assign]

    connect = sqlite3.connect

    class Connection(sqlite3.Connection):
        def execute(self, sql: str, *args: Any) -> sqlite3.Cursor:
            if sql == "COMMIT":
                return trap.around("commit", super().execute)(sql, *args)  # type: ignore[no-any-return]
            return super().execute(sql, *args)

    def connected(*args: Any, **kwargs: Any) -> sqlite3.Connection:
        return connect(*args, factory=Connection, **kwargs)

    sqlite3.connect = connected  # type: ignore[assignment]


def _halves(trap: Trap, write: Callable[[int, Any], int]) -> Callable[[int, Any], int]:
    """A write that can be cut in its middle."""

    def written(descriptor: int, data: Any) -> int:
        middle = len(data) // 2
        first = write(descriptor, memoryview(data)[:middle]) if middle else 0
        trap.visit("before-write")
        rest = write(descriptor, memoryview(data)[first:])
        trap.visit("after-write")
        return first + rest

    return written


def main() -> int:
    """Run the server with the trap of the command line."""
    config, step, number = sys.argv[1:]
    from pacsberry import app
    from pacsberry.config import load

    settings = load([Path(config)], folder=Path.cwd(), environ={})
    install(Trap(step, int(number)))
    app.run(settings, demo=False)
    return 0


if __name__ == "__main__":
    sys.exit(main())
