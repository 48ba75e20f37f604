"""The usage log in SQLite: requests, decisions about models, wakes of clients, and measured sizes.

Recording puts a value into a queue and returns; one thread writes. No problem with the file fails a request: records
that cannot be written stay in memory, up to a limit, and are retried with growing pauses.
"""

from __future__ import annotations

import logging
import sqlite3
import threading
import time
from collections import deque
from collections.abc import Callable, Iterable, Iterator
from contextlib import closing, contextmanager
from itertools import islice
from pathlib import Path
from typing import Final, TypeVar

from preheat import paths
from preheat.clock import Ticks, read_ticks, unix_time
from preheat.messages import Message
from preheat.residency import DecisionRecord
from preheat.usage.file import (
    NewerFileError,
    UsageFileError,
    create_tables,
    is_damage,
    is_lock,
    open_reader,
    open_writer,
)
from preheat.usage.records import (
    END_OF_TIME,
    Counts,
    Item,
    Record,
    RequestRecord,
    Row,
    RowsToSave,
    SavedRows,
    SizeKey,
    SizeRecord,
    Use,
    WakeRecord,
)
from preheat.usage.stats import DAYS, HOURS, SETTLING_S, UsageHistory, UsageStats, read_history, read_stats
from preheat.usage.table_reading import (
    read_decisions,
    read_requests,
    read_requests_after,
    read_requests_between,
    read_saved,
    read_sizes,
    read_uses,
    read_wakes,
)
from preheat.usage.table_writing import write_batch
from preheat.usage.writer import WRITE_ERRORS, UsageWriter

T = TypeVar("T")

logger = logging.getLogger(__name__)

FILE_NAME: Final = "usage.db"

WRITE_INTERVAL_S: Final = 0.5
"""Time a record waits for others of the same batch, in seconds."""

BATCH_RECORDS: Final = 2000
"""Largest batch of one transaction; a full batch is written at once."""

MAX_PENDING: Final = 10_000
"""Records kept in memory while they cannot be written (a few MB); the oldest are dropped first."""

_MAX_PAUSE_S: Final = 60.0
_UNREADABLE: Final = (sqlite3.Error, OSError, UsageFileError)


class UsageLog:
    """Records usage and returns figures. Every method may be called from any thread; none raises for a broken file.

    Records become readable after about ``WRITE_INTERVAL_S``. While the file cannot be read, only the records in memory
    are.

    Args:
        path: The file; defaults to ``usage.db`` in the data folder.
        history_days: Days before records are folded into sums by day and model.
        clock: Returns Unix time.
        ticks: Reads a counter that is never set, for the age of the history.
        monotonic: Returns monotonic seconds, for pauses.
        opener: Opens the file for writing.
    """

    def __init__(
        self,
        path: Path | None = None,
        *,
        history_days: float = 90,
        clock: Callable[[], float] = unix_time,
        ticks: Callable[[], Ticks] = read_ticks,
        monotonic: Callable[[], float] = time.monotonic,
        opener: Callable[[Path], sqlite3.Connection] = open_writer,
    ) -> None:
        self._path = path or paths.data_dir() / FILE_NAME
        self._clock = clock
        self._monotonic = monotonic
        self._writer = UsageWriter(self._path, history_days=history_days, clock=clock, ticks=ticks, opener=opener)
        self._writing = threading.Lock()
        """Held while the writer is in use; callers' threads take it only in ``write_pending``."""

        self._changed = threading.Condition()
        """Guards all fields below; held briefly."""

        self._pending: deque[Item] = deque()
        self._saves: dict[str, RowsToSave] = {}
        self._recorded = 0
        self._settled = 0  # written, or dropped
        self._dropped = 0
        self._due_at = 0.0
        self._failures = 0
        self._retry_at = 0.0
        self._trouble: Message | None = None
        self._suspect = False
        self._suspect_again_at = 0.0
        self._closing = False
        self._thread: threading.Thread | None = None

    def start(self) -> None:
        """Start the writing thread, which opens the file with the first record."""
        self._thread = threading.Thread(target=self._run, name="usage log", daemon=True)
        self._thread.start()

    def close(self, timeout_s: float = 3.0) -> None:
        """Write pending records and stop the thread; records not written within ``timeout_s`` are lost."""
        with self._changed:
            self._closing = True
            self._changed.notify_all()
        if self._thread is not None:
            self._thread.join(timeout_s)
        else:
            self._finish()
        left = len(self._pending)
        if left:
            logger.warning("%d usage records could not be saved", left)

    @property
    def warning(self) -> Message | None:
        """Current or last problem of the file."""
        return self._trouble or self._writer.note

    @property
    def dropped(self) -> int:
        """Number of records lost because too many were pending."""
        return self._dropped

    def record(self, record: Record) -> None:
        """Record a request, once it has ended, or a decision, a wake or a measured size. Takes microseconds."""
        self._put(record)

    def save_rows(self, kind: str, rows: Iterable[Row]) -> None:
        """Save rows under the name ``kind``, replacing those saved before."""
        save = RowsToSave(kind, tuple(rows))
        with self._changed:
            before = self._saves.get(kind)
            if before is not None:
                before.rows = None
            self._saves[kind] = save
        self._put(save)

    def flush(self, timeout_s: float = 5.0) -> bool:
        """Write all records now; return whether that was done within ``timeout_s``."""
        with self._changed:
            target = self._recorded
            self._due_at = 0.0
            self._changed.notify_all()
            return self._changed.wait_for(lambda: self._settled >= target, timeout_s)

    def stats(self, since: float | None = None, now: float | None = None) -> UsageStats:
        """Return the figures from ``since`` to ``now`` (Unix times), and over the last hour, day and week.

        Args:
            since: None for everything in the log.
            now: Defaults to the current time.
        """
        until = self._clock() if now is None else now
        return self._read(lambda connection: read_stats(connection, since, until))

    def steady(self) -> tuple[float, Counts] | None:
        """Return the begin (Unix time) and the sums of the steady state; None before ``SETTLING_S`` are over."""
        # The iterator is dropped at once, so that it keeps no snapshot of the log on disk.
        first = next(iter(self.requests_between(0.0, END_OF_TIME)), None)
        if first is None or first.started_at + SETTLING_S >= self._clock():
            return None
        begin = first.started_at + SETTLING_S
        return begin, self.stats(begin).total.span

    def history(self, hours: int = HOURS, days: int = DAYS, now: float | None = None) -> UsageHistory:
        """Return the sums of each of the last hours and days, for charts. Takes milliseconds, however long the log is.

        Args:
            now: Unix time of the end; defaults to the current time.
        """
        until = self._clock() if now is None else now
        return self._read(lambda connection: read_history(connection, until, hours, days))

    def decisions(
        self, limit: int = 100, since: float | None = None, model: str | None = None
    ) -> tuple[DecisionRecord, ...]:
        """Return the decisions about models, newest first.

        Args:
            since: Unix time of the oldest decision to return.
            model: Return only decisions about the model with exactly this id.
        """
        return self._read(lambda connection: read_decisions(connection, limit, since, model))

    def requests(
        self, limit: int = 100, since: float | None = None, model: str | None = None, client: str | None = None
    ) -> tuple[RequestRecord, ...]:
        """Return the requests that have ended, newest first.

        Args:
            since: Unix time of the oldest arrival to return.
            model: Return only requests to the model with exactly this id.
            client: Return only requests of this client, in any case, of any version if it names none.
        """
        return self._read(lambda connection: read_requests(connection, limit, since, model, client))

    def recent_uses(self, limit: int) -> list[Use]:
        """Return the last requests, and the wakes, choices and additions of that time, in time order.

        Args:
            limit: Most requests; also that of all others.
        """
        return self._read(lambda connection: read_uses(connection, limit))

    def requests_between(self, begin: float, end: float) -> Iterator[RequestRecord]:
        """Yield the requests that arrived from ``begin`` up to, but not at, ``end``, in that order.

        All come from one moment of the log, which stays on disk until the iterator is exhausted or closed: do not keep
        the iterator.
        """
        return self._iterate(lambda connection: read_requests_between(connection, begin, end))

    def requests_after(self, mark: int) -> Iterator[RequestRecord]:
        """Yield the requests recorded after ``SavedRows.mark``, in that order; see ``requests_between``."""
        return self._iterate(lambda connection: read_requests_after(connection, mark))

    def wakes_between(self, begin: float, end: float) -> Iterator[WakeRecord]:
        """Yield the wakes from ``begin`` up to, but not at, ``end``; see ``requests_between``."""
        return self._iterate(lambda connection: read_wakes(connection, begin, end))

    def sizes(self) -> dict[SizeKey, SizeRecord]:
        """Return every measured size."""
        return self._read(read_sizes)

    def saved_rows(self, kind: str) -> SavedRows:
        """Return the rows last saved under this name."""
        return self._read(lambda connection: read_saved(connection, kind))

    def write_pending(self) -> bool:
        """Try once to write all pending records on the caller's thread; return whether they are written."""
        with self._writing:
            try:
                if self._suspect:
                    self._suspect = False
                    self._writer.check()
                self._write_all()
                self._writer.fold()
            except WRITE_ERRORS as error:
                self._note_failure(error)
                return False
        self._note_success()
        return True

    def _put(self, item: Item) -> None:
        with self._changed:
            if len(self._pending) >= MAX_PENDING:
                self._pending.popleft()
                self._dropped += 1
                self._settled += 1
            self._pending.append(item)
            self._recorded += 1
            # The thread sleeps without a timeout while nothing is pending: no wake-ups on an idle laptop.
            if len(self._pending) == 1:
                self._due_at = self._monotonic() + WRITE_INTERVAL_S
                self._changed.notify_all()
            elif len(self._pending) == BATCH_RECORDS:
                self._due_at = 0.0
                self._changed.notify_all()

    def _run(self) -> None:
        while self._await_work():
            self.write_pending()
        self._finish()

    def _await_work(self) -> bool:
        """Wait for work; return False when the log is closed."""
        with self._changed:
            while not self._closing:
                if not self._pending and not self._suspect:
                    self._changed.wait()
                    continue
                due_at = self._retry_at if self._suspect else max(self._due_at, self._retry_at)
                due_s = due_at - self._monotonic()
                if due_s <= 0:
                    return True
                self._changed.wait(due_s)
        return False

    def _finish(self) -> None:
        if self._pending:
            self.write_pending()
        with self._writing:
            self._writer.close()

    def _write_all(self) -> None:
        while True:
            with self._changed:
                batch = tuple(islice(self._pending, BATCH_RECORDS))
                dropped_before = self._dropped
            if not batch:
                return
            self._writer.write(batch)
            self._settle(batch, dropped_before)

    def _settle(self, batch: tuple[Item, ...], dropped_before: int) -> None:
        """Remove written records from the queue."""
        with self._changed:
            # Records dropped in the meantime were at the front: they are part of this batch, and not lost.
            gone = min(self._dropped - dropped_before, len(batch))
            self._dropped -= gone
            for _ in range(len(batch) - gone):
                self._pending.popleft()
            self._settled += len(batch) - gone
            for item in batch:
                if isinstance(item, RowsToSave) and self._saves.get(item.kind) is item:
                    del self._saves[item.kind]
            self._changed.notify_all()

    def _note_failure(self, error: Exception) -> None:
        with self._changed:
            self._failures += 1
            self._retry_at = self._monotonic() + retry_pause_s(self._failures)
            # One collision with another engine's write needs no warning.
            if self._failures == 1 and is_lock(error):
                return
            new, self._trouble = self._trouble is None, self._writer.describe(error)
        if new:
            logger.warning("%s", self._trouble)

    def _note_success(self) -> None:
        with self._changed:
            recovered, self._trouble = self._trouble is not None, None
            self._failures = 0
            self._retry_at = 0.0
        if recovered:
            logger.info("usage is saved again; %d records were lost", self._dropped)

    def _suspect_file(self, error: Exception) -> None:
        """Request a check of the file by the writing thread, after a reader's error."""
        logger.debug("reading %s: %s", self._path, error)
        if not is_damage(error) and not isinstance(error, NewerFileError):
            return
        with self._changed:
            if self._monotonic() >= self._suspect_again_at:
                self._suspect_again_at = self._monotonic() + _MAX_PAUSE_S
                self._suspect = True
                self._changed.notify_all()

    @contextmanager
    def _reading(self) -> Iterator[sqlite3.Connection]:
        """Open the file, or the records in memory if it cannot be read."""
        try:
            connection = open_reader(self._path)
        except _UNREADABLE as error:
            self._suspect_file(error)
            connection = self._open_memory()
        with closing(connection):
            yield connection

    def _read(self, read: Callable[[sqlite3.Connection], T]) -> T:
        try:
            with self._reading() as connection:
                return read(connection)
        except _UNREADABLE as error:
            self._suspect_file(error)
        with closing(self._open_memory()) as connection:
            return read(connection)

    def _iterate(self, read: Callable[[sqlite3.Connection], Iterator[T]]) -> Iterator[T]:
        try:
            with self._reading() as connection:
                yield from read(connection)
        except _UNREADABLE as error:
            self._suspect_file(error)

    def _open_memory(self) -> sqlite3.Connection:
        """Return an in-memory log of the pending records."""
        with self._changed:
            items = tuple(self._pending)
        connection = sqlite3.connect(":memory:", isolation_level=None, check_same_thread=False)
        create_tables(connection)
        write_batch(connection, items)
        return connection


def retry_pause_s(failures: int) -> float:
    """Return the pause after this many failed writes in a row, in seconds."""
    return min(2.0 ** (failures - 1), _MAX_PAUSE_S)
