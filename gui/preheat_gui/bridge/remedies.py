"""Performs the action of a problem's button. GUI thread."""

from __future__ import annotations

from typing import TYPE_CHECKING

from PySide6.QtCore import QUrl
from PySide6.QtGui import QDesktopServices

from preheat_gui.words import ProblemAction, Remedy

if TYPE_CHECKING:
    from preheat_gui.bridge.bridge import EngineBridge


def act_on(action: ProblemAction, bridge: EngineBridge) -> None:
    """Start the action; failures arrive as ``command_failed``."""
    match action.action:
        case Remedy.RESTART_ENGINE:
            bridge.restart_engine()
        case Remedy.USE_PORT:
            bridge.change_settings({"port": action.target})
        case Remedy.LOAD:
            bridge.load(action.target)
        case Remedy.OPEN_FILE | Remedy.OPEN_FOLDER:
            QDesktopServices.openUrl(QUrl.fromLocalFile(action.target))
        case Remedy.OPEN_SETTINGS:
            bridge.view_requested.emit("settings", action.target)
        case Remedy.SHOW_LOG:
            bridge.view_requested.emit("log", "")
