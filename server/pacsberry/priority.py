"""Lets a thread take only what others leave of the processor, and with it of the card.

A thread without an I/O priority of its own gets the lowest best-effort one from this niceness (ioprio_set(2)).
"""

import contextlib
import os
import threading
from typing import Final

_LEAST: Final = 19  # of all niceness values


def be_least() -> None:
    """Lowest priority for the thread that calls; without effect where threads have none of their own."""
    with contextlib.suppress(OSError):
        os.setpriority(os.PRIO_PROCESS, threading.get_native_id(), _LEAST)
