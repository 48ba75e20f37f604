"""The clock: a wrong date breaks certificates, downloads and the usage history."""

from __future__ import annotations

import time
from collections.abc import Iterator
from contextlib import suppress
from datetime import UTC, datetime
from pathlib import Path
from typing import Final

from preheat import paths
from preheat.doctor.report import Finding, broken, good, to_do
from preheat.log import log_file

_OLDEST: Final = datetime(2026, 1, 1, tzinfo=UTC).timestamp()
"""Before this version of Preheat existed."""

_AHEAD_S: Final = 600.0


def check_clock() -> Iterator[Finding]:
    """Check that the date is plausible, and not before the last use of Preheat."""
    now = time.time()
    local = datetime.fromtimestamp(now).astimezone()
    if now < _OLDEST:
        yield broken("doctor_clock_past", now=local.strftime("%Y-%m-%d %H:%M"))
        return
    yield good("doctor_clock", now=local.strftime("%Y-%m-%d %H:%M %Z (UTC%z)"))
    newest = 0.0
    for path in (log_file(), paths.settings_path(), paths.data_dir() / "usage.db", paths.runtime_file()):
        newest = max(newest, _modified(path))
    if newest > now + _AHEAD_S:
        yield to_do("doctor_clock_set_back", newest=datetime.fromtimestamp(newest).strftime("%Y-%m-%d %H:%M"))


def _modified(path: Path) -> float:
    with suppress(OSError):
        return path.stat().st_mtime
    return 0.0
