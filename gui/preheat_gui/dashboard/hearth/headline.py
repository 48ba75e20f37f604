"""The sentence over the band: the engine's current work, and what the user can do about it."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from enum import Enum, auto
from typing import Final

from PySide6.QtCore import QCoreApplication

from preheat.control import EngineSnapshot, PreloadSnapshot, State
from preheat_gui import words
from preheat_gui.dashboard.hearth.scene import Scene

translate = QCoreApplication.translate

_GB: Final = 10**9
_ENOUGH_REQUESTS: Final = 2


class Help(Enum):
    """The action of the button."""

    NONE = auto()
    RESUME = auto()
    END_ROOM = auto()
    SWITCH_ON = auto()
    RAISE_LIMIT = auto()
    CHOOSE = auto()  # Choose favourites


@dataclass(frozen=True, slots=True)
class Headline:
    """The engine's current work."""

    sentence: str
    aside: str = ""  # What is next, what lacks room, and what is cached; may be empty
    help: Help = Help.NONE
    limit: str = ""  # For ``RAISE_LIMIT``: the limit, as the setting is written


def make_headline(snapshot: EngineSnapshot, scene: Scene, limit_setting: str) -> Headline:
    """Return the headline; ``limit_setting`` is the memory limit as the user wrote it, empty if it is fixed."""
    preload, aside = snapshot.preload, _aside(snapshot)
    limit = raised_limit(snapshot, scene, limit_setting)
    help_ = Help.RAISE_LIMIT if limit else Help.NONE
    if loading := words.loading_models(snapshot):
        model_id = loading[0].model_id
        return Headline(words.loading_words(model_id, model_id, preload), aside, help_, limit)
    if snapshot.room is not None:
        return Headline(f"{words.room_words(snapshot.room.until, datetime.now())}.", aside, Help.END_ROOM)
    if not preload.enabled:
        return Headline(translate("Overview", "Preloading is off."), aside, Help.SWITCH_ON)
    if preload.paused_until is not None:
        paused = words.paused_words(preload.paused_until, datetime.now())
        return Headline(f"{paused}.", aside, Help.RESUME)
    if preload.hold and preload.queue:
        hold = words.message_text(preload.hold)
        return Headline(translate("Overview", "Preloading waits: {hold}.").format(hold=hold), aside, help_, limit)
    if not limit and not snapshot.favourites and snapshot.models:
        help_ = Help.CHOOSE
    return Headline(_idle(snapshot), aside, help_, limit)


def raised_limit(snapshot: EngineSnapshot, scene: Scene, limit_setting: str, model_id: str = "") -> str:
    """Return the limit at which a model fits, by default every favourite; empty if it is not lacking or cannot fit."""
    memory = snapshot.memory
    if not model_id:
        needed = snapshot.favourites_bytes if snapshot.favourites_without_room else 0
    else:
        missing = scene.facts[model_id].missing_bytes if model_id in scene.facts else 0
        needed = memory.limit_bytes + missing if missing else 0
    return words.raised_limit(needed, memory, limit_setting) if needed else ""


def _idle(snapshot: EngineSnapshot) -> str:
    ready = sum(model.state is State.HOT for model in snapshot.models)
    if not snapshot.models:
        return translate("Overview", "No models yet.")
    if not ready and not snapshot.favourites:
        count = len(snapshot.models)
        one = translate("Overview", "You have 1 model. Should it always be ready?")
        many = translate("Overview", "You have {count} models. Which should always be ready?")
        return one if count == 1 else many.format(count=words.format_number(count))
    if not ready:
        return translate("Overview", "No models loaded.")
    if ready == 1:
        return translate("Overview", "1 model is ready.")
    return translate("Overview", "{count} models are ready.").format(count=ready)


def _hits(preload: PreloadSnapshot) -> str:
    requests = preload.hits + preload.late_hits + preload.misses
    if requests < _ENOUGH_REQUESTS:
        return ""
    text = translate("Overview", "{hits} of {count} requests found their model ready since Preheat started")
    return text.format(hits=words.format_number(preload.hits), count=words.format_number(requests))


def _aside(snapshot: EngineSnapshot) -> str:
    cold = {model.model_id: model.standby for model in snapshot.models if model.state is State.COLD}
    lacking = snapshot.favourites_without_room
    waiting = [name for name in snapshot.preload.queue if name in cold and name not in lacking]
    cached = [name for name, standby in cold.items() if standby and name not in waiting and name not in lacking]
    parts = []
    if len(lacking) == 1:
        missing = words.format_memory(max(snapshot.favourites_bytes - snapshot.memory.limit_bytes, 0))
        text = translate("Overview", "No room for {model}: the limit is {size} too low")
        parts.append(text.format(model=words.short_name(lacking[0]), size=missing))
    elif lacking:
        parts.append(translate("Overview", "No room for {models}").format(models=words.list_names(lacking)))
    if waiting:
        parts.append(translate("Overview", "Next: {models}").format(models=words.list_names(waiting)))
    if cached:
        parts.append(translate("Overview", "Cached: {models}").format(models=words.list_names(cached)))
    if not parts:
        parts.append(_hits(snapshot.preload))
    return words.SEPARATOR.join(parts)
