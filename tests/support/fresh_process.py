"""Runs functions in a process of their own, for what depends on the memory of the process."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parents[2]
TIMEOUT_S = 120


def in_fresh_process(function: Callable[..., object], *arguments: Any) -> None:
    """Call a function of a module with arguments that ``repr`` writes; fail with what it prints if it raises."""
    name = function.__name__
    code = f"from {function.__module__} import {name}; {name}(*{arguments!r})"
    path = os.pathsep.join([str(ROOT), *sys.path])
    done = subprocess.run(
        [sys.executable, "-c", code],
        env={**os.environ, "PYTHONPATH": path},
        cwd=ROOT,
        capture_output=True,
        text=True,
        timeout=TIMEOUT_S,
    )
    assert done.returncode == 0, done.stderr
