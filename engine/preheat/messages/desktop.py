"""Messages of the tray application itself."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

from preheat.messages.template import Template

TABLE: Final[Mapping[str, Template]] = {
    "login_item_not_written": Template(
        "Start at login could not be changed: {reason}", "Check the permissions of {file}"
    ),
    "login_item_refused": Template(
        "Start at login could not be changed: {reason}", "An administrator may have locked the startup programs"
    ),
    "engine_not_started": Template("The engine did not start", "See the log"),
    "preheat_quits": Template("Preheat is quitting"),
}
