"""A program that fills the screen."""

from __future__ import annotations

from pathlib import Path
from typing import NamedTuple


class Program(NamedTuple):
    """A program that needs the machine for itself."""

    name: str  # "" if the system does not tell
    pid: int | None = None


def is_running(program: Program) -> bool:
    """Return whether the process of a program has not ended. Only Linux tells the process ids of programs in front."""
    return Path(f"/proc/{program.pid}").exists()
