"""The threads that answer requests.

A streamed download keeps its thread until the client has all of it, and a classroom of slow tablets would take every
worker away from everybody else.  So each such download brings a thread along and takes it away again.
"""

import contextlib
import threading
from collections.abc import Callable, Iterator

from waitress.task import ThreadedTaskDispatcher

from pacsberry.http.errors import TooManyDownloads


class Workers(ThreadedTaskDispatcher):
    """waitress' worker threads, named for what they are."""

    def start_new_thread(self, target: Callable[[int], None], thread_no: int) -> None:
        """Start one worker."""
        threading.Thread(target=target, args=(thread_no,), name=f"http-worker-{thread_no}", daemon=True).start()


class Downloads:
    """Places for streamed downloads; thread-safe."""

    def __init__(self, workers: Workers, *, threads: int, most: int) -> None:
        """`threads`: workers beside those the downloads bring; `most`: downloads at once."""
        self._workers = workers
        self._threads = threads
        self._most = most
        self._lock = threading.Lock()  # guards the count, and that the number of threads follows it
        self._count = 0

    @contextlib.contextmanager
    def place(self) -> Iterator[None]:
        """Hold a place while the block runs; TooManyDownloads when there is none."""
        self._change(1)
        try:
            yield
        finally:
            self._change(-1)

    def _change(self, by: int) -> None:
        with self._lock:
            if self._count + by > self._most:
                raise TooManyDownloads(f"{self._most} downloads are under way; try again when one of them has ended.")
            self._count += by
            self._workers.set_thread_count(self._threads + self._count)
