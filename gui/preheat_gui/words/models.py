"""Words about models for windows, tray and notifications. Pure except for language and time zone."""

from __future__ import annotations

import math
import re
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Final

from PySide6.QtCore import QCoreApplication, QLocale, QTime

from preheat.control import Action, Form, State
from preheat.messages import msg
from preheat_gui.words.figures import (
    SEPARATOR,
    format_bytes,
    format_duration,
    format_estimate,
    format_memory,
    format_number,
    format_tenths,
    list_names,
    percent,
    percent_done,
    short_name,
)
from preheat_gui.words.messages import message_text

if TYPE_CHECKING:
    from preheat.control import (
        DecisionRecord,
        EngineSnapshot,
        MemorySnapshot,
        ModelSnapshot,
        PortStatus,
        PreloadSnapshot,
    )
    from preheat_gui.words.problems import Problem

TOOLTIP_CHARS: Final = 127  # Windows cuts a tray icon's tooltip after this
WORKER_DIED: Final = "worker_died"  # Causes of failures after the load, in the log of decisions
WORKER_HUNG: Final = "worker_hung"
QUIT: Final = "end"  # Causes of unloads
_BY_USER: Final = "user"
_OUT_OF_MEMORY: Final = "insufficient_memory"
_WORKER_ENDED: Final = "worker_ended"  # The code of the reasons of failures after the load
LOADING_STATES: Final = (State.LOADING, State.WARMING)

_GB: Final = 10**9


def state_name(state: State, *, cached: bool = False) -> str:
    """Return the word for a state, in windows and on the page for browsers alike.

    ``cached``: the file of a model not loaded is in the page cache.
    """
    if cached and state is State.COLD:
        return message_text(msg("page_state_standby"))
    return message_text(msg(f"page_state_{(State.LOADING if state is State.WARMING else state).value}"))


def model_state(model: ModelSnapshot) -> str:
    """Return a model's state, with the progress of a load: ``Ready``, ``Cached``, ``Loading 63 %``."""
    if model.state in LOADING_STATES and model.progress is not None:
        return _tr("Loading {percent}").format(percent=percent_done(model.progress))
    return state_name(model.state, cached=model.standby)


def time_left(model: ModelSnapshot) -> str:
    """Return the remaining time of a load: ``about 3 s left``; empty if unknown."""
    if model.load_left_s is None:
        return ""
    return _tr("about {duration} left").format(duration=format_estimate(model.load_left_s))


def failure_reason(model: ModelSnapshot) -> str:
    """Return why a model failed, without its name at the start; empty if unknown."""
    return _without_name(message_text(model.error), model.model_id)


def _without_name(text: str, model_id: str) -> str:
    """Return the words about a model or its file without its name: ``the file ends early``."""
    found = re.match(rf"{re.escape(model_id)}(\.gguf)?[:\s]+(?=\S)", text, re.IGNORECASE)
    if found is None:
        return text
    rest = text[found.end() :]
    return _tr("the file {words}").format(words=rest) if found[1] else rest


def fit_words(model: ModelSnapshot, snapshot: EngineSnapshot) -> str:
    """Return whether the model fits: ``fits now``, ``fits if qwen3-8b leaves``, ``too big for the limit by 2.1 GB``."""
    return message_text(snapshot.fit(model).words)


def context_words(model: ModelSnapshot) -> str:
    """Return a model's context length with its memory: ``8,192 tokens of context, 0.9 GB``; empty if unknown."""
    if model.context_length is None:
        return ""
    tokens = _tr("{count} tokens of context").format(count=format_number(model.context_length))
    return f"{tokens}, {format_memory(model.context_bytes)}" if model.context_bytes else tokens


def form_words(model: ModelSnapshot) -> str:
    """Return how a model is in memory: ``in memory``, or ``faster form, +0.4 GB``."""
    if model.form is not Form.REPACKED:
        return _tr("in memory")
    if not model.extra_bytes:
        return _tr("in memory, faster form")
    return _tr("faster form, +{size}").format(size=format_memory(model.extra_bytes))


def on_devices_words(model: ModelSnapshot) -> str:
    """Return what a model takes of graphics cards and the like: ``+4.1 GB on the GPU``; empty if nothing."""
    if not (taken_bytes := sum(share.taken_bytes for share in model.devices)):
        return ""
    return _tr("+{size} on the GPU").format(size=format_bytes(taken_bytes))  # "+< 0.1 GB" would be odd


def form_sentence(model: ModelSnapshot) -> str:
    """Return what there is to say about the form of a model's weights; may be empty."""
    if model.changes_form:
        return _tr("Another form of the model is being prepared. Requests are answered as usual.")
    if model.form is Form.REPACKED:
        return _tr("Its weights are rearranged for this processor. It gives the memory back before others must leave.")
    return ""


def decision_sentence(decision: DecisionRecord, *others: str) -> str:
    """Return what happened and why: ``Unloaded mistral-7b: made room for qwen3-8b, idle 2 h``.

    ``others`` are models that were unloaded when Preheat quit, as this one was.
    """
    if decision.cause == QUIT:
        return _tr("Preheat quit and unloaded {models}").format(models=list_names([decision.model_id, *others]))
    if decision.cause == _BY_USER:
        words = _tr("You unloaded {model}").format(model=decision.model_id)
        return _unused(words) if decision.wasted else words
    words = _done(decision).format(model=decision.model_id, duration=format_duration(decision.seconds or 0.0))
    if (why := _without_name(message_text(decision.reason), decision.model_id)) and not _says_why(decision):
        words = _tr("{what}: {why}").format(what=words, why=why)
    if decision.wasted:
        return _unused(words)
    if decision.action in (Action.UNLOAD, Action.EVICT) and decision.idle_s is not None:
        words = _tr("{what}, idle {duration}").format(what=words, duration=format_duration(decision.idle_s))
    return words


def _unused(words: str) -> str:
    return _tr("{what}; it was not used").format(what=words)


def _done(decision: DecisionRecord) -> str:
    timed = decision.seconds is not None
    match decision.action:
        case Action.LOAD:
            return _tr("Loaded {model} in {duration}") if timed else _tr("Loaded {model}")
        case Action.PRELOAD:
            return _tr("Preloaded {model} in {duration}") if timed else _tr("Preloaded {model}")
        case Action.CANCEL:
            return _tr("Stopped loading {model}")
        case Action.FAIL:
            return _failed(decision)
        case Action.REPACK:
            return _tr("Changed {model} to its faster form")
        case Action.SHRINK:
            return _tr("Changed {model} to its smaller form")
    return _tr("Unloaded {model}")


def _failed(decision: DecisionRecord) -> str:
    if decision.cause == WORKER_HUNG:
        return _tr("{model} stopped responding")
    if decision.cause == WORKER_DIED:
        return _tr("{model} crashed")
    if decision.cause == _OUT_OF_MEMORY and decision.reason.code == _WORKER_ENDED:
        return _tr("{model} ran out of memory")
    if decision.reason.code == _WORKER_ENDED:
        return _tr("{model} crashed")
    return _tr("{model} did not load")


def _says_why(decision: DecisionRecord) -> bool:
    """Return whether the failure's name alone is its reason."""
    return decision.cause in (WORKER_HUNG, _OUT_OF_MEMORY) and decision.reason.code in (_WORKER_ENDED, WORKER_HUNG)


def tooltip(
    snapshot: EngineSnapshot, *, hit_rate: float | None, problem: Problem | None, now: datetime | None = None
) -> str:
    """Return the tray icon's tooltip, in one line: the problem, or else the activity and today's hit rate."""
    if problem is not None:
        return _cut(problem.text)
    parts = [_headline(snapshot, now or datetime.now())]
    if not loading_models(snapshot) and hit_rate is not None:
        parts.append(_tr("{percent} hits today").format(percent=percent(hit_rate)))
    return _cut(SEPARATOR.join(parts))


def status_line(
    snapshot: EngineSnapshot, port: PortStatus, *, problem: Problem | None = None, now: datetime | None = None
) -> str:
    """Return the menu's first line: the problem, or else the current activity."""
    if problem is not None:
        return _cut(problem.sentence)
    if port.engine_error is not None:
        return _cut(message_text(port.engine_error))
    return _headline(snapshot, now or datetime.now())


def loading_models(snapshot: EngineSnapshot) -> tuple[ModelSnapshot, ...]:
    """Return the loading models in the order of the preload queue; loads for requests come first."""
    loading = [model for model in snapshot.models if model.state in LOADING_STATES]
    queue = snapshot.preload.queue
    return tuple(sorted(loading, key=lambda model: queue.index(model.model_id) if model.model_id in queue else -1))


def paused_words(paused_until: float, now: datetime) -> str:
    """Return the end of the pause, given as Unix time: ``Paused until 17:30``."""
    if math.isinf(paused_until):
        return _tr("Paused until you resume")
    until = datetime.fromtimestamp(paused_until)
    clock = QLocale().toString(QTime(until.hour, until.minute), QLocale.FormatType.ShortFormat)
    if until.date() == now.date():
        return _tr("Paused until {time}").format(time=clock)
    if until.date() == now.date() + timedelta(days=1):
        return _tr("Paused until tomorrow, {time}").format(time=clock)
    return _tr("Paused for {count} days").format(count=(until.date() - now.date()).days)


def room_words(until: float, now: datetime) -> str:
    """Return how long other apps have the memory of models, until a Unix time: ``Room for other apps until 17:30``."""
    end = datetime.fromtimestamp(until) if math.isfinite(until) else None
    if end is None or end - now > timedelta(days=1):
        return _tr("Room for other apps")
    clock = QLocale().toString(QTime(end.hour, end.minute), QLocale.FormatType.ShortFormat)
    return _tr("Room for other apps until {time}").format(time=clock)


def memory_words(memory: MemorySnapshot) -> str:
    """Return used memory and limit: ``4.2 of 8 GB``."""
    return taken_words(memory.used_bytes, memory.limit_bytes)


def taken_words(taken_bytes: int, limit_bytes: int) -> str:
    """Return how much of a limit is taken: ``4.2 of 8 GB``."""
    used, limit = (format_tenths(size / _GB) for size in (taken_bytes, limit_bytes))
    return _tr("{used} of {limit} GB").format(used=used, limit=limit)


def _headline(snapshot: EngineSnapshot, now: datetime) -> str:
    if loading := loading_models(snapshot):
        return _loading(loading[0], snapshot.preload)
    if not snapshot.models:
        return _tr("No models yet")
    ready = sum(model.state is State.HOT for model in snapshot.models)
    parts = [_ready(ready)]
    if snapshot.preload.paused_until is not None:
        parts.insert(0, paused_words(snapshot.preload.paused_until, now))
    if snapshot.room is not None:
        parts.insert(0, room_words(snapshot.room.until, now))
    if ready:
        parts.append(memory_words(snapshot.memory))
    if not snapshot.preload.enabled:
        parts.append(_tr("preloading is off"))
    return SEPARATOR.join(parts)


def _ready(count: int) -> str:
    if not count:
        return _tr("No models loaded")
    return _tr("1 model ready") if count == 1 else _tr("{count} models ready").format(count=count)


def _loading(model: ModelSnapshot, preload: PreloadSnapshot) -> str:
    what = short_name(model.model_id)
    if model.progress is not None:
        what = f"{what} {percent_done(model.progress)}"
    if model.load_left_s is not None:
        what = _tr("{what}, about {duration}").format(what=what, duration=format_estimate(model.load_left_s))
    return loading_words(what, model.model_id, preload)


def loading_words(what: str, model_id: str, preload: PreloadSnapshot) -> str:
    """Return what loads: ``Loading …``, ``Preloading …`` or ``Preloading 2 of 3: …``."""
    if model_id not in preload.queue:
        return _tr("Loading {what}").format(what=what)
    if preload.round_total < 2:
        return _tr("Preloading {what}").format(what=what)
    number = min(preload.round_done + 1, preload.round_total)
    return _tr("Preloading {number} of {total}: {what}").format(number=number, total=preload.round_total, what=what)


def _cut(text: str) -> str:
    return text if len(text) <= TOOLTIP_CHARS else f"{text[: TOOLTIP_CHARS - 1].rstrip()}…"


def _tr(text: str) -> str:
    return QCoreApplication.translate("Words", text)
