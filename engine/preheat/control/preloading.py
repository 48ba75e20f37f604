"""Commands about what is ready before it is requested: preloading, room, and kept prompts."""

from __future__ import annotations

import asyncio
import math
import re
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Final

from preheat.clock import MAX_SPAN_S
from preheat.control.command import Command, Risk, command
from preheat.control.timespan import parse_span
from preheat.core import PreloadSnapshot, PromptSnapshot, RoomSnapshot
from preheat.errors import AmbiguousModelError, InvalidRequestError, ModelNotFoundError
from preheat.messages import Message, msg
from preheat.prefixes import PrefixFigures, folder_name
from preheat.residency import read_memory
from preheat.settings import Size

if TYPE_CHECKING:
    from preheat.control.host import ControlHost

_LEAST_SIZE: Final = 10**6  # less was meant in a unit, such as 8 in GiB
_NUMBER: Final = re.compile(r"\d+(\.\d*)?", re.ASCII)


@dataclass(frozen=True, slots=True)
class Pause:
    """Whether preloading is paused."""

    paused: bool
    paused_until: float | None  # Unix time; None for a pause without an end


@dataclass(frozen=True, slots=True)
class MadeRoom:
    """What making room has done."""

    room: RoomSnapshot
    unloaded: tuple[str, ...]  # models that have left memory
    shrunk: tuple[str, ...]  # models that have given up memory, and are loaded again without it
    busy: tuple[str, ...]  # models that leave when their requests end
    available_bytes: int  # memory available to other programs now


@dataclass(frozen=True, slots=True)
class EndedRoom:
    """What the end of room has done."""

    ended: bool  # whether any was kept
    returning: tuple[str, ...]  # models that are loaded again, one after the other


@dataclass(frozen=True, slots=True)
class PlannedModel:
    """The plan for one model."""

    model_id: str = field(metadata={"json": "model"})
    kind: str  # favourite, expected or learned
    rank: int
    verdict: str  # what is done about it
    displaces: tuple[str, ...]  # models it would evict
    missing_bytes: int  # memory that it lacks
    why: Message
    prompts: tuple[PromptSnapshot, ...] = ()  # those kept for it, the likeliest first


@dataclass(frozen=True, slots=True)
class PlannedForm:
    """The plan for the weights of a hot model."""

    model_id: str = field(metadata={"json": "model"})
    form: str  # mapped or repacked
    wanted: str  # the form that it should have
    verdict: str  # what is done about it
    extra_bytes: int  # memory that repacked weights take more than mapped ones
    why: Message


@dataclass(frozen=True, slots=True)
class StandbyModel:
    """A model to keep in the page cache."""

    model_id: str = field(metadata={"json": "model"})
    cached: bool  # whether it is there


@dataclass(frozen=True, slots=True)
class Plan:
    """What should be hot, and what is loaded next."""

    preload: PreloadSnapshot = field(metadata={"flat": True})
    decisions: tuple[PlannedModel, ...]
    next: tuple[str, ...]  # models to preload, the first one first
    unloaded: tuple[str, ...]  # models the user unloaded; they come back when they are used
    standby: tuple[StandbyModel, ...]
    forms: tuple[PlannedForm, ...] = ()  # of hot models with something to gain, or that were set


def _seconds(text: str, param: str) -> float:
    """Return a span of time, given in seconds or as ``1h30m``."""
    if not _NUMBER.fullmatch(text):
        return parse_span(text, param=param)
    if not 0 < float(text) <= MAX_SPAN_S:
        raise InvalidRequestError(msg("must_be_seconds", param=param), param=param)
    return float(text)


def _optional_seconds(value: object, param: str) -> float | None:
    """Return a span of time in JSON: seconds, a text such as ``1h30m``, or null."""
    if value is None:
        return None
    if isinstance(value, bool) or not isinstance(value, int | float | str):
        raise InvalidRequestError(msg("must_be_seconds", param=param), param=param)
    return _seconds(str(value), param)


def total_memory() -> int:
    """Return the memory that shares such as ``50%`` are of, in bytes: within the limits of control groups."""
    return read_memory().total_bytes


def check_size(value: object, param: str) -> int | str | None:
    """Return a size of memory as it was given: such as ``8GiB``, ``25%`` of all, a number of bytes, or None.

    Raises:
        InvalidRequestError: It is none.
    """
    if value is None:
        return None
    try:
        if isinstance(value, bool) or not isinstance(value, int | str):
            raise ValueError
        if Size(str(value)).resolve(total_memory()) < _LEAST_SIZE:
            raise ValueError
    except ValueError as error:
        raise InvalidRequestError(msg("must_be_size", param=param), param=param) from error
    return value


@command("POST", "pause", risk=Risk.MANAGE)
class PausePreloading(Command[Pause]):
    """Stop preloading for a time, such as ``90`` seconds or ``30m``, or until it is resumed."""

    seconds: float | None = field(default=None, metadata={"in": "query", "parse": _seconds})

    async def run(self, host: ControlHost) -> Pause:
        host.engine.pause(self.seconds)
        return _pause(host)


@command("POST", "resume", risk=Risk.MANAGE)
class ResumePreloading(Command[Pause]):
    """Preload again."""

    async def run(self, host: ControlHost) -> Pause:
        host.engine.resume()
        return _pause(host)


@command("POST", "make-room", risk=Risk.MANAGE)
class MakeRoom(Command[MadeRoom]):
    """Unload what is worth least until memory is available to other programs, and keep it so for a time.

    Nothing is preloaded meanwhile. At the end, the models that left are loaded again.
    """

    # memory that should be available, such as 8GiB, 25% or a number of bytes; null unloads every model
    size: int | str | None = field(default=None, metadata={"check": check_size})
    # how long, in seconds or as 1h30m; null is until it is ended
    seconds: float | None = field(default=None, metadata={"check": _optional_seconds})

    async def run(self, host: ControlHost) -> MadeRoom:
        # Here: a share is of the memory that this process may have, which may be less than its client's.
        wanted_bytes = None if self.size is None else Size(str(self.size)).resolve(total_memory())
        made = await host.engine.room.make(wanted_bytes, self.seconds)
        made_room = RoomSnapshot(made.room.limit_bytes, made.room.wanted_bytes, made.room.until)
        return MadeRoom(made_room, made.unloaded, made.shrunk, made.busy, made.available_bytes)


@command("POST", "make-room/end", risk=Risk.MANAGE)
class EndRoom(Command[EndedRoom]):
    """Let models have the memory again that was kept for other programs."""

    async def run(self, host: ControlHost) -> EndedRoom:
        ended = host.engine.snapshot.room is not None
        return EndedRoom(ended, host.engine.room.end())


@command("GET", "plan", risk=Risk.USE)
class GetPlan(Command[Plan]):
    """Show what should be hot, what is loaded next, and why."""

    async def run(self, host: ControlHost) -> Plan:
        engine, plan = host.engine, host.engine.preloads.plan()
        models = {model.model_id: model for model in engine.snapshot.models}
        decisions = (
            PlannedModel(
                each.model_id,
                each.kind.value,
                each.rank,
                each.action.value,
                each.displaces,
                each.missing_bytes,
                engine.preloads.why(each.model_id, form=False),
                models[each.model_id].prompts if each.model_id in models else (),
            )
            for each in plan.targets
        )
        return Plan(
            engine.snapshot.preload,
            tuple(decisions),
            tuple(each.model_id for each in plan.preloads),
            engine.preloads.suppressed(),
            tuple(StandbyModel(model_id, model_id in models and models[model_id].standby) for model_id in plan.standby),
            tuple(
                PlannedForm(each.model_id, each.form, each.wanted, each.action, each.extra_bytes, each.why)
                for each in engine.preloads.form_outlooks()
                if each.why is not None
            ),
        )


@dataclass(frozen=True, slots=True)
class LimitPreview:
    """What a change of the memory limit would do. Nothing is changed."""

    limit_bytes: int
    stays: tuple[str, ...]  # models that stay in memory
    shrinks: tuple[str, ...]  # those of them that give up their faster form
    leaves: tuple[str, ...]  # models that would be unloaded
    loads: tuple[str, ...]  # models that would be preloaded, in order
    left_out: tuple[str, ...]  # models that should be hot and would have no room


@command("POST", "plan/preview", risk=Risk.USE)
class PreviewLimit(Command[LimitPreview]):
    """Show what another memory limit, in bytes, would do to the models in memory."""

    limit_bytes: int = field(metadata={"minimum": 0, "maximum": 1 << 60})

    async def run(self, host: ControlHost) -> LimitPreview:
        return LimitPreview(self.limit_bytes, *host.engine.preloads.under_limit(self.limit_bytes))


def _pause(host: ControlHost) -> Pause:
    until = host.engine.snapshot.preload.paused_until
    return Pause(until is not None, until if until is not None and math.isfinite(until) else None)


@dataclass(frozen=True, slots=True)
class CachedModel:
    """The kept prompts of a model."""

    model_id: str = field(metadata={"json": "model"})  # of a model that is gone, the name of its folder
    prompts: int  # different ones; a prompt that another one continues is part of that one
    tokens: int
    memory_bytes: int
    disk_bytes: int
    used_at: float  # Unix time of the last use


@dataclass(frozen=True, slots=True)
class PrefixCache:
    """The kept prompts of all models."""

    figures: PrefixFigures = field(metadata={"flat": True})
    models: tuple[CachedModel, ...]


@dataclass(frozen=True, slots=True)
class ClearedCache:
    """Prompts that were deleted."""

    model_id: str | None = field(metadata={"json": "model"})  # None for those of all models
    freed_bytes: int


@command("GET", "cache", risk=Risk.USE, costly=True)
class GetPrefixCache(Command[PrefixCache]):
    """List the kept prompts by model: how many, how large, and when they were used."""

    async def run(self, host: ControlHost) -> PrefixCache:
        prefixes = host.engine.prefixes
        figures, stored = await asyncio.to_thread(lambda: (prefixes.look(), prefixes.contents()))
        names = await _names(host)
        models = (
            CachedModel(
                names.get(each.folder, each.folder),
                each.prompts,
                each.tokens,
                each.memory_bytes,
                each.disk_bytes,
                each.used_at,
            )
            for each in stored
        )
        return PrefixCache(figures, tuple(models))


@command("DELETE", "cache", risk=Risk.MANAGE, errors=(ModelNotFoundError, AmbiguousModelError))
class ClearPrefixCache(Command[ClearedCache]):
    """Delete the kept prompts of a model, or of all models without a name."""

    model: str | None = None

    async def run(self, host: ControlHost) -> ClearedCache:
        model_id = None if self.model is None else await _model_id(host, self.model)
        freed = await asyncio.to_thread(host.engine.prefixes.clear, model_id)
        return ClearedCache(model_id, freed)


async def _names(host: ControlHost) -> dict[str, str]:
    """Return the ids of all known models by the names of their folders."""
    return {folder_name(model.model_id): model.model_id for model in await host.engine.models()}


async def _model_id(host: ControlHost, name: str) -> str:
    """Return the id of the model with this name; it may be one that is gone and has left prompts.

    Raises:
        ModelNotFoundError, AmbiguousModelError: No one model has this name.
    """
    try:
        return await host.model_id(name)
    except ModelNotFoundError:
        stored = await asyncio.to_thread(host.engine.prefixes.contents)
        if name not in {each.folder for each in stored}:
            raise
        return name
