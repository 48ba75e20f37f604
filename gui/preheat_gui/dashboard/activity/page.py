"""The page of activity: which requests are being answered, and what was loaded and unloaded, and why."""

from __future__ import annotations

from collections.abc import Hashable, Mapping, Sequence
from typing import TYPE_CHECKING, Final

from PySide6.QtCore import QTimer, Signal
from PySide6.QtWidgets import QComboBox, QHBoxLayout, QSizePolicy, QStackedWidget, QVBoxLayout, QWidget

from preheat import control
from preheat.core.snapshot import EngineSnapshot
from preheat.errors import EngineError, UnsupportedOperationError
from preheat.residency.decisions import DecisionRecord
from preheat_gui.bridge import EngineBridge
from preheat_gui.dashboard.activity.list import ActivityList
from preheat_gui.dashboard.activity.requests_table import RequestsTable
from preheat_gui.dashboard.activity.requests_view import RequestsView
from preheat_gui.dashboard.activity.rows import Kind, kind_words
from preheat_gui.dashboard.activity.view import ActivityView
from preheat_gui.dashboard.following_page import FollowingPage
from preheat_gui.dashboard.slow_question import SlowQuestion
from preheat_gui.widgets import GAP, GROUP_GAP, EmptyState, caption, heading
from preheat_gui.words import sentence

if TYPE_CHECKING:
    from preheat.control import EngineSession

_LIMIT: Final = 200
_PAUSE_S: Final = 2.0
_TICK_MS: Final = 1000
_KINDS: Final = (None, *Kind)


class ActivityPage(FollowingPage):
    """What the engine does and has done. Asks nothing while it is not shown.

    Attributes:
        memory_changed: The user chose another kind; ``memory()`` has it.
    """

    memory_changed = Signal()

    def __init__(self, bridge: EngineBridge, parent: QWidget | None = None) -> None:
        super().__init__(bridge, parent)
        self.setObjectName("activity_page")
        self._requests = RequestsTable(self)
        self._requests_view = RequestsView(self._requests)
        self._no_requests = caption(self.tr("No requests now. Programs appear here while they are answered."))
        self._list = ActivityList(self)
        self._view = ActivityView(self._list)
        self._kind = QComboBox()
        self._model = QComboBox()
        self._empty = EmptyState("", "")
        self._stack = QStackedWidget()
        self._error: EngineError | None = None
        self._answered = False
        self._question = self._new_question()
        self._tick = QTimer(self)
        self._tick.setInterval(_TICK_MS)
        self._tick.timeout.connect(self._requests.tick)
        self._build()
        self._show_state()

    # -- the window's -------------------------------------------------------------------------------------------------

    def _follow(self) -> None:
        super()._follow()
        self._question.activate()

    def _rest(self) -> None:
        super()._rest()
        self._question.deactivate()
        self._tick.stop()

    def memory(self) -> dict[str, str]:
        """Return what a later window should begin with."""
        kind = _KINDS[self._kind.currentIndex()]
        return {"activity_kind": "" if kind is None else kind.value}

    def remember(self, memory: Mapping[str, str]) -> None:
        """Begin with this; what is missing or nonsense is left out."""
        if memory.get("activity_kind") in set(Kind):
            self._kind.setCurrentIndex(_KINDS.index(Kind(memory["activity_kind"])))

    # -- layout -------------------------------------------------------------------------------------------------------

    def _build(self) -> None:
        self._kind.setObjectName("activity_kind")
        self._kind.setAccessibleName(self.tr("Filter by what was done"))
        self._kind.addItems([kind_words(kind) for kind in _KINDS])
        self._model.setObjectName("activity_model")
        self._model.setAccessibleName(self.tr("Filter by model"))
        self._model.addItem(self.tr("All models"), "")
        self._model.setSizeAdjustPolicy(QComboBox.SizeAdjustPolicy.AdjustToMinimumContentsLengthWithIcon)
        self._model.setMinimumContentsLength(18)
        self._model.setSizePolicy(QSizePolicy.Policy.Preferred, QSizePolicy.Policy.Fixed)
        self._no_requests.setObjectName("no_requests")
        self._empty.setObjectName("activity_empty")
        self._kind.currentIndexChanged.connect(self._on_kind)
        self._model.currentIndexChanged.connect(self._filter)
        self._empty.clicked.connect(self._on_empty)
        top = QHBoxLayout()
        top.setSpacing(GAP)
        top.addWidget(heading(self.tr("Activity")))
        top.addStretch(1)
        top.addWidget(self._model)
        top.addWidget(self._kind)
        self._stack.addWidget(self._view)
        self._stack.addWidget(self._empty)
        layout = QVBoxLayout(self)
        layout.setContentsMargins(0, 0, 0, 0)
        layout.setSpacing(GROUP_GAP)
        layout.addLayout(top)
        layout.addWidget(self._no_requests)
        layout.addWidget(self._requests_view)
        layout.addWidget(self._stack, 1)
        self.setTabOrder(self._model, self._kind)
        self.setTabOrder(self._kind, self._requests_view)
        self.setTabOrder(self._requests_view, self._view)

    # -- what happens -------------------------------------------------------------------------------------------------

    def _new_question(self) -> SlowQuestion[tuple[DecisionRecord, ...]]:
        return SlowQuestion(
            self._bridge,
            _ask_decisions,
            self._on_decisions,
            self,
            self._on_error,
            pause_s=_PAUSE_S,
            depends_on=_residency,
        )

    def _on_snapshot(self, snapshot: EngineSnapshot) -> None:
        self._requests.update(snapshot.requests)
        busy = bool(snapshot.requests)
        self._requests_view.setVisible(busy)
        self._no_requests.setVisible(not busy)
        if busy and not self._tick.isActive():
            self._tick.start()
        elif not busy:
            self._tick.stop()

    def _on_decisions(self, decisions: Sequence[DecisionRecord]) -> None:
        self._error, self._answered = None, True
        self._offer_models(decisions)
        self._list.show(decisions)
        self._show_state()

    def _on_error(self, error: EngineError) -> None:
        self._error = error
        self._show_state()

    def _on_kind(self) -> None:
        self._filter()
        self.memory_changed.emit()

    def _filter(self) -> None:
        self._list.set_filter(_KINDS[self._kind.currentIndex()], self._model.currentData() or "")
        self._show_state()

    def _on_empty(self) -> None:
        if self._list.decisions:
            self._kind.setCurrentIndex(0)
            self._model.setCurrentIndex(0)
        else:
            self._bridge.ask(_ask_decisions, self._on_decisions, self._on_error)

    def _offer_models(self, decisions: Sequence[DecisionRecord]) -> None:
        """List the models that something was done about, and the one that is chosen."""
        chosen = self._model.currentData() or ""
        names = sorted({decision.model_id for decision in decisions} | ({chosen} - {""}))
        if names == [self._model.itemData(row) for row in range(1, self._model.count())]:
            return
        self._model.blockSignals(True)
        while self._model.count() > 1:
            self._model.removeItem(1)
        for name in names:
            self._model.addItem(name, name)
        self._model.setCurrentIndex(max(0, self._model.findData(chosen)))
        self._model.blockSignals(False)

    def _show_state(self) -> None:
        if self._list.rowCount():
            self._stack.setCurrentWidget(self._view)
            return
        self._stack.setCurrentWidget(self._empty)
        if self._list.decisions:
            self._empty.set_words(
                self.tr("Nothing matches"), self.tr("Nothing of this kind was done."), self.tr("&Show everything")
            )
        elif isinstance(self._error, UnsupportedOperationError):
            self._empty.set_words(sentence(self._error.title).rstrip("."), sentence(self._error.hint))
        elif self._error is not None:
            self._empty.set_words(
                self.tr("This could not be read"),
                f"{sentence(self._error.title)} {sentence(self._error.hint)}".strip(),
                self.tr("&Try again"),
            )
        elif self._answered:
            self._empty.set_words(
                self.tr("Nothing has happened yet"),
                self.tr("As soon as a model is loaded or unloaded, it says here why."),
            )
        else:
            self._empty.set_words(self.tr("One moment"), self.tr("Preheat is reading what was done."))


def _ask_decisions(session: EngineSession) -> tuple[DecisionRecord, ...]:
    return session.call(control.ListDecisions(_LIMIT)).decisions


def _residency(snapshot: EngineSnapshot) -> Hashable:
    """Return what changes whenever something is decided about a model."""
    states = tuple((model.model_id, model.state, model.load_s, model.error) for model in snapshot.models)
    return snapshot.started_at, snapshot.preload.preloads, states
