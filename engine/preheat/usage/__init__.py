"""What was used, when, and by which client? The log in SQLite, popularity, client habits, and figures."""

from __future__ import annotations

from preheat.usage.counters import PreloadCounters
from preheat.usage.history import UsageBucket, UsageHistory
from preheat.usage.log import UsageLog
from preheat.usage.records import Outcome, RequestRecord

__all__ = [
    "Outcome",
    "PreloadCounters",
    "RequestRecord",
    "UsageBucket",
    "UsageHistory",
    "UsageLog",
]
