"""How far foresight is from what is possible: the same planner, told the habits of people of the family.

Run as ``python -m benchmarks.foresight_bound [tuning|held-out] [FIRST-LAST]``. Preheat learns habits from requests. The
second planner knows them: its chances follow from the habits that a person was drawn with, and from the present task.
What is drawn afresh each time stays unknown, since no policy can predict it. The difference between the two planners is
the price of learning, and a better expert cannot gain more.
"""

from __future__ import annotations

import sys
from bisect import bisect_right
from collections import defaultdict
from collections.abc import Sequence
from dataclasses import replace
from functools import lru_cache
from operator import attrgetter
from typing import Final

from preheat.preload import PreloadPlanner
from preheat.preload.foresight import Chances
from preheat.replay import FIRST_DAY, Draws, family_trace, measure, share_beating_both, spreads_of, wasted_of_all
from preheat.replay.family import Intent
from preheat.replay.habits import WEEK, Habits, habits_of
from preheat.replay.reports import PREHEAT
from preheat.replay.yardstick import PersonResult
from preheat.usage import DAY_S, HOUR_S

_WAKE_S: Final = 600.0
"""Time within which a client that was opened is used."""

_SESSION_GAPS: Final = 6.0
"""After this many typical gaps between two requests, a session has most likely ended."""

_STEP_S: Final = 900.0
_PAUSES: Final = (0.13, 0.47, 0.98, 2.08)
"""Middles of the quarters of an exponential distribution with mean 1: when the next session begins."""

_WEEKEND: Final = 5


class Informed:
    """The chances of one person's models, from what the person was drawn with."""

    def __init__(self, habits: Habits, intents: Sequence[Intent]) -> None:
        self._habits = habits
        self._intents = intents
        self._between = lru_cache(maxsize=None)(self._between_sessions)

    def chances(self, now: float) -> dict[str, float]:
        """Return the chance of each model to be needed next; what is missing from 1 is that of a new one."""
        place = bisect_right(self._intents, now, key=attrgetter("at")) - 1
        if place < 0:
            return {}
        intent, habits = self._intents[place], self._habits
        since_s = now - intent.at
        if intent.model_id and since_s < HOUR_S:
            return {intent.model_id: 1.0}
        if intent.is_begun and since_s < _WAKE_S:
            return self._of_tasks({intent.task: 1.0}, intent.ranking)
        following = self._between(place, int(now // _STEP_S))
        if not intent.partner or since_s > _SESSION_GAPS * habits.gap_s:
            return following
        end = 1.0 / habits.requests
        switch = habits.switching * (1.0 - end)
        switched = switch / (switch + end)
        chances = defaultdict(float, {name: chance * (1.0 - switched) for name, chance in following.items()})
        chances[intent.partner] += switched
        return chances

    def _between_sessions(self, place: int, step: int) -> dict[str, float]:
        """Return the chances of the next session, which begins after a pause, or on the next day."""
        intent, habits, now = self._intents[place], self._habits, step * _STEP_S
        tasks: dict[int, float] = defaultdict(float)
        for pause in _PAUSES:
            weekday, hour = self._use_time(now + pause * habits.pause_s)
            weights = [habits.weight(task, weekday, hour) for task in habits.tasks]
            for task, weight in enumerate(weights):
                tasks[task] += (1 - habits.repeat) * (1 - habits.follow) * weight / sum(weights) / len(_PAUSES)
        tasks[intent.task] += habits.repeat
        tasks[(intent.task + 1) % len(habits.tasks)] += (1 - habits.repeat) * habits.follow
        return self._of_tasks(tasks, intent.ranking)

    def _use_time(self, at: float) -> tuple[int, float]:
        """Return the weekday and the hour at which the computer is used from ``at`` on."""
        days, seconds = divmod(at - FIRST_DAY, DAY_S)
        weekday, hour = int(days) % WEEK, seconds / HOUR_S
        if hour > self._habits.until_hour[weekday >= _WEEKEND]:
            weekday, hour = (weekday + 1) % WEEK, 0.0
        return weekday, max(hour, self._habits.from_hour[weekday >= _WEEKEND] + self._habits.lead_s / HOUR_S)

    def _of_tasks(self, tasks: dict[int, float], ranking: Sequence[str]) -> dict[str, float]:
        """Return the chances of the models, given those of the tasks."""
        habits, weights = self._habits, self._habits.weights
        chances: dict[str, float] = defaultdict(float)
        for task, chance in tasks.items():
            known = chance * (1.0 - habits.explore)
            chances[ranking[habits.tasks[task].rank]] += known * habits.focus
            for name, weight in zip(ranking, weights, strict=True):
                chances[name] += known * (1.0 - habits.focus) * weight / sum(weights)
        return {name: chance for name, chance in chances.items() if chance}


def planner_told(person: Informed) -> type[PreloadPlanner]:
    """Return a planner that knows one person's habits."""

    class InformedPlanner(PreloadPlanner):
        def chances(self, now: float) -> Chances:
            learned, models = super().chances(now), person.chances(now)
            sure = {name: chance for name, chance in models.items() if chance == 1.0}
            return learned._replace(models=models, unknown=max(1.0 - sum(models.values()), 0.0), announced=sure)

    return InformedPlanner


def told(draws: Draws, number: int) -> PersonResult:
    """Return the result of one person whose habits are known."""
    intents: list[Intent] = []
    family_trace(draws, number, tell=intents.append)
    strategy = replace(PREHEAT, planner=planner_told(Informed(habits_of(draws, number), intents)))
    return next(measure(draws, [number], strategy))


def main(draws: str = "tuning", people: str = "0-99") -> None:
    """Print the figures of both."""
    first, last = map(int, people.split("-"))
    numbers = range(first, last + 1)
    results = {
        "learned": list(measure(Draws(draws), numbers)),
        "told": [told(Draws(draws), number) for number in numbers],
    }
    for name, found in results.items():
        means = {spread.name: spread.mean for spread in spreads_of(found)}
        print(
            f"{name:8} ready {means['ready']:.3f}  waits ÷ LRU {means['waits_ratio']:.3f}  "
            f"seconds ÷ LRU {means['seconds_ratio']:.3f}  wasted {means['wasted_share']:.3f} "
            f"(of all {wasted_of_all(found):.3f})  better than both {share_beating_both(found):.2f}"
        )


if __name__ == "__main__":
    main(*sys.argv[1:])
