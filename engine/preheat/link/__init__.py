"""An engine as a user interface has it: this process's own, or that of a Preheat that runs already.

Links sit above engine and port. Nothing here knows Qt.
"""

from __future__ import annotations

from preheat.link.link import EngineLink, PortStatus, SettingsChange
from preheat.link.open_link import open_link

__all__ = ["EngineLink", "PortStatus", "SettingsChange", "open_link"]
