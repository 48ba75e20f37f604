"""What requests came to over a day, a week or a quarter, from the engine's history. Pure."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from preheat.usage import UsageBucket, UsageHistory

HOUR_S: Final = 3600
DAY_S: Final = 24 * HOUR_S


class Period(StrEnum):
    """What the overview's curves show. The values are remembered between starts."""

    TODAY = "today"
    WEEK = "week"
    QUARTER = "quarter"


_DAYS: Final = {Period.WEEK: 7, Period.QUARTER: 90}


@dataclass(frozen=True, slots=True)
class PeriodFigures:
    """A period's sums.

    Attributes:
        buckets: Hours of today, or days, oldest first.
        begin: Unix time of its begin; ``end`` likewise.
    """

    period: Period
    buckets: tuple[UsageBucket, ...]
    begin: float
    end: float

    @property
    def requests(self) -> int:
        """All requests."""
        return sum(bucket.counts.requests for bucket in self.buckets)

    @property
    def hits(self) -> int:
        """Those whose model was hot when they arrived."""
        return sum(bucket.counts.hits for bucket in self.buckets)

    @property
    def preload_hit_rate(self) -> float | None:
        """Hits / requests; None without requests."""
        requests = self.requests
        return self.hits / requests if requests else None

    @property
    def saved_s(self) -> float:
        """Load seconds that hits did not pay."""
        return sum(bucket.counts.saved_s for bucket in self.buckets)


def sum_period(history: UsageHistory, period: Period, now: float) -> PeriodFigures:
    """Return a period's figures. Today is the calendar day where the user is; days are counted in UTC."""
    if period is Period.TODAY:
        midnight = datetime.fromtimestamp(now).replace(hour=0, minute=0, second=0, microsecond=0)
        begin = midnight.timestamp()
        end = (midnight + timedelta(days=1)).timestamp()  # 23 or 25 hours later when clocks change
        # Where clocks are half an hour off, the hour that holds midnight counts where most of it lies.
        hours = tuple(hour for hour in history.hours if hour.begins_at >= begin - HOUR_S / 2)
        return PeriodFigures(period, hours, begin, end)
    days = history.days[-_DAYS[period] :]
    end = float(now // DAY_S * DAY_S + DAY_S)
    return PeriodFigures(period, days, end - _DAYS[period] * DAY_S, end)
