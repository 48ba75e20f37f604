"""Memory stalls (PSI) and limits of control groups (both versions) on Linux."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Final

from preheat.residency.memory.pressure import MemoryReading

_PROC: Final = Path("/proc")
_CGROUPS: Final = Path("/sys/fs/cgroup")
_V1_LIMIT: Final = "memory.limit_in_bytes"
_V1_UNLIMITED: Final = 1 << 60
"""Version 1 has no word for "no limit", but the largest whole number of pages."""

_STALLS: Final = re.compile(r"^(some|full) avg10=([0-9.]+)", re.MULTILINE)


def refine(
    reading: MemoryReading, proc: Path = _PROC, cgroups: Path = _CGROUPS, *, pid: int | None = None
) -> MemoryReading:
    """Return the reading within the limits of a process's control groups, with the stalls of the tightest one.

    The total is the lowest of the limits whatever is in use, so that a share of it is the same at all times and in
    every program.

    Args:
        pid: The process; this one by default.
    """
    refined = _with_stalls(reading, proc / "pressure" / "memory")
    for group in _groups(proc / str(pid or "self") / "cgroup", cgroups):
        limits = _limits(group)
        if limits is None:
            continue
        total, available = limits
        refined = replace(refined, total_bytes=min(total, refined.total_bytes))
        if available < refined.available_bytes:
            refined = replace(refined, available_bytes=available, limited=True)
            refined = _with_stalls(refined, group / "memory.pressure")
    return refined


def _with_stalls(reading: MemoryReading, file: Path) -> MemoryReading:
    shares = {kind: float(share) for kind, share in _STALLS.findall(_text(file))}
    if not shares:
        return reading
    return replace(reading, stalled_some=shares.get("some"), stalled_full=shares.get("full"))


def _groups(membership: Path, cgroups: Path) -> Iterator[Path]:
    """Yield a process's control group and its parents, each of which may have a limit."""
    for line in _text(membership).splitlines():
        _, _, rest = line.partition(":")
        controllers, _, path = rest.partition(":")
        if not path or (controllers and "memory" not in controllers.split(",")):
            continue
        root = cgroups / "memory" if controllers else cgroups
        group = root / path.lstrip("/")
        # A container may see its group as the root, and its path as outside.
        yield from (each for each in (group, *group.parents) if each == root or root in each.parents)


def _limits(group: Path) -> tuple[int, int] | None:
    """Return the limit and the available memory of a control group; None without a limit."""
    return _limits_v1(group) if (group / _V1_LIMIT).exists() else _limits_v2(group)


def _limits_v1(group: Path) -> tuple[int, int] | None:
    limit, current = _text(group / _V1_LIMIT).strip(), _text(group / "memory.usage_in_bytes").strip()
    if not limit.isdigit() or not current.isdigit():
        return None
    kinds = _kinds(group)
    # Groups above may have lower limits, and are out of sight in a container.
    ceiling = min(int(limit), kinds.get("hierarchical_memory_limit", int(limit)))
    if ceiling >= _V1_UNLIMITED:
        return None
    cached = kinds.get("total_inactive_file", 0) + kinds.get("total_active_file", 0)
    return ceiling, max(ceiling - int(current) + cached, 0)


def _limits_v2(group: Path) -> tuple[int, int] | None:
    # At "high" the kernel already slows its processes to a crawl. Swap is no memory that models can have.
    texts = (_text(group / f"memory.{name}").strip() for name in ("max", "high"))
    limits, current = [int(text) for text in texts if text.isdigit()], _text(group / "memory.current").strip()
    if not limits or not current.isdigit():
        return None
    ceiling = min(limits)
    kinds = _kinds(group)
    cached = kinds.get("inactive_file", 0) + kinds.get("active_file", 0)
    return ceiling, max(ceiling - int(current) + cached, 0)


def _kinds(group: Path) -> dict[str, int]:
    lines = (line.split() for line in _text(group / "memory.stat").splitlines() if line.count(" ") == 1)
    return {kind: int(size) for kind, size in lines if size.isdigit()}


def _text(file: Path) -> str:
    try:
        return file.read_text()
    except (OSError, UnicodeDecodeError):  # not every kernel or container has it
        return ""
