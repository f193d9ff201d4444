"""Makes names in a folder durable: one fsync of the folder serves everybody whose rename came before it.

With one sender this is one fsync per file; with several senders they share.
"""

import os
import threading
from pathlib import Path


class GroupSync:
    """The shared fsync of one folder; thread-safe."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._condition = threading.Condition()  # guards the three fields below
        self._asked = 0
        self._served = 0
        self._running = False

    def after(self) -> None:
        """Return when every name made in the folder before this call is on the card; OSError when it cannot be."""
        with self._condition:
            self._asked += 1
            mine = self._asked
            while self._running and self._served < mine:
                self._condition.wait()
            if self._served >= mine:
                return
            self._running = True
            reach = self._asked
        try:
            descriptor = os.open(self._folder, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
            try:
                os.fsync(descriptor)
            finally:
                os.close(descriptor)
        except OSError:
            reach = 0
            raise
        finally:
            with self._condition:
                self._running = False
                self._served = max(self._served, reach)
                self._condition.notify_all()
