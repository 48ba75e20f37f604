"""Your day: the timeline, what is pointed to in words, and a memory limit to try."""

from __future__ import annotations

import time
from collections.abc import Hashable, Sequence
from typing import Final

from PySide6.QtCore import Qt, Signal
from PySide6.QtGui import QResizeEvent
from PySide6.QtWidgets import QLabel, QScrollArea, QWidget

from preheat import control
from preheat.control import Day, EngineSnapshot
from preheat_gui.bridge import EngineBridge, SlowQuestion
from preheat_gui.dashboard.activity.day.legend import Legend
from preheat_gui.dashboard.activity.day.limit_trial import LimitTrial
from preheat_gui.dashboard.activity.day.scene import gather
from preheat_gui.dashboard.activity.day.widget import Timeline
from preheat_gui.dashboard.activity.day.words import summary
from preheat_gui.dashboard.activity.pane import Pane
from preheat_gui.widgets import GAP, GROUP_GAP, Card, caption, named, stacked, timer, vbox

_HOURS: Final = 24
_AHEAD_H: Final = 12
_PAUSE_S: Final = 10.0
_LOOK_MS: Final = 60_000  # The line of now moves by itself
_AGE_S: Final = 300


class DayPane(Pane):
    """The last 24 hours, and what is planned."""

    page_requested = Signal(str, str)  # The user wants another page: its key, and a model_id

    def __init__(self, bridge: EngineBridge) -> None:
        super().__init__(bridge, "day")
        self._day: Day | None = None
        self._summary = named(QLabel(), "day_summary")
        self._timeline = Timeline()
        self._explained = named(caption(), "day_explained")
        self._legend = Legend()
        self._below = stacked(self._legend, self._explained)
        self._scroll = named(QScrollArea(), "day_scroll")
        self._trial = LimitTrial(bridge)
        self._card = Card()
        self._look = timer(self, _LOOK_MS, self._ask_again, repeat=True)
        command = control.GetDay(_HOURS, _AHEAD_H)
        self.question = SlowQuestion(
            bridge, command, self._on_day, self, self._on_error, pause_s=_PAUSE_S, depends_on=_depends
        )
        self._build()
        self._show_state()

    @property
    def focus_order(self) -> Sequence[QWidget]:
        return self._timeline, self.empty.button

    def activate(self) -> None:
        super().activate()
        self._look.start()

    def resizeEvent(self, event: QResizeEvent) -> None:  # noqa: N802
        super().resizeEvent(event)
        self._fit()

    def deactivate(self) -> None:
        super().deactivate()
        self._look.stop()
        self._trial.reset()

    def _build(self) -> None:
        self._summary.setWordWrap(True)
        self._explained.setWordWrap(True)
        # Room for two lines, so that nothing moves.
        self._below.setFixedHeight(2 * self._explained.fontMetrics().lineSpacing() + GAP // 2)
        self._explained.setAlignment(Qt.AlignmentFlag.AlignLeading | Qt.AlignmentFlag.AlignTop)
        scroll = self._scroll
        scroll.setWidgetResizable(True)
        scroll.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        scroll.setFocusPolicy(Qt.FocusPolicy.NoFocus)
        scroll.setFrameShape(QScrollArea.Shape.NoFrame)
        inside = QWidget()
        vbox((self._timeline, 1), parent=inside)
        scroll.setWidget(inside)
        for each in (scroll.viewport(), inside):
            each.setAutoFillBackground(False)
        self._card.body.addWidget(self._summary)
        self._card.body.addSpacing(GAP)
        self._card.body.addWidget(scroll, 100)
        self._card.body.addWidget(self._below)
        self._card.body.addWidget(self._trial)
        self._card.body.addStretch(1)
        page = QWidget()
        vbox((self._card, 1), (None, 0), parent=page)
        self._stack = stacked(page, self.empty)
        vbox((self._stack, 1), spacing=GROUP_GAP, parent=self)
        self._timeline.explained.connect(self._on_explained)
        self._timeline.lane_focused.connect(self._scroll.ensureWidgetVisible)
        self._timeline.model_chosen.connect(self._on_model)
        self._trial.changed.connect(self._render)

    def _on_explained(self, words: str) -> None:
        self._explained.setText(words)
        self._below.setCurrentWidget(self._explained if words else self._legend)

    def _on_model(self, model_id: str) -> None:
        self.page_requested.emit("models", model_id)

    def _ask_again(self) -> None:
        self.question.activate()

    def _on_day(self, day: Day) -> None:
        self._on_answered()
        self._day = day
        self._render()
        self._show_state()

    def _render(self) -> None:
        if self._day is not None:
            scene = gather(self._day, self._bridge.signs, self._trial.outcomes)
            was = scene if self._trial.outcomes is None else gather(self._day, self._bridge.signs)
            self._timeline.show_scene(scene)
            self._fit()
            self._summary.setText(summary(was, self._day))
            self._trial.show_counts(scene.ready[0], was.ready[0], was.ready[1])

    def _fit(self) -> None:
        """End the card under its contents, where there is more height than they use."""
        body, most = self._card.body, self._timeline.most_height
        margins = body.contentsMargins()
        inner = self.width() - margins.left() - margins.right()
        parts = (self._summary, self._below, self._trial)
        around = sum(max(part.heightForWidth(inner), part.sizeHint().height()) for part in parts)
        around += margins.top() + margins.bottom() + (len(parts) + 2) * body.spacing()
        self._scroll.setMaximumHeight(most)
        self._card.setMaximumHeight(around + most)

    def _show_state(self) -> None:
        if self._day is not None and self._timeline.sizeHint().height() and self._has_lanes(self._day):
            self._stack.setCurrentIndex(0)
            return
        self._stack.setCurrentWidget(self.empty)
        if not self._words_without_answer():
            words = self.tr("When models were in memory, and which requests found them ready, will appear here.")
            self.empty.set_words(self.tr("Nothing yet"), words)

    @staticmethod
    def _has_lanes(day: Day) -> bool:
        return bool(day.lanes or day.plan)


def _depends(snapshot: EngineSnapshot) -> Hashable:
    """Return what changes with every request, load and unload, and every few minutes."""
    preload = snapshot.preload
    states = tuple((model.model_id, model.state) for model in snapshot.models)
    counts = preload.hits, preload.late_hits, preload.misses, preload.enabled, preload.paused_until
    return snapshot.started_at, states, counts, snapshot.favourites, time.time() // _AGE_S
