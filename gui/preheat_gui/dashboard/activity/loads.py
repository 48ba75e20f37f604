"""Loads and unloads, with reasons."""

from __future__ import annotations

from collections.abc import Hashable, Mapping, Sequence
from typing import Final

from PySide6.QtWidgets import QComboBox

from preheat import control
from preheat.control import DecisionRecord, EngineSnapshot
from preheat.units import natural_key
from preheat_gui.bridge import EngineBridge, SlowQuestion
from preheat_gui.dashboard.activity.pane import ListPane, NameChoice
from preheat_gui.dashboard.activity.rows import DecisionsView, Kind, kind_words, make_rows
from preheat_gui.dashboard.tables import RowList
from preheat_gui.widgets import GROUP_GAP, hbox, named, vbox

_LIMIT: Final = 200
_PAUSE_S: Final = 2.0
_KINDS: Final = (None, *Kind)


class LoadsPane(ListPane):
    """Why models were loaded and unloaded."""

    def __init__(self, bridge: EngineBridge) -> None:
        self._rows = RowList()
        super().__init__(bridge, "decisions", DecisionsView(self._rows, bridge.signs))
        self._rows.setParent(self)
        self._decisions: Sequence[DecisionRecord] = ()
        self._kind = named(QComboBox(), "activity_kind", self.tr("Filter by kind"))
        self._kind.addItems([kind_words(kind) for kind in _KINDS])
        self._model = NameChoice("activity_model", self.tr("Filter by model"), self.tr("All models"))
        self._kind.currentIndexChanged.connect(self._on_kind)
        self._model.currentIndexChanged.connect(self._filter)
        self.question = SlowQuestion(
            bridge,
            control.ListDecisions(_LIMIT),
            self._on_decisions,
            self,
            self._on_error,
            pause_s=_PAUSE_S,
            depends_on=_residency,
        )
        vbox(hbox(self._model, self._kind, None), (self._stack, 1), spacing=GROUP_GAP, parent=self)
        self._show_state()

    def memory(self) -> dict[str, str]:
        kind = _KINDS[self._kind.currentIndex()]
        return {"activity_kind": "" if kind is None else kind.value}

    def remember(self, memory: Mapping[str, str]) -> None:
        if memory.get("activity_kind") in set(Kind):
            self._kind.setCurrentIndex(_KINDS.index(Kind(memory["activity_kind"])))

    def _listed(self) -> int:
        return len(self._decisions)

    def _show_everything(self) -> None:
        self._kind.setCurrentIndex(0)
        self._model.setCurrentIndex(0)

    def _nothing_yet(self) -> str:
        return self.tr("Loads and unloads will appear here, with the reason.")

    def _on_decisions(self, answer: control.DecisionList) -> None:
        self._on_answered()
        self._decisions = answer.decisions
        self._model.offer(sorted({decision.model_id for decision in self._decisions}, key=natural_key))
        self._filter()

    def _on_kind(self) -> None:
        self._filter()
        self.memory_changed.emit()

    def _filter(self) -> None:
        kind = _KINDS[self._kind.currentIndex()]
        self._rows.show(make_rows(self._decisions, kind, self._model.chosen or ""))
        self._show_state()


def _residency(snapshot: EngineSnapshot) -> Hashable:
    """Return what changes with every decision."""
    states = tuple((model.model_id, model.state, model.load_s, model.error) for model in snapshot.models)
    return snapshot.started_at, snapshot.preload.preloads, states
