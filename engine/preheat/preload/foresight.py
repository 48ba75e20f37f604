"""The chance of each model to be needed next. Pure: times come in, no clock is read.

Several simple experts each know one habit of a person: what is used most, what was used lately, at this hour, on this
weekday, after such a pause, after the model just used, and how often models are returned to. Each gives every model a
chance. The chances are mixed by how well each expert has predicted this person so far, so that a timetable counts for
one person and a habit of alternating for another.

Signs change what habits say: a client that wakes, as far as it has predicted better than they, and a model that was
announced, as often as such models were used. Without a sign, habits count the same whether or not clients wake.

Experts learn from changes: requests for another model than the last one, or after a pause.
"""

from __future__ import annotations

import math
from bisect import bisect_left
from collections.abc import Callable, Iterable, Iterator, Mapping
from datetime import datetime, tzinfo
from enum import StrEnum
from functools import partial
from types import MappingProxyType
from typing import Final, NamedTuple

from preheat.preload.counts import Counts, Opinion, Ratio
from preheat.usage import DAY_S

PAUSE_S: Final = 300.0
"""A request after such a pause counts as a change, even for the same model."""

_PAUSES_S: Final = (PAUSE_S, 3600.0, 6 * 3600.0)
"""Pauses of different kinds: a new session, another part of the day, another day."""

_AWAKE_S: Final = 600.0
"""Time in which a client that woke, and a model that it named or that was chosen, are expected to be used."""

_NEW_S: Final = 3600.0
"""The same for a model that was added."""

_FORGETTING: Final = 0.97
"""Exponent of an expert's weight at each change: what it predicted long ago counts less."""

_LEAST_CHANCE: Final = 1e-4
_LEAST_WEIGHT: Final = 1e-3
_FIRST_WEIGHT: Final = 0.2

_FIRST_UNKNOWN: Final = (0.2, 5.0)
"""The chance that a model was never used before, and how many changes that counts like: a person's first models are all
new, but not the later ones.
"""

_MOST_TRUST: Final = 1e3

_MOST_SURE: Final = 0.99
"""No announcement is certain: all other models, of which some may be loaded, too, would have no chance to compare."""

_MOST_CONTEXTS: Final = 4000
_WEEKEND: Final = 5
BLOCK_HOURS: Final = 3


class Expert(StrEnum):
    """What an expert knows."""

    MOST = "most"
    """What is used most."""

    LATELY = "lately"
    HOUR = "hour"
    """This hour of weekdays or of weekends."""

    WEEKDAY = "weekday"
    """This part of this weekday."""

    PAUSE = "pause"
    """The time since the last request."""

    AFTER = "after"
    """The model just used."""

    AFTER_TWO = "after two"
    """The last two models."""

    RETURN = "return"
    """How many other models are used before a model is used again."""

    CLIENT = "client"
    """The client that just woke."""

    ANNOUNCED = "announced"
    """The model that a client named, or that was just added."""


HALF_LIFE_DAYS: Final = 14.0

_HALF_LIVES: Final[Mapping[Expert, float]] = {
    Expert.MOST: HALF_LIFE_DAYS,
    Expert.LATELY: 8.0,
    Expert.HOUR: 14.0,
    Expert.WEEKDAY: 28.0,
    Expert.PAUSE: 30.0,
    Expert.AFTER: 20.0,
    Expert.AFTER_TWO: 20.0,
    Expert.RETURN: 60.0,
    Expert.CLIENT: 20.0,
}
"""In days for what is used most, at an hour and on a weekday; in changes for the others."""

_BY_DAY: Final = frozenset({Expert.MOST, Expert.HOUR, Expert.WEEKDAY})


class Sign(StrEnum):
    """What announced a model."""

    NAMED = "named"
    """A client asked for its details."""

    ADDED = "added"
    """It was downloaded or imported."""

    CHOSEN = "chosen"
    """The user chose it in a window."""


class Voice(NamedTuple):
    """An expert that speaks for a model, and what it goes by.

    Attributes:
        share: Its part of the model's chance; those of all voices add up to 1.
        after: For AFTER and AFTER_TWO: the models just used, the last one last.
        hour: For HOUR the hour of the day, for WEEKDAY the first hour of its part of the day.
        weekend: For HOUR: it means hours of weekends, not of weekdays.
        weekday: For WEEKDAY: the day, Monday is 0.
        pause_s: For PAUSE: the last request was longer ago than this, in seconds.
        client: For CLIENT: the client that woke.
        sign: For ANNOUNCED.
    """

    expert: Expert
    share: float
    after: tuple[str, ...] = ()
    hour: int = 0
    weekend: bool = False
    weekday: int = 0
    pause_s: float = 0.0
    client: str = ""
    sign: Sign | None = None


class Chances(NamedTuple):
    """What is likely to be needed next.

    Attributes:
        models: The chance of each model; all that are missing have none.
        unknown: The chance of a model that was never used.
        usual: The chance of each model at any other time, according to what is used most.
        weights: The weight of each expert that has an opinion now. They add up to 1.
        announced: The chance of each model according to the sign that just announced it.
    """

    models: Mapping[str, float]
    unknown: float
    usual: Mapping[str, float]
    weights: Mapping[Expert, float]
    announced: Mapping[str, float] = MappingProxyType({})


class Outlook(NamedTuple):
    """What is likely from a time on. It does not change any more; any thread may read it.

    Attributes:
        since: Unix time.
        voices: Returns the experts that speak for a model; see ``Foresight.voices``.
    """

    since: float
    chances: Chances
    voices: Callable[[str], tuple[Voice, ...]]


class _Mixture(NamedTuple):
    """What all experts say together.

    Attributes:
        opinions: What each says that has an opinion.
        weights: They add up to 1.
        announced: See ``Chances``.
    """

    opinions: Mapping[Expert, Opinion]
    weights: Mapping[Expert, float]
    announced: Mapping[str, float]


class _Announcement(NamedTuple):
    """A model that is expected until a time; the sign is what announced it."""

    sign: Sign
    model_id: str
    until: float


class Foresight:
    """Estimates what is needed next. Not thread-safe.

    Args:
        timezone: Time zone of hours and weekdays; None is the computer's.
        half_life_days: Days after which a use counts half for what is used most. Hours and weekdays go with it.
    """

    def __init__(self, timezone: tzinfo | None = None, half_life_days: float = HALF_LIFE_DAYS) -> None:
        self._timezone = timezone
        by_day = half_life_days / HALF_LIFE_DAYS
        self._half_lives = {each: days * by_day if each in _BY_DAY else days for each, days in _HALF_LIVES.items()}
        self._most = Counts(self._half_lives[Expert.MOST])
        self._contexts: dict[tuple[Expert, object], Counts] = {}  # the last one changed last
        self._order: dict[str, None] = {}  # models used, the last one used last
        self._returns = Counts(self._half_lives[Expert.RETURN])  # numbers of models in between, as text
        self._unknown = Ratio(*_FIRST_UNKNOWN, 0.98)
        self._true = {sign: Ratio(0.75, 2.0, 0.95) for sign in Sign}
        self._changes = 0
        self._last: tuple[str, float] | None = None
        self._before = ""
        self._awake: tuple[str, bool, float] | None = None
        self._announced: _Announcement | None = None
        self._weights: dict[Expert, float] = {}
        self._mixed: tuple[tuple[object, ...], Chances] | None = None

    def client_woke(self, client: str, model_id: str, at: float) -> None:
        """Note that a client woke at the Unix time ``at``; with a model, that it asked for its details."""
        if not client:
            return
        self._awake = client, bool(model_id), at + _AWAKE_S
        if model_id:
            self._announced = _Announcement(Sign.NAMED, model_id, at + _AWAKE_S)

    def added(self, model_id: str, at: float) -> None:
        """Note that a model was downloaded, imported or found."""
        self._announced = _Announcement(Sign.ADDED, model_id, at + _NEW_S)

    def chosen(self, model_id: str, at: float) -> None:
        """Note that a model was chosen in a window."""
        self._announced = _Announcement(Sign.CHOSEN, model_id, at + _AWAKE_S)

    def used(self, model_id: str, client: str, at: float) -> None:
        """Note a request."""
        last = self._last
        if last is None or last[0] != model_id or self.paused(at):
            self._learn(model_id, at)
            self._before = last[0] if last is not None else ""
        elif (announced := self._announced) is not None and announced.model_id == model_id:
            self._true[announced.sign].add(at <= announced.until)
            self._announced = None
        self._last = model_id, at
        if self._awake is not None and self._awake[0] == client:
            self._awake = None

    def paused(self, now: float) -> bool:
        """Return whether the next request counts as a change, whichever model it is for."""
        return self._last is None or now - self._last[1] > PAUSE_S

    def chances(self, now: float) -> Chances:
        """Return what is likely to be needed next: the same object while nothing that counts has changed."""
        known = [context for context in self._now(now) if context in self._contexts]
        situation = self._changes, self._announced_at(now), *known
        if self._mixed is None or self._mixed[0] != situation:
            self._mixed = situation, self._mix(self._mixture(now))
        return self._mixed[1]

    def outlook(self, since: float) -> Outlook:
        """Return what will be likely from a time on if nothing happens until then."""
        mixture = self._mixture(since)
        voices = {expert: self._voice(expert, since) for expert in mixture.opinions}
        total = self._most.total or 1.0
        base = {model_id: count / total for model_id, count in self._most.counts.items()}
        return Outlook(since, self._mix(mixture), partial(_speaking, mixture, voices, base))

    def _mix(self, mixture: _Mixture) -> Chances:
        opinions, weights, announced = mixture
        known = 1.0 - self._unknown.value
        rest = sum(weights[expert] * opinion.rest for expert, opinion in opinions.items())
        part = known * rest / self._most.total if self._most.total else 0.0
        models = {model_id: count * part for model_id, count in self._most.counts.items()}
        for expert, opinion in opinions.items():
            # Only what is announced may be new.
            weight = weights[expert] * (1.0 if expert is Expert.ANNOUNCED else known)
            for model_id, share in opinion.shares.items():
                models[model_id] = models.get(model_id, 0.0) + weight * share
        unknown = (1.0 - known) * (1.0 - weights.get(Expert.ANNOUNCED, 0.0))
        usual = {model_id: count * known / self._most.total for model_id, count in self._most.counts.items()}
        return Chances(models, unknown, usual, weights, announced)

    def voices(self, model_id: str, now: float) -> tuple[Voice, ...]:
        """Return the experts that speak for a model, the one that matters most first."""
        mixture = self._mixture(now)
        voices = {expert: self._voice(expert, now) for expert in mixture.opinions}
        return _speaking(mixture, voices, {model_id: self._base(model_id)}, model_id)

    def _voice(self, expert: Expert, now: float) -> Voice:
        """Return what an expert goes by, with a share of nothing."""
        voice = Voice(expert, 0.0)
        local = datetime.fromtimestamp(now, self._timezone)
        match expert:
            case Expert.HOUR:
                return voice._replace(hour=local.hour, weekend=local.weekday() >= _WEEKEND)
            case Expert.WEEKDAY:
                return voice._replace(hour=local.hour // BLOCK_HOURS * BLOCK_HOURS, weekday=local.weekday())
            case Expert.CLIENT if self._awake is not None:
                return voice._replace(client=self._awake[0])
            case Expert.ANNOUNCED if self._announced is not None:
                return voice._replace(sign=self._announced.sign)
            case Expert.PAUSE if self._last is not None:
                shorter = [pause_s for pause_s in _PAUSES_S if now - self._last[1] > pause_s]
                return voice._replace(pause_s=max(shorter, default=0.0))
            case Expert.AFTER if self._last is not None:
                return voice._replace(after=(self._last[0],))
            case Expert.AFTER_TWO if self._last is not None:
                return voice._replace(after=(self._before, self._last[0]))
            case _:
                return voice

    def _base(self, model_id: str) -> float:
        """Return the share of what is used most."""
        return self._most.counts.get(model_id, 0.0) / self._most.total if self._most.total else 0.0

    def _learn(self, model_id: str, at: float) -> None:
        """Note a change: rate the experts, then teach them."""
        self._rate(model_id, at)
        if (announced := self._announced) is not None:
            self._true[announced.sign].add(announced.model_id == model_id and at <= announced.until)
            self._announced = None
        self._unknown.add(model_id not in self._order)
        if model_id in self._order:
            between = len(self._order) - 1 - list(self._order).index(model_id)
            self._returns.add(str(between), self._changes)
            del self._order[model_id]
        self._order[model_id] = None
        self._most.add(model_id, at / DAY_S)
        for expert, context in self._now(at):
            counts = self._contexts.pop((expert, context), None) or Counts(self._half_lives[expert])
            counts.add(model_id, at / DAY_S if expert in _BY_DAY else self._changes)
            self._contexts[expert, context] = counts
        while len(self._contexts) > _MOST_CONTEXTS:
            del self._contexts[next(iter(self._contexts))]
        self._changes += 1

    def _rate(self, model_id: str, at: float) -> None:
        """Change the weight of each expert by the chance that it gave to what happened."""
        if not self._most.counts:
            return
        opinions = self._habits(at)
        weights = self._shares(opinions)
        base, usual = self._base(model_id), 0.0
        for expert, opinion in opinions.items():
            chance = max(opinion.chance(model_id, base), _LEAST_CHANCE)
            usual += weights[expert] * chance
            self._weights[expert] = max(weights[expert], _LEAST_WEIGHT) ** _FORGETTING * chance
        if (counts := self._woken(at)) is not None:
            trust = counts.trust**_FORGETTING * counts.opinion().chance(model_id, usual) / usual
            counts.trust = min(max(trust, 1 / _MOST_TRUST), _MOST_TRUST)

    def _now(self, at: float) -> list[tuple[Expert, object]]:
        """Return the context that each expert looks at."""
        local = datetime.fromtimestamp(at, self._timezone)
        weekday, hour = local.weekday(), local.hour
        contexts: list[tuple[Expert, object]] = [
            (Expert.LATELY, None),
            (Expert.HOUR, (weekday >= _WEEKEND, hour)),
            (Expert.WEEKDAY, (weekday, hour // BLOCK_HOURS)),
        ]
        if self._last is not None:
            model_id, used_at = self._last
            contexts += (
                (Expert.PAUSE, bisect_left(_PAUSES_S, at - used_at)),
                (Expert.AFTER, model_id),
                (Expert.AFTER_TWO, (self._before, model_id)),
            )
        if self._awake is not None and at <= self._awake[2]:
            contexts.append((Expert.CLIENT, self._awake[:2]))
        return contexts

    def _announced_at(self, now: float) -> _Announcement | None:
        """Return the model that is announced and still expected."""
        return self._announced if self._announced is not None and now <= self._announced.until else None

    def _woken(self, now: float) -> Counts | None:
        """Return what followed the client that woke earlier; None if none did, or for the first time."""
        if self._awake is None or now > self._awake[2]:
            return None
        return self._contexts.get((Expert.CLIENT, self._awake[:2]))

    def _habits(self, now: float) -> dict[Expert, Opinion]:
        """Return what the experts say that need no sign."""
        opinions = {Expert.MOST: Opinion({}, 1.0)}
        for expert, context in self._now(now):
            if expert is not Expert.CLIENT and (counts := self._contexts.get((expert, context))) is not None:
                opinions[expert] = counts.opinion()
        if self._returns.counts:
            order, returns = list(self._order), self._returns.opinion()
            shares = {order[-1 - int(between)]: share for between, share in returns.shares.items()}
            opinions[Expert.RETURN] = Opinion(shares, returns.rest)
        return opinions

    def _signs(self, now: float) -> Iterator[tuple[Expert, float, Opinion]]:
        """Yield each expert that a sign speaks for, its weight against all experts before it, and what it says."""
        if (counts := self._woken(now)) is not None:
            yield Expert.CLIENT, counts.trust / (1.0 + counts.trust), counts.opinion()
        if (announced := self._announced_at(now)) is not None:
            share = min(self._true[announced.sign].value, _MOST_SURE)
            yield Expert.ANNOUNCED, 1.0, Opinion({announced.model_id: share}, 1.0 - share)

    def _mixture(self, now: float) -> _Mixture:
        opinions = self._habits(now)
        weights = self._shares(opinions)
        announced: dict[str, float] = {}
        for sign, weight, opinion in self._signs(now):
            known = 1.0 - opinion.rest
            weights = {expert: each * (1.0 - weight * known) for expert, each in weights.items()}
            weights[sign] = weight * known
            opinions[sign] = Opinion({model_id: share / known for model_id, share in opinion.shares.items()}, 0.0)
            announced |= {
                model_id: max(share, announced.get(model_id, 0.0)) for model_id, share in opinion.shares.items()
            }
        return _Mixture(opinions, weights, announced)

    def _shares(self, habits: Iterable[Expert]) -> dict[Expert, float]:
        """Return the weights of these experts among themselves."""
        weights = {expert: self._weights.get(expert, _FIRST_WEIGHT) for expert in habits}
        whole = math.fsum(weights.values())
        return {expert: weight / whole for expert, weight in weights.items()}


def _speaking(
    mixture: _Mixture, voices: Mapping[Expert, Voice], base: Mapping[str, float], model_id: str
) -> tuple[Voice, ...]:
    """Return the experts that speak for a model with their shares, the one that matters most first."""
    opinions, weights, _ = mixture
    parts = {expert: weights[expert] * opinion.shares.get(model_id, 0.0) for expert, opinion in opinions.items()}
    rest = sum(weights[expert] * opinion.rest for expert, opinion in opinions.items())
    parts[Expert.MOST] = rest * base.get(model_id, 0.0)
    whole = math.fsum(parts.values())
    speaking = sorted((expert for expert in parts if parts[expert] > 0), key=parts.__getitem__, reverse=True)
    return tuple(voices[expert]._replace(share=parts[expert] / whole) for expert in speaking)
