"""The threads that answer requests.

They are started when they are first needed: an idle server has one, and not eight stacks and memory arenas.  A streamed
download keeps its thread until the client has all of it, and who wants a picture waits until it is decoded: a classroom
of tablets would take every worker away from everybody else.  So each of these brings a thread along and takes it away.
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

    def __init__(self, *, threads: int, downloads: int, pictures: int) -> None:
        """`threads`: at most, beside those of downloads and pictures.

        `downloads`: streamed at once, at most; `pictures`: requests that wait for theirs at once, at most.
        """
        super().__init__()
        self._threads = threads
        self._most_downloads = downloads
        self._most_pictures = pictures
        self._downloads = 0
        self._pictures = 0
        self._sizing = threading.Lock()  # guards these numbers, and that of threads while it is decided
        self._stopped = False

    def add_task(self, task: object) -> None:
        """Have a worker run `task.service()`; start one more when all are busy and there may be more."""
        with self._sizing:
            running = len(self.threads) - self.stop_count
            idle = running - self.active_count - len(self.queue)
            if idle <= 0 and running < self._most_threads and not self._stopped:
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

    @property
    def have_time(self) -> bool:
        """Whether nobody waits for a worker, and none is to end."""
        return not (self.queue or self.stop_count or self._stopped)

    @property
    def _most_threads(self) -> int:
        return self._threads + self._downloads + self._pictures

    @contextlib.contextmanager
    def picture(self) -> Iterator[None]:
        """Hold a place for a request that waits for a picture; TooManyDownloads when there is none."""
        with self._sizing:
            if self._pictures >= self._most_pictures:
                raise TooManyDownloads(f"{self._most_pictures} requests wait for pictures; try again in a moment.")
            self._pictures += 1
            self._grow()
        try:
            yield
        finally:
            with self._sizing:
                self._pictures -= 1
                self._shrink()

    @contextlib.contextmanager
    def download(self) -> Iterator[None]:
        """Hold a place for a streamed download while the block runs; TooManyDownloads when there is none."""
        with self._sizing:
            if self._downloads >= self._most_downloads:
                raise TooManyDownloads(
                    f"{self._most_downloads} downloads are under way; try again when one of them has ended."
                )
            self._downloads += 1
            self._grow()
        try:
            yield
        finally:
            with self._sizing:
                self._downloads -= 1
                self._shrink()

    def _grow(self) -> None:
        """Have one thread more for requests that came before there might be one; the caller holds `_sizing`."""
        running = len(self.threads) - self.stop_count
        if self.queue and running < self._most_threads and not self._stopped:
            self.set_thread_count(running + 1)

    def _shrink(self) -> None:
        """Have one thread end when there are too many; the caller holds `_sizing`."""
        running = len(self.threads) - self.stop_count
        if running > self._most_threads and not self._stopped:
            self.set_thread_count(running - 1)
