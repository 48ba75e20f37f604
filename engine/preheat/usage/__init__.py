"""Usage of models by clients: the log in SQLite, popularity, and figures."""

from __future__ import annotations

from typing import TYPE_CHECKING

from preheat._lazy import lazy_exports

if TYPE_CHECKING:
    from preheat.usage.cold import ColdLoad, ColdStart, Source, cold_start
    from preheat.usage.counters import PreloadCounters
    from preheat.usage.day import DayRequest, Lane, Stay, day_lanes
    from preheat.usage.file import UsageFileError, open_frozen
    from preheat.usage.log import FILE_NAME, UsageLog
    from preheat.usage.popularity import DAY_S, HALF_LIFE_S, HOUR_S, Popularity, Usage, Weights
    from preheat.usage.prompts import KnownPrompt, PromptHabits
    from preheat.usage.records import (
        Counts,
        OutcomeRow,
        RequestRecord,
        SizeKey,
        SizeRecord,
        Use,
        UseKind,
        WakeRecord,
    )
    from preheat.usage.stats import (
        DAYS,
        HOURS,
        SETTLING_S,
        Figures,
        Latency,
        Quantiles,
        Recomputed,
        UsageBucket,
        UsageHistory,
    )
    from preheat.usage.tracker import RecordObserver, UsageTracker
else:
    __getattr__ = lazy_exports(
        __name__,
        {
            "preheat.usage.cold": "ColdLoad ColdStart Source cold_start",
            "preheat.usage.counters": "PreloadCounters",
            "preheat.usage.day": "DayRequest Lane Stay day_lanes",
            "preheat.usage.file": "UsageFileError open_frozen",
            "preheat.usage.log": "FILE_NAME UsageLog",
            "preheat.usage.popularity": "DAY_S HALF_LIFE_S HOUR_S Popularity Usage Weights",
            "preheat.usage.prompts": "KnownPrompt PromptHabits",
            "preheat.usage.records": "Counts OutcomeRow RequestRecord SizeKey SizeRecord Use UseKind WakeRecord",
            "preheat.usage.stats": (
                "DAYS HOURS SETTLING_S Figures Latency Quantiles Recomputed UsageBucket UsageHistory"
            ),
            "preheat.usage.tracker": "RecordObserver UsageTracker",
        },
    )
