"""Pictures of replays of synthetic users: what each policy has in memory, and what another memory limit brings.

All figures come from ``preheat.replay``, which runs the engine's own decisions. The same code gives the same pictures.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import UTC
from typing import Final

from pictures.svg import Drawing
from preheat.replay import (
    FIRST_DAY,
    USERS,
    Kind,
    Machine,
    Strategy,
    Trace,
    compare,
    compare_with_lru,
    strategy_under,
    synthetic_trace,
)
from preheat.replay.reports import KEEP_ALIVE
from preheat.replay.simulation import Simulation
from preheat.settings import Settings
from preheat.units import format_bytes

_DAY_S: Final = 86_400.0
_HOUR_S: Final = 3600.0
_STEP_S: Final = 60.0
_WIDTH: Final = 760

# Tuesday of the fourth week: enough was learned, and nothing is special about the day.
_DAY: Final = 22
_FROM_H, _TO_H = 8, 19


@dataclass(frozen=True, slots=True)
class _Day:
    """What one strategy did on one day.

    Attributes:
        spans: Times in memory of each model: begin and end, as hours of the day.
        requests: Hour of the day, model, and whether it was hot.
    """

    spans: dict[str, list[list[float]]]
    requests: list[tuple[float, str, bool]]


def day_picture() -> Drawing:
    """Return one day of the office worker, with Preheat and with models that are unloaded after five minutes."""
    trace = synthetic_trace("office-day", days=_DAY + 1)
    models = sorted(trace.sizes)
    row, gap, left, top = 20, 58, 96, 52
    panel = row * len(models)
    drawing = Drawing(_WIDTH, top + 2 * panel + gap + 84, "One day of an office worker: models in memory, and requests")
    for number, (title, strategy) in enumerate(
        (("Preheat", strategy_under(Settings())), ("Unloading after 5 minutes", KEEP_ALIVE))
    ):
        y = top + number * (panel + gap)
        day = _day(trace, strategy)
        misses = sum(not hot for _, _, hot in day.requests)
        drawing.text(left, y - 14, f"{title}: {misses} of {len(day.requests)} requests wait", "text", size=15)
        _draw_day(drawing, day, models, left, y, row)
    y = top + 2 * panel + gap
    scale = _hours(left)
    for hour in range(_FROM_H, _TO_H + 1):
        drawing.text(scale(hour), y + 20, f"{hour}:00", anchor="middle", size=12)
    y += 52
    drawing.rect(left, y - 10, 26, 10, "line")
    drawing.text(left + 34, y, "in memory")
    drawing.dot(left + 134, y - 5, 4, "good")
    drawing.text(left + 146, y, "request, answered at once")
    drawing.dot(left + 334, y - 5, 4, "bad")
    drawing.text(left + 346, y, "request that waits for its model")
    return drawing


def limit_picture() -> Drawing:
    """Return the share of hot requests of the office worker under other memory limits."""
    trace = synthetic_trace("office-day")
    limits = [trace.room_for(count) for count in range(1, len(trace.sizes) + 1)]
    lines: dict[str, list[float]] = {}
    for limit in limits:
        machine = Machine(limit)
        for report in compare(trace, machine, strategy_under(Settings())):
            name = report.strategy if not report.strategy.startswith("lru, ") else ""
            lines.setdefault(name, []).append(report.steady.preload_hit_rate)
    shown = {
        "clairvoyant": ("perfect knowledge of the future", "muted", "4 4"),
        "preheat": ("Preheat", "accent", ""),
        "lru": ("least recently used", "standby", ""),
        "keep-alive 5 min": ("unloading after 5 minutes", "bad", ""),
    }
    left, top, width, height, low = 64, 48, _WIDTH - 96, 260, 0.85
    drawing = Drawing(_WIDTH, top + height + 108, "Share of requests answered at once, by memory limit")

    def x(limit: int) -> float:
        return left + width * (limit - limits[0]) / (limits[-1] - limits[0])

    def y(rate: float) -> float:
        return top + height * (1 - (max(rate, low) - low) / (1 - low))

    drawing.text(left, 28, "Requests answered at once", "text", size=15)
    for percent in range(round(low * 100), 101, 5):
        drawing.line([(left, y(percent / 100)), (left + width, y(percent / 100))], "line")
        drawing.text(left - 8, y(percent / 100) + 4, f"{percent} %", anchor="end", size=12)
    for limit in limits:
        drawing.text(x(limit), top + height + 22, format_bytes(limit), anchor="middle", size=12)
    drawing.text(left + width, top + height + 44, "memory limit", anchor="end")
    for name, (_, colour, dashes) in shown.items():
        points = [(x(limit), y(rate)) for limit, rate in zip(limits, lines[name], strict=True)]
        drawing.line(points, colour, width=2.5, dashes=dashes)
        for at in points:
            drawing.dot(*at, 3, colour)
    for number, (words, colour, dashes) in enumerate(shown.values()):
        at = left + (number % 2) * 260, top + height + 66 + (number // 2) * 22
        drawing.line([(at[0], at[1] - 4), (at[0] + 26, at[1] - 4)], colour, width=2.5, dashes=dashes)
        drawing.text(at[0] + 34, at[1], words)
    return drawing


def users_picture() -> Drawing:
    """Return the waiting time of all synthetic users with Preheat, as a share of that with least recently used."""
    found = []
    for name in USERS:
        trace = synthetic_trace(name)
        found.append(compare_with_lru(name, trace, Machine(trace.room_for(3)), strategy_under(Settings())))
    left, top, row, width = 140, 64, 34, _WIDTH - 250
    drawing = Drawing(_WIDTH, top + row * len(found) + 20, "Waiting time of five synthetic users")
    drawing.text(24, 28, "Time spent waiting for models, compared with least recently used", "text", size=15)
    for number, each in enumerate(found):
        y = top + number * row
        drawing.text(left - 12, y + 14, each.user, anchor="end")
        drawing.rect(left, y, width, 18, "line", radius=3)
        drawing.rect(left, y, max(2.0, width * each.seconds_ratio), 18, "accent", radius=3)
        drawing.text(left + width + 10, y + 14, f"{each.seconds_ratio:.0%}", "text")
    return drawing


def _day(trace: Trace, strategy: Strategy) -> _Day:
    """Replay the trace, and return its last day."""
    simulation = Simulation(Machine(trace.room_for(3)), strategy, trace.sizes, timezone=UTC)
    midnight = FIRST_DAY + _DAY * _DAY_S
    day = _Day({model: [] for model in trace.sizes}, [])
    sampled_at = midnight + _FROM_H * _HOUR_S
    for event in trace.events:
        while midnight < sampled_at < event.at:
            simulation.advance(sampled_at)
            _sample(day, simulation.in_memory, (sampled_at - midnight) / _HOUR_S)
            sampled_at += _STEP_S
        hits = simulation.figures.hits
        simulation.play(event)
        if event.kind is Kind.REQUEST and event.at > midnight:
            hit = simulation.figures.hits > hits
            day.requests.append(((event.at - midnight) / _HOUR_S, event.model_id, hit))
    return day


def _sample(day: _Day, in_memory: frozenset[str], hour: float) -> None:
    step = _STEP_S / _HOUR_S
    for model_id in in_memory:
        spans = day.spans[model_id]
        if spans and hour - spans[-1][1] < step / 2:
            spans[-1][1] = hour + step
        else:
            spans.append([hour, hour + step])


def _draw_day(drawing: Drawing, day: _Day, models: Sequence[str], left: int, top: int, row: int) -> None:
    scale = _hours(left)
    for number, model_id in enumerate(models):
        y = top + number * row
        drawing.text(left - 12, y + 14, model_id, anchor="end")
        drawing.line([(left, y + row), (_WIDTH - 32, y + row)], "line", width=0.5)
        for begin, end in day.spans[model_id]:
            drawing.rect(scale(begin), y + 3, scale(end) - scale(begin), row - 6, "line", radius=3)
    for hour, model_id, hot in sorted(day.requests, key=lambda request: not request[2]):
        middle = top + models.index(model_id) * row + row / 2
        drawing.dot(scale(hour), middle, 2.2 if hot else 4, "good" if hot else "bad")


def _hours(left: int) -> Callable[[float], float]:
    return lambda hour: left + (_WIDTH - 32 - left) * (hour - _FROM_H) / (_TO_H - _FROM_H)
