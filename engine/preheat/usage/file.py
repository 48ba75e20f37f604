"""The file of the usage log: open it, check it, move it aside when it is damaged.

Errors are ``UsageFileError``, ``sqlite3.Error`` and ``OSError``; after one the file is unchanged.
"""

from __future__ import annotations

import contextlib
import os
import sqlite3
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Final

from preheat.files import check_regular
from preheat.messages import msg
from preheat.usage.schema import APPLICATION_ID, VERSION, columns_since, objects_of, upgrade

WRITE_TIMEOUT_S: Final = 1.0
"""Maximum wait of a write for another process, in seconds; writes run in their own thread."""

READ_TIMEOUT_S: Final = 0.25

_WAL_BYTES: Final = 4_000_000
"""Size to which SQLite truncates the write-ahead log."""

_SIDES: Final = ("-wal", "-shm")
_DAMAGE: Final = (sqlite3.SQLITE_CORRUPT, sqlite3.SQLITE_NOTADB)
_LOCKED: Final = (sqlite3.SQLITE_BUSY, sqlite3.SQLITE_LOCKED)

Identity = tuple[int, int]
"""Device and inode: tells apart two files of the same name."""


class UsageFileError(Exception):
    """The file is a database, but cannot be used. Has one argument, a ``Message``."""


class DamagedFileError(UsageFileError):
    """The file is not a complete usage log."""


class NewerFileError(UsageFileError):
    """The file was written by a newer Preheat."""


def is_damage(error: Exception) -> bool:
    """Return whether the file itself is at fault, so that moving it aside helps."""
    return isinstance(error, DamagedFileError) or _code(error) in _DAMAGE


def is_lock(error: Exception) -> bool:
    """Return whether another process has locked the file."""
    return _code(error) in _LOCKED


def identity_of(path: Path) -> Identity | None:
    """Return the identity of the file at this path; None if there is none."""
    try:
        status = path.stat()
    except OSError:
        return None
    return status.st_dev, status.st_ino


def sides_of(path: Path) -> dict[Path, Identity]:
    """Return the write-ahead log and its index, which SQLite keeps next to the log."""
    found = ((side, identity_of(side)) for side in (path.with_name(path.name + end) for end in _SIDES))
    return {side: identity for side, identity in found if identity is not None}


def remove_sides(sides: dict[Path, Identity]) -> None:
    """Remove these files, unless other files have taken their names."""
    for side, identity in sides.items():
        if identity_of(side) == identity:
            side.unlink(missing_ok=True)


def open_writer(path: Path) -> sqlite3.Connection:
    """Open or create the log, upgraded to this version; any thread may use the connection, one at a time."""
    path.parent.mkdir(parents=True, exist_ok=True)
    check_regular(path)
    if not path.exists():
        _create_private(path)
    connection = sqlite3.connect(path, timeout=WRITE_TIMEOUT_S, isolation_level=None, check_same_thread=False)
    try:
        version = _version(connection)
        connection.execute("PRAGMA journal_mode = WAL")
        connection.execute("PRAGMA synchronous = NORMAL")  # a power failure may lose the last second, never the file
        connection.execute(f"PRAGMA journal_size_limit = {_WAL_BYTES}")
        if version < VERSION:
            create_tables(connection)
    except BaseException:  # an open connection keeps the file locked
        connection.close()
        raise
    return connection


def open_reader(path: Path) -> sqlite3.Connection:
    """Open the log for reading; any thread may use the connection, one at a time."""
    check_regular(path)
    try:
        return _open_to_read(path, "mode=ro")
    except sqlite3.OperationalError as error:
        wal = path.with_name(path.name + "-wal")
        unwritable = _code(error) in (sqlite3.SQLITE_CANTOPEN, sqlite3.SQLITE_READONLY)
        if not unwritable or not path.exists() or (wal.exists() and wal.stat().st_size):
            raise
    # SQLite creates files next to the log even for reading. In a read-only folder the log cannot change either.
    return _open_to_read(path, "immutable=1")


def open_frozen(path: Path) -> sqlite3.Connection:
    """Open the log for reading so that SQLite creates no file; without what a crash left in the write-ahead log."""
    check_regular(path)
    wal, index = (path.with_name(path.name + end) for end in _SIDES)
    in_use = index.exists() and wal.exists() and wal.stat().st_size
    return _open_to_read(path, "mode=ro" if in_use else "immutable=1")


def create_tables(connection: sqlite3.Connection) -> None:
    """Create the missing tables of a new log or of one of an earlier version, unless another process just did."""
    with transaction(connection):
        for statement in upgrade(_version(connection)):
            connection.execute(statement)
        connection.execute(f"PRAGMA application_id = {APPLICATION_ID}")
        connection.execute(f"PRAGMA user_version = {VERSION}")


@contextlib.contextmanager
def transaction(connection: sqlite3.Connection) -> Iterator[None]:
    """Write all or nothing. After an error the connection must be closed, which rolls back."""
    connection.execute("BEGIN IMMEDIATE")
    yield
    connection.execute("COMMIT")


def move_aside(path: Path, found: Identity | None, now: float) -> Path | None:
    """Rename a damaged log to ``<name>.corrupt-<time>``, if it is still ``found``; return the new path."""
    if found is None or identity_of(path) != found:
        return None
    stem = f"{path.name}.corrupt-{time.strftime('%Y%m%dT%H%M%SZ', time.gmtime(now))}"
    target = path.with_name(stem)
    number = 1
    while target.exists():
        number += 1
        target = path.with_name(f"{stem}-{number}")
    # The file itself last: a new log must never meet the old write-ahead log.
    for side in _SIDES:
        with contextlib.suppress(FileNotFoundError):
            path.with_name(path.name + side).rename(target.with_name(target.name + side))
    path.rename(target)
    return target


def _code(error: Exception) -> int:
    """Return the primary SQLite error code, which is the low byte; 0 for other errors."""
    return getattr(error, "sqlite_errorcode", 0) & 0xFF


def _create_private(path: Path) -> None:
    """Create an empty file that only its owner can read."""
    # O_EXCL: closing an existing file would drop the locks of this process on it (POSIX).
    with contextlib.suppress(FileExistsError):
        os.close(os.open(path, os.O_CREAT | os.O_EXCL | os.O_RDWR, 0o600))


def _open_to_read(path: Path, options: str) -> sqlite3.Connection:
    uri = f"{path.absolute().as_uri()}?{options}"
    connection = sqlite3.connect(uri, uri=True, timeout=READ_TIMEOUT_S, isolation_level=None, check_same_thread=False)
    try:
        connection.execute("BEGIN")  # everything read on this connection is from one moment
        version = _version(connection)
        if version == 0:
            raise UsageFileError(msg("usage_log_empty"))
        _add_columns(connection, version)
    except BaseException:  # an open connection keeps the file locked
        connection.close()
        raise
    return connection


def _add_columns(connection: sqlite3.Connection, version: int) -> None:
    """Let a reader of a log of an earlier version see the columns that it does not have."""
    connection.execute("PRAGMA temp_store = MEMORY")
    for table, columns in columns_since(version).items():
        defaults = (f"{default} AS {name}" for name, _, _, default in map(str.split, columns))
        # A temporary view hides the table of its name.
        connection.execute(f"CREATE TEMP VIEW {table} AS SELECT *, {', '.join(defaults)} FROM main.{table}")


def _version(connection: sqlite3.Connection) -> int:
    """Return the version of the log, at most ``VERSION``; 0 for an empty database."""
    found = dict(connection.execute("SELECT name, sql FROM sqlite_master WHERE sql IS NOT NULL"))
    (application,) = connection.execute("PRAGMA application_id").fetchone()
    (version,) = connection.execute("PRAGMA user_version").fetchone()
    if not found and not application and not version:
        return 0
    if application != APPLICATION_ID or version < 1:
        raise DamagedFileError(msg("usage_log_foreign"))
    if version > VERSION:
        raise NewerFileError(msg("usage_log_newer", version=version, known=VERSION))
    if not objects_of(version).items() <= found.items():
        raise DamagedFileError(msg("usage_log_incomplete"))
    return int(version)
