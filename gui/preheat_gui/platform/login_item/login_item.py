"""The seam between the settings window and what each system has for starting programs at login."""

from __future__ import annotations

import sys
from collections.abc import Sequence
from typing import Protocol

from preheat.errors import EngineError
from preheat_gui.platform.own_command import own_command


class LoginItemError(EngineError):
    """The system's entry for starting at login could not be changed."""

    code = "login_item_failed"


class LoginItem(Protocol):
    """Whether Preheat starts when the user logs in."""

    def is_on(self) -> bool:
        """Return whether the system will start Preheat at the next login."""

    def switch(self, on: bool) -> None:
        """Make the system start Preheat at login, or no longer.

        Raises:
            LoginItemError: It could not be changed.
        """


def login_command() -> tuple[str, ...]:
    """Return the command that starts the tray without a window, as this process was installed."""
    return own_command("tray", "--login")


def login_item(command: Sequence[str] = (), platform: str = sys.platform) -> LoginItem:
    """Return this system's entry.

    Args:
        command: What is to be started, if not ``login_command()``.
    """
    command = tuple(command) or login_command()
    if platform == "darwin":
        from preheat_gui.platform.login_item.macos import LaunchAgent

        return LaunchAgent(command)
    if platform == "win32":
        from preheat_gui.platform.login_item.windows import RunKey

        return RunKey(command)
    from preheat_gui.platform.login_item.linux import AutostartEntry

    return AutostartEntry(command)
