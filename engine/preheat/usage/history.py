"""Use over time: sums by hour and by day, for curves. Reads the tables of sums alone, however long the log is."""

from __future__ import annotations

import sqlite3
from dataclasses import dataclass
from typing import Final

from preheat.usage.records import Counts
from preheat.usage.schema import DAY_S, HOUR_S, SUM_COLUMNS

HOURS: Final = 48
DAYS: Final = 90

_NO_COUNTS: Final = Counts()
_TOTALS: Final = ", ".join(f"SUM({name})" for name in SUM_COLUMNS)


@dataclass(frozen=True, slots=True)
class UsageBucket:
    """What use came to in one hour or on one day, of all models together.

    Attributes:
        begins_at: Unix time of its begin; days begin at midnight UTC.
        length_s: An hour's or a day's seconds; the last bucket of a series has not ended yet.
        counts: Its sums.
    """

    begins_at: int
    length_s: int
    counts: Counts = _NO_COUNTS


@dataclass(frozen=True, slots=True)
class UsageHistory:
    """The last hours and the last days, the oldest first, without gaps; the last of each is the present one.

    Attributes:
        days: Those before the history, which are only kept as sums, are as good as the others.
    """

    hours: tuple[UsageBucket, ...]
    days: tuple[UsageBucket, ...]


def read_history(connection: sqlite3.Connection, now: float, hours: int = HOURS, days: int = DAYS) -> UsageHistory:
    """Return the sums of so many hours and days up to the Unix time ``now``; see ``UsageLog.history``."""
    return UsageHistory(
        hours=_series(connection, "hours", "hour", HOUR_S, now, hours),
        days=_series(connection, "days", "day", DAY_S, now, days),
    )


def _series(
    connection: sqlite3.Connection, table: str, span: str, length_s: int, now: float, count: int
) -> tuple[UsageBucket, ...]:
    last = int(now // length_s)
    query = f"SELECT {span}, {_TOTALS} FROM {table} WHERE {span} > ? AND {span} <= ? GROUP BY {span}"
    found = {place: Counts(*sums) for place, *sums in connection.execute(query, (last - count, last))}
    places = range(last - count + 1, last + 1)
    return tuple(UsageBucket(place * length_s, length_s, found.get(place, _NO_COUNTS)) for place in places)
