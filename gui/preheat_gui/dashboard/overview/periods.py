"""Usage figures of a day, a week or a quarter, from the engine's history. Pure."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Final

from preheat.control import UsageBucket, UsageHistory

HOUR_S: Final = 3600
DAY_S: Final = 24 * HOUR_S


class Period(StrEnum):
    """The time that the overview's curves cover. The values are stored between sessions."""

    TODAY = "today"
    WEEK = "week"
    QUARTER = "quarter"


_DAYS: Final = {Period.WEEK: 7, Period.QUARTER: 90}


@dataclass(frozen=True, slots=True)
class PeriodFigures:
    """The figures of a period."""

    period: Period
    buckets: tuple[UsageBucket, ...]  # Hours of today, or days; oldest first
    begin: float  # Unix time; ``end`` likewise
    end: float

    @property
    def requests(self) -> int:
        """All requests."""
        return sum(bucket.counts.requests for bucket in self.buckets)

    @property
    def hits(self) -> int:
        """Requests that found their model hot."""
        return sum(bucket.counts.hits for bucket in self.buckets)

    @property
    def preload_hit_rate(self) -> float | None:
        """Hits / requests; None without requests."""
        return self.hits / self.requests if self.requests else None

    @property
    def saved_s(self) -> float:
        """Load time that hits did not wait for, in seconds."""
        return sum(bucket.counts.saved_s for bucket in self.buckets)


def sum_period(history: UsageHistory, period: Period, now: float) -> PeriodFigures:
    """Return a period's figures. Today is the local calendar day; days are counted in UTC."""
    if period is Period.TODAY:
        midnight = datetime.fromtimestamp(now).replace(hour=0, minute=0, second=0, microsecond=0)
        begin = midnight.timestamp()
        end = (midnight + timedelta(days=1)).timestamp()  # 23 or 25 hours later when clocks change
        # In time zones with a half hour, the bucket around midnight counts where most of it is.
        hours = tuple(hour for hour in history.hours if hour.begins_at >= begin - HOUR_S / 2)
        return PeriodFigures(period, hours, begin, end)
    end = float(now // DAY_S * DAY_S + DAY_S)
    return PeriodFigures(period, history.days[-_DAYS[period] :], end - _DAYS[period] * DAY_S, end)
