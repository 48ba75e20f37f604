"""How this installation's ``preheat`` command is started."""

from __future__ import annotations

import sys


def own_command(*arguments: str) -> tuple[str, ...]:
    """Return the command line of ``preheat`` with these arguments, by this process's own interpreter."""
    if getattr(sys, "frozen", False):  # set by PyInstaller: the executable is the application
        return (sys.executable, *arguments)
    return (sys.executable, "-m", "preheat", *arguments)
