"""Offers the race of each request in a table: in its context menu, and by a double click or Enter."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING

from PySide6.QtCore import QCoreApplication, QObject, QPoint, Qt, Signal
from PySide6.QtWidgets import QAbstractItemView, QMenu
from shiboken6 import isValid

from preheat.control import ColdStart, GetColdStart, RequestRecord
from preheat_gui.dashboard.race.dialog import RaceDialog
from preheat_gui.dashboard.race.figures import NoRace, Race, figures_of_request, make_race
from preheat_gui.widgets import inform

if TYPE_CHECKING:
    from preheat_gui.bridge import EngineBridge


class RaceStarter(QObject):
    """Shows the race of the selected request, or says why there is none.

    Args:
        view: The table.
        record_at: Returns the request of a row of the table.
    """

    changed = Signal(bool)  # Whether one request is selected

    def __init__(
        self, bridge: EngineBridge, view: QAbstractItemView, record_at: Callable[[int], RequestRecord]
    ) -> None:
        super().__init__(view)
        self._bridge = bridge
        self._view = view
        self._record_at = record_at
        self._record: RequestRecord | None = None
        view.setContextMenuPolicy(Qt.ContextMenuPolicy.CustomContextMenu)
        view.customContextMenuRequested.connect(self._show_menu)
        view.activated.connect(self.start)
        view.selectionModel().selectionChanged.connect(self._on_selection)
        view.model().modelReset.connect(self._on_selection)

    def start(self) -> None:
        """Look up the cold start of the selected request's model."""
        if len(rows := self._rows()) == 1:
            self._record = self._record_at(rows[0])
            self._bridge.ask(GetColdStart(self._record.model_id), self._on_cold)

    def _on_selection(self) -> None:
        if not isValid(self._view):
            return  # its selection ends with it
        self.changed.emit(len(self._rows()) == 1)

    def _rows(self) -> list[int]:
        return [index.row() for index in self._view.selectionModel().selectedRows()]

    def _show_menu(self, at: QPoint) -> None:
        if not self._view.indexAt(at).isValid():
            return
        menu = QMenu(self._view)
        menu.setObjectName("request_menu")
        menu.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        menu.addAction(_tr("Show the &race"), self.start).setEnabled(len(self._rows()) == 1)
        menu.popup(self._view.viewport().mapToGlobal(at))

    def _on_cold(self, cold: ColdStart) -> None:
        record = self._record
        if record is None or record.model_id != cold.model_id:
            return
        self._record = None
        race = make_race(figures_of_request(record), cold)
        if isinstance(race, Race):
            RaceDialog(race, self._view.window()).open()
        else:
            inform(self._view.window(), "no_race", _tr("No race"), _refusal(race, cold.model_id))


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
