"""Writes the usage log through whatever happens to its file. Used by one thread at a time."""

from __future__ import annotations

import contextlib
import logging
import sqlite3
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Final

from preheat.usage.file import (
    Identity,
    NewerFileError,
    UsageFileError,
    identity_of,
    is_damage,
    is_lock,
    open_writer,
    remove_sides,
    set_aside,
    sides_of,
)
from preheat.usage.schema import DAY_S
from preheat.usage.tables import Item, fold_oldest_day, write_batch

logger = logging.getLogger(__name__)

WRITE_ERRORS: Final = (sqlite3.Error, OSError, UsageFileError)
"""What a write may raise."""


class UsageWriter:
    """Owns the connection that writes.

    Args:
        history_days: How long records are kept before they become sums by day.
        clock: Unix time.
        opener: Opens the file; tests put limits on the connection there.

    Attributes:
        note: What happened to the file, for the user; None if nothing has. It stays until the program ends.
    """

    def __init__(
        self,
        path: Path,
        *,
        history_days: float,
        clock: Callable[[], float],
        opener: Callable[[Path], sqlite3.Connection] = open_writer,
    ) -> None:
        self.path = path
        self.history_days = history_days
        self.note: str | None = None
        self._clock = clock
        self._opener = opener
        self._connection: sqlite3.Connection | None = None
        self._identity: Identity | None = None
        self._sides: dict[Path, Identity] = {}
        self._folded_day: int | None = None

    def write(self, batch: Sequence[Item]) -> None:
        """Write all items, or none. A damaged file is set aside, and a new one begun.

        Raises:
            sqlite3.Error, OSError, UsageFileError: None is written; trying again later may help.
        """
        try:
            self._write(batch)
        except WRITE_ERRORS as error:
            damaged = self._identity or identity_of(self.path)
            self.close()
            if not is_damage(error):
                raise
            self._set_aside(error, damaged)
            self._write(batch)

    def check(self) -> None:
        """Look through the whole file, because a reader found it damaged; if it is, set it aside.

        Raises:
            sqlite3.Error, OSError, UsageFileError: It could not be looked at, or not be set aside.
        """
        try:
            (verdict,) = self._connected().execute("PRAGMA quick_check(1)").fetchone()
        except WRITE_ERRORS as error:
            verdict = str(error)
            if not is_damage(error):
                self.close()
                raise
        if verdict != "ok":
            damaged = self._identity or identity_of(self.path)
            self.close()
            self._set_aside(UsageFileError(verdict), damaged)

    def fold(self) -> None:
        """Fold what has become older than the history, at most once a day.

        Raises:
            sqlite3.Error, OSError, UsageFileError: The rest is left for later.
        """
        today = int(self._clock() // DAY_S)
        if today == self._folded_day:
            return
        try:
            while fold_oldest_day(self._connected(), self._clock() - self.history_days * DAY_S):
                pass
        except WRITE_ERRORS:
            self.close()
            raise
        self._folded_day = today

    def close(self) -> None:
        """Close the file; writing opens it again."""
        connection, self._connection, self._identity, self._sides = self._connection, None, None, {}
        if connection is not None:
            # Undoing what was begun may fail like what was begun did; SQLite then undoes it when the file is opened.
            with contextlib.suppress(sqlite3.Error):
                connection.close()

    def describe(self, error: Exception) -> str:
        """Return in words why nothing can be written."""
        if isinstance(error, NewerFileError):
            reason = str(error)
        elif is_lock(error):
            reason = "another program has locked it"
        elif isinstance(error, OSError):
            reason = error.strerror or type(error).__name__
        else:
            reason = str(error)
        return (
            f"Usage is not being saved: {self.path} cannot be written ({reason}). It is kept in memory, and saving it "
            "is tried again"
        )

    def _write(self, batch: Sequence[Item]) -> None:
        write_batch(self._connected(), batch)
        if not self._sides:
            self._sides = sides_of(self.path)

    def _connected(self) -> sqlite3.Connection:
        if self._connection is not None and identity_of(self.path) != self._identity:
            # Writes to a deleted file succeed, and are lost.
            self._tell(f"The usage log {self.path} was deleted or replaced while Preheat ran; it goes on in a new one")
            sides = self._sides
            self.close()
            # SQLite would take the old file's for the new one's, and mix the two.
            remove_sides(sides)
        if self._connection is None:
            self._connection = self._opener(self.path)
            self._identity = identity_of(self.path)
        return self._connection

    def _set_aside(self, error: Exception, damaged: Identity | None) -> None:
        target = set_aside(self.path, damaged, self._clock())
        if target is not None:
            self._tell(f"The usage log was damaged ({error}). It was set aside as {target}, and a new one was begun")

    def _tell(self, note: str) -> None:
        self.note = note
        logger.warning("%s", note)
