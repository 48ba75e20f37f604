"""The usage log's file: opened, checked, and set aside when it is damaged."""

from __future__ import annotations

import contextlib
import os
import sqlite3
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Final

from preheat.usage.schema import ADDED, APPLICATION_ID, CONTENTS, VERSION, objects_of

WRITE_TIMEOUT_S: Final = 1.0
"""How long a write waits for another process's; it has a thread of its own."""

READ_TIMEOUT_S: Final = 0.25

_WAL_BYTES: Final = 4_000_000
"""What the write-ahead log is cut back to once it has grown beyond."""

_SIDES: Final = ("-wal", "-shm")
_DAMAGE: Final = (sqlite3.SQLITE_CORRUPT, sqlite3.SQLITE_NOTADB)
_LOCKED: Final = (sqlite3.SQLITE_BUSY, sqlite3.SQLITE_LOCKED)

Identity = tuple[int, int]
"""Device and inode: what tells a file from another one of the same name."""


class UsageFileError(Exception):
    """The file is a database, but cannot be used."""


class DamagedFileError(UsageFileError):
    """It is no usage log, or not a whole one."""


class NewerFileError(UsageFileError):
    """A newer Preheat wrote it."""


def is_damage(error: Exception) -> bool:
    """Return whether the error says that the file itself is at fault, and setting it aside helps."""
    return isinstance(error, DamagedFileError) or _code(error) in _DAMAGE


def is_lock(error: Exception) -> bool:
    """Return whether the error says that another process holds the file."""
    return _code(error) in _LOCKED


def identity_of(path: Path) -> Identity | None:
    """Return which file has this name now; None if there is none."""
    try:
        status = path.stat()
    except OSError:
        return None
    return status.st_dev, status.st_ino


def sides_of(path: Path) -> dict[Path, Identity]:
    """Return the files that SQLite keeps beside the log now: its write-ahead log, and the index of that."""
    found = ((side, identity_of(side)) for side in (path.with_name(path.name + end) for end in _SIDES))
    return {side: identity for side, identity in found if identity is not None}


def remove_sides(sides: dict[Path, Identity]) -> None:
    """Remove these files, unless others have taken their names meanwhile."""
    for side, identity in sides.items():
        if identity_of(side) == identity:
            side.unlink(missing_ok=True)


def open_writer(path: Path) -> sqlite3.Connection:
    """Open the log to write; any thread may use the connection, one at a time.

    It is made if it does not exist, and one of an earlier version gets the tables that it lacks.

    Raises:
        DamagedFileError, NewerFileError: It is not a log that can be written; it has not been changed.
        sqlite3.Error, OSError: It cannot be opened.
    """
    path.parent.mkdir(parents=True, exist_ok=True)
    if not path.exists():
        _begin_new(path)
    connection = sqlite3.connect(path, timeout=WRITE_TIMEOUT_S, isolation_level=None, check_same_thread=False)
    try:
        version = _version(connection)
        connection.execute("PRAGMA journal_mode = WAL")
        connection.execute("PRAGMA synchronous = NORMAL")  # a power cut may cost the last second, never the file
        connection.execute(f"PRAGMA journal_size_limit = {_WAL_BYTES}")
        if version < VERSION:
            create_tables(connection)
    except BaseException:  # whatever it was: an open connection keeps the file locked
        connection.close()
        raise
    return connection


def open_reader(path: Path) -> sqlite3.Connection:
    """Open the log to read; any thread may use the connection, one at a time.

    Raises:
        UsageFileError: It is not a log that can be read, or nothing has been written yet.
        sqlite3.Error: It cannot be opened.
    """
    try:
        return _open_to_read(path, "mode=ro")
    except sqlite3.OperationalError as error:
        wal = path.with_name(path.name + "-wal")
        unwritable = _code(error) in (sqlite3.SQLITE_CANTOPEN, sqlite3.SQLITE_READONLY)
        if not unwritable or not path.exists() or (wal.exists() and wal.stat().st_size):
            raise
    # SQLite wants to make files beside the log even to read it. Where nothing can be written nothing changes either.
    return _open_to_read(path, "immutable=1")


def create_tables(connection: sqlite3.Connection) -> None:
    """Make the tables that a new log or one of an earlier version lacks; another process may just have done so."""
    with transaction(connection):
        version = _version(connection)
        for since, objects in ADDED.items():
            for statement in objects.values() if since > version else ():
                connection.execute(statement)
        for statement in CONTENTS if version == 0 else ():
            connection.execute(statement)
        connection.execute(f"PRAGMA application_id = {APPLICATION_ID}")
        connection.execute(f"PRAGMA user_version = {VERSION}")


@contextlib.contextmanager
def transaction(connection: sqlite3.Connection) -> Iterator[None]:
    """Write all or nothing. After an error the connection must be closed, which undoes what was begun."""
    connection.execute("BEGIN IMMEDIATE")
    yield
    connection.execute("COMMIT")


def set_aside(path: Path, found: Identity | None, now: float) -> Path | None:
    """Rename a damaged log to ``<name>.corrupt-<time>``, if it is still the file that was ``found`` damaged.

    Returns:
        Its new path; None if somebody else has replaced it meanwhile.

    Raises:
        OSError: It cannot be renamed.
    """
    if found is None or identity_of(path) != found:
        return None
    stem = f"{path.name}.corrupt-{time.strftime('%Y%m%dT%H%M%SZ', time.gmtime(now))}"
    target = path.with_name(stem)
    number = 1
    while target.exists():
        number += 1
        target = path.with_name(f"{stem}-{number}")
    # The file itself last: a new one is never made beside the old one's write-ahead log.
    for side in _SIDES:
        with contextlib.suppress(FileNotFoundError):
            path.with_name(path.name + side).rename(target.with_name(target.name + side))
    path.rename(target)
    return target


def _code(error: Exception) -> int:
    """Return SQLite's primary code; 0 for other errors. What it has above the low byte tells where it was noticed."""
    return getattr(error, "sqlite_errorcode", 0) & 0xFF


def _begin_new(path: Path) -> None:
    """Make an empty file that only its owner can read."""
    # O_EXCL: opening and closing an existing file here would drop this process's locks on it (POSIX).
    with contextlib.suppress(FileExistsError):
        os.close(os.open(path, os.O_CREAT | os.O_EXCL | os.O_RDWR, 0o600))


def _open_to_read(path: Path, options: str) -> sqlite3.Connection:
    uri = f"{path.absolute().as_uri()}?{options}"
    connection = sqlite3.connect(uri, uri=True, timeout=READ_TIMEOUT_S, isolation_level=None, check_same_thread=False)
    try:
        connection.execute("BEGIN")  # all that is read on this connection is of one moment
        if _version(connection) == 0:
            raise UsageFileError(f"{path} has nothing in it yet")
    except BaseException:  # whatever it was: an open connection keeps the file locked
        connection.close()
        raise
    return connection


def _version(connection: sqlite3.Connection) -> int:
    """Return the log's version, this one or an earlier one; 0 if the database is empty.

    Raises:
        DamagedFileError, NewerFileError: It is no such log.
    """
    found = dict(connection.execute("SELECT name, sql FROM sqlite_master WHERE sql IS NOT NULL"))
    (application,) = connection.execute("PRAGMA application_id").fetchone()
    (version,) = connection.execute("PRAGMA user_version").fetchone()
    if not found and not application and not version:
        return 0
    if application != APPLICATION_ID or version < 1:
        raise DamagedFileError("it is not a usage log")
    if version > VERSION:
        raise NewerFileError(f"it was written by a newer Preheat (version {version} of the log, this is {VERSION})")
    if not objects_of(version).items() <= found.items():
        raise DamagedFileError("tables are missing from it")
    return int(version)
