"""Which models should be in memory next? Use, popularity, policy, and the one who loads."""

from __future__ import annotations

from preheat.preload.advisor import Advisor, RecordObserver
from preheat.preload.counters import PreloadCounters
from preheat.preload.director import Director
from preheat.preload.favourites import choose_favourites
from preheat.preload.policy import PreloadPlan
from preheat.preload.preloader import Preloader
from preheat.preload.remembered import Remembered
from preheat.preload.round import Round
from preheat.preload.standby import touch
from preheat.preload.usage_history import UsageBucket, UsageHistory
from preheat.preload.usage_log import UsageLog
from preheat.preload.usage_records import Outcome, RequestRecord

__all__ = [
    "Advisor",
    "Director",
    "Outcome",
    "PreloadCounters",
    "PreloadPlan",
    "Preloader",
    "RecordObserver",
    "Remembered",
    "RequestRecord",
    "Round",
    "UsageBucket",
    "UsageHistory",
    "UsageLog",
    "choose_favourites",
    "touch",
]
