"""Commands about preloading."""

from __future__ import annotations

import math
import re
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Final

from preheat.control.command import Command, Risk, command
from preheat.core import PreloadSnapshot
from preheat.errors import InvalidRequestError
from preheat.messages import Message, msg
from preheat.timespan import MAX_SPAN_S, parse_span

if TYPE_CHECKING:
    from preheat.control.host import ControlHost

_NUMBER: Final = re.compile(r"\d+(\.\d*)?", re.ASCII)


@dataclass(frozen=True, slots=True)
class Pause:
    """Whether preloading is paused.

    Attributes:
        paused_until: Unix time; None for a pause without an end.
    """

    paused: bool
    paused_until: float | None


@dataclass(frozen=True, slots=True)
class PlannedModel:
    """What the plan says about one model.

    Attributes:
        wish: Why it should be hot: a favourite, or learned.
        verdict: What is done about it.
        displaces: Models it would evict.
        missing_bytes: Memory that it lacks.
    """

    model_id: str = field(metadata={"json": "model"})
    wish: str
    rank: int
    verdict: str
    displaces: tuple[str, ...]
    missing_bytes: int
    why: Message


@dataclass(frozen=True, slots=True)
class StandbyModel:
    """A model to keep in the page cache.

    Attributes:
        cached: Whether it is there.
    """

    model_id: str = field(metadata={"json": "model"})
    cached: bool


@dataclass(frozen=True, slots=True)
class Plan:
    """What should be hot, and what is loaded next.

    Attributes:
        next: Models to preload, the first one first.
        unloaded: Models the user unloaded; they come back when they are used.
    """

    preload: PreloadSnapshot = field(metadata={"flat": True})
    decisions: tuple[PlannedModel, ...]
    next: tuple[str, ...]
    unloaded: tuple[str, ...]
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
