"""A family of users: habits drawn from a broad prior, which is stated here and nowhere else.

The five named users of ``synthetic`` are examples. A policy that is tuned on them fits them, so it is tuned on one set
of draws of this family and measured on another.
"""

from __future__ import annotations

import math
import random
from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import Final

from preheat.replay.trace import ModelSize

WEEK: Final = 7
_GB: Final = 1e9

_EXPLORE: Final = (0.005, 0.08)
"""From none to about forty new models in four weeks. They are files of gigabytes: with .4, some people would download
ten of them a day, which fills disks, and leaves no time to use one for anything."""


class Draws(StrEnum):
    """A set of draws. No seed is in both."""

    TUNING = "tuning"
    HELD_OUT = "held-out"


class Hint(StrEnum):
    """What a client tells Preheat when it is opened."""

    NONE = "none"
    LIST = "list"
    """It lists the models."""

    DETAILS = "details"
    """It asks for the details of the model that it will use."""


class Night(StrEnum):
    """What happens to the machine between two days of use."""

    OFF = "off"
    ASLEEP = "asleep"
    ON = "on"


@dataclass(frozen=True, slots=True)
class Client:
    """A program that uses models.

    Attributes:
        stays_open: It is opened once a day, not for each session.
    """

    name: str
    hint: Hint
    stays_open: bool


@dataclass(frozen=True, slots=True)
class Task:
    """A kind of work.

    Attributes:
        share: Its weight among all tasks.
        rank: The rank of its main model; see ``Habits.ranking``.
        partner: The rank of the model that it alternates with; None for an extra small model, such as an embedder.
        from_hour: Its usual part of the day begins, an hour of the day.
        until_hour: Its usual part of the day ends.
        weekdays: Days on which it is done, Monday is 0.
    """

    client: Client
    share: float
    rank: int
    partner: int | None
    from_hour: float
    until_hour: float
    weekdays: frozenset[int]


@dataclass(frozen=True, slots=True)
class Habits:
    """The habits of one person, as drawn.

    Attributes:
        sizes: Sizes of the models that the person has at first; the ranking is their order.
        small: The extra small model; empty if there is none.
        typical_bytes: Median file size of the models.
        size_spread: Standard deviation of the logarithm of file sizes.
        skew: Exponent of Zipf's law over the ranks.
        focus: Probability that a session uses its task's main model, not one drawn by rank.
        timetable: How much the part of the day decides the task, 0 to 1.
        follow: Probability that a task is followed by the next one in a fixed order.
        repeat: Probability that a session continues the last task.
        explore: Probability that a session tries a new model.
        adopt: Probability that a new model stays.
        fetch: Probability that a new model was downloaded just before, not long ago.
        switching: Probability that a request uses the other model of a pair.
        requests: Mean number of requests of a session.
        gap_s: Median time between two requests of a session, in seconds.
        pause_s: Mean pause between sessions, in seconds.
        use: Probability of use on each weekday.
        from_hour: Begin of the day on weekdays and at weekends, an hour of the day.
        until_hour: End of the day on weekdays and at weekends.
        hour_spread: Standard deviation of begin and end, in hours.
        lead_s: Mean time from the start of the machine to the first session, in seconds.
        project_days: Mean number of days until the habits change at once; None if they never do.
        drift: Probability that two neighbours in the ranking change places in a day.
        holiday: First day and length of a holiday; None without one.
    """

    sizes: dict[str, ModelSize]
    small: str
    typical_bytes: float
    size_spread: float
    tasks: tuple[Task, ...]
    skew: float
    focus: float
    timetable: float
    follow: float
    repeat: float
    explore: float
    adopt: float
    fetch: float
    switching: float
    requests: float
    gap_s: float
    pause_s: float
    use: tuple[float, ...]
    from_hour: tuple[float, float]
    until_hour: tuple[float, float]
    hour_spread: float
    lead_s: float
    night: Night
    project_days: float | None
    drift: float
    holiday: tuple[int, int] | None

    @property
    def ranking(self) -> list[str]:
        """The models by rank, without the small one."""
        return [name for name in self.sizes if name != self.small]

    @property
    def weights(self) -> list[float]:
        """How likely each rank is, compared with the others."""
        return [rank**-self.skew for rank in range(1, len(self.ranking) + 1)]

    def weight(self, task: Task, weekday: int, hour: float) -> float:
        """Return how likely a task is on a weekday at an hour, compared with the others; above 0."""
        usual = task.from_hour <= hour < task.until_hour and weekday in task.weekdays
        return task.share * (1.0 if usual else max(1.0 - self.timetable, 1e-6))


class Prior(random.Random):
    """Draws habits."""

    def log_uniform(self, low: float, high: float) -> float:
        """Draw a number with a uniform logarithm."""
        return math.exp(self.uniform(math.log(low), math.log(high)))

    def sometimes(self, probability: float, low: float, high: float) -> float:
        """Draw 0, or with this probability a uniform number."""
        return self.uniform(low, high) if self.random() < probability else 0.0

    def model_id(self) -> str:
        """Draw a name in no predictable order."""
        return f"model-{self.getrandbits(40):010x}"

    def size(self, typical_bytes: float, spread: float) -> ModelSize:
        """Draw the size of a model."""
        file_bytes = min(max(typical_bytes * self.lognormvariate(0.0, spread), 0.05 * _GB), 30 * _GB)
        return ModelSize(int(file_bytes * 1.08 + 0.1 * _GB), int(file_bytes))


def draw_habits(prior: Prior) -> Habits:
    """Draw one person."""
    count = round(prior.log_uniform(2, 40))
    typical_bytes, spread = prior.log_uniform(0.8 * _GB, 6 * _GB), prior.uniform(0.1, 0.9)
    sizes = {prior.model_id(): prior.size(typical_bytes, spread) for _ in range(count)}
    small = prior.model_id() if prior.random() < 0.25 else ""
    if small:
        sizes[small] = prior.size(0.12 * _GB, 0.5)
    use, from_hour, until_hour = _draw_week(prior)
    return Habits(
        sizes=sizes,
        small=small,
        typical_bytes=typical_bytes,
        size_spread=spread,
        tasks=_draw_tasks(prior, count, bool(small), (min(from_hour), max(until_hour))),
        skew=prior.uniform(0.3, 1.8),
        focus=prior.sometimes(0.7, 0.3, 1.0),
        timetable=prior.sometimes(0.6, 0.2, 0.95),
        follow=prior.sometimes(0.4, 0.1, 0.8),
        repeat=prior.sometimes(0.6, 0.1, 0.6),
        explore=prior.log_uniform(*_EXPLORE) if prior.random() < 0.5 else 0.0,
        adopt=prior.uniform(0.0, 0.5),
        fetch=prior.uniform(0.2, 1.0),
        switching=prior.log_uniform(0.02, 0.5) if prior.random() < 0.4 else 0.0,
        requests=prior.log_uniform(2, 25),
        gap_s=prior.log_uniform(12, 90),
        pause_s=prior.log_uniform(8, 120) * 60,
        use=use,
        from_hour=from_hour,
        until_hour=until_hour,
        hour_spread=prior.log_uniform(0.1, 1.5),
        lead_s=prior.log_uniform(1, 20) * 60,
        night=prior.choices((Night.OFF, Night.ASLEEP, Night.ON), (5, 3, 2))[0],
        project_days=prior.uniform(5, 30) if prior.random() < 0.35 else None,
        drift=prior.sometimes(0.4, 0.05, 0.8),
        holiday=(prior.randint(7, 20), prior.randint(3, 9)) if prior.random() < 0.2 else None,
    )


def _draw_week(prior: Prior) -> tuple[tuple[float, ...], tuple[float, float], tuple[float, float]]:
    """Draw the weekdays and hours of use."""
    kind = prior.choices(("office", "every day", "evenings", "irregular"), (4, 3, 2, 1))[0]
    weekend = prior.uniform(8, 12), prior.uniform(17, 23.5)
    if kind == "office":
        use = *(prior.uniform(0.8, 1.0) for _ in range(5)), *(prior.sometimes(0.3, 0.1, 0.6),) * 2
        weekday = prior.uniform(7, 10), prior.uniform(15.5, 19)
    elif kind == "every day":
        use = *(prior.uniform(0.7, 1.0) for _ in range(5)), *(prior.uniform(0.4, 1.0),) * 2
        weekday = prior.uniform(7, 11), prior.uniform(17, 23)
    elif kind == "evenings":
        use = *(prior.uniform(0.4, 0.9) for _ in range(5)), *(prior.uniform(0.5, 1.0),) * 2
        weekday = prior.uniform(17, 19.5), prior.uniform(21, 23.8)
    else:
        use = tuple(prior.uniform(0.2, 0.7) for _ in range(WEEK))
        weekday = prior.uniform(8, 14), prior.uniform(16, 23.5)
    return use, (weekday[0], weekend[0]), (weekday[1], weekend[1])


def _draw_tasks(prior: Prior, models: int, small: bool, hours: tuple[float, float]) -> tuple[Task, ...]:
    clients = _draw_clients(prior)
    ranks = prior.sample(range(models), models)
    tasks = []
    for number in range(round(prior.log_uniform(1, 8))):
        width = prior.uniform(1.5, 5.0)
        from_hour = prior.uniform(hours[0], max(hours[1] - width, hours[0]))
        own_days = prior.random() < 0.2
        rank = ranks[number % models]
        partner = None if small else prior.choice([other for other in range(models) if other != rank])
        tasks.append(
            Task(
                client=prior.choice(clients),
                share=prior.log_uniform(0.2, 2.0),
                rank=rank,
                partner=partner,
                from_hour=from_hour,
                until_hour=from_hour + width,
                weekdays=frozenset(prior.sample(range(WEEK), prior.randint(1, 3)) if own_days else range(WEEK)),
            )
        )
    return tuple(tasks)


def _draw_clients(prior: Prior) -> Sequence[Client]:
    hints = prior.choices(tuple(Hint), (4, 4, 2), k=round(prior.log_uniform(1, 6)))
    return [Client(f"client-{number}", hint, prior.random() < 0.4) for number, hint in enumerate(hints, 1)]


def habits_of(draws: Draws, number: int) -> Habits:
    """Return the habits of one person of a set; the same ones each time."""
    return draw_habits(Prior(f"{draws}/{number}/habits"))
