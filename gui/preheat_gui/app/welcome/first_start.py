"""Which welcome a first start gets. GUI thread."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial

from PySide6.QtCore import QObject, Qt
from PySide6.QtWidgets import QWidget

from preheat.control import EngineSnapshot
from preheat_gui.app.arrivals import FavouritesOnArrival
from preheat_gui.app.welcome.dialog import Reason, WelcomeDialog, included_chat_model, own_models, reason_to_welcome
from preheat_gui.app.welcome.found import FoundModels
from preheat_gui.app.welcome.suggestions import WelcomeSuggestions
from preheat_gui.bridge import EngineBridge
from preheat_gui.widgets import WindowState
from preheat_gui.words import model_of


def make_welcome(
    bridge: EngineBridge, state: WindowState, arrivals: FavouritesOnArrival, parent: Callable[[], QWidget]
) -> WelcomeDialog | None:
    """Return the dialog, which deletes itself; None if the user needs none, or cannot choose favourites."""
    reason = reason_to_welcome(bridge.snapshot, state)
    if reason is None or (reason is Reason.MODELS_FOUND and "favourites" in bridge.overridden):
        return None
    dialog = WelcomeDialog(state, parent(), folder=bridge.settings.own_models_dir)
    dialog.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
    if reason is Reason.MODELS_FOUND:
        _show_found(bridge, dialog)
        return dialog
    model_id = included_chat_model(bridge.snapshot)
    if model_id:
        dialog.set_included(model_id)
    suggestions = WelcomeSuggestions(bridge)
    suggestions.download_started.connect(arrivals.expect)
    suggestions.download_started.connect(dialog.offer_done)
    suggestions.try_requested.connect(dialog.open_try)
    dialog.finished.connect(partial(_show_downloads, dialog, suggestions))
    dialog.set_suggestions(suggestions)
    _LateModels(bridge, dialog, suggestions)
    return dialog


def _show_found(bridge: EngineBridge, dialog: WelcomeDialog) -> None:
    models = FoundModels(bridge)
    dialog.accepted.connect(models.commit)
    dialog.set_found(models, len(bridge.snapshot.models))


def _show_downloads(dialog: WelcomeDialog, suggestions: WelcomeSuggestions, _result: int) -> None:
    """Show where the downloads go on."""
    if suggestions.is_downloading:
        dialog.view_requested.emit("downloads")


class _LateModels(QObject):
    """Shows the models that the user puts into the folder while the dialog is open."""

    def __init__(self, bridge: EngineBridge, dialog: WelcomeDialog, suggestions: WelcomeSuggestions) -> None:
        super().__init__(dialog)
        self._bridge = bridge
        self._dialog = dialog
        self._suggestions = suggestions
        bridge.snapshot_changed.connect(self._on_snapshot)

    def _on_snapshot(self, snapshot: EngineSnapshot) -> None:
        downloaded = {model_of(each, snapshot) for each in snapshot.downloads}
        if all(model in downloaded for model in own_models(snapshot)):
            return
        self._bridge.snapshot_changed.disconnect(self._on_snapshot)
        self._suggestions.setVisible(self._suggestions.is_downloading)
        _show_found(self._bridge, self._dialog)
        self._dialog.offer_done()
