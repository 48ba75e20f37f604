"""Which welcome a first start gets. GUI thread."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial

from PySide6.QtCore import Qt
from PySide6.QtWidgets import QWidget

from preheat_gui.app.arrivals import FavouritesOnArrival
from preheat_gui.app.welcome.dialog import Reason, WelcomeDialog, included_chat_model, reason_to_welcome
from preheat_gui.app.welcome.found import FoundModels
from preheat_gui.app.welcome.suggestions import WelcomeSuggestions
from preheat_gui.bridge import EngineBridge
from preheat_gui.widgets import WindowState


def make_welcome(
    bridge: EngineBridge, state: WindowState, arrivals: FavouritesOnArrival, parent: Callable[[], QWidget]
) -> WelcomeDialog | None:
    """Return the dialog, which deletes itself; None if the user needs none."""
    reason = reason_to_welcome(bridge.snapshot, state)
    if reason is None:
        return None
    found = len(bridge.snapshot.models) if reason is Reason.MODELS_FOUND else 0
    dialog = WelcomeDialog(state, parent(), found=found, folder=bridge.settings.own_models_dir)
    dialog.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
    if found:
        dialog.add(FoundModels(bridge))
        return dialog
    model_id = included_chat_model(bridge.snapshot)
    if model_id:
        dialog.set_included(model_id)
    suggestions = WelcomeSuggestions(bridge)
    suggestions.download_started.connect(arrivals.expect)
    suggestions.try_requested.connect(dialog.open_try)
    dialog.finished.connect(partial(_show_downloads, dialog, suggestions))
    dialog.set_suggestions(suggestions)
    return dialog


def _show_downloads(dialog: WelcomeDialog, suggestions: WelcomeSuggestions, _result: int) -> None:
    """Show where the downloads go on."""
    if suggestions.is_downloading:
        dialog.view_requested.emit("downloads")
