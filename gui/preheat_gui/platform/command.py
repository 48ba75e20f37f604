"""The command line of this installation."""

from __future__ import annotations

import sys


def own_command(*arguments: str) -> tuple[str, ...]:
    """Return the command line of ``preheat`` with these arguments, run by this process's interpreter."""
    if getattr(sys, "frozen", False):  # PyInstaller: the executable is the application
        return (sys.executable, *arguments)
    return (sys.executable, "-m", "preheat", *arguments)
