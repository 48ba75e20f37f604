"""Memory stalls (PSI) and limits of control groups (version 2) on Linux."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Final

from preheat.residency.pressure import MemoryReading

_PROC: Final = Path("/proc")
_CGROUPS: Final = Path("/sys/fs/cgroup")
_STALLS: Final = re.compile(r"^(some|full) avg10=([0-9.]+)", re.MULTILINE)


def refine(reading: MemoryReading, proc: Path = _PROC, cgroups: Path = _CGROUPS) -> MemoryReading:
    """Return the reading with the system's stalls, or with the figures of the tightest control group."""
    refined = _with_stalls(reading, proc / "pressure" / "memory")
    for group in _own_groups(proc, cgroups):
        limits = _limits(group)
        if limits is None or limits[1] >= refined.available_bytes:
            continue
        total, available = limits
        refined = replace(refined, total_bytes=min(total, reading.total_bytes), available_bytes=available, limited=True)
        refined = _with_stalls(refined, group / "memory.pressure")
    return refined


def _with_stalls(reading: MemoryReading, file: Path) -> MemoryReading:
    shares = {kind: float(share) for kind, share in _STALLS.findall(_text(file))}
    if not shares:
        return reading
    return replace(reading, stalled_some=shares.get("some"), stalled_full=shares.get("full"))


def _own_groups(proc: Path, cgroups: Path) -> Iterator[Path]:
    """Yield this process's control group and its parents, each of which may have a limit."""
    for line in _text(proc / "self" / "cgroup").splitlines():
        if line.startswith("0::/"):
            group = cgroups / line.removeprefix("0::/")
            yield group
            yield from (parent for parent in group.parents if parent == cgroups or cgroups in parent.parents)


def _limits(group: Path) -> tuple[int, int] | None:
    """Return the limit and the available memory of a control group; None without a limit."""
    limit, current = _text(group / "memory.max").strip(), _text(group / "memory.current").strip()
    if not limit.isdigit() or not current.isdigit():
        return None
    # At "high" the kernel already slows its processes to a crawl.
    high = _text(group / "memory.high").strip()
    ceiling = min(int(limit), int(high)) if high.isdigit() else int(limit)
    kinds = dict(line.split() for line in _text(group / "memory.stat").splitlines() if line.count(" ") == 1)
    cached = int(kinds.get("inactive_file", 0)) + int(kinds.get("active_file", 0))
    return ceiling, max(ceiling - int(current) + cached, 0)


def _text(file: Path) -> str:
    try:
        return file.read_text()
    except (OSError, UnicodeDecodeError):  # not every kernel or container has it
        return ""
