"""Usage of each model: decaying counters, updated with every request.

Each request adds 1 to its model's counters, and each counter halves in a fixed time, so the log is never read again: a
request and a decision cost the same after ten requests and after ten million. Pure: times come in, no clock is read.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import datetime, tzinfo
from typing import Final, NamedTuple

DAY_S: Final = 86_400.0
HALF_LIFE_S: Final = 14 * DAY_S

RECENT_HALF_LIFE_S: Final = DAY_S
"""A use today says more about the next hour than a use last week."""

LONGEST_GAP_S: Final = 7 * DAY_S
"""Longest time without any use that counts. After a longer one, such as a holiday or a clock that was set ahead, all
counters are as they were after this time: habits outlast it."""

SLOTS_A_DAY: Final = 24
HOUR_S: Final = 3600.0
_LEAST_USUAL: Final = 0.5  # one use, a half-life ago
_WEEKEND: Final = 5
_WEEK: Final = 7
_PARTS: Final = ("nights", "mornings", "afternoons", "evenings")

_SCORE: Final = -1
_RECENT: Final = -2
_LAST: Final = -3
_NEVER: Final = 0.0
_DAYS: Final = 100
"""Counters from here on hold the uses on the last Monday, Tuesday, ..."""


class Row(NamedTuple):
    """One stored counter, unique by ``model_id`` and ``counter``.

    Attributes:
        counter: -1: uses, halved every half-life. -2: uses, halved every day. 0-23 and 24-47: uses in that hour of a
            weekday and of a weekend day, halved every half-life. 100-106: uses on the last Monday, ... Sunday. -3: no
            count; ``at`` is the arrival of the last request that got the model, 0 before one. (Older versions did not
            store it.)
        value: The count at ``at``.
        at: Unix time. Of a counter that is halved it moves with all others where there is a longer gap than
            ``LONGEST_GAP_S``, or the clock was set back.
    """

    model_id: str
    counter: int
    value: float
    at: float


@dataclass(frozen=True, slots=True)
class Weights:
    """Extra weight of recent uses when models are compared.

    Attributes:
        recent: Added weight of uses in the last day.
        time_of_day: Added weight of uses in this hour of this kind of day; 0 ignores the time.
    """

    recent: float = 16.0
    time_of_day: float = 16.0


@dataclass(frozen=True, slots=True)
class Usage:
    """Usage figures of one model, for people to read.

    Attributes:
        score: Uses, each halved every half-life.
        last_week: Uses in the last seven days, including today.
        today: Uses today.
        last_used_at: Unix time of the last request that got it, or of the last one; None before the first.
        part_of_day: When most uses happened, such as ``weekday_mornings``; empty if they are spread.
    """

    score: float
    last_week: int
    today: int
    last_used_at: float | None
    part_of_day: str = ""


class _Counter:
    """A decaying count: the sum over all uses of 2 to the power of -age / half-life, exactly."""

    __slots__ = ("at", "value")

    def __init__(self, value: float, at: float) -> None:
        self.value = value
        self.at = at

    def add(self, at: float, half_life_s: float) -> None:
        age = at - self.at
        if age >= 0:
            self.value = self.value * 2.0 ** (-age / half_life_s) + 1.0
            self.at = at
        else:
            self.value += 2.0 ** (age / half_life_s)

    def read(self, now: float, half_life_s: float) -> float:
        age = now - self.at
        return self.value * 2.0 ** (-age / half_life_s) if age > 0 else self.value


class Popularity:
    """Usage counters of all models. Not thread-safe.

    Args:
        half_life_s: Time in which the score of an unused model halves, in seconds.
        timezone: Time zone of hours and weekends; None is the computer's.
        rows: The result of ``to_rows``.
    """

    def __init__(
        self, half_life_s: float = HALF_LIFE_S, timezone: tzinfo | None = None, rows: Iterable[Row] = ()
    ) -> None:
        self._half_life_s = half_life_s
        self._timezone = timezone
        self._models: dict[str, dict[int, _Counter]] = {}
        for model_id, counter, value, at in rows:
            self._models.setdefault(model_id, {})[counter] = _Counter(value, at)
        self._models = {model_id: counters for model_id, counters in self._models.items() if _SCORE in counters}
        self._latest = max((counter.at for counter in self._halved()), default=None)

    def note(self, model_id: str, at: float) -> None:
        """Count a request at the Unix time ``at``, whether or not its model will load."""
        counters = self._models.setdefault(model_id, {})
        counters.setdefault(_LAST, _Counter(0.0, counters[_SCORE].at if _SCORE in counters else _NEVER))
        self._bridge_gap(at)
        slot, weekday, _ = self._local(at)
        for counter, half_life_s in (
            (_SCORE, self._half_life_s),
            (_RECENT, RECENT_HALF_LIFE_S),
            (slot, self._half_life_s),
        ):
            if (found := counters.get(counter)) is None:
                counters[counter] = _Counter(1.0, at)
            else:
                found.add(at, half_life_s)
        day = counters.get(_DAYS + weekday)
        if day is None or abs(at - day.at) >= DAY_S:
            counters[_DAYS + weekday] = _Counter(1.0, at)
        else:
            day.value += 1.0

    def granted(self, model_id: str, at: float) -> None:
        """Note that the request which was counted at ``at`` got its model; others are ignored."""
        if counters := self._models.get(model_id):
            counters[_LAST] = _Counter(0.0, at)

    def score(self, model_id: str, now: float) -> float:
        """Return the uses, each halved every half-life; 0 for a model that was never used."""
        counters = self._models.get(model_id)
        return counters[_SCORE].read(now, self._half_life_s) if counters else 0.0

    def scores(self, now: float) -> dict[str, float]:
        """Return ``score`` of every model used so far."""
        return {model_id: self.score(model_id, now) for model_id in self._models}

    def heat(self, now: float, weights: Weights) -> dict[str, float]:
        """Return the weighted uses of every model used so far: the score, plus recent uses and uses at this hour.

        The next hour counts more the closer it is, so that its models are loaded before it begins.
        """
        slot, _, elapsed = self._local(now)
        following = slot - slot % SLOTS_A_DAY + (slot + 1) % SLOTS_A_DAY
        parts = [
            (counter, -1.0 / half_life_s, weight)
            for counter, half_life_s, weight in (
                (_RECENT, RECENT_HALF_LIFE_S, weights.recent),
                (slot, self._half_life_s, weights.time_of_day * (1.0 - elapsed)),
                (following, self._half_life_s, weights.time_of_day * elapsed),
            )
            if weight
        ]
        heat: dict[str, float] = {}
        for model_id, counters in self._models.items():
            # As _Counter.read, inlined: there may be a thousand models.
            found = counters[_SCORE]
            age = now - found.at
            value = found.value * 2.0 ** (-age / self._half_life_s) if age > 0 else found.value
            for counter, rate, weight in parts:
                if counter in counters:
                    found = counters[counter]
                    age = now - found.at
                    value += weight * (found.value * 2.0 ** (age * rate) if age > 0 else found.value)
            heat[model_id] = value
        return heat

    def last_used_at(self, model_id: str) -> float | None:
        """Return when the last request that got it arrived, in Unix time as the clock was then; None before one."""
        counters = self._models.get(model_id)
        return (counters.get(_LAST, counters[_SCORE]).at or None) if counters else None

    def usual_hour(self, model_id: str, after: float, until: float) -> float | None:
        """Return when the next hour begins in which the model is usually used; None if there is none.

        An hour is usual if it has a third of the uses of the busiest hour of such days, and one within a half-life.
        """
        counters = self._models.get(model_id, {})
        at = after - self._local(after)[2] * HOUR_S
        while (at := at + HOUR_S) < until:
            slot = self._local(at)[0]
            first = slot - slot % SLOTS_A_DAY
            uses = [
                counters[each].read(after, self._half_life_s) if each in counters else 0.0
                for each in range(first, first + SLOTS_A_DAY)
            ]
            if uses[slot - first] >= max(max(uses) / 3, _LEAST_USUAL):
                return at
        return None

    def copy(self) -> Popularity:
        """Return the same counters, for another thread."""
        return Popularity(self._half_life_s, self._timezone, self.to_rows())

    def usage(self, model_id: str, now: float) -> Usage:
        """Return the usage figures of one model."""
        counters = self._models.get(model_id)
        if not counters:
            return Usage(0.0, 0, 0, None)
        days = [counter for number, counter in counters.items() if number >= _DAYS]
        today = counters.get(_DAYS + self._local(now)[1])
        return Usage(
            score=self.score(model_id, now),
            last_week=sum(int(day.value) for day in days if abs(now - day.at) < _WEEK * DAY_S),
            today=int(today.value) if today and abs(now - today.at) < DAY_S else 0,
            last_used_at=min(self.last_used_at(model_id) or counters[_SCORE].at, now),
            part_of_day=self._part_of_day(counters, now),
        )

    def to_rows(self) -> tuple[Row, ...]:
        """Return the counters of all models, for storage."""
        return tuple(
            Row(model_id, number, counter.value, counter.at)
            for model_id, counters in self._models.items()
            for number, counter in counters.items()
        )

    def _halved(self) -> Iterator[_Counter]:
        for counters in self._models.values():
            yield from (counter for number, counter in counters.items() if _LAST < number < _DAYS)

    def _bridge_gap(self, at: float) -> None:
        """Move all counters in time if the last use was long ago, or the clock has been set back since."""
        latest = at if self._latest is None else self._latest
        moved_s = at - latest if at - latest <= -DAY_S else max(at - latest - LONGEST_GAP_S, 0.0)
        if moved_s:
            for counter in self._halved():
                counter.at += moved_s
        self._latest = max(latest + moved_s, at)

    def _local(self, at: float) -> tuple[int, int, float]:
        """Return the slot, the weekday (Monday is 0) and the elapsed share of the hour."""
        local = datetime.fromtimestamp(at, self._timezone)
        weekday = local.weekday()
        slot = local.hour + (SLOTS_A_DAY if weekday >= _WEEKEND else 0)
        return slot, weekday, (local.minute * 60 + local.second) / HOUR_S

    def _part_of_day(self, counters: dict[int, _Counter], now: float) -> str:
        """Return the part of the day with at least two thirds of the uses, if there is one."""
        parts: dict[str, float] = {}
        for slot in range(2 * SLOTS_A_DAY):
            if (found := counters.get(slot)) is not None:
                kind = "weekday" if slot < SLOTS_A_DAY else "weekend"
                name = f"{kind}_{_PARTS[slot % SLOTS_A_DAY // 6]}"
                parts[name] = parts.get(name, 0.0) + found.read(now, self._half_life_s)
        name, value = max(parts.items(), key=lambda item: item[1])
        return name if value * 3 >= 2 * sum(parts.values()) else ""
