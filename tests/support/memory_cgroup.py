"""Runs a command in a control group with little memory, where this process may make one (Linux, version 2, root).

Where it may not, tests use ``memory_eater`` instead; they never skip.
"""

from __future__ import annotations

import os
import subprocess
import sys
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

ROOT = Path("/sys/fs/cgroup")
REMOVE_TIMEOUT_S = 10.0


def can_limit(root: Path = ROOT) -> bool:
    """Return whether ``limited`` can work here."""
    try:
        controllers = (root / "cgroup.controllers").read_text().split()
        enabled = (root / "cgroup.subtree_control").read_text().split()
    except OSError:
        return False
    return "memory" in controllers and "memory" in enabled and os.access(root, os.W_OK) and os.geteuid() == 0


@contextmanager
def limited(command: Sequence[str], memory_bytes: int, **options: Any) -> Iterator[subprocess.Popen[bytes]]:
    """Run the command with a ceiling on its memory, swap excluded; it is killed at the end of the block."""
    group = ROOT / f"preheat-test-{os.getpid()}-{time.monotonic_ns()}"
    group.mkdir()
    try:
        (group / "memory.max").write_text(str(memory_bytes))
        if (group / "memory.swap.max").exists():
            (group / "memory.swap.max").write_text("0")
        # A shell that joins the group and becomes the command: the command never runs outside.
        joining = ["/bin/sh", "-c", 'echo $$ > "$0/cgroup.procs" && exec "$@"', str(group), *command]
        with subprocess.Popen(joining, **options) as process:
            try:
                yield process
            finally:
                process.kill()
    finally:
        _remove(group)


def _remove(group: Path) -> None:
    deadline = time.monotonic() + REMOVE_TIMEOUT_S
    while True:
        try:
            group.rmdir()
        except OSError:
            if time.monotonic() > deadline:
                print(f"{group} could not be removed", file=sys.stderr)
                return
            time.sleep(0.05)  # its last process is still ending
        else:
            return
