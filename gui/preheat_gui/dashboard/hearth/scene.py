"""What the band of memory shows of a snapshot: its blocks in a stable order, in words, and the running requests."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Mapping, Sequence
from functools import lru_cache
from typing import TYPE_CHECKING, Final, NamedTuple

from PySide6.QtCore import QCoreApplication

from preheat.control import EngineSnapshot, ModelSnapshot, RequestSnapshot, State
from preheat_gui.dashboard.hearth.layout import Chip, Kind, Part
from preheat_gui.words import (
    LOADING_STATES,
    SEPARATOR,
    app_name,
    failure_reason,
    format_memory,
    joined,
    message_text,
    model_state,
    state_name,
    time_left,
)

if TYPE_CHECKING:
    from preheat.control import LimitPreview
    from preheat_gui.widgets import Sign, SignBook

STEP_BYTES: Final = 2 * 10**7  # Sizes are rounded to this, so that small changes repaint nothing
PROMPTS: Final = "/prompts"  # Key of the block of kept prompts; no model has this name
MORE: Final = "/more"  # Key of the block of all models beyond the limit that are not shown
_MOST_OUTSIDE: Final = 5
_LEAST_RESERVED: Final = 5 * 10**7  # In bytes; less is not worth words
_QUANTIZATION: Final = re.compile(r"[-._](?:i?q\d\w*|mxfp4\w*|bf16|f16|f32|fp16)$", re.IGNORECASE)
_VARIANT: Final = re.compile(r"[-._](?:instruct|it|chat|v\d[\w.]*)$", re.IGNORECASE)
_IN_MEMORY: Final = frozenset({State.QUEUED, *LOADING_STATES, State.HOT, State.UNLOADING})


class Facts(NamedTuple):
    """A block for tooltip, legend and screen readers."""

    name: str
    state: str  # In words
    description: str  # Everything, in a line
    favourite: bool = False
    progress: float = 0.0  # Of a load
    tokens: int = 0  # Written so far by running requests
    busy: bool = False  # A request uses it
    missing_bytes: int = 0  # What it lacks, beyond the limit
    sign: Sign | None = None


class Scene(NamedTuple):
    """Everything that the band shows."""

    inside: tuple[Part, ...] = ()
    outside: tuple[Part, ...] = ()
    chips: tuple[Chip, ...] = ()
    facts: Mapping[str, Facts] = {}
    limit_bytes: int = 0
    total_bytes: int = 0
    used: str = ""
    available: str = ""
    reserved: str = ""  # Why less is available than is free
    unit: str = ""  # Of the rates


class Order:
    """The order of the blocks: favourites as the user ordered them, then the others as they came."""

    def __init__(self) -> None:
        self._others: list[str] = []

    def of(self, favourites: Sequence[str], model_ids: Sequence[str]) -> list[str]:
        """Return the models in their order, and remember it."""
        present = set(model_ids)
        first = [name for name in favourites if name in present]
        self._others = [name for name in self._others if name in present and name not in first]
        self._others += [name for name in model_ids if name not in first and name not in self._others]
        return first + self._others


def gather(
    snapshot: EngineSnapshot,
    order: Order,
    signs: SignBook,
    *,
    limit_bytes: int | None = None,  # Another limit to show
    preview: LimitPreview | None = None,  # Its effect
) -> Scene:
    """Return what to show of a snapshot, now or under another limit."""
    return _Gathering(snapshot, order, signs, limit_bytes, preview).scene()


class _Gathering:
    def __init__(
        self,
        snapshot: EngineSnapshot,
        order: Order,
        signs: SignBook,
        limit_bytes: int | None,
        preview: LimitPreview | None,
    ) -> None:
        self._snapshot = snapshot
        self._preview = preview
        self._limit = snapshot.memory.limit_bytes if limit_bytes is None else limit_bytes
        models = {model.model_id: model for model in snapshot.models}
        self._requests: dict[str, list[RequestSnapshot]] = {}
        for request in snapshot.requests:
            self._requests.setdefault(request.model_id, []).append(request)
        held = [model.model_id for model in snapshot.models if model.state in _IN_MEMORY]
        held = order.of(snapshot.favourites, held)
        wanted = [*(preview.loads if preview else ()), *snapshot.favourites, *snapshot.preload.queue, *self._requests]
        absent = [name for name in dict.fromkeys(wanted) if name in models and name not in held]
        self._held = [models[name] for name in held]
        self._absent = [models[name] for name in absent]
        self._signs = signs.signs([*held, *absent])
        self._names = distinct_names((*held, *absent))
        self._facts: dict[str, Facts] = {}

    def scene(self) -> Scene:
        snapshot, memory, prompts = self._snapshot, self._snapshot.memory, self._snapshot.prefixes.memory_bytes
        leaves = self._preview.leaves if self._preview is not None else ()
        staying = [model for model in self._held if model.model_id not in leaves]
        inside = [self._part(model, _kind_of(model), _size_of(model)) for model in staying]
        outside = [self._leaving(model) for model in self._held if model.model_id in leaves]
        lacking = snapshot.favourites_without_room if self._limit == memory.limit_bytes else ()
        lacking = self._preview.left_out if self._preview is not None else lacking
        free = self._reachable(self._limit - sum(part.size for part in inside))
        for model in self._absent:
            size = _rounded(model.expected_bytes)
            if size <= free and model.model_id not in lacking:
                free -= size
                inside.append(self._part(model, Kind.PLANNED, size))
            else:
                outside.append(self._part(model, Kind.OUTSIDE, size, size - max(free, 0)))
        if prompts >= STEP_BYTES:
            inside.append(self._prompts(prompts))
        used = memory.used_bytes + prompts
        taken = sum(part.size for part in inside if part.kind is not Kind.PLANNED)
        free = max(self._limit - taken, 0)
        available = max(self._reachable(free), 0)
        reserved = _rounded(free - available)
        return Scene(
            tuple(inside),
            self._shortened(outside),
            self._chips(),
            self._facts,
            self._limit,
            memory.total_bytes,
            _tr("{size} used").format(size=format_memory(_rounded(used))) if _rounded(used) else "",
            _tr("{size} still available").format(size=format_memory(_rounded(available))) if snapshot.models else "",
            _tr("{size} reserved for loaded models").format(size=format_memory(reserved))
            if reserved >= _LEAST_RESERVED
            else "",
            _tr("tokens/s"),
        )

    def _reachable(self, drawn_free: int) -> int:
        """Return the room for another model. It is less than the drawn one: memory is reserved for whole contexts."""
        if self._preview is not None and self._preview.leaves:
            return drawn_free
        memory = self._snapshot.memory
        return min(drawn_free, _rounded(memory.headroom.free_bytes + self._limit - memory.limit_bytes))

    def _part(self, model: ModelSnapshot, kind: Kind, size: int, missing: int = 0) -> Part:
        requests = self._requests.get(model.model_id, [])
        speeds = [request.tokens_per_s for request in requests if request.tokens_per_s is not None]
        speed = _tr("{speed} tokens/s").format(speed=round(sum(speeds))) if speeds else ""
        state = self._state(model, kind, missing)
        size_words = format_memory(size)
        details = _details(kind, size_words, speed, state, time_left(model))
        rate = str(round(sum(speeds))) if speeds and kind is Kind.READY else ""
        sign = self._signs[model.model_id]
        star = _tr("favourite") if model.favourite else ""
        clients = ", ".join(dict.fromkeys(request.client for request in requests if request.client))
        why = message_text(model.reason) or (failure_reason(model) if model.state is State.FAILED else "")
        words = joined(state, size_words, star, speed, clients, why, separator=", ")
        tokens = sum(request.completion_tokens for request in requests)
        self._facts[model.model_id] = Facts(
            model.model_id,
            state,
            words,
            model.favourite,
            model.progress or 0.0,
            tokens,
            any(not request.waiting for request in requests),
            missing,
            sign,
        )
        names = (*self._names[model.model_id], sign.mark)
        return Part(model.model_id, kind, size, names, details, rate, size_words if rate else "", model.favourite)

    def _state(self, model: ModelSnapshot, kind: Kind, missing: int) -> str:
        if kind is Kind.PLANNED and model.model_id in self._snapshot.preload.queue:
            return _tr("Next")
        if kind is Kind.PLANNED and self._preview is not None and model.model_id in self._preview.loads:
            return _tr("Would be loaded")
        if kind is Kind.OUTSIDE and model.state is not State.FAILED:
            return _tr("Needs {size} more").format(size=format_memory(max(missing, STEP_BYTES * 5)))
        return model_state(model)

    def _leaving(self, model: ModelSnapshot) -> Part:
        part = self._part(model, Kind.OUTSIDE, _size_of(model))
        words = _tr("Would be unloaded")
        facts = self._facts[model.model_id]
        self._facts[model.model_id] = facts._replace(state=words, description=joined(words, format_memory(part.size)))
        return part._replace(details=(words,))

    def _prompts(self, size: int) -> Part:
        rounded = _rounded(size)
        words = format_memory(rounded)
        tooltip = _tr("Computed prompts, for apps that send them again. They make room for models.")
        name = _tr("Kept prompts")
        self._facts[PROMPTS] = Facts(name, words, joined(words, tooltip, separator=". "))
        return Part(PROMPTS, Kind.PROMPTS, rounded, (name, _tr("Prompts"), ""), (words,))

    def _shortened(self, outside: list[Part]) -> tuple[Part, ...]:
        """Return the parts beyond the limit, with one for all that are too many."""
        if len(outside) <= _MOST_OUTSIDE:
            return tuple(outside)
        shown, rest = outside[: _MOST_OUTSIDE - 1], outside[_MOST_OUTSIDE - 1 :]
        for part in rest:
            del self._facts[part.key]
        name = _tr("{count} more").format(count=len(rest))
        size = sum(part.size for part in rest)
        self._facts[MORE] = Facts(name, _tr("No room"), _tr("Favourites without room"))
        return *shown, Part(MORE, Kind.OUTSIDE, size, (name, f"+{len(rest)}"), (format_memory(size),))

    def _chips(self) -> tuple[Chip, ...]:
        groups: dict[tuple[str, str], list[RequestSnapshot]] = {}
        for request in self._snapshot.requests:
            groups.setdefault((request.client, request.model_id), []).append(request)
        chips = []
        for (client, model_id), requests in groups.items():
            name = app_name(client) or _tr("An app")
            text = f"{name} ({len(requests)})" if len(requests) > 1 else name
            waiting = all(request.waiting for request in requests)
            tokens = sum(request.completion_tokens for request in requests)
            chips.append(Chip(client, model_id, text, waiting, tokens))
        return tuple(chips)


@lru_cache(maxsize=512)
def name_variants(model_id: str) -> tuple[str, ...]:
    """Return a model's name, and shorter forms of it: without its quantization, its variant, and its size."""
    names = [model_id]
    for pattern in (_QUANTIZATION, _VARIANT, _VARIANT):
        names.append(pattern.sub("", names[-1]))
    names.append(re.split(r"[-_ ]", names[-1])[0])
    return tuple(dict.fromkeys(name for name in names if name))


@lru_cache(maxsize=32)
def distinct_names(model_ids: tuple[str, ...]) -> Mapping[str, tuple[str, ...]]:
    """Return the name variants of each model, without the shorter ones that another model has, too."""
    counts = Counter(variant for model_id in model_ids for variant in name_variants(model_id))
    return {
        model_id: tuple(name for name in name_variants(model_id) if name == model_id or counts[name] == 1)
        for model_id in model_ids
    }


def _kind_of(model: ModelSnapshot) -> Kind:
    if model.state is State.HOT:
        return Kind.READY
    return Kind.UNLOADING if model.state is State.UNLOADING else Kind.LOADING


def _size_of(model: ModelSnapshot) -> int:
    if model.state is State.HOT:
        return _rounded(model.resident_bytes or model.expected_bytes)
    if model.state is State.UNLOADING:
        return _rounded(model.resident_bytes)
    return _rounded(max(model.resident_bytes, model.expected_bytes))


def _details(kind: Kind, size: str, speed: str, state: str, left: str) -> tuple[str, ...]:
    if kind is Kind.READY:
        return (SEPARATOR.join((size, speed)), speed) if speed else (size,)
    if kind is Kind.LOADING:
        return (SEPARATOR.join((state, left)), state) if left else (state,)
    if kind is Kind.UNLOADING:
        return (state_name(State.UNLOADING),)
    return (SEPARATOR.join((state, size)), state) if kind is Kind.PLANNED else (state,)


def _rounded(size: int) -> int:
    return round(size / STEP_BYTES) * STEP_BYTES


def _tr(text: str) -> str:
    return QCoreApplication.translate("Hearth", text)
