"""How good foresight is for many people: the spread over a family of users, not one mean."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, fields
from statistics import fmean
from typing import Final

from preheat.replay.family import FAMILY_DAYS, family_trace, room_for_half
from preheat.replay.habits import Draws
from preheat.replay.machine import Machine
from preheat.replay.reports import KEEP_ALIVE, LRU, NAIVE, PREHEAT, clairvoyant, replay
from preheat.replay.simulation import Strategy

QUANTILES: Final = (0.1, 0.25, 0.5, 0.75, 0.9)
CACHE_SHARE: Final = 0.25
"""Page cache as a share of the limit: most of the memory belongs to other programs."""


@dataclass(frozen=True, slots=True)
class PersonResult:
    """Preheat and other policies for one person with room for half of what is used, after the first week.

    Attributes:
        draws: The set of draws, and ``person`` the number in it.
        models: Models that were used.
        ready: Share of requests that found their model hot; the next four are those of other policies.
        waits_ratio: Waits ÷ waits of LRU; None if LRU never waits.
        seconds_ratio: Seconds waited ÷ those of LRU; None likewise.
        wasted_share: Wasted preloads ÷ preloads.
        waited_s: Seconds waited in a week.
        read_bytes: Bytes read from the disk in a week.
    """

    draws: str
    person: int
    models: int
    limit_bytes: int
    requests: int
    ready: float
    lru: float
    keep_alive: float
    naive: float
    bound: float
    waits_ratio: float | None
    seconds_ratio: float | None
    naive_waits_ratio: float | None
    wasted_share: float
    naive_wasted_share: float
    preloads: int
    wasted: int
    waited_s: float
    read_bytes: float

    @property
    def beats_both(self) -> bool:
        """Whether Preheat is ready more often than LRU and the naive policy, or as often as is possible."""
        return self.ready > max(self.lru, self.naive) or self.ready >= self.bound

    def row(self) -> dict[str, str | int | float | None]:
        """Return the result as a flat row, for JSON."""
        return {field.name: getattr(self, field.name) for field in fields(self)}


def _cache_of(limit_bytes: int) -> int:
    return int(limit_bytes * CACHE_SHARE)


def measure(
    draws: Draws,
    people: Iterable[int],
    strategy: Strategy = PREHEAT,
    *,
    days: int = FAMILY_DAYS,
    cache_of: Callable[[int], int] = _cache_of,
) -> Iterator[PersonResult]:
    """Yield the result of each person of a set of draws.

    Args:
        cache_of: Returns the page cache for a limit, both in bytes.
    """
    for person in people:
        trace = family_trace(draws, person, days=days)
        limit_bytes = room_for_half(trace)
        machine = Machine(limit_bytes, page_cache_bytes=cache_of(limit_bytes))
        ours, lru, alive, naive = (replay(trace, machine, each).steady for each in (strategy, LRU, KEEP_ALIVE, NAIVE))
        weeks = max(days / 7 - 1, 1)
        yield PersonResult(
            draws=str(draws),
            person=person,
            models=len({event.model_id for event in trace.events if event.model_id}),
            limit_bytes=limit_bytes,
            requests=ours.requests,
            ready=ours.preload_hit_rate,
            lru=lru.preload_hit_rate,
            keep_alive=alive.preload_hit_rate,
            naive=naive.preload_hit_rate,
            bound=clairvoyant(trace, machine).steady.preload_hit_rate,
            waits_ratio=ours.waits / lru.waits if lru.waits else None,
            seconds_ratio=ours.waited_s / lru.waited_s if lru.waited_s else None,
            naive_waits_ratio=naive.waits / lru.waits if lru.waits else None,
            wasted_share=ours.wasted_share,
            naive_wasted_share=naive.wasted_share,
            preloads=ours.preloads,
            wasted=ours.wasted,
            waited_s=ours.waited_s / weeks,
            read_bytes=ours.bytes_read / weeks,
        )


@dataclass(frozen=True, slots=True)
class Spread:
    """One figure over all people: its mean, and its ``QUANTILES``."""

    name: str
    mean: float
    quantiles: tuple[float, ...]


_SPREAD: Final[Sequence[tuple[str, Callable[[PersonResult], float | None]]]] = (
    ("ready", lambda each: each.ready),
    ("lru", lambda each: each.lru),
    ("keep_alive", lambda each: each.keep_alive),
    ("naive", lambda each: each.naive),
    ("bound", lambda each: each.bound),
    ("waits_ratio", lambda each: each.waits_ratio),
    ("naive_waits_ratio", lambda each: each.naive_waits_ratio),
    ("seconds_ratio", lambda each: each.seconds_ratio),
    ("wasted_share", lambda each: each.wasted_share),
    ("naive_wasted_share", lambda each: each.naive_wasted_share),
)


def spreads_of(results: Sequence[PersonResult]) -> tuple[Spread, ...]:
    """Return the spread of each figure. People without a value of a ratio do not count for it."""
    found = []
    for name, figure in _SPREAD:
        values = sorted(value for value in map(figure, results) if value is not None)
        if values:
            found.append(Spread(name, fmean(values), tuple(_quantile(values, share) for share in QUANTILES)))
    return tuple(found)


def share_beating_both(results: Sequence[PersonResult]) -> float:
    """Return the share of people for whom Preheat is better than LRU and the naive policy."""
    return sum(each.beats_both for each in results) / len(results) if results else 0.0


def wasted_of_all(results: Sequence[PersonResult]) -> float:
    """Return the wasted preloads of all people ÷ their preloads."""
    return sum(each.wasted for each in results) / max(sum(each.preloads for each in results), 1)


def _quantile(ordered: Sequence[float], share: float) -> float:
    """Return a quantile of sorted values, by linear interpolation."""
    place = share * (len(ordered) - 1)
    lower = int(place)
    upper = min(lower + 1, len(ordered) - 1)
    return ordered[lower] + (ordered[upper] - ordered[lower]) * (place - lower)
