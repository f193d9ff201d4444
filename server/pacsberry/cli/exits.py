"""Exit codes of the command, and which error leads to which."""

import errno
from enum import IntEnum

from pacsberry.errors import ConfigError, IndexTooNew, NoRoom


class Exit(IntEnum):
    """What the shell, systemd and scripts see."""

    OK = 0
    FAILED = 1
    USAGE = 2  # click's own code for a wrong option or argument
    CONFIGURATION = 3
    NOT_LISTENING = 4
    NO_ROOM = 5
    INDEX_TOO_NEW = 6
    FINDINGS = 7
    INTERRUPTED = 130  # 128 + SIGINT, as shells count


MEANINGS = {
    Exit.OK: "done, or stopped by SIGTERM or SIGINT after a clean end",
    Exit.FAILED: "something else went wrong; the last line says what",
    Exit.USAGE: "an option or argument is wrong",
    Exit.CONFIGURATION: "the configuration cannot be used; the message names the key and the line",
    Exit.NOT_LISTENING: "a port cannot be opened, most often because another program has it",
    Exit.NO_ROOM: "the storage is full",
    Exit.INDEX_TOO_NEW: "the index was written by a later version of Pacsberry",
    Exit.FINDINGS: "done, and something was not as it should be; it is named",
    Exit.INTERRUPTED: "interrupted by Ctrl-C",
}


def exit_code(error: BaseException) -> Exit:
    """The code an error ends the command with."""
    if isinstance(error, ConfigError):
        # The doors say "port in use" in their own words, with the system's error behind them.
        return Exit.NOT_LISTENING if _about_an_address(error.__cause__) else Exit.CONFIGURATION
    if isinstance(error, IndexTooNew):
        return Exit.INDEX_TOO_NEW
    if isinstance(error, NoRoom):
        return Exit.NO_ROOM
    if _about_an_address(error):
        return Exit.NOT_LISTENING
    return Exit.INTERRUPTED if isinstance(error, KeyboardInterrupt) else Exit.FAILED


def _about_an_address(error: BaseException | None) -> bool:
    if not isinstance(error, OSError) or error.filename is not None:
        return False
    return error.errno in (errno.EADDRINUSE, errno.EADDRNOTAVAIL, errno.EACCES)
