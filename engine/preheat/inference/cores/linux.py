"""Kinds of cores, and limits on their use, in Linux's ``/sys``.

Described in its ``Documentation/ABI`` (``/sys/devices/system/cpu``) and ``admin-guide/cgroup-v2`` (``cpu.max``).
"""

from __future__ import annotations

import os
from collections.abc import Iterable
from pathlib import Path
from typing import Final

_DEVICES: Final = Path("/sys/devices")
_CGROUPS: Final = Path("/sys/fs/cgroup")
_OWN_CGROUPS: Final = Path("/proc/self/cgroup")
_SLOWER: Final = {"cpu_capacity": 0.6, "cpufreq/cpuinfo_max_freq": 0.8}
"""Files with a core's speed, and the share of the fastest core's below which a core is of a slower kind.

Capacities, on ARM, are 300 to 400 of 1,024 for slow cores. Frequencies of slow cores are 0.65 to 0.75 of the fastest,
and those of equal cores differ by a few percent.
"""


def fast_cores(devices: Path = _DEVICES, usable: Iterable[int] | None = None) -> int | None:
    """Return the number of usable physical cores of the fastest kind; None if the system does not say.

    Args:
        devices: Where Linux lists its devices.
        usable: Numbers of the processors that this process may use.
    """
    processors = sorted(os.sched_getaffinity(0) if usable is None else usable)
    cpu = devices / "system" / "cpu"
    cores = {each: _read(cpu / f"cpu{each}" / "topology" / "thread_siblings_list") for each in processors}
    if any(core is None for core in cores.values()):
        return None
    # Intel's processors with two kinds list those of the fast one.
    if listed := _numbers(_read(devices / "cpu_core" / "cpus") or ""):
        return len({core for each, core in cores.items() if each in listed}) or None
    for name, share in _SLOWER.items():
        speeds = {each: _read(cpu / f"cpu{each}" / name) for each in processors}
        known = {each: int(speed) for each, speed in speeds.items() if speed is not None and speed.isdecimal()}
        if len(known) == len(processors):
            fastest = max(known.values())
            return len({core for each, core in cores.items() if known[each] >= share * fastest})
    return None


def quota(cgroups: Path = _CGROUPS, own: Path = _OWN_CGROUPS) -> float | None:
    """Return the number of cores that a container or a service may use on average; None without a limit."""
    (path,) = [line[3:] for line in (_read(own) or "").splitlines() if line.startswith("0::")] or [""]
    group = cgroups / path.strip("/")
    limits = []
    for folder in (group, *group.parents):
        if folder.is_relative_to(cgroups):
            amount, _, period = (_read(folder / "cpu.max") or "").partition(" ")
            if amount.isdecimal() and period.isdecimal():
                limits.append(int(amount) / max(int(period), 1))
    return min(limits, default=None)


def _read(path: Path) -> str | None:
    try:
        return path.read_text(encoding="ascii").strip()
    except (OSError, ValueError):
        return None


def _numbers(text: str) -> set[int]:
    """Return the numbers of a list such as ``0-3,8``."""
    found: set[int] = set()
    for part in text.split(","):
        first, _, last = part.partition("-")
        if first.isdecimal() and (last or first).isdecimal():
            found.update(range(int(first), int(last or first) + 1))
    return found
