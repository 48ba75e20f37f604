"""Figures from the usage log. Each function reads one open connection, at one moment of the log.

Counts are exact: whole hours come from the table of sums, the ends of the span from the records. Medians and 95th
percentiles are exact too, over the newest ``SAMPLE_REQUESTS`` requests of each outcome, so their cost does not grow
with the log.
"""

from __future__ import annotations

import math
import sqlite3
from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import astuple, dataclass, field, replace
from typing import Any, Final

from preheat.messages import Message
from preheat.residency import Outcome
from preheat.usage.records import END_OF_TIME, Counts
from preheat.usage.schema import DAY_S, DECISION_SUMS, HOUR_S, MAX_INTEGER, OUTCOMES, REQUEST_SUMS, SUM_COLUMNS
from preheat.usage.table_reading import WHOLE_DECISION, WHOLE_REQUEST, read_reason

HOURS: Final = 48
DAYS: Final = 90

SETTLING_S: Final = 7.0 * DAY_S
"""Length of the learning phase after the first request, in seconds; the steady state follows."""

SAMPLE_REQUESTS: Final = 5000
"""Per outcome. One request more or less moves the 95th percentile by 0.02 % of its rank."""

SAMPLE_LOADS: Final = 2000

_REASONS: Final = 10
"""Kinds of reasons listed."""

_NO_COUNTS: Final = Counts()
_TOTALS: Final = ", ".join(
    f"ifnull(SUM({name}) FILTER (WHERE {name} BETWEEN 0 AND {MAX_INTEGER}), 0)" for name in SUM_COLUMNS
)
_HOURS_PER_DAY: Final = DAY_S // HOUR_S
_CODES: Final = ", ".join(map(str, range(len(OUTCOMES))))


@dataclass(frozen=True, slots=True)
class Quantiles:
    """Nearest-rank quantiles, in seconds.

    Attributes:
        samples: Number of values; the others are None without any.
    """

    samples: int = 0
    median_s: float | None = None
    p95_s: float | None = None


@dataclass(frozen=True, slots=True)
class Latency:
    """Time that requests waited for their model, and for their first token."""

    wait: Quantiles = Quantiles()
    ttft: Quantiles = Quantiles()


_NO_QUANTILES: Final = Quantiles()
_NO_LATENCY: Final = Latency()


@dataclass(frozen=True, slots=True)
class Figures:
    """Figures of one model, or of all.

    Attributes:
        last_hour: Sums over the hour before ``UsageStats.now``; ``last_day`` and ``last_week`` likewise.
        span: Sums over the requested span.
        latency: By outcome, over the same span.
        load: Load times, over the same span.
    """

    last_hour: Counts = _NO_COUNTS
    last_day: Counts = _NO_COUNTS
    last_week: Counts = _NO_COUNTS
    span: Counts = _NO_COUNTS
    latency: Mapping[Outcome, Latency] = field(default_factory=dict)
    load: Quantiles = Quantiles()


@dataclass(frozen=True, slots=True)
class Recomputed:
    """One kind of reason why prompts were computed again.

    Attributes:
        requests: Requests with a reason of this kind.
        tokens: Prompt tokens that they computed.
        reason: That of the last one.
    """

    requests: int
    tokens: int
    reason: Message = field(metadata={"json": "why", "message": "reason"})


@dataclass(frozen=True, slots=True)
class UsageStats:
    """Results of usage and preloading.

    Attributes:
        since: Begin of the span, Unix time. Older history is folded into days, so the span then begins with a whole
            day (UTC). None for everything in the log, even while the clock was ahead.
        now: End of the span.
        models: By model id, for models with any figures.
        recomputed: Why prompts were computed again, by the newest ``SAMPLE_REQUESTS`` of the span that were; the most
            frequent kind of reason first.
    """

    since: float | None
    now: float
    total: Figures = Figures()
    models: Mapping[str, Figures] = field(default_factory=dict)
    recomputed: tuple[Recomputed, ...] = ()


@dataclass(frozen=True, slots=True)
class UsageBucket:
    """Sums of all models over one hour or one day.

    Attributes:
        begins_at: Unix time; days begin at midnight UTC.
        length_s: Length in seconds; the last bucket of a series is still open.
    """

    begins_at: int
    length_s: int
    counts: Counts = field(default=_NO_COUNTS, metadata={"flat": True})


@dataclass(frozen=True, slots=True)
class UsageHistory:
    """The last hours and days, oldest first and without gaps; the last bucket of each is the current one."""

    hours: tuple[UsageBucket, ...]
    days: tuple[UsageBucket, ...]

    def including(self, counts: Counts) -> UsageHistory:
        """Return it with these counts in the current hour and day."""
        return UsageHistory(_with_last(self.hours, counts), _with_last(self.days, counts))


def _with_last(buckets: tuple[UsageBucket, ...], counts: Counts) -> tuple[UsageBucket, ...]:
    last = buckets[-1]
    sums = Counts(*map(sum, zip(astuple(last.counts), astuple(counts), strict=True)))
    return (*buckets[:-1], replace(last, counts=sums))


_Sums = dict[int | None, Counts]
"""By model number; the total under None."""


def read_stats(connection: sqlite3.Connection, since: float | None, now: float) -> UsageStats:
    """Return the figures from ``since`` to ``now``; see ``UsageLog.stats``."""
    begin, end = (0.0, END_OF_TIME) if since is None else (since, now)
    hour, day, week = (_sums(connection, now - length_s, now) for length_s in (HOUR_S, DAY_S, 7 * DAY_S))
    span = _sums(connection, begin, end)
    latency = [_latency(connection, code, begin, end) for code in range(len(OUTCOMES))]
    load = _load_times(connection, begin, end)

    def figures(model: int | None) -> Figures:
        return Figures(
            last_hour=hour.get(model, _NO_COUNTS),
            last_day=day.get(model, _NO_COUNTS),
            last_week=week.get(model, _NO_COUNTS),
            span=span.get(model, _NO_COUNTS),
            latency={outcome: of.get(model, _NO_LATENCY) for outcome, of in zip(OUTCOMES, latency, strict=True)},
            load=load.get(model, _NO_QUANTILES),
        )

    used = hour.keys() | day.keys() | week.keys() | span.keys()
    names = connection.execute("SELECT no, model_id FROM models ORDER BY model_id")
    models = {model_id: figures(no) for no, model_id in names if no in used}
    return UsageStats(since, now, figures(None), models, _recomputed(connection, begin, end))


def read_history(connection: sqlite3.Connection, now: float, hours: int = HOURS, days: int = DAYS) -> UsageHistory:
    """Return the sums of the last hours and days up to the Unix time ``now``; see ``UsageLog.history``.

    Reads only the tables of sums, however long the log is.
    """
    return UsageHistory(
        hours=_series(connection, "hours", HOUR_S, now, hours),
        days=_series(connection, "days", DAY_S, now, days),
    )


def quantiles(values: Sequence[float]) -> Quantiles:
    """Return the median and the 95th percentile, by nearest rank."""
    if not values:
        return _NO_QUANTILES
    ordered = sorted(values)
    count = len(ordered)
    # Integers: 0.95 * 20 is slightly more than 19.
    return Quantiles(count, ordered[-(-count * 50 // 100) - 1], ordered[-(-count * 95 // 100) - 1])


def _series(
    connection: sqlite3.Connection, table: str, length_s: int, now: float, count: int
) -> tuple[UsageBucket, ...]:
    last, span = int(now // length_s), table.removesuffix("s")
    query = f"SELECT {span}, {_TOTALS} FROM {table} WHERE {span} > ? AND {span} <= ? GROUP BY {span}"
    found = {place: Counts(*sums) for place, *sums in connection.execute(query, (last - count, last))}
    places = range(last - count + 1, last + 1)
    return tuple(UsageBucket(place * length_s, length_s, found.get(place, _NO_COUNTS)) for place in places)


def _sums(connection: sqlite3.Connection, begin: float, end: float) -> _Sums:
    """Return the sums from ``begin`` to ``end``, both included."""
    (history_begins,) = connection.execute(
        "SELECT ifnull(max(begins), 0) FROM history WHERE typeof(begins) = 'integer'"
    ).fetchone()
    # Days before the history cannot be cut: they count as a whole.
    if begin < history_begins:
        begin = float(begin // DAY_S * DAY_S)
    if end < history_begins:
        return _add_up([_between(connection, "days", int(begin // DAY_S), int(end // DAY_S) + 1)])
    first_hour, last_hour = math.ceil(begin / HOUR_S), math.floor(end / HOUR_S)
    first_day, last_day = math.ceil(begin / DAY_S), math.floor(end / DAY_S)
    parts = [_between(connection, "days", first_day, last_day)]
    if first_day <= last_day:
        parts.append(_between(connection, "hours", first_hour, first_day * _HOURS_PER_DAY))
        parts.append(_between(connection, "hours", last_day * _HOURS_PER_DAY, last_hour))
    else:
        parts.append(_between(connection, "hours", first_hour, last_hour))
    if first_hour <= last_hour:
        parts += _edge(connection, begin, "<", first_hour * HOUR_S)
        parts += _edge(connection, last_hour * HOUR_S, "<=", end)
    else:
        parts += _edge(connection, begin, "<=", end)
    return _add_up(parts)


def _between(connection: sqlite3.Connection, table: str, first: int, last: int) -> sqlite3.Cursor:
    """Return the sums of the spans from ``first`` up to, but not, ``last``."""
    span = table.removesuffix("s")
    query = f"SELECT model, {_TOTALS} FROM {table} WHERE {span} >= ? AND {span} < ? GROUP BY model"
    return connection.execute(query, (first, last))


def _edge(connection: sqlite3.Connection, begin: float, less: str, end: float) -> list[sqlite3.Cursor]:
    """Return the sums of the records in a part of an hour."""
    requests = f"{WHOLE_REQUEST} AND outcome IN ({_CODES}) AND started_at >= ? AND started_at {less} ?"
    decisions = f"{WHOLE_DECISION} AND at >= ? AND at {less} ?"
    return [
        connection.execute(f"SELECT model, {sums} FROM {table} WHERE {condition} GROUP BY model", (begin, end))
        for sums, table, condition in (
            (REQUEST_SUMS, "requests", requests),
            (DECISION_SUMS, "decisions", decisions),
        )
    ]


def _add_up(parts: Iterable[Iterable[tuple[Any, ...]]]) -> _Sums:
    totals: dict[int | None, tuple[Any, ...]] = {}
    for part in parts:
        for model, *numbers in part:
            for key in (model, None):
                totals[key] = (
                    tuple(map(sum, zip(totals[key], numbers, strict=True))) if key in totals else tuple(numbers)
                )
    return {model: Counts(*numbers) for model, numbers in totals.items()}


def _recomputed(connection: sqlite3.Connection, begin: float, end: float) -> tuple[Recomputed, ...]:
    newest = (
        "SELECT id, prompt_tokens - slot_tokens - memory_tokens - disk_tokens AS tokens, recomputed, recomputed_why "
        f"FROM requests WHERE {WHOLE_REQUEST} AND recomputed != '' AND started_at >= ? AND started_at <= ? "
        "ORDER BY started_at DESC LIMIT ?"
    )
    # With max(), SQLite takes the other columns from the row that has the maximum.
    rows = connection.execute(
        f"SELECT count(*), SUM(tokens), recomputed_why, max(id) FROM ({newest}) GROUP BY recomputed "
        "ORDER BY 1 DESC, 4 DESC LIMIT ?",
        (begin, end, SAMPLE_REQUESTS, _REASONS),
    )
    return tuple(Recomputed(requests, tokens, read_reason(why)) for requests, tokens, why, _ in rows)


def _latency(connection: sqlite3.Connection, code: int, begin: float, end: float) -> dict[int | None, Latency]:
    """Return the latency of requests with one outcome, by model."""
    rows = connection.execute(
        f"SELECT model, wait_s, ttft_s FROM requests WHERE {WHOLE_REQUEST} AND outcome = ? AND started_at >= ? "
        "AND started_at <= ? ORDER BY started_at DESC LIMIT ?",
        (code, begin, end, SAMPLE_REQUESTS),
    ).fetchall()
    wait = _quantiles_by_model([(model, wait_s) for model, wait_s, _ in rows])
    ttft = _quantiles_by_model([(model, ttft_s) for model, _, ttft_s in rows if ttft_s is not None])
    return {model: Latency(of, ttft.get(model, _NO_QUANTILES)) for model, of in wait.items()}


def _load_times(connection: sqlite3.Connection, begin: float, end: float) -> dict[int | None, Quantiles]:
    rows = connection.execute(
        f"SELECT model, seconds FROM decisions WHERE {WHOLE_DECISION} AND action IN ('load', 'preload') "
        "AND at >= ? AND at <= ? AND seconds IS NOT NULL ORDER BY at DESC LIMIT ?",
        (begin, end, SAMPLE_LOADS),
    )
    return _quantiles_by_model(rows.fetchall())


def _quantiles_by_model(samples: Sequence[tuple[int, float]]) -> dict[int | None, Quantiles]:
    by_model: dict[int | None, list[float]] = defaultdict(list)
    for model, value in samples:
        by_model[model].append(value)
    by_model[None] = [value for _, value in samples]
    return {model: quantiles(values) for model, values in by_model.items()}
