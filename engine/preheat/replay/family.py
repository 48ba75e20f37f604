"""Traces of the users of a family; see ``habits`` for what they have in common and what is drawn."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from typing import Final, NamedTuple

from preheat.replay.habits import WEEK, Client, Draws, Habits, Hint, Night, Prior, Task, habits_of
from preheat.replay.synthetic import FIRST_DAY
from preheat.replay.trace import Kind, ModelSize, Trace, TraceEvent
from preheat.usage import DAY_S

FAMILY_DAYS: Final = 28

_HOUR_S: Final = 3600.0
_MINUTE_S: Final = 60.0
_SHUTDOWN_S: Final = 60.0
_LEAST_GAP_S: Final = 8.0
_ANSWER_S: Final = 6.0
_WEEKEND: Final = 5
_LOOK_S: Final = 180.0  # mean time between a download and the first session
_GAP_SPREAD: Final = 0.8
_KEPT: Final = 0.4  # share of the ranking that a change of project leaves in place


class Intent(NamedTuple):
    """What a person has in mind after an event, which no policy can know. It bounds what can be foreseen.

    Attributes:
        at: Unix time of the event.
        task: Number of the last task, or of the one that a client was opened for.
        ranking: The models by rank.
        model_id: The model that comes next; empty if that is not settled yet.
        partner: During a session: the model that it alternates with.
        is_begun: A client was opened for the task.
    """

    at: float
    task: int
    ranking: Sequence[str]
    model_id: str = ""
    partner: str = ""
    is_begun: bool = False


def family_trace(
    draws: Draws, number: int, *, days: int = FAMILY_DAYS, tell: Callable[[Intent], object] = lambda intent: None
) -> Trace:
    """Return the trace of one person of a set of draws; the same one each time.

    Args:
        tell: Called with what the person has in mind, in the order of time.
    """
    person = _Person(habits_of(draws, number), Prior(f"{draws}/{number}/days"), tell)
    for day in range(days):
        person.spend(day)
    return Trace(tuple(person.events), person.sizes)


def room_for_half(trace: Trace) -> int:
    """Return a limit with room for half of what is used, in bytes, and for the largest model that is."""
    used = [trace.sizes[name].resident_bytes for name in {e.model_id for e in trace.events if e.kind is Kind.REQUEST}]
    return max(max(used, default=1), sum(used) // 2)


class _Person:
    """Lives by habits; collects ``events``."""

    def __init__(self, habits: Habits, random: Prior, tell: Callable[[Intent], object]) -> None:
        self._habits = habits
        self._random = random
        self._tell = tell
        self._ranking = habits.ranking
        self._weights = habits.weights
        self._task: int | None = None
        self._open: set[str] = set()
        self._now = 0.0
        self._running = False
        self._next_project = self._project_end(0)
        self.events: list[TraceEvent] = []
        self.sizes: dict[str, ModelSize] = dict(habits.sizes)

    def spend(self, day: int) -> None:
        """Live one day."""
        habits, random = self._habits, self._random
        self._drift(day)
        holiday = habits.holiday is not None and 0 <= day - habits.holiday[0] < habits.holiday[1]
        if random.random() >= habits.use[day % WEEK] or holiday:
            return
        weekend, midnight = int(day % WEEK >= _WEEKEND), FIRST_DAY + day * DAY_S
        begin = random.gauss(habits.from_hour[weekend], habits.hour_spread)
        end = random.gauss(habits.until_hour[weekend], habits.hour_spread)
        # The night before may have been long.
        self._now = max(midnight + begin * _HOUR_S, self._now + _HOUR_S)
        self._start_machine()
        self._now += random.expovariate(1 / habits.lead_s)
        ends_at = max(midnight + end * _HOUR_S, self._now + _HOUR_S / 2)
        while self._now < ends_at:
            self._session(day)
            answered_at = self._now
            self._now += random.expovariate(1 / habits.pause_s)
        self._now = max(ends_at, answered_at) + _SHUTDOWN_S
        if habits.night is not Night.ON:
            self.events.append(TraceEvent(self._now, Kind.OFF if habits.night is Night.OFF else Kind.SLEEP))

    def _start_machine(self) -> None:
        if self._habits.night is Night.OFF or not self._running:
            self.events.append(TraceEvent(self._now, Kind.BOOT))
        elif self._habits.night is Night.ASLEEP:
            self.events.append(TraceEvent(self._now, Kind.RESUME))
        self._running = True
        self._open.clear()

    def _session(self, day: int) -> None:
        """Open a client and use one model, or two by turns, for a while."""
        habits, random = self._habits, self._random
        task = self._choose_task(day)
        model = self._choose_model(task)
        pair = model, self._partner(task, model)
        current = 0
        self._wake(task.client, model)
        for _ in range(_geometric(random, habits.requests)):
            self.events.append(TraceEvent(self._now, Kind.REQUEST, pair[current], task.client.name))
            self._intend(partner=pair[1 - current])
            gap_s = random.lognormvariate(math.log(habits.gap_s), _GAP_SPREAD)
            self._now += max(_LEAST_GAP_S, _ANSWER_S + gap_s)
            if random.random() < habits.switching:
                current = 1 - current

    def _wake(self, client: Client, model_id: str) -> None:
        if client.name not in self._open and client.hint is not Hint.NONE:
            details = model_id if client.hint is Hint.DETAILS else ""
            self.events.append(TraceEvent(self._now, Kind.WAKE, details, client.name))
            self._intend(details, is_begun=True)
        if client.stays_open:
            self._open.add(client.name)
        self._now += self._random.uniform(3, 40)

    def _choose_task(self, day: int) -> Task:
        habits, random, tasks = self._habits, self._random, self._habits.tasks
        last = self._task
        if last is None or random.random() >= habits.repeat:
            if last is not None and random.random() < habits.follow:
                self._task = (last + 1) % len(tasks)
            else:
                hour = (self._now - FIRST_DAY - day * DAY_S) / _HOUR_S
                weights = [habits.weight(task, day % WEEK, hour) for task in tasks]
                self._task = random.choices(range(len(tasks)), weights)[0]
        assert self._task is not None
        return tasks[self._task]

    def _choose_model(self, task: Task) -> str:
        habits, random = self._habits, self._random
        if random.random() < habits.explore:
            new = random.model_id()
            self.sizes[new] = random.size(habits.typical_bytes, habits.size_spread)
            if random.random() < habits.adopt:
                self._ranking[random.randrange(len(self._ranking))] = new
            if random.random() < habits.fetch:
                self.events.append(TraceEvent(self._now, Kind.ADDED, new))
                self._intend(new)
                self._now += random.expovariate(1 / _LOOK_S)
            return new
        if random.random() < habits.focus:
            return self._ranking[task.rank]
        return random.choices(self._ranking, self._weights)[0]

    def _partner(self, task: Task, model_id: str) -> str:
        if task.partner is None:
            return self._habits.small
        partner = self._ranking[task.partner]
        return partner if partner != model_id else self._ranking[task.rank]

    def _intend(self, model_id: str = "", partner: str = "", *, is_begun: bool = False) -> None:
        assert self._task is not None
        self._tell(Intent(self._now, self._task, tuple(self._ranking), model_id, partner, is_begun))

    def _drift(self, day: int) -> None:
        """Change the habits."""
        random, ranking = self._random, self._ranking
        if random.random() < self._habits.drift:
            upper = random.randrange(len(ranking) - 1)
            ranking[upper : upper + 2] = reversed(ranking[upper : upper + 2])
        if day >= self._next_project:
            self._next_project = self._project_end(day)
            moved = [rank for rank in range(len(ranking)) if random.random() >= _KEPT]
            _permute(random, ranking, moved)

    def _project_end(self, day: int) -> float:
        mean = self._habits.project_days
        return math.inf if mean is None else day + max(2.0, self._random.expovariate(1 / mean))


def _permute(random: Prior, items: list[str], places: Sequence[int]) -> None:
    """Shuffle the items at these places."""
    for place, other in zip(places, random.sample([items[place] for place in places], len(places)), strict=True):
        items[place] = other


def _geometric(random: Prior, mean: float) -> int:
    """Draw a geometric number from 1 with this mean, above 1."""
    return 1 + int(math.log(1.0 - random.random()) / math.log(1.0 - 1.0 / mean))
