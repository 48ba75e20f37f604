"""Does what a problem's button says. GUI thread."""

from __future__ import annotations

from typing import TYPE_CHECKING

from PySide6.QtCore import QUrl
from PySide6.QtGui import QDesktopServices

from preheat_gui.words.problems import Action

if TYPE_CHECKING:
    from preheat_gui.bridge.bridge import EngineBridge
    from preheat_gui.words.problems import ProblemAction


def act_on(action: ProblemAction, bridge: EngineBridge) -> None:
    """Do it; returns at once. A failure arrives as ``command_failed``."""
    match action.action:
        case Action.RESTART_ENGINE:
            bridge.restart_engine()
        case Action.USE_PORT:
            bridge.change_settings({"port": action.target})
        case Action.LOAD:
            bridge.load(action.target)
        case Action.OPEN_FILE | Action.OPEN_FOLDER:
            QDesktopServices.openUrl(QUrl.fromLocalFile(action.target))
        case Action.OPEN_SETTINGS:
            bridge.view_requested.emit("settings", action.target)
        case Action.SHOW_LOG:
            bridge.view_requested.emit("log", "")
