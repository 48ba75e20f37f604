"""All commands: importing this module declares them."""

from __future__ import annotations

from preheat.control import (  # noqa: F401 (registers the commands)
    application,
    downloads,
    figures,
    hub,
    keys,
    models,
    preloading,
    settings,
)
from preheat.control.command import COMMANDS, Command

__all__ = ["COMMANDS", "Command"]
