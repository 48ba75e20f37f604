"""The activity page: requests in progress, and why models were loaded and unloaded."""

from __future__ import annotations

from collections.abc import Hashable, Mapping, Sequence
from typing import Final

from PySide6.QtCore import QSignalBlocker
from PySide6.QtWidgets import QComboBox, QSizePolicy

from preheat import control
from preheat.control import DecisionRecord, EngineSnapshot
from preheat.errors import EngineError, UnsupportedOperationError
from preheat_gui.bridge import EngineBridge, SlowQuestion
from preheat_gui.dashboard.activity.requests import RequestsTable, RequestsView
from preheat_gui.dashboard.activity.rows import DecisionsView, Kind, kind_words, make_rows
from preheat_gui.dashboard.page import DashboardPage
from preheat_gui.dashboard.tables import RowList
from preheat_gui.widgets import EmptyState, caption, named, stacked, timer
from preheat_gui.words import error_hint, error_text, error_title

_LIMIT: Final = 200
_PAUSE_S: Final = 2.0
_TICK_MS: Final = 1000
_KINDS: Final = (None, *Kind)


class ActivityPage(DashboardPage):
    """The engine's activity."""

    def __init__(self, bridge: EngineBridge) -> None:
        super().__init__(bridge, "activity")
        self._requests = RequestsTable(self)
        self._requests_view = RequestsView(self._requests)
        self._no_requests = named(caption(self.tr("No requests in progress.")), "no_requests")
        self._decisions: Sequence[DecisionRecord] = ()
        self._rows = RowList(self)
        self._view = DecisionsView(self._rows)
        self._kind = named(QComboBox(), "activity_kind", self.tr("Filter by kind"))
        self._model = named(QComboBox(), "activity_model", self.tr("Filter by model"))
        self._empty = named(EmptyState("", ""), "activity_empty")
        self._stack = stacked(self._view, self._empty)
        self._error: EngineError | None = None
        self._answered = False
        self._questions.append(
            SlowQuestion(
                bridge,
                control.ListDecisions(_LIMIT),
                self._on_decisions,
                self,
                self._on_error,
                pause_s=_PAUSE_S,
                depends_on=_residency,
            )
        )
        self._tick = timer(self, _TICK_MS, self._requests.tick, repeat=True)
        self._build()
        self._show_state()

    def memory(self) -> dict[str, str]:
        kind = _KINDS[self._kind.currentIndex()]
        return {"activity_kind": "" if kind is None else kind.value}

    def remember(self, memory: Mapping[str, str]) -> None:
        if memory.get("activity_kind") in set(Kind):
            self._kind.setCurrentIndex(_KINDS.index(Kind(memory["activity_kind"])))

    def _build(self) -> None:
        self._kind.addItems([kind_words(kind) for kind in _KINDS])
        self._model.addItem(self.tr("All models"), "")
        self._model.setSizeAdjustPolicy(QComboBox.SizeAdjustPolicy.AdjustToMinimumContentsLengthWithIcon)
        self._model.setMinimumContentsLength(18)
        self._model.setSizePolicy(QSizePolicy.Policy.Preferred, QSizePolicy.Policy.Fixed)
        self._kind.currentIndexChanged.connect(self._on_kind)
        self._model.currentIndexChanged.connect(self._filter)
        self._empty.clicked.connect(self._on_empty)
        head = (None, self._model, self._kind)
        self._lay_out(self.tr("Activity"), head, self._no_requests, self._requests_view, (self._stack, 1))
        self.setTabOrder(self._model, self._kind)
        self.setTabOrder(self._kind, self._requests_view)
        self.setTabOrder(self._requests_view, self._view)

    def _on_deactivated(self) -> None:
        self._tick.stop()

    def _on_snapshot(self, snapshot: EngineSnapshot) -> None:
        self._requests.update(snapshot.requests)
        busy = bool(snapshot.requests)
        self._requests_view.setVisible(busy)
        self._no_requests.setVisible(not busy)
        if not busy:
            self._tick.stop()
        elif not self._tick.isActive():
            self._tick.start()

    def _on_decisions(self, answer: control.DecisionList) -> None:
        self._error, self._answered, self._decisions = None, True, answer.decisions
        self._offer_models()
        self._filter()

    def _on_error(self, error: EngineError) -> None:
        self._error = error
        self._show_state()

    def _on_kind(self) -> None:
        self._filter()
        self.memory_changed.emit()

    def _filter(self) -> None:
        kind, model_id = _KINDS[self._kind.currentIndex()], self._model.currentData() or ""
        self._rows.show(make_rows(self._decisions, kind, model_id))
        self._show_state()

    def _on_empty(self) -> None:
        if self._decisions:
            self._kind.setCurrentIndex(0)
            self._model.setCurrentIndex(0)
        else:
            self._bridge.ask(control.ListDecisions(_LIMIT), self._on_decisions, self._on_error)

    def _offer_models(self) -> None:
        """List the models in the decisions, and the chosen one."""
        chosen = self._model.currentData() or ""
        names = sorted({decision.model_id for decision in self._decisions} | ({chosen} - {""}))
        if names == [self._model.itemData(number) for number in range(1, self._model.count())]:
            return
        with QSignalBlocker(self._model):
            while self._model.count() > 1:
                self._model.removeItem(1)
            for name in names:
                self._model.addItem(name, name)
            self._model.setCurrentIndex(max(0, self._model.findData(chosen)))

    def _show_state(self) -> None:
        if self._rows.rowCount():
            self._stack.setCurrentWidget(self._view)
            return
        self._stack.setCurrentWidget(self._empty)
        if self._decisions:
            self._empty.set_words(
                self.tr("Nothing matches"), self.tr("No activity of this kind."), self.tr("&Show everything")
            )
        elif isinstance(self._error, UnsupportedOperationError):
            self._empty.set_words(error_title(self._error).rstrip("."), error_hint(self._error))
        elif self._error is not None:
            self._empty.set_words(self.tr("Activity is not available"), error_text(self._error), self.tr("&Try again"))
        elif self._answered:
            self._empty.set_words(
                self.tr("Nothing yet"), self.tr("Loads and unloads will appear here, with the reason.")
            )
        else:
            self._empty.set_words(self.tr("One moment"), self.tr("Preheat is reading its activity."))


def _residency(snapshot: EngineSnapshot) -> Hashable:
    """Return what changes with every decision."""
    states = tuple((model.model_id, model.state, model.load_s, model.error) for model in snapshot.models)
    return snapshot.started_at, snapshot.preload.preloads, states
