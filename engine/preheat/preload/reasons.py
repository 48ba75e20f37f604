"""Decisions in words, for ``preheat why`` and ``preheat plan``. Pure."""

from __future__ import annotations

from typing import Final

from preheat.preload.policy import Decision, PolicySettings, PreloadPlan, Verdict, Wish, enough_uses
from preheat.units import format_ago, format_memory
from preheat.usage.popularity import Popularity, Usage

_WEEK_UNIT: Final = "in the last week"


def describe_usage(usage: Usage, now: float) -> str:
    """Return how much a model is used: ``used 12 times in the last week, mostly on weekday mornings``."""
    if usage.last_used_at is None:
        return "never used"
    if not usage.last_week:
        return f"not used {_WEEK_UNIT}, last {format_ago(now - usage.last_used_at)}"
    times = "once" if usage.last_week == 1 else f"{usage.last_week} times"
    when = f", mostly on {usage.part_of_day}" if usage.part_of_day and usage.last_week > 1 else ""
    return f"used {times} {_WEEK_UNIT}{when}"


def describe_wish(decision: Decision, popularity: Popularity, now: float) -> str:
    """Return why a model should be hot."""
    if decision.wish is Wish.FAVOURITE:
        return f"favourite {decision.rank}"
    if decision.wish is Wish.EXPECTED:
        return "a program that has just started nearly always uses it next"
    return describe_usage(popularity.usage(decision.model_id, now), now)


def describe(decision: Decision, popularity: Popularity, now: float) -> str:
    """Return a decision and its reason in one line."""
    reason = describe_wish(decision, popularity, now)
    if decision.verdict is Verdict.KEEP:
        return f"kept: {reason}"
    if decision.verdict is Verdict.PRELOAD:
        instead = f", in place of {', '.join(decision.displaces)}" if decision.displaces else ""
        return f"to be preloaded{instead}: {reason}"
    missing = format_memory(decision.missing_bytes)
    if decision.verdict is Verdict.TOO_LARGE:
        return f"not preloaded: needs {missing} more than the memory limit ({reason})"
    return f"not preloaded: needs {missing} more than is free without evicting something hotter ({reason})"


def explain(
    model_id: str, plan: PreloadPlan, popularity: Popularity, now: float, settings: PolicySettings | None = None
) -> str:
    """Return what the plan says of any model, also of one that it does not want hot."""
    settings = settings or PolicySettings()
    for decision in plan.decisions:
        if decision.model_id == model_id:
            return describe(decision, popularity, now)
    usage = popularity.usage(model_id, now)
    used = describe_usage(usage, now)
    if not settings.top:
        return f"not preloaded: only favourites are ({used})"
    if not enough_uses(usage.score, settings):
        return f"not preloaded: {used}"
    learned = sum(decision.wish is Wish.LEARNED for decision in plan.decisions)
    if learned >= settings.top:
        return f"not preloaded: {settings.top} models are used more ({used})"
    return f"not preloaded: too small a share of all use ({used})"
