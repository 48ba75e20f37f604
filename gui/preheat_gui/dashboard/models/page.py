"""The models page: table, filters, and details of the selected model."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

from PySide6.QtCore import QPoint, Qt
from PySide6.QtWidgets import QComboBox, QLabel

from preheat import control
from preheat.control import EngineSnapshot, StatsReport
from preheat_gui.bridge import EngineBridge, SlowQuestion
from preheat_gui.dashboard.models.actions import ModelActions, ModelDeletion
from preheat_gui.dashboard.models.broken import BrokenFilesRow
from preheat_gui.dashboard.models.details import ModelDetails
from preheat_gui.dashboard.models.table import Column, ModelsFilter, ModelsTable, Show, show_words
from preheat_gui.dashboard.models.view import ModelsView
from preheat_gui.dashboard.page import DashboardPage
from preheat_gui.widgets import Banner, EmptyState, SearchBox, named, set_role, stacked, timer
from preheat_gui.words import format_number, lacking_words, raised_limit

_AGES_MS: Final = 30_000  # How often "2 min ago" is updated while the page is shown


class ModelsPage(DashboardPage):
    """All known models."""

    def __init__(self, bridge: EngineBridge) -> None:
        super().__init__(bridge, "models")
        self._wanted: str | None = None
        self._table = ModelsTable(bridge.snapshot, self)
        self._filter = ModelsFilter(self._table, self)
        self._view = ModelsView(self._filter, bridge.signs)
        self._actions = ModelActions(bridge, self._view)
        self._deletion = ModelDeletion(bridge, self)
        self._lacking = named(Banner(), "favourites_without_room")
        self._raised = ""  # The limit with which every favourite has room
        self._broken = BrokenFilesRow(bridge)
        self._details = ModelDetails(bridge, self._actions)
        self._ages = timer(self, _AGES_MS, self._table.refresh_ages, repeat=True)
        tooltip = self.tr("Show only models with all these words in their name (Ctrl+F)")
        self._search = SearchBox(self, "models_filter", self.tr("Filter by name"), tooltip)
        self._show = named(QComboBox(), "models_show", self.tr("Filter by state"))
        self._count = QLabel()
        self._empty = named(EmptyState("", ""), "models_empty")
        self._none_match = EmptyState(
            self.tr("No model matches"), self.tr("No model has this name and state."), self.tr("Show all models")
        )
        self.focus_order = (self._view, self._none_match.button, self._empty.button)
        self._stack = stacked(self._view, self._empty, named(self._none_match, "models_none_match"))
        self._live += [(bridge.opened, self._show_counts)]
        self._questions.append(SlowQuestion(bridge, control.GetStats("7d"), self._on_stats, self))
        self._build()
        self._connect()

    def open_model(self, model_id: str) -> None:
        """Select a model and scroll to it once it is known; filters that hide it are cleared."""
        self._wanted = model_id
        self._select_wanted()

    def memory(self) -> dict[str, str]:
        return {
            "models_show": self._filter.show.value,
            "models_sort": str(self._filter.sortColumn()),
            "models_descending": str(int(self._filter.sortOrder() is Qt.SortOrder.DescendingOrder)),
        }

    def remember(self, memory: Mapping[str, str]) -> None:
        if memory.get("models_show") in set(Show):
            self._show.setCurrentIndex(self._show.findData(Show(memory["models_show"])))
        sort = memory.get("models_sort", "")
        if sort.isdecimal() and int(sort) in set(Column):
            descending = memory.get("models_descending") == "1"
            order = Qt.SortOrder.DescendingOrder if descending else Qt.SortOrder.AscendingOrder
            self._view.sortByColumn(int(sort), order)

    def _build(self) -> None:
        self._search.setMinimumWidth(120)
        self._search.setMaximumWidth(280)
        for show in Show:
            self._show.addItem(show_words(show), show)
        set_role(self._count, "muted")
        head = (self._count, (None, 1), (self._search, 2), self._show)
        self._lay_out(self.tr("Models"), head, self._lacking, (self._stack, 1), self._broken, self._details)
        self.setTabOrder(self._search, self._show)
        self.setTabOrder(self._show, self._view)

    def _connect(self) -> None:
        self._search.textChanged.connect(self._on_search)
        self._search.returnPressed.connect(self._view.setFocus)
        self._show.currentIndexChanged.connect(self._on_show)
        self._none_match.clicked.connect(self._show_all)
        self._empty.clicked.connect(self._get_model)
        self._lacking.clicked.connect(self._raise_limit)
        self._view.star_clicked.connect(self._actions.toggle_favourite)
        self._view.customContextMenuRequested.connect(self._on_menu)
        self._view.selectionModel().selectionChanged.connect(self._follow_selection)
        self._view.horizontalHeader().sortIndicatorChanged.connect(self.memory_changed)
        self._actions.settings_requested.connect(self._open_settings)
        self._actions.delete_requested.connect(self._deletion.begin)

    def _on_activated(self) -> None:
        self._table.refresh_ages()
        self._ages.start()
        super()._on_activated()

    def _on_deactivated(self) -> None:
        self._details.stop()
        self._ages.stop()

    def _on_snapshot(self, snapshot: EngineSnapshot) -> None:
        self._table.update(snapshot)
        self._broken.show_files(snapshot.broken_files)
        self._show_lacking(snapshot)
        self._select_wanted()
        self._follow_selection()
        self._show_counts()

    def _show_lacking(self, snapshot: EngineSnapshot) -> None:
        text, bridge = lacking_words(snapshot), self._bridge
        setting = "" if bridge.why_fixed("memory_limit") else str(bridge.settings.memory_limit)
        self._raised = raised_limit(snapshot.favourites_bytes, snapshot.memory, setting)
        if text:
            self._lacking.show_problem(text, self.tr("&Raise the limit") if self._raised else None)
        else:
            self._lacking.hide()

    def _raise_limit(self) -> None:
        self._bridge.view_requested.emit("settings", f"memory_limit={self._raised}")

    def _on_stats(self, stats: StatsReport) -> None:
        self._table.set_figures(stats.models)

    def _on_search(self, text: str) -> None:
        self._filter.set_text(text)
        self._show_counts()

    def _on_show(self) -> None:
        self._filter.set_show(Show(self._show.currentData()))  # Qt keeps it as plain text
        self._show_counts()
        self.memory_changed.emit()

    def _show_all(self) -> None:
        self._search.clear()
        self._show.setCurrentIndex(0)
        self._view.setFocus()

    def _on_menu(self, at: QPoint) -> None:
        if self._view.selected():
            menu = self._actions.menu(self)
            menu.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
            menu.popup(self._view.viewport().mapToGlobal(at))

    def _open_settings(self, model_id: str) -> None:
        # Imported on use: most sessions never open it.
        from preheat_gui.settings_dialog.model_dialog import ModelSettingsDialog

        dialog = ModelSettingsDialog(self._bridge, model_id, self)
        dialog.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        dialog.open()

    def _get_model(self) -> None:
        self.page_requested.emit("downloads", "")

    def _follow_selection(self) -> None:
        selected = self._view.selected()
        self._actions.show_for(selected)
        self._details.show_models(selected)

    def _select_wanted(self) -> None:
        row = self._table.row_of(self._wanted) if self._wanted is not None else None
        if row is None:
            return
        self._wanted = None
        index = self._table.index(row, 0)
        if not self._filter.mapFromSource(index).isValid():
            self._show_all()
        self._view.select_model(self._filter.mapFromSource(index).row())

    def _show_counts(self) -> None:
        known, shown = self._table.rowCount(), self._filter.rowCount()
        self._stack.setCurrentWidget(self._view if shown else self._none_match if known else self._empty)
        self._details.setVisible(known > 0)
        count = format_number(known) if known else ""
        if shown != known:
            count = self.tr("{shown} of {known}").format(shown=format_number(shown), known=count)
        self._count.setText(count)
        if known:
            return
        if self._bridge.is_open:
            sentence = self.tr("Download a model, or drop GGUF files here.")
            self._empty.set_words(self.tr("No models yet"), sentence, self.tr("&Download a model"))
        else:
            self._empty.set_words(self.tr("One moment"), self.tr("Preheat is looking for models."))
