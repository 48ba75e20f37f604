"""How much each model is used: counts that fade, kept up to date request by request.

Every request adds 1 to its model's counts, and counts halve in a fixed time, so nothing is ever read again from the
usage log: a request and a decision cost the same after ten requests and after ten million. Pure: times come in, no
clock is read.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime, tzinfo
from typing import Final, NamedTuple

DAY_S: Final = 86_400.0
HALF_LIFE_S: Final = 7 * DAY_S

RECENT_HALF_LIFE_S: Final = DAY_S
"""What is used today says more about the next hour than what was used last week."""

SLOTS_A_DAY: Final = 24
_WEEKEND: Final = 5
_WEEK: Final = 7

_SCORE: Final = -1
_RECENT: Final = -2
_DAYS: Final = 100
"""Counters from here on hold the uses on a day of the week, the last time there was one."""


class Row(NamedTuple):
    """One counter as the usage log stores it; unique by ``model_id`` and ``counter``.

    Attributes:
        counter: -1: uses, fading with the half-life. -2: uses, halving every day. 0-23 and 24-47: uses in that hour of
            a day of work and of a weekend, fading with the half-life. 100-106: uses on the last Monday, ... Sunday.
        value: The count as of ``at``.
        at: Unix time.
    """

    model_id: str
    counter: int
    value: float
    at: float


@dataclass(frozen=True, slots=True)
class Weights:
    """What a use counts for when models are compared.

    Attributes:
        recent: How much more a use of the last day counts.
        time_of_day: How much more a use at this hour of this kind of day counts; 0 leaves the time out.
    """

    recent: float = 16.0
    time_of_day: float = 16.0


@dataclass(frozen=True, slots=True)
class Usage:
    """What is known of one model's use, for people to read.

    Attributes:
        score: Every use counts 1 and halves with the half-life.
        last_week: Uses in the last seven days, today included.
        today: Uses today.
        last_used_at: Unix time; None before the first use.
        part_of_day: When most of the uses were: ``weekday mornings``; empty when there is no such time.
    """

    score: float
    last_week: int
    today: int
    last_used_at: float | None
    part_of_day: str = ""


class _Counter:
    """A count that halves every so often. Exact: the sum over all uses of 2 to the power of -age / half-life."""

    __slots__ = ("at", "value")

    def __init__(self, value: float, at: float) -> None:
        self.value = value
        self.at = at

    def add(self, at: float, half_life_s: float) -> None:
        age = at - self.at
        if age >= 0:
            self.value = self.value * 2.0 ** (-age / half_life_s) + 1.0
            self.at = at
        elif age > -DAY_S:
            self.value += 2.0 ** (age / half_life_s)
        else:
            # The clock was wrong and has been set back; with the future kept, nothing would count until it comes.
            self.value += 1.0
            self.at = at

    def read(self, now: float, half_life_s: float) -> float:
        age = now - self.at
        return self.value * 2.0 ** (-age / half_life_s) if age > 0 else self.value


class Popularity:
    """The counts of all models.

    Not thread-safe; the engine's thread owns it.

    Args:
        half_life_s: After so long without a use a model's score is half of what it was, in seconds.
        timezone: Whose hours and weekends count; None is the computer's.
        rows: What ``to_rows`` gave earlier.
    """

    def __init__(
        self, half_life_s: float = HALF_LIFE_S, timezone: tzinfo | None = None, rows: Iterable[Row] = ()
    ) -> None:
        self._half_life_s = half_life_s
        self._timezone = timezone
        self._models: dict[str, dict[int, _Counter]] = {}
        for model_id, counter, value, at in rows:
            self._models.setdefault(model_id, {})[counter] = _Counter(value, at)

    def note(self, model_id: str, at: float) -> None:
        """Count a request at the Unix time ``at``."""
        counters = self._models.get(model_id)
        if counters is None:
            counters = self._models[model_id] = {}
        slot, weekday, _ = self._local(at)
        self._add(counters, _SCORE, at, self._half_life_s)
        self._add(counters, _RECENT, at, RECENT_HALF_LIFE_S)
        self._add(counters, slot, at, self._half_life_s)
        day = counters.get(_DAYS + weekday)
        if day is None or abs(at - day.at) >= DAY_S:
            counters[_DAYS + weekday] = _Counter(1.0, at)
        else:
            day.value += 1.0

    def forget(self, model_id: str) -> None:
        """Drop a model's counts; one that was never used is no error."""
        self._models.pop(model_id, None)

    def models(self) -> Iterable[str]:
        """Return the ids of all models that were ever used."""
        return self._models.keys()

    def score(self, model_id: str, now: float) -> float:
        """Return the uses, each halved every half-life; 0 for a model that was never used."""
        counters = self._models.get(model_id)
        return counters[_SCORE].read(now, self._half_life_s) if counters else 0.0

    def heat(self, now: float, weights: Weights) -> dict[str, float]:
        """Return what each model ever used counts for now: its score, and its weighted uses of late and at this hour.

        The hour that follows counts the more the nearer it is, so that what it needs is loaded before it begins.
        """
        slot, _, share = self._local(now)
        following = slot - slot % SLOTS_A_DAY + (slot + 1) % SLOTS_A_DAY
        half_life_s = self._half_life_s
        heat: dict[str, float] = {}
        here_weight, there_weight = weights.time_of_day * (1.0 - share), weights.time_of_day * share
        for model_id, counters in self._models.items():
            value = counters[_SCORE].read(now, half_life_s)
            if weights.recent:
                value += weights.recent * counters[_RECENT].read(now, RECENT_HALF_LIFE_S)
            if here_weight and slot in counters:
                value += here_weight * counters[slot].read(now, half_life_s)
            if there_weight and following in counters:
                value += there_weight * counters[following].read(now, half_life_s)
            heat[model_id] = value
        return heat

    def usage(self, model_id: str, now: float) -> Usage:
        """Return what is known of a model's use."""
        counters = self._models.get(model_id)
        if not counters:
            return Usage(0.0, 0, 0, None)
        weekday = self._local(now)[1]
        days = {day - _DAYS: counter for day, counter in counters.items() if day >= _DAYS}
        last_week = sum(int(day.value) for day in days.values() if now - day.at < _WEEK * DAY_S)
        today = days.get(weekday)
        return Usage(
            score=self.score(model_id, now),
            last_week=last_week,
            today=int(today.value) if today and now - today.at < DAY_S else 0,
            last_used_at=counters[_SCORE].at,
            part_of_day=self._part_of_day(counters, now),
        )

    def to_rows(self, model_id: str | None = None) -> tuple[Row, ...]:
        """Return the counts of one model or of all, to be stored."""
        chosen = self._models if model_id is None else {model_id: self._models.get(model_id, {})}
        return tuple(
            Row(name, counter, count.value, count.at)
            for name, counters in chosen.items()
            for counter, count in counters.items()
        )

    def _local(self, at: float) -> tuple[int, int, float]:
        """Return the slot, the day of the week (Monday is 0) and how much of the hour is over (0-1)."""
        local = datetime.fromtimestamp(at, self._timezone)
        weekday = local.weekday()
        slot = local.hour + (SLOTS_A_DAY if weekday >= _WEEKEND else 0)
        return slot, weekday, (local.minute * 60 + local.second) / 3600.0

    @staticmethod
    def _add(counters: dict[int, _Counter], counter: int, at: float, half_life_s: float) -> None:
        found = counters.get(counter)
        if found is None:
            counters[counter] = _Counter(1.0, at)
        else:
            found.add(at, half_life_s)

    def _part_of_day(self, counters: dict[int, _Counter], now: float) -> str:
        """Return the part of the day in which at least two thirds of the uses were, if there is one."""
        parts: dict[str, float] = {}
        for slot in range(2 * SLOTS_A_DAY):
            if (found := counters.get(slot)) is not None:
                kind = "weekday" if slot < SLOTS_A_DAY else "weekend"
                part = ("nights", "mornings", "afternoons", "evenings")[slot % SLOTS_A_DAY // 6]
                name = f"{kind} {part}"
                parts[name] = parts.get(name, 0.0) + found.read(now, self._half_life_s)
        name, value = max(parts.items(), key=lambda item: item[1])
        return name if value * 3 >= 2 * sum(parts.values()) else ""
