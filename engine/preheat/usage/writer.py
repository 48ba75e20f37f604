"""Writes the usage log and recovers from damaged, replaced and locked files. Used by one thread at a time."""

from __future__ import annotations

import contextlib
import logging
import sqlite3
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Final

from preheat.clock import Ticks, read_ticks
from preheat.errors import reason_of
from preheat.messages import Message, msg
from preheat.usage import file
from preheat.usage.records import Item
from preheat.usage.retention import LOOK_INTERVAL_S, look_at
from preheat.usage.schema import DAY_S
from preheat.usage.table_writing import fold_oldest_day, write_batch

logger = logging.getLogger(__name__)

WRITE_ERRORS: Final = (sqlite3.Error, OSError, file.UsageFileError)
"""Errors that a write may raise."""


class UsageWriter:
    """Owns the writing connection.

    Args:
        history_days: Days before records are folded into sums by day.
        clock: Returns Unix time.
        ticks: Reads a counter that is never set.
        opener: Opens the file.

    Attributes:
        note: What happened to the file; None if nothing did. Stays until the program ends.
    """

    def __init__(
        self,
        path: Path,
        *,
        history_days: float,
        clock: Callable[[], float],
        ticks: Callable[[], Ticks] = read_ticks,
        opener: Callable[[Path], sqlite3.Connection] = file.open_writer,
    ) -> None:
        self.path = path
        self.history_days = history_days
        self.note: Message | None = None
        self._clock = clock
        self._ticks = ticks
        self._opener = opener
        self._connection: sqlite3.Connection | None = None
        self._identity: file.Identity | None = None
        self._sides: dict[Path, file.Identity] = {}
        self._looked: Ticks | None = None

    def write(self, batch: Sequence[Item]) -> None:
        """Write all items, or none. A damaged file is moved aside and a new one started."""
        try:
            self._write(batch)
        except WRITE_ERRORS as error:
            damaged = self._identity or file.identity_of(self.path)
            self.close()
            if not file.is_damage(error):
                raise
            self._move_aside(error, damaged)
            self._write(batch)

    def check(self) -> None:
        """Check the whole file, because a reader found it damaged; move it aside if it is."""
        try:
            (verdict,) = self._connected().execute("PRAGMA quick_check(1)").fetchone()
        except WRITE_ERRORS as error:
            verdict = str(error)
            if not file.is_damage(error):
                self.close()
                raise
        if verdict != "ok":
            damaged = self._identity or file.identity_of(self.path)
            self.close()
            self._move_aside(file.UsageFileError(verdict), damaged)

    def fold(self) -> None:
        """Fold records older than the history, at most once an hour; see ``retention``."""
        now, before = self._ticks(), self._looked
        if before is not None and 0 <= now.seconds - before.seconds < LOOK_INTERVAL_S:
            return
        history_s = self.history_days * DAY_S
        try:
            old = look_at(self._connected(), self._clock(), now, history_s)
            while old is not None and fold_oldest_day(self._connected(), self._clock() - history_s, old):
                pass
        except WRITE_ERRORS:
            self.close()
            raise
        self._looked = now

    def close(self) -> None:
        """Close the file; the next write opens it again."""
        connection, self._connection, self._identity, self._sides = self._connection, None, None, {}
        if connection is not None:
            # A rollback may fail like the write did; SQLite then rolls back when the file is next opened.
            with contextlib.suppress(sqlite3.Error):
                connection.close()

    def describe(self, error: Exception) -> Message:
        """Return why nothing can be written."""
        reason: Message | str = str(error)
        if isinstance(error, file.UsageFileError) and isinstance(error.args[0], Message):
            reason = error.args[0]
        elif file.is_lock(error):
            reason = msg("usage_log_locked")
        elif isinstance(error, OSError):
            reason = reason_of(error)
        return msg("usage_not_saved", path=str(self.path), reason=reason)

    def _write(self, batch: Sequence[Item]) -> None:
        write_batch(self._connected(), batch)
        if not self._sides:
            self._sides = file.sides_of(self.path)

    def _connected(self) -> sqlite3.Connection:
        if self._connection is not None and file.identity_of(self.path) != self._identity:
            # Writes to a deleted file succeed and are lost.
            self._report(msg("usage_log_replaced", path=str(self.path)))
            sides = self._sides
            self.close()
            # SQLite would use the old side files with the new log and mix the two.
            file.remove_sides(sides)
        if self._connection is None:
            self._connection = self._opener(self.path)
            self._identity = file.identity_of(self.path)
        return self._connection

    def _move_aside(self, error: Exception, damaged: file.Identity | None) -> None:
        target = file.move_aside(self.path, damaged, self._clock())
        if target is not None:
            self._report(msg("usage_log_damaged", error=str(error), path=str(target)))

    def _report(self, note: Message) -> None:
        self.note = note
        logger.warning("%s", note)
