"""Commands about figures and decisions."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Final

from preheat.clock import unix_time
from preheat.control.command import Command, Risk, command
from preheat.control.timespan import parse_since
from preheat.core import MemorySnapshot, State
from preheat.errors import AmbiguousModelError, ModelNotFoundError, QueueFullError, UnsupportedOperationError
from preheat.messages import Message, msg
from preheat.preload import PlannedStay
from preheat.replay import LimitCurve, compute_in_process
from preheat.residency import DecisionRecord
from preheat.usage import (
    DAYS,
    HOURS,
    ColdStart,
    Counts,
    Figures,
    Lane,
    Recomputed,
    RequestRecord,
    UsageHistory,
    cold_start,
    day_lanes,
)

if TYPE_CHECKING:
    from preheat.control.host import ControlHost
    from preheat.usage import UsageLog

_STATS_AGE_S: Final = 3.0
"""A dashboard that polls must not read a long log all the time."""

_HISTORY_AGE_S: Final = 1.0  # cheaper: sums of hours and days, however long the log is
_REPLAY_S: Final = 5.0
_HOUR_S: Final = 3600
_DAY_RECORDS: Final = 20_000  # the newest; more than a person makes in a week
_COLD_RECORDS: Final = 500
_ERRORS = (UnsupportedOperationError,)


@dataclass(frozen=True, slots=True)
class SteadyState:
    """Sums since a week after the first request."""

    since: float
    counts: Counts = field(metadata={"flat": True})


@dataclass(frozen=True, slots=True)
class StatsReport:
    """Figures from ``since`` to ``now``, both Unix times; ``since`` is None for everything in the log."""

    since: float | None
    now: float
    total: Figures
    models: Mapping[str, Figures]
    steady: SteadyState | None
    memory: MemorySnapshot | None = None  # None without a running engine
    warning: Message | None = None  # what is wrong with the figures; None if nothing is
    recomputed: tuple[Recomputed, ...] = ()  # why prompts were computed again, the most frequent kind of reason first


def read_stats(log: UsageLog, since: float | None) -> StatsReport:
    """Return the figures since a Unix time from a log alone. Blocks on the disk."""
    stats, steady = log.stats(since), log.steady()
    return StatsReport(
        stats.since,
        stats.now,
        stats.total,
        stats.models,
        None if steady is None else SteadyState(*steady),
        warning=log.warning,
        recomputed=stats.recomputed,
    )


@dataclass(frozen=True, slots=True)
class Day:
    """The last hours, from ``begin`` to ``now``, both Unix times."""

    begin: float
    now: float
    lanes: tuple[Lane, ...]  # one for each model that was in memory or requested, the most requested first
    until: float = 0.0  # Unix time of the end of ``plan``
    plan: tuple[PlannedStay, ...] = ()  # times in memory to come if nothing is requested; empty unless Preheat runs
    hold: Message | None = None  # why nothing is preloaded now; None if nothing prevents it


@dataclass(frozen=True, slots=True)
class DecisionList:
    """Decisions, the newest first."""

    decisions: tuple[DecisionRecord, ...]


@dataclass(frozen=True, slots=True)
class RequestList:
    """Ended requests, the newest first."""

    requests: tuple[RequestRecord, ...]


@command("GET", "stats", risk=Risk.USE, costly=True, errors=_ERRORS, cache_s=_STATS_AGE_S)
class GetStats(Command[StatsReport]):
    """Return the figures since a Unix time, or over a span such as ``7d``."""

    since: str | None = None

    async def run(self, host: ControlHost) -> StatsReport:
        begin = parse_since(self.since)
        report = await host.read_log(lambda log: read_stats(log, begin))
        now = host.engine.refresh()
        return replace(report, memory=now.memory, warning=now.warning)


@command("GET", "history", risk=Risk.USE, costly=True, errors=_ERRORS, cache_s=_HISTORY_AGE_S)
class GetHistory(Command[UsageHistory]):
    """Return the sums of each of the last hours and days (UTC), the oldest first.

    The last ones include the requests in progress.
    """

    hours: int = field(default=HOURS, metadata={"minimum": 1, "maximum": 24 * 90})
    days: int = field(default=DAYS, metadata={"minimum": 1, "maximum": 3650})

    async def run(self, host: ControlHost) -> UsageHistory:
        history = await host.read_log(lambda log: log.history(self.hours, self.days))
        return history.including(host.engine.open_counts())


@command("GET", "day", risk=Risk.USE, costly=True, errors=_ERRORS, cache_s=_STATS_AGE_S)
class GetDay(Command[Day]):
    """Return when each model was in memory in the last hours, and which requests found it ready.

    Also says what will be in memory in the next hours, ``ahead``, if nothing is requested.
    """

    hours: int = field(default=24, metadata={"minimum": 1, "maximum": 24 * 7})
    ahead: int = field(default=0, metadata={"minimum": 0, "maximum": 24})

    async def run(self, host: ControlHost) -> Day:
        now, snapshot = unix_time(), host.engine.snapshot
        hot = {model.model_id for model in snapshot.models if model.state is State.HOT}
        begin, until = now - self.hours * _HOUR_S, now + self.ahead * _HOUR_S

        def read(log: UsageLog) -> tuple[Lane, ...]:
            decisions, requests = log.decisions(_DAY_RECORDS, begin), log.requests(_DAY_RECORDS, begin)
            return day_lanes(decisions, requests, begin, now, hot)

        plan = await host.engine.plan_ahead(until) if self.ahead else ()
        return Day(begin, now, await host.read_log(read), until, plan, snapshot.preload.hold)


@command("GET", "log", risk=Risk.USE, costly=True, errors=(*_ERRORS, AmbiguousModelError))
class ListDecisions(Command[DecisionList]):
    """List decisions, the newest first; ``since`` is a Unix time or a span such as ``7d``."""

    limit: int = field(default=100, metadata={"minimum": 1, "maximum": 10_000})
    since: str | None = None
    model: str | None = None

    async def run(self, host: ControlHost) -> DecisionList:
        begin, model_id = parse_since(self.since), await _logged_model(host, self.model)
        return DecisionList(await host.read_log(lambda log: log.decisions(self.limit, begin, model_id)))


@command("GET", "requests", risk=Risk.USE, costly=True, errors=(*_ERRORS, AmbiguousModelError))
class ListRequests(Command[RequestList]):
    """List requests that have ended, the newest first; ``since`` is a Unix time or a span such as ``7d``.

    A ``client`` without a version stands for all its versions.
    """

    limit: int = field(default=100, metadata={"minimum": 1, "maximum": 10_000})
    since: str | None = None
    model: str | None = None
    client: str | None = None

    async def run(self, host: ControlHost) -> RequestList:
        begin, model_id = parse_since(self.since), await _logged_model(host, self.model)
        return RequestList(await host.read_log(lambda log: log.requests(self.limit, begin, model_id, self.client)))


@command("GET", "models/{model:path}/cold", risk=Risk.USE, costly=True, errors=(*_ERRORS, AmbiguousModelError))
class GetColdStart(Command[ColdStart]):
    """Return how long a model takes to its first word when it is not loaded, as far as that was measured."""

    model: str

    async def run(self, host: ControlHost) -> ColdStart:
        model_id = await _logged_model(host, self.model) or ""

        def read(log: UsageLog) -> ColdStart:
            decisions = log.decisions(_COLD_RECORDS, model=model_id)
            return cold_start(model_id, decisions, log.requests(_COLD_RECORDS, model=model_id))

        return await host.read_log(read)


async def _logged_model(host: ControlHost, name: str | None) -> str | None:
    """Return the id of a model of the log, which may have been removed since."""
    if name is None:
        return None
    try:
        return await host.model_id(name)
    except ModelNotFoundError:
        return name.strip().lower()


@command("POST", "replay", risk=Risk.USE, errors=(QueueFullError,))
class ReplayLimits(Command[LimitCurve]):
    """Return the hit rate that other memory limits, in bytes, would have had in the last weeks. Takes seconds."""

    limits: tuple[int, ...] = field(metadata={"minimum": 0, "maximum": 1 << 60, "most": 64})

    async def run(self, host: ControlHost) -> LimitCurve:
        if host.replaying.locked():
            raise QueueFullError(msg("replay_busy"), retry_after_s=_REPLAY_S)
        async with host.replaying:
            return await compute_in_process(host.engine.settings, self.limits)
