"""Prompts that are kept on disk."""

from __future__ import annotations

import os
import stat
from collections.abc import Iterator
from pathlib import Path

from preheat.doctor.context import settings_in_force, short
from preheat.doctor.report import Finding, broken, good, to_do
from preheat.errors import reason_of
from preheat.units import format_bytes


def check_prompts() -> Iterator[Finding]:
    """Check the folder of kept prompts: rights, size, and what may still be written today."""
    from preheat.inference.prefixes import read_limits, taken_bytes
    from preheat.prefixes import disk_folder, memory_file_system

    folder, settings = disk_folder(), settings_in_force()
    if settings.prefix_cache == "off":
        yield good("doctor_prompts_off")
        return
    if settings.prefix_cache == "memory" and memory_file_system() is None:
        yield to_do("doctor_prompts_no_memory")
    try:
        status = folder.lstat()
    except FileNotFoundError:
        yield good("doctor_prompts_none")
        return
    except OSError as error:
        yield broken("doctor_folder_unreachable", path=short(folder), reason=reason_of(error))
        return
    if not stat.S_ISDIR(status.st_mode):
        yield broken("doctor_prompts_no_folder", path=short(folder))
    elif os.name == "posix" and (status.st_uid != os.geteuid() or not os.access(folder, os.W_OK | os.X_OK)):
        yield broken("doctor_prompts_not_ours", path=short(folder))
    else:
        limits = read_limits(folder)
        size = format_bytes(taken_bytes(folder))
        limit = "" if limits is None else format_bytes(limits.max_bytes)
        yield good("doctor_prompts_limit" if limit else "doctor_prompts", path=short(folder), size=size, limit=limit)
        if limits is not None:
            yield from _today(folder, limits.daily_bytes)


def _today(folder: Path, daily_bytes: int | None) -> Iterator[Finding]:
    from preheat.inference.prefixes import read_day

    written = read_day(folder).written_bytes
    if daily_bytes is not None and written:
        yield good("doctor_prompts_today", written=written, limit=daily_bytes)
