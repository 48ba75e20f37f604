"""The page of models: table, filters, and a strip for the selected one."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Final

from PySide6.QtCore import QPoint, Qt, QTimer, Signal
from PySide6.QtGui import QKeySequence, QShortcut
from PySide6.QtWidgets import QComboBox, QHBoxLayout, QLabel, QLineEdit, QStackedWidget, QVBoxLayout, QWidget

from preheat import control
from preheat.core.snapshot import EngineSnapshot
from preheat_gui.bridge import EngineBridge
from preheat_gui.dashboard.following_page import FollowingPage
from preheat_gui.dashboard.models.actions import ModelActions
from preheat_gui.dashboard.models.cells import Column, ModelFigures
from preheat_gui.dashboard.models.deletion import ModelDeletion
from preheat_gui.dashboard.models.details import ModelDetails
from preheat_gui.dashboard.models.filter import ModelsFilter, Show, show_words
from preheat_gui.dashboard.models.table import ModelsTable
from preheat_gui.dashboard.models.view import ModelsView
from preheat_gui.dashboard.slow_question import SlowQuestion
from preheat_gui.widgets import GAP, GROUP_GAP, EmptyState, Token, heading, set_role, symbol
from preheat_gui.words import format_number

if TYPE_CHECKING:
    from preheat.control import EngineSession, Figures, StatsReport

_AGES_MS: Final = 30_000
"""How often "2 min ago" is looked at, while the page is shown."""


class ModelsPage(FollowingPage):
    """All known models. Polls nothing while it is not shown.

    Attributes:
        memory_changed: Filter or order were changed by the user; ``memory()`` has them.
        page_requested: The user wants another page, and a model on it (its key, a model_id).
    """

    memory_changed = Signal()
    page_requested = Signal(str, str)

    def __init__(self, bridge: EngineBridge, parent: QWidget | None = None) -> None:
        super().__init__(bridge, parent)
        self.setObjectName("models_page")
        self._wanted: str | None = None
        self._table = ModelsTable(bridge.snapshot, self._context_length, self)
        self._filter = ModelsFilter(self._table, self)
        self._view = ModelsView(self._filter)
        self._actions = ModelActions(bridge, self._view)
        self._deletion = ModelDeletion(bridge, self)
        self._details = ModelDetails(bridge, self._actions)
        self._figures = SlowQuestion(bridge, _ask_stats, self._on_stats, self)
        self._ages = QTimer(self)
        self._ages.setInterval(_AGES_MS)
        self._ages.timeout.connect(self._table.refresh_ages)
        self._count = QLabel()
        self._search = QLineEdit()
        self._show = QComboBox()
        self._empty = EmptyState("", "")
        self._none_match = EmptyState(
            self.tr("No model matches"), self.tr("Nothing has such a name and state."), self.tr("Show all models")
        )
        self._stack = QStackedWidget()
        self._build()
        self._connect()

    # -- the window's -------------------------------------------------------------------------------------------------

    def _follow(self) -> None:
        self._bridge.settings_changed.connect(self._on_settings)
        self._bridge.opened.connect(self._on_opened)
        self._table.refresh_ages()
        super()._follow()
        self._figures.activate()
        self._ages.start()

    def _rest(self) -> None:
        super()._rest()
        self._bridge.settings_changed.disconnect(self._on_settings)
        self._bridge.opened.disconnect(self._on_opened)
        self._figures.deactivate()
        self._details.stop()
        self._ages.stop()

    def open_model(self, model_id: str) -> None:
        """Select a model and scroll to it, once it is known; filters that hide it are taken off."""
        self._wanted = model_id
        self._select_wanted()

    def memory(self) -> dict[str, str]:
        """Return what a later window should begin with."""
        return {
            "models_show": self._filter.show.value,
            "models_sort": str(self._filter.sortColumn()),
            "models_descending": str(int(self._filter.sortOrder() is Qt.SortOrder.DescendingOrder)),
        }

    def remember(self, memory: Mapping[str, str]) -> None:
        """Begin with this; what is missing or nonsense is left out."""
        if memory.get("models_show") in set(Show):
            self._show.setCurrentIndex(self._show.findData(Show(memory["models_show"])))
        sort = memory.get("models_sort", "")
        if sort.isdecimal() and int(sort) in set(Column):
            descending = memory.get("models_descending") == "1"
            order = Qt.SortOrder.DescendingOrder if descending else Qt.SortOrder.AscendingOrder
            self._view.sortByColumn(int(sort), order)

    # -- layout -------------------------------------------------------------------------------------------------------

    def _build(self) -> None:
        self._search.setObjectName("models_filter")
        self._search.setPlaceholderText(self.tr("Filter by name"))
        self._search.setAccessibleName(self.tr("Filter by name"))
        self._search.setToolTip(self.tr("Show only models whose name has all these words (Ctrl+F)"))
        self._search.setClearButtonEnabled(True)
        self._search.addAction(symbol("search", Token.MUTED), QLineEdit.ActionPosition.LeadingPosition)
        self._search.setMinimumWidth(120)
        self._search.setMaximumWidth(280)
        self._show.setObjectName("models_show")
        self._show.setAccessibleName(self.tr("Filter by state"))
        for show in Show:
            self._show.addItem(show_words(show), show)
        set_role(self._count, "muted")
        top = QHBoxLayout()
        top.setSpacing(GAP)
        top.addWidget(heading(self.tr("Models")))
        top.addWidget(self._count)
        top.addStretch(1)
        top.addWidget(self._search, 2)
        top.addWidget(self._show)
        self._empty.setObjectName("models_empty")
        self._none_match.setObjectName("models_none_match")
        for page in (self._view, self._empty, self._none_match):
            self._stack.addWidget(page)
        layout = QVBoxLayout(self)
        layout.setContentsMargins(0, 0, 0, 0)
        layout.setSpacing(GROUP_GAP)
        layout.addLayout(top)
        layout.addWidget(self._stack, 1)
        layout.addWidget(self._details)
        self.setTabOrder(self._search, self._show)
        self.setTabOrder(self._show, self._view)

    def _connect(self) -> None:
        self._search.textChanged.connect(self._on_search)
        self._search.returnPressed.connect(self._view.setFocus)
        self._show.currentIndexChanged.connect(self._on_show)
        self._none_match.clicked.connect(self._show_all)
        self._empty.clicked.connect(self._get_model)
        self._view.star_clicked.connect(self._actions.toggle_favourite)
        self._view.customContextMenuRequested.connect(self._on_menu)
        self._view.selectionModel().selectionChanged.connect(self._follow_selection)
        self._view.horizontalHeader().sortIndicatorChanged.connect(self.memory_changed)
        self._actions.settings_asked.connect(self._open_settings)
        self._actions.delete_asked.connect(self._deletion.begin)
        find = QShortcut(QKeySequence(QKeySequence.StandardKey.Find), self)
        find.setContext(Qt.ShortcutContext.WidgetWithChildrenShortcut)
        find.activated.connect(self._on_find)

    # -- what happens -------------------------------------------------------------------------------------------------

    def _on_snapshot(self, snapshot: EngineSnapshot) -> None:
        self._table.update(snapshot)
        self._select_wanted()
        self._follow_selection()
        self._show_counts()

    def _on_opened(self) -> None:
        self._show_counts()

    def _on_settings(self, _settings: object) -> None:
        self._table.refresh_settings()

    def _on_stats(self, stats: StatsReport) -> None:
        self._table.set_figures({name: _figures(values) for name, values in stats.models.items()})

    def _on_search(self, text: str) -> None:
        self._filter.set_text(text)
        self._show_counts()

    def _on_show(self) -> None:
        self._filter.set_show(Show(self._show.currentData()))  # Qt keeps it as plain text
        self._show_counts()
        self.memory_changed.emit()

    def _on_find(self) -> None:
        self._search.setFocus(Qt.FocusReason.ShortcutFocusReason)
        self._search.selectAll()

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
        # Most windows never ask for it.
        from preheat_gui.settings_dialog.model_dialog import ModelSettingsDialog

        dialog = ModelSettingsDialog(self._bridge, model_id, self)
        dialog.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        dialog.open()

    def _get_model(self) -> None:
        self.page_requested.emit("downloads", "")

    # -- what is shown ------------------------------------------------------------------------------------------------

    def _follow_selection(self) -> None:
        selected = self._view.selected()
        self._actions.show_for(selected)
        self._details.show_for(selected)

    def _select_wanted(self) -> None:
        row = self._table.row_of(self._wanted) if self._wanted is not None else None
        if row is None:
            return
        self._wanted = None
        if not self._filter.mapFromSource(self._table.index(row, 0)).isValid():
            self._show_all()
        self._view.select_model(self._filter.mapFromSource(self._table.index(row, 0)).row())

    def _show_counts(self) -> None:
        known, shown = self._table.rowCount(), self._filter.rowCount()
        self._stack.setCurrentWidget(self._view if shown else self._none_match if known else self._empty)
        self._details.setVisible(known > 0)
        if not known:
            self._say_empty()
            self._count.setText("")
        elif shown == known:
            self._count.setText(format_number(known))
        else:
            self._count.setText(
                self.tr("{shown} of {known}").format(shown=format_number(shown), known=format_number(known))
            )

    def _say_empty(self) -> None:
        if self._bridge.is_open:
            sentence = self.tr("Download one, or drop GGUF files on this window.")
            self._empty.set_words(self.tr("No models yet"), sentence, self.tr("&Get a model"))
        else:
            self._empty.set_words(self.tr("One moment"), self.tr("Preheat is looking for models."))

    def _context_length(self, model_id: str) -> int | None:
        return self._bridge.settings.for_model(model_id).context_length


def _ask_stats(session: EngineSession) -> StatsReport:
    return session.call(control.GetStats("7d"))


def _figures(figures: Figures) -> ModelFigures:
    return ModelFigures(figures.last_week.requests, figures.last_week.hits, figures.load.median_s)
