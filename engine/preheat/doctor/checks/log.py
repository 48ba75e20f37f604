"""The log: whether it can be written, its size, and the bugs and warnings in it."""

from __future__ import annotations

import os
import re
from collections import Counter
from collections.abc import Iterator
from typing import Final

from preheat.doctor.context import short, unusable
from preheat.doctor.report import Finding, broken, good, to_do
from preheat.files import check_regular
from preheat.log import log_file, log_files
from preheat.units import format_bytes

_END_BYTES: Final = 1 << 20
_MOST_IDS: Final = 10
_BUG: Final = re.compile(r"^(\S+) ERROR\s+\S+: internal error ([0-9a-f]{8}): (.{0,120})", re.MULTILINE)
_LEVEL: Final = re.compile(r"^\S+ (WARNING|ERROR|CRITICAL) ", re.MULTILINE)


def check_log() -> Iterator[Finding]:
    """Check the log files, and look for internal errors at the end of the newest one."""
    path = log_file()
    try:
        check_regular(path)
        sizes = [each.stat().st_size for each in log_files()]
        end = _end() if sizes else ""
    except OSError as error:
        yield unusable(error, path)
        return
    if not sizes:
        yield good("doctor_no_log", path=short(path))
        return
    levels = Counter(_LEVEL.findall(end))
    details = [f"{short(path)} (files: {len(sizes)}, {format_bytes(sum(sizes))})"]
    if levels:
        details.append("lately: " + ", ".join(f"{count} {level.lower()}" for level, count in levels.items()))
    yield good("doctor_log", details=details)
    if not os.access(path, os.W_OK):
        yield broken("doctor_log_read_only", path=short(path))
    bugs = _BUG.findall(end)
    if bugs:
        details = [f"{time}  {bug_id}  {words}" for time, bug_id, words in bugs[-_MOST_IDS:]]
        yield to_do("doctor_log_bugs", count=len(bugs), details=details)


def _end() -> str:
    """Return the end of the newest log file."""
    path = log_file()
    if not path.exists():
        return ""
    with path.open("rb") as file:
        file.seek(max(path.stat().st_size - _END_BYTES, 0))
        return file.read(_END_BYTES).decode(errors="replace")
