"""Start at login. The system's own entry is the only record of it; no setting repeats it. No Qt."""

from __future__ import annotations

import sys
from collections.abc import Sequence

from preheat.installation import tray_command
from preheat.login_item.base import LoginEntry, LoginItem, LoginItemError
from preheat.login_item.linux import AutostartEntry
from preheat.login_item.macos import LaunchAgent
from preheat.login_item.windows import RunKey

__all__ = ["LoginEntry", "LoginItem", "LoginItemError", "login_command", "login_item"]


def login_command() -> tuple[str, ...]:
    """Return the command that starts the tray of this installation without a window."""
    return tuple(tray_command("--login"))


def login_item(command: Sequence[str] = (), platform: str = sys.platform) -> LoginEntry:
    """Return this system's entry, which starts ``command``, by default ``login_command()``."""
    command = tuple(command) or login_command()
    if platform == "darwin":
        return LaunchAgent(command)
    if platform == "win32":
        return RunKey(command)
    return AutostartEntry(command)
