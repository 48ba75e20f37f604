"""The database of usage: whether it can be read, and is whole. Opened so that SQLite writes nothing."""

from __future__ import annotations

import os
import sqlite3
import time
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path
from typing import Final

from preheat import paths
from preheat.doctor.context import short, unusable
from preheat.doctor.report import Finding, broken, good, to_do
from preheat.errors import reason_of
from preheat.files import check_regular
from preheat.units import format_bytes

_LIMIT_S: Final = 2.5
_STEPS: Final = 10_000
"""Instructions of SQLite between two looks at the clock."""


def check_database() -> Iterator[Finding]:
    """Check the usage log, and look for damaged ones that were moved aside."""
    from preheat.usage import FILE_NAME

    path = paths.data_dir() / FILE_NAME
    aside = sorted(path.parent.glob(f"{FILE_NAME}.corrupt-*"))
    try:
        size = path.stat().st_size
        check_regular(path)
    except FileNotFoundError:
        yield good("doctor_no_database")
    except OSError as error:
        yield unusable(error, path)
    else:
        yield _finding(path, size)
    if aside:
        yield to_do("doctor_database_aside", count=len(aside), details=[short(each) for each in aside])


def _finding(path: Path, size: int) -> Finding:
    from preheat.usage import UsageFileError, open_frozen

    details = [f"{short(path)} ({format_bytes(size)})"]
    try:
        with closing(open_frozen(path)) as connection:
            deadline = time.monotonic() + _LIMIT_S
            connection.set_progress_handler(lambda: time.monotonic() > deadline, _STEPS)
            problem = str(connection.execute("PRAGMA quick_check(1)").fetchone()[0])
            (requests,) = connection.execute("SELECT count(*) FROM requests").fetchone()
    except UsageFileError as error:
        return broken("doctor_database_damaged", path=short(path), reason=str(error.args[0]), details=details)
    except sqlite3.OperationalError as error:
        if getattr(error, "sqlite_errorcode", 0) == sqlite3.SQLITE_INTERRUPT:
            return good("doctor_database_large", size=size, details=details)
        return to_do("doctor_database_busy", reason=str(error), details=details)
    except (sqlite3.Error, OSError) as error:
        return broken("doctor_database_damaged", path=short(path), reason=reason_of(error), details=details)
    if problem != "ok":
        return broken("doctor_database_damaged", path=short(path), reason=problem.splitlines()[0], details=details)
    if not os.access(path, os.W_OK):
        return broken("doctor_database_read_only", path=short(path), details=details)
    return good("doctor_database", requests=requests, details=details)
