"""Commands about preloading."""

from __future__ import annotations

import math
import re
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Final

from preheat.clock import MAX_SPAN_S
from preheat.control.command import Command, Risk, command
from preheat.control.timespan import parse_span
from preheat.core import PreloadSnapshot
from preheat.errors import InvalidRequestError
from preheat.messages import Message, msg

if TYPE_CHECKING:
    from preheat.control.host import ControlHost

_NUMBER: Final = re.compile(r"\d+(\.\d*)?", re.ASCII)


@dataclass(frozen=True, slots=True)
class Pause:
    """Whether preloading is paused."""

    paused: bool
    paused_until: float | None  # Unix time; None for a pause without an end


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


def _seconds(text: str, param: str) -> float:
    """Return a span of time, given in seconds or as ``1h30m``."""
    if not _NUMBER.fullmatch(text):
        return parse_span(text, param=param)
    if not 0 < float(text) <= MAX_SPAN_S:
        raise InvalidRequestError(msg("must_be_seconds", param=param), param=param)
    return float(text)


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


@command("GET", "plan", risk=Risk.USE)
class GetPlan(Command[Plan]):
    """Show what should be hot, what is loaded next, and why."""

    async def run(self, host: ControlHost) -> Plan:
        engine, plan = host.engine, host.engine.plan()
        cached = {model.model_id for model in engine.snapshot.models if model.standby}
        decisions = (
            PlannedModel(
                each.model_id,
                each.kind.value,
                each.rank,
                each.action.value,
                each.displaces,
                each.missing_bytes,
                engine.why(each.model_id),
            )
            for each in plan.targets
        )
        return Plan(
            engine.snapshot.preload,
            tuple(decisions),
            tuple(each.model_id for each in plan.preloads),
            engine.suppressed(),
            tuple(StandbyModel(model_id, model_id in cached) for model_id in plan.standby),
        )


def _pause(host: ControlHost) -> Pause:
    until = host.engine.snapshot.preload.paused_until
    return Pause(until is not None, until if until is not None and math.isfinite(until) else None)
