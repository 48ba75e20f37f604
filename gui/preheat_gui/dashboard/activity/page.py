"""The activity page: requests in progress, requests that have ended, and why models were loaded and unloaded."""

from __future__ import annotations

from collections.abc import Hashable, Mapping, Sequence
from enum import StrEnum
from itertools import pairwise
from typing import Any, Final

from PySide6.QtCore import QSignalBlocker
from PySide6.QtWidgets import QButtonGroup, QComboBox, QPushButton, QSizePolicy

from preheat import control
from preheat.control import DecisionRecord, EngineSnapshot, RequestRecord
from preheat.errors import EngineError, UnsupportedOperationError
from preheat.units import natural_key
from preheat_gui.bridge import EngineBridge, SlowQuestion
from preheat_gui.dashboard.activity.ended import EndedFilter, EndedTable, EndedView
from preheat_gui.dashboard.activity.requests import RequestsTable, RequestsView
from preheat_gui.dashboard.activity.rows import DecisionsView, Kind, kind_words, make_rows
from preheat_gui.dashboard.page import DashboardPage
from preheat_gui.dashboard.tables import RowList
from preheat_gui.widgets import GAP, EmptyState, caption, hbox, named, stacked, timer
from preheat_gui.words import error_hint, error_text, error_title

_LIMIT: Final = 200
_PAUSE_S: Final = 2.0
_TICK_MS: Final = 1000
_KINDS: Final = (None, *Kind)


class Shown(StrEnum):
    """What the page lists. The values are stored between sessions."""

    DECISIONS = "decisions"
    REQUESTS = "requests"


class ActivityPage(DashboardPage):
    """The engine's activity."""

    def __init__(self, bridge: EngineBridge) -> None:
        super().__init__(bridge, "activity")
        self._requests = RequestsTable(self)
        self._requests_view = RequestsView(self._requests)
        self._no_requests = named(caption(self.tr("No requests in progress.")), "no_requests")
        self._shown = Shown.DECISIONS
        self._choice = QButtonGroup(self)
        self._decisions: Sequence[DecisionRecord] = ()
        self._rows = RowList(self)
        self._view = DecisionsView(self._rows)
        self._ended: Sequence[RequestRecord] = ()
        self._ended_table = EndedTable(self)
        self._ended_filter = EndedFilter(self._ended_table, self)
        self._ended_view = EndedView(self._ended_filter)
        self._kind = named(QComboBox(), "activity_kind", self.tr("Filter by kind"))
        self._model = named(QComboBox(), "activity_model", self.tr("Filter by model"))
        self._empty = named(EmptyState("", ""), "activity_empty")
        self._stack = stacked(self._view, self._ended_view, self._empty)
        self.focus_order = (self._view, self._ended_view, self._empty.button)
        self._error: EngineError | None = None
        self._answered: set[Shown] = set()
        self._asking: Mapping[Shown, SlowQuestion[Any]] = {
            Shown.DECISIONS: SlowQuestion(
                bridge,
                control.ListDecisions(_LIMIT),
                self._on_decisions,
                self,
                self._on_error,
                pause_s=_PAUSE_S,
                depends_on=_residency,
            ),
            Shown.REQUESTS: SlowQuestion(
                bridge,
                control.ListRequests(_LIMIT),
                self._on_ended,
                self,
                self._on_error,
                pause_s=_PAUSE_S,
                depends_on=_requests,
            ),
        }
        self._tick = timer(self, _TICK_MS, self._requests.tick, repeat=True)
        self._build()
        self._show(Shown.DECISIONS)

    def memory(self) -> dict[str, str]:
        kind = _KINDS[self._kind.currentIndex()]
        return {"activity_kind": "" if kind is None else kind.value, "activity_shown": self._shown.value}

    def remember(self, memory: Mapping[str, str]) -> None:
        if memory.get("activity_kind") in set(Kind):
            self._kind.setCurrentIndex(_KINDS.index(Kind(memory["activity_kind"])))
        if memory.get("activity_shown") in set(Shown):
            self._show(Shown(memory["activity_shown"]))

    def _build(self) -> None:
        texts = {Shown.DECISIONS: self.tr("Loads"), Shown.REQUESTS: self.tr("Requests")}
        tooltips = {
            Shown.DECISIONS: self.tr("What was loaded and unloaded, and why"),
            Shown.REQUESTS: self.tr("What was asked, and how much of each prompt was reused"),
        }
        buttons = hbox(spacing=GAP // 2)
        for number, shown in enumerate(Shown):
            button = named(QPushButton(texts[shown]), f"show_{shown.value}", tooltip=tooltips[shown])
            button.setCheckable(True)
            self._choice.addButton(button, number)
            buttons.addWidget(button)
        self._choice.idClicked.connect(self._on_choice)
        self._kind.addItems([kind_words(kind) for kind in _KINDS])
        self._model.addItem(self.tr("All models"), "")
        self._model.setSizeAdjustPolicy(QComboBox.SizeAdjustPolicy.AdjustToMinimumContentsLengthWithIcon)
        self._model.setMinimumContentsLength(18)
        self._model.setSizePolicy(QSizePolicy.Policy.Preferred, QSizePolicy.Policy.Fixed)
        self._kind.currentIndexChanged.connect(self._on_kind)
        self._model.currentIndexChanged.connect(self._filter)
        self._empty.clicked.connect(self._on_empty)
        head = (None, self._model, self._kind, buttons)
        self._lay_out(self.tr("Activity"), head, self._no_requests, self._requests_view, (self._stack, 1))
        order = (self._model, self._kind, *self._choice.buttons(), self._requests_view, self._view, self._ended_view)
        for before, after in pairwise(order):
            self.setTabOrder(before, after)

    def _on_choice(self, number: int) -> None:
        self._show(list(Shown)[number])
        self.memory_changed.emit()

    def _show(self, shown: Shown) -> None:
        if self._active:
            self._asking[self._shown].deactivate()
        self._shown = shown
        self._questions[:] = [self._asking[shown]]
        self._choice.button(list(Shown).index(shown)).setChecked(True)
        self._kind.setVisible(shown is Shown.DECISIONS)
        self._offer_models()
        self._show_state()
        if self._active:
            self._asking[shown].activate()

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
        self._decisions = answer.decisions
        self._take_answer(Shown.DECISIONS)

    def _on_ended(self, answer: control.RequestList) -> None:
        self._ended = answer.requests
        self._ended_table.show_items(self._ended)
        self._take_answer(Shown.REQUESTS)

    def _take_answer(self, shown: Shown) -> None:
        self._error = None
        self._answered.add(shown)
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
        self._ended_filter.set_model(model_id)
        self._show_state()

    def _on_empty(self) -> None:
        if self._listed:
            self._kind.setCurrentIndex(0)
            self._model.setCurrentIndex(0)
        elif self._shown is Shown.DECISIONS:
            self._bridge.ask(control.ListDecisions(_LIMIT), self._on_decisions, self._on_error)
        else:
            self._bridge.ask(control.ListRequests(_LIMIT), self._on_ended, self._on_error)

    @property
    def _listed(self) -> Sequence[DecisionRecord | RequestRecord]:
        return self._decisions if self._shown is Shown.DECISIONS else self._ended

    def _offer_models(self) -> None:
        """List the models in what is shown, and the chosen one."""
        chosen = self._model.currentData() or ""
        names = sorted({record.model_id for record in self._listed} | ({chosen} - {""}), key=natural_key)
        if names == [self._model.itemData(number) for number in range(1, self._model.count())]:
            return
        with QSignalBlocker(self._model):
            while self._model.count() > 1:
                self._model.removeItem(1)
            for name in names:
                self._model.addItem(name, name)
            self._model.setCurrentIndex(max(0, self._model.findData(chosen)))

    def _show_state(self) -> None:
        view: DecisionsView | EndedView = self._view if self._shown is Shown.DECISIONS else self._ended_view
        if view.model().rowCount():
            self._stack.setCurrentWidget(view)
            return
        self._stack.setCurrentWidget(self._empty)
        if self._listed:
            self._empty.set_words(
                self.tr("Nothing matches"), self.tr("No activity of this kind."), self.tr("&Show everything")
            )
        elif isinstance(self._error, UnsupportedOperationError):
            self._empty.set_words(error_title(self._error).rstrip("."), error_hint(self._error))
        elif self._error is not None:
            self._empty.set_words(self.tr("Activity is not available"), error_text(self._error), self.tr("&Try again"))
        elif self._shown not in self._answered:
            self._empty.set_words(self.tr("One moment"), self.tr("Preheat is reading its activity."))
        elif self._shown is Shown.DECISIONS:
            self._empty.set_words(
                self.tr("Nothing yet"), self.tr("Loads and unloads will appear here, with the reason.")
            )
        else:
            self._empty.set_words(
                self.tr("Nothing yet"), self.tr("Requests will appear here, with what was reused of their prompts.")
            )


def _residency(snapshot: EngineSnapshot) -> Hashable:
    """Return what changes with every decision."""
    states = tuple((model.model_id, model.state, model.load_s, model.error) for model in snapshot.models)
    return snapshot.started_at, snapshot.preload.preloads, states


def _requests(snapshot: EngineSnapshot) -> Hashable:
    """Return what changes with every request that ends."""
    return snapshot.started_at, snapshot.prompt_tokens, tuple(request.request_id for request in snapshot.requests)
