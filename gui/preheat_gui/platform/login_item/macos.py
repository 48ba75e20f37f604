"""Start at login on macOS: a launch agent of the user's."""

from __future__ import annotations

import plistlib
from collections.abc import Sequence
from pathlib import Path
from typing import Final

from preheat.files import write_atomic
from preheat_gui.platform.login_item.login_item import LoginItemError

_LABEL: Final = "org.preheat.tray"


class LaunchAgent:
    """``~/Library/LaunchAgents/org.preheat.tray.plist``. launchd reads it at the next login.

    Args:
        folder: Instead of the user's launch agents.
    """

    def __init__(self, command: Sequence[str], folder: Path | None = None) -> None:
        self._command = list(command)
        self.path = (folder or Path.home() / "Library" / "LaunchAgents") / f"{_LABEL}.plist"

    def is_on(self) -> bool:
        """Return whether there is an agent that starts at login."""
        try:
            agent = plistlib.loads(self.path.read_bytes())
        except (OSError, plistlib.InvalidFileException, ValueError):
            return False
        return bool(agent.get("RunAtLoad")) and not agent.get("Disabled", False)

    def switch(self, on: bool) -> None:
        """Write the agent, or remove it.

        Raises:
            LoginItemError: The folder cannot be written.
        """
        try:
            if on:
                write_atomic(self.path, plistlib.dumps(self._agent()))
            else:
                self.path.unlink(missing_ok=True)
        except OSError as error:
            raise LoginItemError(
                f"Start at login could not be changed: {error.strerror}", hint=f"Check the permissions of {self.path}"
            ) from error

    def _agent(self) -> dict[str, object]:
        # Interactive: otherwise launchd slows the process down as a background job.
        return {
            "Label": _LABEL,
            "ProgramArguments": self._command,
            "RunAtLoad": True,
            "ProcessType": "Interactive",
            "LimitLoadToSessionType": "Aqua",
        }
