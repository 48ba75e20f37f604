"""What would be loaded and unloaded in the next hours if nothing is requested. Pure.

The policy makes a plan for each quarter of an hour to come, from the models that its earlier plans left in memory and
from what is likely in that hour.
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Final

from preheat.messages import Message
from preheat.preload.foresight import Outlook
from preheat.preload.plan import PreloadTarget, TargetKind
from preheat.preload.policy import PlanBasis, plan_preloads
from preheat.preload.reasons import describe_reason, describe_usage
from preheat.residency import NO_DEVICE_BYTES, ResidentModel
from preheat.usage import Popularity

STEP_S: Final = 900.0
_USUAL_S: Final = 2 * 3600.0  # how far before its usual hour a load is explained by it


@dataclass(frozen=True, slots=True)
class PlannedStay:
    """A time in memory that is to come."""

    model_id: str = field(metadata={"json": "model"})
    begins_at: float  # Unix time; that of the plan if it is in memory already
    ends_at: float  # Unix time; the end of the plan if it stays
    loads: bool = False  # it is loaded then
    why: Message | None = None  # why it is loaded; None unless it is
    usual_at: float | None = None  # Unix time of the next hour in which it is usually used; None without one


@dataclass(frozen=True, slots=True)
class Ahead:
    """The state that a plan of the next hours begins with.

    Attributes:
        popularity: Not changed, but read for as long as the plan is made.
        outlooks: What is likely, and who says so, ordered by time. The first one is not later than the plan.
        residents: Models in memory.
        expiries: Unix times at which models in memory are unloaded unless they are used.
        basis: What each plan depends on.
        loads_from: Unix time from which preloads may run; infinite if they may not.
        left_out: Models whose preload failed, each with the Unix time when it may be loaded again.
    """

    popularity: Popularity
    outlooks: Sequence[Outlook]
    residents: Sequence[ResidentModel]
    expiries: Mapping[str, float]
    basis: PlanBasis
    loads_from: float
    left_out: Mapping[str, float]


def plan_ahead(ahead: Ahead, now: float, until: float) -> tuple[PlannedStay, ...]:
    """Return the times in memory from ``now`` to ``until``, both Unix times, in the order of their begin."""
    usual_hour = ahead.popularity.usual_hour
    room = {model.model_id: model._replace(leased=False) for model in ahead.residents}
    open_stays = {name: PlannedStay(name, now, until, usual_at=usual_hour(name, now, until)) for name in room}
    expiries = dict(ahead.expiries)
    ended: list[PlannedStay] = []

    def end(name: str, at: float) -> None:
        room.pop(name, None)
        if (stay := open_stays.pop(name, None)) is not None:
            ended.append(replace(stay, ends_at=at))

    at = now
    while at < until:
        for name in [name for name, expires_at in expiries.items() if expires_at <= at]:
            end(name, max(expiries.pop(name), now))
        for target in _loads(ahead, list(room.values()), at):
            for name in target.displaces:
                end(name, at)
            favourite = target.kind is TargetKind.FAVOURITE
            room[target.model_id] = ResidentModel(
                target.model_id,
                ahead.basis.sizes[target.model_id],
                0.0,
                favourite=favourite,
                speculative=True,
                device_bytes=ahead.basis.devices.sizes.get(target.model_id, NO_DEVICE_BYTES),
            )
            usual_at = usual_hour(target.model_id, at, at + _USUAL_S)
            open_stays[target.model_id] = PlannedStay(
                target.model_id, at, until, loads=True, why=_reason(ahead, target, at), usual_at=usual_at
            )
        # Whole quarters of an hour from now on: plans change with the hour.
        at = (math.floor(at / STEP_S) + 1) * STEP_S
    return tuple(sorted((*ended, *open_stays.values()), key=lambda stay: (stay.begins_at, stay.model_id)))


def _loads(ahead: Ahead, residents: Sequence[ResidentModel], at: float) -> Iterator[PreloadTarget]:
    """Yield the loads of the plan at this time."""
    if at < ahead.loads_from:
        return
    basis = ahead.basis
    if left_out := {name for name, from_at in ahead.left_out.items() if at < from_at}:
        basis = replace(basis, sizes={name: size for name, size in basis.sizes.items() if name not in left_out})
    yield from plan_preloads(_outlook(ahead, at).chances, residents, basis, at).preloads


def _outlook(ahead: Ahead, at: float) -> Outlook:
    return [outlook for outlook in ahead.outlooks if outlook.since <= at][-1]


def _reason(ahead: Ahead, target: PreloadTarget, at: float) -> Message:
    usage = describe_usage(ahead.popularity.usage(target.model_id, at), at)
    return describe_reason(target, _outlook(ahead, at).voices(target.model_id), usage)
