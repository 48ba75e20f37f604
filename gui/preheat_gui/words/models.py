"""What windows, tray and notifications say about models, in words. Pure but for the language and the time zone."""

from __future__ import annotations

import math
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Final

from PySide6.QtCore import QCoreApplication, QLocale, QTime

from preheat.residency.decisions import Action
from preheat.residency.states import State
from preheat_gui.words.figures import format_duration, format_memory, format_number

if TYPE_CHECKING:
    from preheat.core.snapshot import EngineSnapshot, MemorySnapshot, ModelSnapshot, PreloadSnapshot
    from preheat.link.link import PortStatus
    from preheat.residency.decisions import DecisionRecord
    from preheat_gui.words.problems import Problem

TOOLTIP_CHARS: Final = 127
"""Windows shows no more of a tray icon's tooltip."""

NAME_CHARS: Final = 32
"""Longer model names lose their middle in tooltips, menus and notifications."""

WORKER_DIED: Final = "worker_died"
"""The cause of a failure after the load, in the log of decisions."""

_GB: Final = 10**9
_BETWEEN: Final = " · "
_LOADING: Final = (State.LOADING, State.WARMING)


def state_words(model: ModelSnapshot) -> str:
    """Return a model's state: ``Ready``, ``Nearly ready``, ``Not loaded``, ``Loading 63 %``."""
    if model.state in _LOADING:
        if model.progress is None:
            return _tr("Loading")
        return _tr("Loading {percent}").format(percent=percent_done(model.progress))
    if model.state is State.COLD:
        return _tr("Nearly ready") if model.standby else _tr("Not loaded")
    return {
        State.QUEUED: _tr("Waiting to load"),
        State.HOT: _tr("Ready"),
        State.UNLOADING: _tr("Unloading"),
        State.FAILED: _tr("Did not load"),
    }[model.state]


def fits_words(model: ModelSnapshot, snapshot: EngineSnapshot) -> str:
    """Return whether the memory limit has room for the model: ``fits``, ``needs 2.1 GB more than the limit``."""
    missing = model.expected_bytes - snapshot.memory.limit_bytes
    if missing <= 0:
        return _tr("fits")
    return _tr("needs {size} more than the limit").format(size=format_memory(missing))


def decision_sentence(decision: DecisionRecord) -> str:
    """Return what was done and why: ``unloaded mistral-7b: made room for qwen3-8b, idle 2 h``."""
    if decision.action in (Action.LOAD, Action.PRELOAD) and decision.seconds is not None:
        done = {
            Action.LOAD: _tr("loaded {model} in {duration}"),
            Action.PRELOAD: _tr("preloaded {model} in {duration}"),
        }[decision.action]
    elif decision.action is Action.FAIL and decision.cause == WORKER_DIED:
        done = _tr("{model} stopped working")
    else:
        done = {
            Action.LOAD: _tr("loaded {model}"),
            Action.PRELOAD: _tr("preloaded {model}"),
            Action.UNLOAD: _tr("unloaded {model}"),
            Action.EVICT: _tr("unloaded {model}"),
            Action.CANCEL: _tr("stopped loading {model}"),
            Action.FAIL: _tr("{model} did not load"),
        }[decision.action]
    words = done.format(model=decision.model_id, duration=format_duration(decision.seconds or 0.0))
    if decision.why:
        words = _tr("{what}: {why}").format(what=words, why=decision.why)
    if decision.action in (Action.UNLOAD, Action.EVICT) and decision.idle_s is not None:
        words = _tr("{what}, idle {duration}").format(what=words, duration=format_duration(decision.idle_s))
    return words


def tooltip(
    snapshot: EngineSnapshot, *, hit_rate: float | None, problem: Problem | None, now: datetime | None = None
) -> str:
    """Return the tray icon's tooltip, in one line.

    Args:
        hit_rate: Today's preload hit rate; None where it is not known.
        problem: What is wrong; it goes before everything else.
        now: For tests; the present.
    """
    if problem is not None:
        return _cut(problem.text, TOOLTIP_CHARS)
    parts = [_headline(snapshot, now or datetime.now())]
    if not loading_models(snapshot) and hit_rate is not None:
        parts.append(_tr("{percent} hits today").format(percent=percent(hit_rate)))
    return _cut(_BETWEEN.join(parts), TOOLTIP_CHARS)


def status_line(
    snapshot: EngineSnapshot, port: PortStatus, *, problem: Problem | None = None, now: datetime | None = None
) -> str:
    """Return the menu's first line: what is wrong, or else what goes on."""
    if problem is not None:
        return _cut(problem.sentence, TOOLTIP_CHARS)
    if port.engine_error is not None:
        return _cut(port.engine_error, TOOLTIP_CHARS)
    return _headline(snapshot, now or datetime.now())


def loading_models(snapshot: EngineSnapshot) -> tuple[ModelSnapshot, ...]:
    """Return the models that are being loaded, that of the present round of preloading first."""
    loading = [model for model in snapshot.models if model.state in _LOADING]
    queue = snapshot.preload.queue
    return tuple(sorted(loading, key=lambda model: queue.index(model.model_id) if model.model_id in queue else -1))


def paused_words(paused_until: float, now: datetime) -> str:
    """Return until when preloading is paused, a Unix time: ``Paused until 17:30``."""
    if math.isinf(paused_until):
        return _tr("Paused until you resume it")
    until = datetime.fromtimestamp(paused_until)
    clock = QLocale().toString(QTime(until.hour, until.minute), QLocale.FormatType.ShortFormat)
    if until.date() == now.date():
        return _tr("Paused until {time}").format(time=clock)
    if until.date() == now.date() + timedelta(days=1):
        return _tr("Paused until tomorrow, {time}").format(time=clock)
    days = until.date().toordinal() - now.date().toordinal()
    return _tr("Paused for {count} days").format(count=days)


def memory_words(memory: MemorySnapshot) -> str:
    """Return what is used of the limit: ``4.2 of 8 GB``."""
    used, limit = (_short(size / _GB) for size in (memory.used_bytes, memory.limit_bytes))
    return _tr("{used} of {limit} GB").format(used=used, limit=limit)


def percent(share: float) -> str:
    """Return a rate: ``94 %``. Only all is ``100 %``, and only none is ``0 %``."""
    whole = round(share * 100)
    if 0.0 < share < 1.0:
        whole = min(max(whole, 1), 99)
    return _tr("{number} %").format(number=whole)


def percent_done(share: float) -> str:
    """Return a progress, rounded down: ``63 %``."""
    return _tr("{number} %").format(number=int(min(max(share, 0.0), 1.0) * 100 + 1e-6))


def short_name(model_id: str, chars: int = NAME_CHARS) -> str:
    """Return a model's name without its middle where it is long: the quantization at its end matters."""
    if len(model_id) <= chars:
        return model_id
    tail = chars // 2
    return f"{model_id[: chars - tail - 1]}…{model_id[-tail:]}"


def list_names(model_ids: list[str]) -> str:
    """Return names as a sentence has them: ``a, b and c``; of many, the first and how many more."""
    names = [short_name(model_id) for model_id in model_ids]
    if len(names) > 3:
        return _tr("{names} and {count} more").format(names=", ".join(names[:2]), count=len(names) - 2)
    if len(names) < 2:
        return "".join(names)
    return _tr("{names} and {last}").format(names=", ".join(names[:-1]), last=names[-1])


def _headline(snapshot: EngineSnapshot, now: datetime) -> str:
    loading = loading_models(snapshot)
    if loading:
        return _loading(loading[0], snapshot.preload)
    if not snapshot.models:
        return _tr("No models yet")
    hot = sum(model.state is State.HOT for model in snapshot.models)
    parts = [_hot(hot)]
    if snapshot.preload.paused_until is not None:
        parts.insert(0, paused_words(snapshot.preload.paused_until, now))
    if hot:
        parts.append(memory_words(snapshot.memory))
    if not snapshot.preload.enabled:
        parts.append(_tr("preloading is off"))
    return _BETWEEN.join(parts)


def _hot(count: int) -> str:
    if not count:
        return _tr("No model is loaded")
    return _tr("1 model hot") if count == 1 else _tr("{count} models hot").format(count=count)


def _loading(model: ModelSnapshot, preload: PreloadSnapshot) -> str:
    what = short_name(model.model_id)
    if model.progress is not None:
        what = f"{what} {percent_done(model.progress)}"
    if model.load_left_s is not None:
        # Tenths of a second would be a promise that no estimate keeps.
        left = format_duration(max(1.0, round(model.load_left_s)))
        what = _tr("{what}, about {duration}").format(what=what, duration=left)
    if model.model_id not in preload.queue:
        return _tr("Loading {what}").format(what=what)
    if preload.round_total < 2:
        return _tr("Preloading {what}").format(what=what)
    number = min(preload.round_done + 1, preload.round_total)
    return _tr("Preloading {number} of {total}: {what}").format(number=number, total=preload.round_total, what=what)


def _cut(text: str, chars: int) -> str:
    return text if len(text) <= chars else f"{text[: chars - 1].rstrip()}…"


def _short(number: float) -> str:
    rounded = round(number, 1)
    return format_number(rounded, 0 if rounded.is_integer() else 1)


def _tr(text: str) -> str:
    return QCoreApplication.translate("Words", text)
