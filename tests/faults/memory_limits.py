"""Limits on a process's memory: by control group where one can be made, otherwise by address space."""

from __future__ import annotations

import contextlib
import os
import re
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Final

import psutil

_CGROUPS: Final = Path("/sys/fs/cgroup")


def groups_that_limit() -> list[Path]:
    """Return the folders below which this process can make control groups that limit memory: version 2 first."""
    own = Path("/proc/self/cgroup").read_text()
    found = []
    for root, line, file in [
        (_CGROUPS, r"^0::(/.*)$", "memory.max"),
        (_CGROUPS / "unified", r"^0::(/.*)$", "memory.max"),
        (_CGROUPS / "memory", r"^\d+:memory:(/.*)$", "memory.limit_in_bytes"),
    ]:
        match = re.search(line, own, re.MULTILINE)
        parent = root / match[1].lstrip("/") if match is not None else root
        if match is None or not os.access(parent, os.W_OK):
            continue
        probe = parent / f"preheat-probe-{os.getpid()}"
        with contextlib.suppress(OSError):
            probe.mkdir()
            if (probe / file).exists():
                found.append(parent)
            probe.rmdir()
    return found


@contextmanager
def memory_group(parent: Path, limit_bytes: int) -> Iterator[Path]:
    """Make a control group with a limit; put processes into it with ``join``. They must have ended with the block."""
    group = parent / f"preheat-test-{os.getpid()}"
    group.mkdir()
    for file in ("memory.max", "memory.limit_in_bytes"):
        if (group / file).exists():
            (group / file).write_text(str(limit_bytes))
    try:
        yield group
    finally:
        for pid in (group / "cgroup.procs").read_text().split():
            with contextlib.suppress(psutil.NoSuchProcess):
                psutil.Process(int(pid)).kill()
                psutil.Process(int(pid)).wait(10)
        group.rmdir()


def join(group: Path, pid: int) -> None:
    """Put a process into a group."""
    (group / "cgroup.procs").write_text(str(pid))


def limit_address_space(process: psutil.Process, limit_bytes: int) -> None:
    """Do to a process and its children what ``ulimit -v`` does, also to those that it starts later."""
    process.rlimit(psutil.RLIMIT_AS, (limit_bytes, limit_bytes))
    for child in process.children(recursive=True):
        with contextlib.suppress(psutil.NoSuchProcess):
            hard = child.rlimit(psutil.RLIMIT_AS)[1]
            if hard == psutil.RLIM_INFINITY:  # helper processes have limits of their own
                child.rlimit(psutil.RLIMIT_AS, (limit_bytes, limit_bytes))
