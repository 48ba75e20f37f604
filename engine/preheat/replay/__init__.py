"""What would another memory limit bring? Replays recorded use with the engine's own decisions."""

from __future__ import annotations

from typing import TYPE_CHECKING

from preheat._lazy import lazy_exports

if TYPE_CHECKING:
    from preheat.replay.family import FAMILY_DAYS, family_trace, room_for_half
    from preheat.replay.family_processes import FamilyTask, measure_family
    from preheat.replay.habits import Draws
    from preheat.replay.limit_curve import (
        REPLAYED_SETTINGS,
        LimitCurve,
        LimitPoint,
        RecentRequest,
        compute_in_process,
    )
    from preheat.replay.machine import PAGE_CACHE_SHARE, Machine
    from preheat.replay.own_use import recorded_use, strategy_under
    from preheat.replay.reports import SETTLING_DAYS, Comparison, Report, compare, compare_with_lru, mean_of, replay
    from preheat.replay.simulation import Strategy
    from preheat.replay.synthetic import ALL_USERS, FIRST_DAY, USERS, describe_users, synthetic_trace
    from preheat.replay.trace import Kind, ModelSize, Trace, TraceEvent
    from preheat.replay.tuning import Tuning, WeeklyFigures, tune
    from preheat.replay.yardstick import (
        CACHE_SHARE,
        PersonResult,
        measure,
        share_beating_both,
        spreads_of,
        wasted_of_all,
    )
else:
    __getattr__ = lazy_exports(
        __name__,
        {
            "preheat.replay.family": "FAMILY_DAYS family_trace room_for_half",
            "preheat.replay.family_processes": "FamilyTask measure_family",
            "preheat.replay.habits": "Draws",
            "preheat.replay.limit_curve": "REPLAYED_SETTINGS LimitCurve LimitPoint RecentRequest compute_in_process",
            "preheat.replay.machine": "PAGE_CACHE_SHARE Machine",
            "preheat.replay.own_use": "recorded_use strategy_under",
            "preheat.replay.reports": "SETTLING_DAYS Comparison Report compare compare_with_lru mean_of replay",
            "preheat.replay.simulation": "Strategy",
            "preheat.replay.synthetic": "ALL_USERS FIRST_DAY USERS describe_users synthetic_trace",
            "preheat.replay.trace": "Kind ModelSize Trace TraceEvent",
            "preheat.replay.tuning": "Tuning WeeklyFigures tune",
            "preheat.replay.yardstick": "CACHE_SHARE PersonResult measure share_beating_both spreads_of wasted_of_all",
        },
    )
