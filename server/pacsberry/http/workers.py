"""The threads that answer requests.

They are started when they are first needed: an idle server has one, and not eight stacks and memory arenas.  A streamed
download keeps its thread until the client has all of it, and a classroom of slow tablets would take every worker away
from everybody else; so each such download brings a thread along and takes it away again.
"""

import contextlib
import logging
import threading
from collections.abc import Callable, Iterator

from waitress.task import ThreadedTaskDispatcher

from pacsberry.http.errors import TooManyDownloads

logging.getLogger("waitress.queue").setLevel(logging.ERROR)  # it warns each time a request waits for a worker


class Workers(ThreadedTaskDispatcher):
    """waitress' worker threads, named for what they are, started when they are needed.

    Of waitress 3.0.2 this reads `threads`, `stop_count`, `active_count` and `queue`.
    """

    def __init__(self, *, threads: int, downloads: int) -> None:
        """`threads`: at most, beside those of downloads; `downloads`: streamed at once, at most."""
        super().__init__()
        self._threads = threads
        self._most_downloads = downloads
        self._downloads = 0
        self._sizing = threading.Lock()  # guards the number of downloads, and that of threads while it is decided
        self._stopped = False

    def add_task(self, task: object) -> None:
        """Have a worker run `task.service()`; start one more when all are busy and there may be more."""
        with self._sizing:
            running = len(self.threads) - self.stop_count
            idle = running - self.active_count - len(self.queue)
            if idle <= 0 and running < self._threads + self._downloads and not self._stopped:
                self.set_thread_count(running + 1)
        super().add_task(task)

    def start_new_thread(self, target: Callable[[int], None], thread_no: int) -> None:
        """Start one worker."""
        threading.Thread(target=target, args=(thread_no,), name=f"http-worker-{thread_no}", daemon=True).start()

    def shutdown(self, cancel_pending: bool = True, timeout: float = 5) -> bool:
        """Let running requests end, drop waiting ones."""
        with self._sizing:
            self._stopped = True
        return super().shutdown(cancel_pending, timeout)

    @contextlib.contextmanager
    def download(self) -> Iterator[None]:
        """Hold a place for a streamed download while the block runs; TooManyDownloads when there is none."""
        with self._sizing:
            if self._downloads >= self._most_downloads:
                raise TooManyDownloads(
                    f"{self._most_downloads} downloads are under way; try again when one of them has ended."
                )
            self._downloads += 1
        try:
            yield
        finally:
            with self._sizing:
                self._downloads -= 1
                running = len(self.threads) - self.stop_count
                if running > self._threads + self._downloads and not self._stopped:
                    self.set_thread_count(running - 1)
