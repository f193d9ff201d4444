"""The SQLite index: one writer thread, any number of readers.

Kept files are posted and reach the index in batches (few bytes written per instance); a reader that comes meanwhile
makes the writer commit at once, so everything acknowledged before a read began is visible in it.  Facts that live only
in the index are written with `write`, in a transaction of their own that is synced before it returns.
"""

import contextlib
import logging
import sqlite3
import threading
from collections import deque
from collections.abc import Callable, Generator, Iterator
from concurrent.futures import Future
from pathlib import Path
from typing import Any, TypeVar

from pacsberry.archive.index_files import create_private
from pacsberry.archive.indexing import Indexer, KeptFile
from pacsberry.archive.migrations import is_intact, migrate
from pacsberry.archive.rows import log_change, set_fact
from pacsberry.archive.stability import Stability
from pacsberry.errors import IndexDamaged, NoRoom, StorageBusy
from pacsberry.model import Clock, Level

LOGGER = logging.getLogger("pacsberry.sqlite")
_T = TypeVar("_T")

_READER_WAIT_SECONDS = 10.0  # a reader waits no longer for the writer, and then reads what is committed
_RETRY_SECONDS = 1.0  # between tries when the index cannot be written (card full)
_IDLE_READERS = 4  # connections kept open between reads
_READER_CACHE_KIB = 512
_WRITER_CACHE_KIB = 4096
_DAMAGED = (sqlite3.SQLITE_CORRUPT, sqlite3.SQLITE_NOTADB)
_NO_TEXT = "Could not decode to UTF-8"  # Python's word for a text that cannot have been written by us
_CHECKPOINT_PAGES = 8000  # 32 MB of write-ahead log: a page written often is copied into the database once


class Index:
    """Owner of the database file and of the thread "index-writer"."""

    def __init__(
        self,
        path: Path,
        *,
        stability: Stability,
        clock: Clock,
        batch_seconds: float,
        batch_instances: int,
        first_open_bucket: Callable[[], int],
        on_indexed: Callable[[list[KeptFile], bool], None],
        on_written: Callable[[], None],
        on_damaged: Callable[[], None],
        on_full: Callable[[], bool],
    ) -> None:
        """What is told to others, and must return at once.

        `on_indexed(batch, garbage)` after a batch is committed, `on_written` after anything else is, both on the writer
        thread; `on_damaged` on any thread, whenever the database turns out to be damaged; `on_full` on the writer
        thread when the file system is full: it says whether it has made room for another try.
        """
        self._path = path
        self._stability = stability
        self._clock = clock
        self._batch_seconds = batch_seconds
        self._batch_instances = batch_instances
        self._first_open_bucket = first_open_bucket
        self._on_indexed = on_indexed
        self._on_written = on_written
        self._on_damaged = on_damaged
        self._on_full = on_full
        self._indexer = Indexer()
        self._condition = threading.Condition()  # guards everything below
        self._posted: deque[KeptFile] = deque()
        self._pending: dict[str, KeptFile] = {}  # instance id -> posted or being committed
        self._acts: deque[tuple[Callable[[sqlite3.Connection], Any], Future[Any]]] = deque()
        self._oldest_post = 0.0
        self._posted_count = 0
        self._committed_count = 0
        self._wanted_count = 0  # readers wait for this many
        self._stopping = False
        self._running = False
        self._failure: Exception | None = None  # why the last commit did not succeed
        self._idle: list[sqlite3.Connection] = []
        self._writer: sqlite3.Connection | None = None
        self._thread: threading.Thread | None = None

    # --- life ------------------------------------------------------------------------------------------------

    def open(self) -> list[int]:
        """Open and migrate the database; returns the migrations applied."""
        self._path.parent.mkdir(parents=True, exist_ok=True)
        create_private(self._path)
        try:
            self._writer = self._connect(_WRITER_CACHE_KIB)
            self._writer.execute("PRAGMA journal_mode = WAL")
            self._writer.execute(f"PRAGMA wal_autocheckpoint = {_CHECKPOINT_PAGES}")
            applied = migrate(self._writer)
            intact = is_intact(self._writer)
        except (sqlite3.DatabaseError, UnicodeDecodeError) as error:  # the latter from a message about a damaged name
            if isinstance(error, UnicodeDecodeError) or is_damage(error) or _code(error) == sqlite3.SQLITE_ERROR:
                raise self._damaged(error) from error
            raise StorageBusy(f"The index {self._path} cannot be opened: {error}.") from error
        if not intact:
            raise self._damaged("its tables are not as they should be")
        return applied

    def prepare(self, act: Callable[[sqlite3.Connection], _T]) -> _T:
        """Run `act` on the writer's connection before the thread is started."""
        if self._writer is None:
            raise StorageBusy("The archive is not open.")
        try:
            return act(self._writer)
        except sqlite3.DatabaseError as error:
            if not is_damage(error):
                raise
            raise self._damaged(error) from error

    def start(self) -> None:
        """Start the writer thread."""
        self._running = True
        self._thread = threading.Thread(target=self._write_loop, name="index-writer")
        self._thread.start()

    def stop(self) -> None:
        """Commit everything, stop the thread, close the database."""
        with self._condition:
            self._stopping = True
            self._condition.notify_all()
        if self._thread is not None:
            self._thread.join()
            self._thread = None
        with self._condition:
            idle, self._idle = self._idle, []
        for connection in idle:
            connection.close()
        self.close()

    def close(self) -> None:
        """Close the database, whose thread has not been started or has ended; it may be opened again."""
        if self._writer is not None:
            self._writer.close()
            self._writer = None

    # --- reading ---------------------------------------------------------------------------------------------

    @contextlib.contextmanager
    def read(self) -> Generator[sqlite3.Connection]:
        """A read-only snapshot in which everything acknowledged before the call is visible."""
        self._wait_for_posted()
        with self.read_committed() as connection:
            yield connection

    @contextlib.contextmanager
    def read_committed(self) -> Generator[sqlite3.Connection]:
        """A read-only snapshot of what is committed; does not wait for kept files that are only posted."""
        try:
            connection = self._borrow()
            try:
                connection.execute("BEGIN")
                yield connection
            finally:
                self._give_back(connection)
        except sqlite3.DatabaseError as error:
            if not is_damage(error):
                raise
            self._on_damaged()
            raise self._damaged(error) from error

    def _borrow(self) -> sqlite3.Connection:
        with self._condition:
            if self._idle:
                return self._idle.pop()
        connection = self._connect(_READER_CACHE_KIB)
        connection.execute("PRAGMA query_only = 1")
        return connection

    def _give_back(self, connection: sqlite3.Connection) -> None:
        if connection.in_transaction:
            with contextlib.suppress(sqlite3.Error):
                connection.execute("ROLLBACK")
        with self._condition:
            if len(self._idle) < _IDLE_READERS and not self._stopping:
                self._idle.append(connection)
                return
        connection.close()

    def _wait_for_posted(self) -> None:
        with self._condition:
            goal = self._posted_count
            if self._committed_count >= goal or not self._running:
                return
            self._wanted_count = max(self._wanted_count, goal)
            self._condition.notify_all()
            self._condition.wait_for(
                lambda: self._committed_count >= goal or self._failure is not None or not self._running,
                _READER_WAIT_SECONDS,
            )

    # --- writing ---------------------------------------------------------------------------------------------

    def post(self, kept: KeptFile, instance_id: str) -> None:
        """Hand over a kept file; it is in the index soon, and before any later read."""
        with self._condition:
            if not self._posted:
                self._oldest_post = self._clock.monotonic()
                self._condition.notify_all()
            self._posted.append(kept)
            self._pending[instance_id] = kept
            self._posted_count += 1
            if len(self._posted) >= self._batch_instances:
                self._condition.notify_all()

    @property
    def posted_count(self) -> int:
        """How many files have been handed over since the start."""
        return self._posted_count

    def pending(self, instance_id: str) -> KeptFile | None:
        """The kept file of an instance that is not committed yet."""
        with self._condition:
            return self._pending.get(instance_id)

    def refuse_if_failing(self) -> None:
        """NoRoom while the index cannot be written: what is kept now could not be found."""
        failure = self._failure
        if failure is not None:
            raise NoRoom(f"Refused: the index cannot be written ({failure}). Delete studies or use a larger card.")

    def write(self, act: Callable[[sqlite3.Connection], _T]) -> _T:
        """Run `act` on the writer thread in a transaction of its own, synced before this returns.

        Whatever `act` raises is raised here and nothing of it is kept.
        """
        future: Future[_T] = Future()
        with self._condition:
            if not self._running or self._stopping:
                raise StorageBusy("The archive is stopping.")
            self._acts.append((act, future))
            self._condition.notify_all()
        return future.result()

    def _write_loop(self) -> None:
        try:
            while True:
                with self._condition:
                    while not self._has_work():
                        if self._stopping and not self._posted and not self._acts:
                            return
                        self._condition.wait(self._seconds_to_work())
                    batch = list(self._posted)
                    self._posted.clear()
                    acts = list(self._acts)
                    self._acts.clear()
                if batch:
                    self._commit_batch(batch)
                for act, future in acts:
                    self._run_act(act, future)
                self._settle()
        finally:
            with self._condition:
                self._running = False
                self._condition.notify_all()

    def _has_work(self) -> bool:
        """With the condition held: whether to write now."""
        if self._acts or (self._stopping and self._posted):
            return True
        if self._posted and (
            self._wanted_count > self._committed_count
            or len(self._posted) >= self._batch_instances
            or self._clock.monotonic() - self._oldest_post >= self._batch_seconds
        ):
            return True
        return self._stability.seconds_to_next() == 0.0

    def _seconds_to_work(self) -> float | None:
        """With the condition held: how long nothing needs to be written; None for ever."""
        waits = []
        if self._posted:
            waits.append(self._oldest_post + self._batch_seconds - self._clock.monotonic())
        stable = self._stability.seconds_to_next()
        if stable is not None:
            waits.append(stable)
        return max(0.0, min(waits)) if waits else None

    def _commit_batch(self, batch: list[KeptFile]) -> None:
        """Try until it is written: the files are acknowledged, so the batch is never dropped while we run."""
        while True:
            try:
                with self._transaction(synced=False) as connection:
                    outcome = self._indexer.insert(connection, batch)
                    set_fact(connection, "open_bucket", self._first_open_bucket())
                self._failure = None
                break
            except sqlite3.Error as error:
                if _is_full(error) and self._on_full():
                    self._indexer.forget()
                    continue
                LOGGER.error("%d kept instances wait for the index, which cannot be written: %s", len(batch), error)
                self._indexer.forget()
                if is_damage(error):
                    self._on_damaged()
                with self._condition:
                    self._failure = error
                    self._condition.notify_all()
                    if self._stopping:
                        LOGGER.error("They are on the card and are indexed at the next start.")
                        return
                    self._condition.wait(_RETRY_SECONDS)
        self._stability.touch(list(outcome.touched))
        with self._condition:
            for kept in batch:
                instance_id = kept.header.identifiers.orthanc_id(Level.INSTANCE)
                if self._pending.get(instance_id) is kept:
                    del self._pending[instance_id]
            self._committed_count += len(batch)
            self._condition.notify_all()
        self._on_indexed(batch, outcome.garbage)

    def _run_act(self, act: Callable[[sqlite3.Connection], Any], future: "Future[Any]") -> None:
        try:
            with self._transaction(synced=True) as connection:
                result = act(connection)
        except sqlite3.OperationalError as error:
            self._indexer.forget()
            if _is_full(error) and self._on_full():
                self._run_act(act, future)
                return
            future.set_exception(NoRoom(f"The index cannot be written: {error}.") if _is_full(error) else error)
        except Exception as error:  # noqa: BLE001 - belongs to the caller, who waits for it
            self._indexer.forget()
            if is_damage(error):
                self._on_damaged()
            future.set_exception(error)
        else:
            self._indexer.forget()
            self._on_written()
            future.set_result(result)

    def _settle(self) -> None:
        """Log the Stable… changes that are due (S11)."""
        due = self._stability.due()
        if not due:
            return
        now = int(self._clock.now())
        try:
            with self._transaction(synced=False) as connection:
                for level, key in due:
                    log_change(connection, f"Stable{level.title}", level, key, now)
        except sqlite3.Error as error:
            LOGGER.error("The change log cannot be written: %s", error)
        self._stability.settle(due)

    @contextlib.contextmanager
    def _transaction(self, *, synced: bool) -> Iterator[sqlite3.Connection]:
        connection = self._writer
        if connection is None:
            raise StorageBusy("The archive is not open.")
        connection.execute("PRAGMA synchronous = FULL" if synced else "PRAGMA synchronous = NORMAL")
        connection.execute("BEGIN IMMEDIATE")
        try:
            yield connection
            connection.execute("COMMIT")
        except BaseException:
            if connection.in_transaction:
                connection.execute("ROLLBACK")
            raise

    def _damaged(self, error: Exception | str) -> IndexDamaged:
        return IndexDamaged(f"The index {self._path} is damaged ({error}). Make it anew: pacsberry rebuild-index")

    def _connect(self, cache_kib: int) -> sqlite3.Connection:
        connection = sqlite3.connect(
            self._path, isolation_level=None, check_same_thread=False, timeout=30.0, cached_statements=32
        )
        try:
            connection.execute(f"PRAGMA cache_size = -{cache_kib}")
        except sqlite3.Error:
            connection.close()
            raise
        return connection


def is_damage(error: BaseException) -> bool:
    """Whether SQLite says that the database is damaged, or none; extended codes have the reason in their last byte."""
    return isinstance(error, sqlite3.Error) and (_code(error) in _DAMAGED or str(error).startswith(_NO_TEXT))


def _code(error: sqlite3.Error) -> int:
    """The primary result code of SQLite, 0 when Python alone is the author."""
    return int(getattr(error, "sqlite_errorcode", 0)) & 0xFF


def _is_full(error: sqlite3.Error) -> bool:
    return _code(error) in (sqlite3.SQLITE_FULL, sqlite3.SQLITE_IOERR)
