"""The overview's first card: current loads, the next ones, and why preloading waits."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from enum import Enum, auto
from typing import Final

from PySide6.QtCore import QCoreApplication
from PySide6.QtWidgets import QProgressBar, QPushButton

from preheat.control import EngineSnapshot, State
from preheat_gui import words
from preheat_gui.bridge import EngineBridge
from preheat_gui.dashboard.parts import detail_label
from preheat_gui.widgets import GAP, GROUP_GAP, Card, ElidedLabel, caption, hbox, named

translate = QCoreApplication.translate

_STEPS: Final = 1000


class Help(Enum):
    """The action of the button."""

    NONE = auto()
    RESUME = auto()
    SWITCH_ON = auto()


@dataclass(frozen=True, slots=True)
class Now:
    """The engine's current work."""

    sentence: str
    aside: str = ""  # What is next, and what is cached; may be empty
    progress: float | None = None  # 0.0 to 1.0; None while nothing loads
    left: str = ""  # Remaining time in words; may be empty
    help: Help = Help.NONE


def describe_now(snapshot: EngineSnapshot) -> Now:
    preload, aside = snapshot.preload, _aside(snapshot)
    if loading := words.loading_models(snapshot):
        model = loading[0]
        loading_line = words.loading_words(model.model_id, model.model_id, preload)
        return Now(loading_line, aside, model.progress or 0.0, words.time_left(model))
    if not preload.enabled:
        return Now(translate("Overview", "Preloading is off."), aside, help=Help.SWITCH_ON)
    if preload.paused_until is not None:
        paused = words.paused_words(preload.paused_until, datetime.now())
        return Now(f"{paused}.", aside, help=Help.RESUME)
    if preload.hold and preload.queue:
        hold = words.message_text(preload.hold)
        return Now(translate("Overview", "Preloading waits: {hold}.").format(hold=hold), aside)
    return Now(_idle(snapshot), aside)


def _idle(snapshot: EngineSnapshot) -> str:
    ready = sum(model.state is State.HOT for model in snapshot.models)
    if not snapshot.models:
        return translate("Overview", "No models yet.")
    if not ready:
        return translate("Overview", "No models loaded, nothing to preload.")
    if ready == 1:
        return translate("Overview", "1 model is ready.")
    return translate("Overview", "{count} models are ready.").format(count=ready)


def _aside(snapshot: EngineSnapshot) -> str:
    cold = {model.model_id: model.standby for model in snapshot.models if model.state is State.COLD}
    known = {model.model_id for model in snapshot.models}
    waiting = [name for name in snapshot.preload.queue if name in cold or name not in known]
    cached = [name for name, standby in cold.items() if standby and name not in waiting]
    parts = []
    if waiting:
        parts.append(translate("Overview", "Next: {models}").format(models=words.list_names(waiting)))
    if cached:
        parts.append(translate("Overview", "Cached: {models}").format(models=words.list_names(cached)))
    return words.SEPARATOR.join(parts)


class NowCard(Card):
    """Shows ``Now``."""

    def __init__(self, bridge: EngineBridge) -> None:
        super().__init__()
        self._bridge = bridge
        self.setObjectName("now")
        self._now: Now | None = None
        self._sentence = named(ElidedLabel(), "now_sentence")
        self._left = caption()
        self._left.setWordWrap(False)
        self._bar = named(QProgressBar(), "now_progress", self.tr("Load progress"))
        self._bar.setRange(0, _STEPS)
        self._bar.setTextVisible(False)
        self._aside = named(detail_label(), "now_aside")
        self._button = named(QPushButton(), "now_button")
        self._button.clicked.connect(self._on_button)
        self.body.setContentsMargins(GROUP_GAP, GAP + GAP // 2, GROUP_GAP, GAP + GAP // 2)
        self.body.addLayout(hbox((self._sentence, 1), self._left, self._button, spacing=GROUP_GAP))
        self.body.addWidget(self._bar)
        self.body.addWidget(self._aside)

    def render_now(self, now: Now) -> None:
        """Show the engine's current work."""
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
            self._bridge.resume()
        else:
            self._bridge.set_preloading(True)
