"""The usage log's figures and decisions as public JSON: the port and the command line give the same.

Times are Unix times, durations are seconds, sizes are bytes.
"""

from __future__ import annotations

import time
from typing import Any, Final

from preheat.errors import UnsupportedOperationError
from preheat.messages import message_from_json, message_json, msg, verbatim
from preheat.residency.decisions import Action
from preheat.usage.log import UsageLog
from preheat.usage.records import END_OF_TIME, Counts, DecisionRecord, Outcome
from preheat.usage.stats import Figures, Latency, Quantiles, UsageBucket, UsageHistory, UsageStats

JsonObject = dict[str, Any]

SETTLING_S: Final = 7 * 86_400.0
"""The steady state begins so long after the first request on record."""

OUTCOME_KEYS: Final = {Outcome.HIT: "hit", Outcome.LATE_HIT: "late_hit", Outcome.MISS: "miss"}


def read_stats_json(log: UsageLog, since: float | None = None) -> JsonObject:
    """Return the figures since a Unix time, and in the steady state. Blocks on the disk."""
    stats, steady = read_stats(log, since)
    return {
        **stats_json(stats),
        "steady": None if steady is None else {"since": steady[0], **counts_json(steady[1])},
    }


def read_stats(log: UsageLog, since: float | None = None) -> tuple[UsageStats, tuple[float, Counts] | None]:
    """Return the figures since a Unix time, and begin and sums of the steady state. Blocks on the disk."""
    now = time.time()
    # The iterator is let go at once: the log's moment that it reads is not kept.
    first = next(iter(log.requests_between(0.0, END_OF_TIME)), None)
    steady: tuple[float, Counts] | None = None
    if first is not None and first.started_at + SETTLING_S < now:
        steady_since = first.started_at + SETTLING_S
        steady = steady_since, log.stats(steady_since, now).total.span
    return log.stats(since, now), steady


def stats_json(stats: UsageStats) -> JsonObject:
    """Return all figures, in all and by model."""
    return {
        "since": stats.since,
        "now": stats.now,
        "total": figures_json(stats.total),
        "models": {model_id: figures_json(figures) for model_id, figures in stats.models.items()},
    }


def history_json(history: UsageHistory) -> JsonObject:
    """Return the sums of each hour and each day, the oldest first."""
    return {
        "hours": [_bucket_json(bucket) for bucket in history.hours],
        "days": [_bucket_json(bucket) for bucket in history.days],
    }


def figures_json(figures: Figures) -> JsonObject:
    """Return one model's figures, or those of all."""
    return {
        "last_hour": counts_json(figures.last_hour),
        "last_day": counts_json(figures.last_day),
        "last_week": counts_json(figures.last_week),
        "span": counts_json(figures.span),
        "latency": {key: _latency_json(figures.latency.get(outcome)) for outcome, key in OUTCOME_KEYS.items()},
        "load": _quantiles_json(figures.load),
    }


def counts_json(counts: Counts) -> JsonObject:
    """Return sums over a span of time."""
    return {
        "requests": counts.requests,
        "hits": counts.hits,
        "late_hits": counts.late_hits,
        "misses": counts.misses,
        "preload_hit_rate": counts.preload_hit_rate,
        "wait_s": counts.wait_s,
        "time_saved_s": counts.saved_s,
        "prompt_tokens": counts.prompt_tokens,
        "completion_tokens": counts.completion_tokens,
        "loads": counts.loads,
        "preloads": counts.preloads,
        "load_s": counts.load_s,
        "wasted": counts.wasted,
        "evictions": counts.evictions,
        "failures": counts.failures,
    }


def decision_json(decision: DecisionRecord) -> JsonObject:
    """Return what was done about a model."""
    return {
        "at": decision.at,
        "model": decision.model_id,
        "action": decision.action.value,
        "why": decision.why,
        "reason": message_json(decision.reason),
        "cause": decision.cause,
        "bytes": decision.bytes,
        "seconds": decision.seconds,
        "idle_s": decision.idle_s,
        "wasted": decision.wasted,
    }


def decision_from_json(content: JsonObject) -> DecisionRecord:
    """Return the decision that ``decision_json`` was made of.

    Raises:
        LookupError, ValueError: It is none that this version knows.
    """
    return DecisionRecord(
        at=content["at"],
        model_id=content["model"],
        action=Action(content["action"]),
        reason=message_from_json(content["reason"]) if "reason" in content else verbatim(content["why"]),
        bytes=content["bytes"],
        seconds=content["seconds"],
        cause=content["cause"],
        idle_s=content["idle_s"],
        wasted=content["wasted"],
    )


def kept(log: UsageLog | None) -> UsageLog:
    """Return the log.

    Raises:
        UnsupportedOperationError: There is none.
    """
    if log is None:
        raise UnsupportedOperationError(msg("no_usage_history"))
    return log


def _bucket_json(bucket: UsageBucket) -> JsonObject:
    return {"begins_at": bucket.begins_at, "length_s": bucket.length_s, **counts_json(bucket.counts)}


def _latency_json(latency: Latency | None) -> JsonObject:
    latency = latency or Latency()
    return {"wait": _quantiles_json(latency.wait), "ttft": _quantiles_json(latency.ttft)}


def _quantiles_json(quantiles: Quantiles) -> JsonObject:
    return {"samples": quantiles.samples, "median_s": quantiles.median_s, "p95_s": quantiles.p95_s}
