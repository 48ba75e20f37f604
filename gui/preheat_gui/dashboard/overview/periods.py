"""Usage figures of a day, a week or a quarter, and their curves. Pure except for the language."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Final

from PySide6.QtCore import QCoreApplication, QDate, QLocale, QTime

from preheat.control import UsageBucket, UsageHistory
from preheat_gui.words import format_duration, format_number, percent

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
    def prompt_tokens(self) -> int:
        """Prompt tokens of requests for text."""
        return sum(bucket.counts.text_prompt_tokens for bucket in self.buckets)

    @property
    def reused_tokens(self) -> int:
        """Prompt tokens that were not computed again."""
        return sum(bucket.counts.reused_tokens for bucket in self.buckets)

    @property
    def prefix_cache_hit_rate(self) -> float | None:
        """Reused tokens / prompt tokens; None without prompts."""
        return min(self.reused_tokens / self.prompt_tokens, 1.0) if self.prompt_tokens else None

    @property
    def prefill_saved_s(self) -> float:
        """Time to compute prompts that kept ones saved, in seconds."""
        return sum(bucket.counts.prefill_saved_s for bucket in self.buckets)

    @property
    def saved_s(self) -> float:
        """Load time that hits did not wait for, in seconds."""
        return sum(bucket.counts.saved_s for bucket in self.buckets)


@dataclass(frozen=True, slots=True)
class Point:
    """A point of a curve and its tooltip."""

    x: float
    y: float
    tooltip: str


@dataclass(frozen=True, slots=True)
class Series:
    """The contents of a curve."""

    points: tuple[Point, ...]
    begin: float  # Left end of the x axis; ``end`` is the right one
    end: float
    top: float  # Highest y value; the axis starts at 0
    x_ticks: tuple[tuple[float, str], ...]
    y_ticks: tuple[tuple[float, str], ...]  # Values with labels, each with a hairline
    summary: str  # The curve in words, for screen readers


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


translate = QCoreApplication.translate

_TICK_HOURS: Final = 6
_TICK_DAYS: Final = {Period.WEEK: 2, Period.QUARTER: 30}


def hit_rate_series(figures: PeriodFigures) -> Series:
    """Return the preload hit rate over time; buckets without requests have no point."""
    points = tuple(
        Point(_middle(bucket), bucket.counts.hits / bucket.counts.requests, _rate_tooltip(bucket, figures.period))
        for bucket in figures.buckets
        if bucket.counts.requests
    )
    rate = figures.preload_hit_rate
    summary = translate("Overview", "No requests.")
    if rate is not None:
        summary = translate("Overview", "{rate}: {hits} of {requests} requests found their model ready.").format(
            rate=percent(rate), hits=format_number(figures.hits), requests=format_number(figures.requests)
        )
    ticks = tuple((share, percent(share)) for share in (0.0, 0.5, 1.0))
    return Series(points, figures.begin, figures.end, 1.0, _time_ticks(figures), ticks, summary)


def time_saved_series(figures: PeriodFigures) -> Series:
    """Return the waiting saved per bucket, in seconds."""
    points = tuple(
        Point(_middle(bucket), bucket.counts.saved_s, _saved_tooltip(bucket, figures.period))
        for bucket in figures.buckets
    )
    top = max((point.y for point in points), default=0.0)
    ticks = ((0.0, "0"), (top, format_duration(top))) if top else ((0.0, "0"),)
    saved = format_duration(figures.saved_s)
    summary = translate("Overview", "{duration} of waiting saved in all.").format(duration=saved)
    return Series(points, figures.begin, figures.end, top, _time_ticks(figures), ticks, summary)


def reuse_series(figures: PeriodFigures) -> Series:
    """Return the prefix cache hit rate over time; buckets without prompts have no point."""
    points = tuple(
        Point(_middle(bucket), rate, _reuse_tooltip(bucket, rate, figures.period))
        for bucket in figures.buckets
        if (rate := bucket.counts.prefix_cache_hit_rate) is not None
    )
    rate = figures.prefix_cache_hit_rate
    summary = translate("Overview", "No prompts.")
    if rate is not None:
        summary = translate("Overview", "{rate}: {reused} of {tokens} prompt tokens were not computed again.").format(
            rate=percent(rate), reused=format_number(figures.reused_tokens), tokens=format_number(figures.prompt_tokens)
        )
    ticks = tuple((share, percent(share)) for share in (0.0, 0.5, 1.0))
    return Series(points, figures.begin, figures.end, 1.0, _time_ticks(figures), ticks, summary)


def _reuse_tooltip(bucket: UsageBucket, rate: float, period: Period) -> str:
    return translate("Overview", "{when}: {rate}, {reused} of {tokens} tokens").format(
        when=_when(bucket.begins_at, period),
        rate=percent(rate),
        reused=format_number(bucket.counts.reused_tokens),
        tokens=format_number(bucket.counts.text_prompt_tokens),
    )


def _middle(bucket: UsageBucket) -> float:
    return bucket.begins_at + bucket.length_s / 2


def _rate_tooltip(bucket: UsageBucket, period: Period) -> str:
    return translate("Overview", "{when}: {rate}, {hits} of {requests} requests").format(
        when=_when(bucket.begins_at, period),
        rate=percent(bucket.counts.preload_hit_rate or 0.0),
        hits=format_number(bucket.counts.hits),
        requests=format_number(bucket.counts.requests),
    )


def _saved_tooltip(bucket: UsageBucket, period: Period) -> str:
    return translate("Overview", "{when}: {duration} saved").format(
        when=_when(bucket.begins_at, period), duration=format_duration(bucket.counts.saved_s)
    )


def _when(start: float, period: Period) -> str:
    """Return a bucket's time: ``14:00 to 15:00``, or the day."""
    if period is Period.TODAY:
        begin, end = _clock(start), _clock(start + HOUR_S)
        return translate("Overview", "{begin} to {end}").format(begin=begin, end=end)
    return QLocale().toString(_date(start + DAY_S / 2), "ddd d MMM")


def _time_ticks(figures: PeriodFigures) -> tuple[tuple[float, str], ...]:
    if figures.period is Period.TODAY:
        hours = range(0, 25, _TICK_HOURS)
        return tuple((figures.begin + hour * HOUR_S, _clock(figures.begin + hour * HOUR_S)) for hour in hours)
    days = round((figures.end - figures.begin) / DAY_S)
    # Counted from today, which always has a label.
    middles = [figures.end - (day + 0.5) * DAY_S for day in range(0, days, _TICK_DAYS[figures.period])]
    pattern = "ddd" if figures.period is Period.WEEK else "d MMM"
    return tuple((middle, QLocale().toString(_date(middle), pattern)) for middle in reversed(middles))


def _clock(at: float) -> str:
    local = datetime.fromtimestamp(at)
    return QLocale().toString(QTime(local.hour, local.minute), QLocale.FormatType.ShortFormat)


def _date(at: float) -> QDate:
    local = datetime.fromtimestamp(at)
    return QDate(local.year, local.month, local.day)
