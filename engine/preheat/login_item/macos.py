"""Start at login on macOS: a launch agent."""

from __future__ import annotations

import plistlib
from collections.abc import Sequence
from pathlib import Path
from typing import Any, Final

from preheat.files import read_small_file
from preheat.login_item.base import FileLoginItem

_LABEL: Final = "org.preheat.tray"


class LaunchAgent(FileLoginItem):
    """``~/Library/LaunchAgents/org.preheat.tray.plist``, which launchd reads at login."""

    def __init__(self, command: Sequence[str], folder: Path | None = None) -> None:
        self._command = list(command)
        self.path = (folder or Path.home() / "Library" / "LaunchAgents") / f"{_LABEL}.plist"

    def is_on(self) -> bool:
        """Return whether there is an agent that starts at login."""
        agent = self._agent()
        return bool(agent.get("RunAtLoad")) and not agent.get("Disabled", False)

    def command(self) -> tuple[str, ...]:
        """Return the agent's program and arguments."""
        return tuple(map(str, self._agent().get("ProgramArguments", ())))

    def _agent(self) -> dict[str, Any]:
        try:
            agent = plistlib.loads(read_small_file(self.path))
        except (OSError, plistlib.InvalidFileException, ValueError):
            return {}
        return agent if isinstance(agent, dict) else {}

    def _content(self) -> bytes:
        return plistlib.dumps(
            {
                "Label": _LABEL,
                "ProgramArguments": self._command,
                "RunAtLoad": True,
                "ProcessType": "Interactive",  # otherwise launchd throttles it as a background job
                "LimitLoadToSessionType": "Aqua",
            }
        )
