"""Which models were used, when, and by which client? The log in SQLite, popularity, client habits, and figures."""

from __future__ import annotations

from preheat.usage.counters import PreloadCounters
from preheat.usage.log import UsageLog
from preheat.usage.popularity import DAY_S, HALF_LIFE_S, Popularity, Usage, Weights
from preheat.usage.records import (
    END_OF_TIME,
    Counts,
    Outcome,
    RequestRecord,
    SizeRecord,
    WakeRecord,
)
from preheat.usage.stats import DAYS, HOURS, SETTLING_S, UsageBucket, UsageHistory
from preheat.usage.tracker import EXPECT_S, RecordObserver, UsageTracker

__all__ = [
    "DAYS",
    "DAY_S",
    "END_OF_TIME",
    "EXPECT_S",
    "HALF_LIFE_S",
    "HOURS",
    "SETTLING_S",
    "Counts",
    "Outcome",
    "Popularity",
    "PreloadCounters",
    "RecordObserver",
    "RequestRecord",
    "SizeRecord",
    "Usage",
    "UsageBucket",
    "UsageHistory",
    "UsageLog",
    "UsageTracker",
    "WakeRecord",
    "Weights",
]
