"""What has been written today: a figure that survives restarts and clocks that jump. Pure.

Within one boot a day lasts as long as the counter says that is never set, so setting the clock neither ends it early
nor makes it longer. Over a restart of the machine the clock decides. A clock that was set back meanwhile ends no day,
but the time that has really passed is not forgotten: no day lasts longer than 24 hours of running time.
"""

from __future__ import annotations

import math
import time
from collections.abc import Mapping
from typing import Any, Final, NamedTuple

from preheat.clock import Ticks

DAY_S: Final = 86_400.0


class Day(NamedTuple):
    """Bytes written in the day that contains ``at``."""

    written_bytes: int = 0
    at: float = 0.0  # Unix time of this reading
    ticks: float = 0.0  # the counter at that time
    source: str = ""  # of the counter
    left_s: float = 0.0  # time until the day ends, from ``at``


def day_now(before: Day, now: float, ticks: Ticks, to_midnight_s: float) -> Day:
    """Return the day at this moment: the same one, or a new one in which nothing was written yet."""
    elapsed = ticks.seconds - before.ticks if before.source == ticks.source else now - before.at
    left_s = before.left_s - max(elapsed, 0.0)
    if left_s <= 0:
        return Day(0, now, ticks.seconds, ticks.source, to_midnight_s)
    return Day(before.written_bytes, now, ticks.seconds, ticks.source, left_s)


def to_midnight(now: float) -> float:
    """Return the time until the local day ends, in seconds."""
    local = time.localtime(now)
    return DAY_S - (local.tm_hour * 3600 + local.tm_min * 60 + min(local.tm_sec, 59))


def day_from_json(content: Any) -> Day:
    """Return a stored day; for anything else a day that has just ended."""
    if not isinstance(content, Mapping):
        return Day()
    written, source = content.get("written_bytes"), content.get("source")
    times = [content.get(name) for name in ("at", "ticks", "left_s")]
    if not isinstance(written, int) or isinstance(written, bool) or written < 0 or not isinstance(source, str):
        return Day()
    numbers = [float(each) for each in times if isinstance(each, int | float) and not isinstance(each, bool)]
    if len(numbers) != len(times) or not all(map(math.isfinite, numbers)):
        return Day()
    at, ticks, left_s = numbers
    return Day(written, at, ticks, source, min(left_s, DAY_S))
