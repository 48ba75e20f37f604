"""The commands that start Preheat's child processes."""

from __future__ import annotations

import sys


def module_command(module: str, *arguments: str) -> list[str]:
    """Return the command that runs a module of Preheat in a process of its own."""
    return [sys.executable, "-m", module, *arguments]
