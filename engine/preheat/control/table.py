"""All commands: importing this module declares them."""

from __future__ import annotations

from preheat.control import downloads, figures, hub, keys, models, preloading, settings  # noqa: F401 (registers the commands)
from preheat.control.command import COMMANDS, Command

__all__ = ["COMMANDS", "Command"]
