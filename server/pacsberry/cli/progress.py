"""How far a long command is: a bar on a terminal, a line now and then in a log; always with speed and time left."""

import sys
import time
from types import TracebackType
from typing import Self, TextIO

from pacsberry.amounts import duration, size

_BAR = 30  # characters
_SECONDS_ON_TERMINAL = 0.2
_SECONDS_IN_LOG = 10.0


class Progress:
    """Tells on standard error; `of_bytes` says whether the amounts are bytes.  Belongs to one thread."""

    def __init__(self, label: str, total: int, *, of_bytes: bool = False, stream: TextIO | None = None) -> None:
        """`total`: the amount that is all of it; 0 when nobody knows."""
        self._label = label
        self._total = total
        self._of_bytes = of_bytes
        self._stream = stream if stream is not None else sys.stderr
        self._is_terminal = self._stream.isatty()
        self._interval = _SECONDS_ON_TERMINAL if self._is_terminal else _SECONDS_IN_LOG
        self._done = 0
        self._began = self._shown = time.monotonic()

    def advance(self, amount: int = 1) -> None:
        """So much more is done."""
        self._done += amount
        now = time.monotonic()
        if now - self._shown >= self._interval:
            self._shown = now
            self._show(now)

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._show(time.monotonic())
        if self._is_terminal:
            self._stream.write("\n")

    def _show(self, now: float) -> None:
        seconds = max(now - self._began, 1e-6)
        speed = self._done / seconds
        parts = [self._amount(self._done)]
        if self._total:
            share = min(1.0, self._done / self._total)
            filled = round(share * _BAR)
            bar = f"[{'#' * filled}{'.' * (_BAR - filled)}] " if self._is_terminal else ""
            parts[0] = f"{bar}{share:4.0%} of {self._amount(self._total)}"
        parts.append(f"{self._amount(round(speed))}/s")
        if self._total and 0 < self._done < self._total:
            parts.append(f"{duration((self._total - self._done) / speed)} left")
        else:
            parts.append(duration(seconds))
        line = f"{self._label}: {', '.join(parts)}"
        self._stream.write(f"\r{line}\x1b[K" if self._is_terminal else f"{line}\n")
        self._stream.flush()

    def _amount(self, amount: int) -> str:
        return size(amount) if self._of_bytes else f"{amount:,}".replace(",", " ")
