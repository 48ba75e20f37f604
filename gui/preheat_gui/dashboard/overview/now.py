"""The overview's first line: what is being preloaded, what waits and why, and what is nearly ready."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from enum import Enum, auto
from typing import Final

from PySide6.QtCore import QCoreApplication, Qt, Signal
from PySide6.QtGui import QPalette
from PySide6.QtWidgets import QHBoxLayout, QProgressBar, QPushButton, QWidget

from preheat.core.snapshot import EngineSnapshot, ModelSnapshot, PreloadSnapshot
from preheat.residency.states import State
from preheat_gui import words
from preheat_gui.dashboard.models.cells import time_left
from preheat_gui.widgets import GAP, GROUP_GAP, Card, ElidedLabel, caption, caption_font

translate = QCoreApplication.translate

_STEPS: Final = 1000


class Help(Enum):
    """What the button does."""

    NONE = auto()
    RESUME = auto()
    SWITCH_ON = auto()


@dataclass(frozen=True, slots=True)
class Now:
    """What goes on.

    Attributes:
        sentence: The main thing.
        aside: What comes next, and what is nearly ready; may be empty.
        progress: 0.0 to 1.0; None while nothing loads.
        left: How long that still takes, in words; may be empty.
    """

    sentence: str
    aside: str = ""
    progress: float | None = None
    left: str = ""
    help: Help = Help.NONE


def describe_now(snapshot: EngineSnapshot) -> Now:
    """Return what goes on at the moment of a snapshot."""
    preload = snapshot.preload
    loading = words.loading_models(snapshot)
    aside = _aside(snapshot)
    if loading:
        return Now(_loading(loading[0], preload), aside, loading[0].progress or 0.0, time_left(loading[0]))
    if not preload.enabled:
        return Now(translate("Overview", "Preloading is switched off."), aside, help=Help.SWITCH_ON)
    if preload.paused_until is not None:
        paused = words.paused_words(preload.paused_until, datetime.now())
        return Now(f"{paused}.", aside, help=Help.RESUME)
    if preload.hold and preload.queue:
        return Now(
            translate("Overview", "Preloading waits: {hold}.").format(hold=words.message_text(preload.hold)), aside
        )
    return Now(_idle(snapshot), aside)


def _loading(model: ModelSnapshot, preload: PreloadSnapshot) -> str:
    if model.model_id not in preload.queue:
        return translate("Overview", "Loading {model}").format(model=model.model_id)
    if preload.round_total < 2:
        return translate("Overview", "Preloading {model}").format(model=model.model_id)
    number = min(preload.round_done + 1, preload.round_total)
    return translate("Overview", "Preloading {number} of {total}: {model}").format(
        number=number, total=preload.round_total, model=model.model_id
    )


def _idle(snapshot: EngineSnapshot) -> str:
    hot = sum(model.state is State.HOT for model in snapshot.models)
    if not snapshot.models:
        return translate("Overview", "No models yet.")
    if not hot:
        return translate("Overview", "No model is loaded; nothing is being preloaded.")
    if hot == 1:
        return translate("Overview", "1 model is ready.")
    return translate("Overview", "{count} models are ready.").format(count=hot)


def _aside(snapshot: EngineSnapshot) -> str:
    running = {model.model_id for model in snapshot.models if model.state is not State.COLD}
    waiting = [model_id for model_id in snapshot.preload.queue if model_id not in running]
    standby = [
        model.model_id
        for model in snapshot.models
        if model.standby and model.state is State.COLD and model.model_id not in waiting
    ]
    parts = []
    if waiting:
        parts.append(translate("Overview", "Next: {models}").format(models=words.list_names(waiting)))
    if standby:
        parts.append(translate("Overview", "Nearly ready: {models}").format(models=words.list_names(standby)))
    return " · ".join(parts)


class NowCard(Card):
    """Shows ``Now``.

    Attributes:
        resume_asked: The user wants preloading to go on.
        switch_on_asked: The user wants preloading switched on.
    """

    resume_asked = Signal()
    switch_on_asked = Signal()

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent=parent)
        self.setObjectName("now")
        self._now: Now | None = None
        self._sentence = ElidedLabel(parent=self)
        self._sentence.setObjectName("now_sentence")
        self._left = caption(parent=self)
        self._left.setWordWrap(False)
        self._bar = QProgressBar(self)
        self._bar.setObjectName("now_progress")
        self._bar.setRange(0, _STEPS)
        self._bar.setTextVisible(False)
        self._bar.setAccessibleName(self.tr("Load progress"))
        self._aside = ElidedLabel(parent=self, mode=Qt.TextElideMode.ElideRight)
        self._aside.setObjectName("now_aside")
        self._aside.setFont(caption_font())
        self._aside.setForegroundRole(QPalette.ColorRole.PlaceholderText)  # the muted colour
        self._button = QPushButton(self)
        self._button.setObjectName("now_button")
        self._button.clicked.connect(self._on_button)
        line = QHBoxLayout()
        line.setSpacing(GROUP_GAP)
        line.addWidget(self._sentence, 1)
        line.addWidget(self._left)
        line.addWidget(self._button)
        self.body.setContentsMargins(GROUP_GAP, GAP + GAP // 2, GROUP_GAP, GAP + GAP // 2)
        self.body.addLayout(line)
        self.body.addWidget(self._bar)
        self.body.addWidget(self._aside)

    def render_now(self, now: Now) -> None:
        """Show what goes on."""
        if now == self._now:
            return
        self._now = now
        self._sentence.setText(now.sentence)
        self._left.setText(now.left)
        self._left.setVisible(bool(now.left))
        self._aside.setText(now.aside)
        self._aside.setVisible(bool(now.aside))
        self._bar.setVisible(now.progress is not None)
        self._bar.setValue(round((now.progress or 0.0) * _STEPS))
        self._button.setVisible(now.help is not Help.NONE)
        self._button.setText(self.tr("&Resume") if now.help is Help.RESUME else self.tr("S&witch on"))
        self.setAccessibleName(" ".join(part for part in (now.sentence, now.left, now.aside) if part))

    def _on_button(self) -> None:
        if self._now is not None and self._now.help is Help.RESUME:
            self.resume_asked.emit()
        else:
            self.switch_on_asked.emit()
