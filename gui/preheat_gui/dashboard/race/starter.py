"""Offers the race of each request in a table: in its context menu, and by a double click or Enter."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING

from PySide6.QtCore import QCoreApplication, QObject, QPoint, Qt, Signal
from PySide6.QtWidgets import QAbstractItemView, QMenu
from shiboken6 import isValid

from preheat.control import ColdStart, GetColdStart, RequestRecord
from preheat_gui.dashboard.race.dialog import RaceDialog
from preheat_gui.dashboard.race.figures import NoRace, Race, figures_of_request, make_race, race_words
from preheat_gui.widgets import inform

if TYPE_CHECKING:
    from preheat_gui.bridge import EngineBridge


class RaceStarter(QObject):
    """Compares the selected request with a cold start of its model, and shows the race.

    Args:
        view: The table.
        record_at: Returns the request of a row of the table.
    """

    judged = Signal(str, bool)  # The comparison in words, and whether there is a race; empty without a selected request

    def __init__(
        self, bridge: EngineBridge, view: QAbstractItemView, record_at: Callable[[int], RequestRecord]
    ) -> None:
        super().__init__(view)
        self._bridge = bridge
        self._view = view
        self._record_at = record_at
        self._cold: dict[str, ColdStart] = {}  # By model, until there are other requests
        view.setContextMenuPolicy(Qt.ContextMenuPolicy.CustomContextMenu)
        view.customContextMenuRequested.connect(self._show_menu)
        view.activated.connect(self.start)
        view.selectionModel().selectionChanged.connect(self._judge)
        view.model().modelReset.connect(self._forget)
        view.model().rowsInserted.connect(self._forget)

    def start(self) -> None:
        """Show the race of the selected request, or say why there is none."""
        record = self._selected()
        outcome = self._outcome(record) if record is not None else None
        if isinstance(outcome, Race):
            RaceDialog(outcome, self._bridge.signs, self._view.window()).open()
        elif record is not None and outcome is not None:
            inform(self._view.window(), "no_race", _tr("No race"), _refusal(outcome, record.model_id))

    def _selected(self) -> RequestRecord | None:
        """Return the only selected request."""
        rows = [index.row() for index in self._view.selectionModel().selectedRows()]
        return self._record_at(rows[0]) if len(rows) == 1 else None

    def _outcome(self, record: RequestRecord) -> Race | NoRace | None:
        """Return the race of a request; None while the figures of its model are not there."""
        cold = self._cold.get(record.model_id)
        return None if cold is None else make_race(figures_of_request(record), cold)

    def _judge(self) -> None:
        if not isValid(self._view):
            return  # its selection ends with it
        record = self._selected()
        if record is None:
            self.judged.emit("", False)
            return
        outcome = self._outcome(record)
        if outcome is None:
            self._bridge.ask(GetColdStart(record.model_id), self._on_cold)
        elif isinstance(outcome, Race):
            words = race_words(outcome)
            self.judged.emit(words[:1].upper() + words[1:] + ".", True)
        else:
            self.judged.emit(_refusal(outcome, record.model_id), False)

    def _on_cold(self, cold: ColdStart) -> None:
        self._cold[cold.model_id] = cold
        record = self._selected()
        if record is not None and record.model_id == cold.model_id:
            self._judge()

    def _forget(self) -> None:
        self._cold.clear()
        self._judge()

    def _show_menu(self, at: QPoint) -> None:
        if not self._view.indexAt(at).isValid():
            return
        menu = QMenu(self._view)
        menu.setObjectName("request_menu")
        menu.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        menu.addAction(_tr("Show the &race"), self.start).setEnabled(self._selected() is not None)
        menu.popup(self._view.viewport().mapToGlobal(at))


def _refusal(reason: NoRace, model_id: str) -> str:
    match reason:
        case NoRace.WAITED:
            return _tr("This request waited until its model was loaded.")
        case NoRace.NO_WORD:
            return _tr("This request has no first word: its answer is a vector, or it failed.")
        case NoRace.NEVER_LOADED:
            return _tr("No load of {model} was measured yet.").format(model=model_id)


def _tr(text: str) -> str:
    return QCoreApplication.translate("Race", text)
