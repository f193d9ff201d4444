"""Programs of the system, run with fixed arguments, no shell, a time limit and a plain language."""

import os
import subprocess
import sys
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from pacsberry_appliance.errors import CannotRun

# First beside this Python, where the server's command lies as well.
_SEARCHED = f"{Path(sys.executable).parent}:/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"
_LARGEST_OUTPUT = 1 << 20


@dataclass(frozen=True, slots=True)
class Ran:
    """How a program ended."""

    code: int
    output: str
    complaint: str

    @property
    def is_fine(self) -> bool:
        """Whether it says so itself."""
        return self.code == 0


class Runner:
    """Runs programs. Tests hand in another that remembers and answers."""

    def __init__(self, search: str = _SEARCHED) -> None:
        self._environment = {"PATH": search, "LC_ALL": "C.UTF-8", "HOME": "/root"}

    def ask(self, *words: str, text: str = "", seconds: float = 30) -> Ran:
        """Run it and tell how it ended; a missing program is code 127, one that took too long 124."""
        environment = self._environment | {key: value for key, value in os.environ.items() if key.startswith("DBUS_")}
        try:
            done = subprocess.run(  # noqa: S603  the words are ours; what people typed is one argument or goes by standard input
                words,
                input=text.encode(),
                capture_output=True,
                timeout=seconds,
                env=environment,
                check=False,
            )
        except FileNotFoundError:
            return Ran(127, "", f"{words[0]} is not installed")
        except subprocess.TimeoutExpired:
            return Ran(124, "", f"{words[0]} took more than {seconds:.0f} s")
        except OSError as error:
            return Ran(126, "", f"{words[0]}: {error.strerror}")
        return Ran(done.returncode, _text(done.stdout), _text(done.stderr))

    def run(self, *words: str, text: str = "", seconds: float = 30) -> str:
        """Its output; CannotRun when it did not end well. What went in by `text` is in no message."""
        ran = self.ask(*words, text=text, seconds=seconds)
        if not ran.is_fine:
            said = "; ".join((ran.complaint.strip() or ran.output.strip()).splitlines()[:3])
            raise CannotRun(f"{_shown(words)}: {said or f'code {ran.code}'}")
        return ran.output


def _text(raw: bytes) -> str:
    return raw[:_LARGEST_OUTPUT].decode(errors="replace")


def _shown(words: Sequence[str]) -> str:
    return " ".join(words[:4])
