"""A day of mixed use in a short time: memory, descriptors and threads must stay flat, and are drawn.

Each hour of the day has its share of the time. Clients work by day and sleep by night, when idle models are unloaded;
in between models are loaded and unloaded, settings are read, and clients leave in the middle of answers.
"""

from __future__ import annotations

import random
import statistics
import threading
import time
from collections.abc import Sequence
from dataclasses import dataclass, field
from itertools import combinations
from pathlib import Path
from typing import Final

import psutil

from running_preheat import CHAT, EMBEDDING, Preheat, running_preheat
from tests.faults.drawing import draw_lines
from tests.faults.load import Clients, Endings

_CLIENTS_BY_HOUR: Final = (0, 0, 0, 0, 0, 1, 1, 2, 3, 4, 4, 3, 2, 4, 4, 4, 3, 3, 2, 2, 1, 1, 0, 0)
_FLAT_FROM: Final = 1 / 3
"""Share of the day after which figures must be flat: caches are full then."""

FIGURES: Final = ("memory of the engine in MB", "memory of all workers in MB", "descriptors", "threads")

_ALLOWED: Final = (12.0, 250.0, 8.0, 8.0)
"""Growth over the flat part of the day, for each of ``FIGURES``. Workers come and go, and fill their KV caches."""


@dataclass
class SoakReport:
    """Figures over the day."""

    endings: Endings = field(default_factory=Endings)
    hours: list[float] = field(default_factory=list)
    figures: list[tuple[float, ...]] = field(default_factory=list)

    def growth(self) -> list[float]:
        """Return the growth of each figure in the flat part of the day."""
        start = int(len(self.hours) * _FLAT_FROM)
        hours = self.hours[start:]
        return [
            slope(hours, [figures[at] for figures in self.figures[start:]]) * (hours[-1] - hours[0])
            for at in range(len(FIGURES))
        ]

    def problems(self) -> list[str]:
        """Return what is wrong."""
        grown = zip(FIGURES, self.growth(), _ALLOWED, strict=True)
        return self.endings.problems + [f"{name}: {by:+.1f}" for name, by, allowed in grown if by > allowed]

    def draw(self, path: Path) -> None:
        """Write the figures over the hours of the day as an SVG."""
        path.parent.mkdir(parents=True, exist_ok=True)
        series = {name: [figures[at] for figures in self.figures] for at, name in enumerate(FIGURES)}
        path.write_text(draw_lines("A day in short: hours", self.hours, series), encoding="utf-8")

    def __str__(self) -> str:
        grown = ", ".join(f"{name} {by:+.1f}" for name, by in zip(FIGURES, self.growth(), strict=True))
        return f"{self.endings}; growth: {grown}"


def slope(xs: Sequence[float], ys: Sequence[float]) -> float:
    """Return the median of the slopes between all pairs of points (Theil and Sen), which outliers do not move.

    Many points are thinned out first.
    """
    step = max(1, len(xs) // 200)
    points = list(zip(xs[::step], ys[::step], strict=True))
    return statistics.median((y2 - y1) / (x2 - x1) for (x1, y1), (x2, y2) in combinations(points, 2) if x2 > x1)


def soak(home: Path, models: Path, *, seconds: float, seed: int) -> SoakReport:
    """Run a day in this time.

    Args:
        home: An empty PREHEAT_HOME.
        models: A folder with both starter models.
        seed: Decides what is asked.
    """
    dice, report = random.Random(seed), SoakReport()
    home.mkdir(exist_ok=True)
    with running_preheat(home, models, keep_free="0B") as preheat:
        preheat.wait_hot(EMBEDDING, CHAT)
        began, over = time.monotonic(), threading.Event()
        watch = threading.Thread(target=_watch, args=(preheat, began, seconds, over, report))
        watch.start()
        try:
            while (hour := int((time.monotonic() - began) / seconds * 24)) < 24:
                with Clients(preheat.port, _CLIENTS_BY_HOUR[hour], dice.randrange(1 << 30), report.endings):
                    _change_something(preheat, dice)
                    time.sleep(max(0.0, began + seconds * (hour + 1) / 24 - time.monotonic()))
        finally:
            over.set()
            watch.join()
    return report


def _watch(preheat: Preheat, began: float, seconds: float, over: threading.Event, report: SoakReport) -> None:
    engine = psutil.Process(preheat.process.pid)
    while not over.wait(seconds / 600):
        report.hours.append((time.monotonic() - began) / seconds * 24)
        workers = 0
        for worker in engine.children(recursive=True):
            try:
                workers += worker.memory_info().rss
            except psutil.NoSuchProcess:
                continue
        memory = engine.memory_info().rss
        report.figures.append((memory / 1e6, workers / 1e6, float(engine.num_fds()), float(engine.num_threads())))


def _change_something(preheat: Preheat, dice: random.Random) -> None:
    model, action = dice.choice([CHAT, EMBEDDING]), dice.choice(["load", "unload", "load"])
    # It may fail: another client's request is in the way.
    preheat.ask("POST", f"/preheat/v1/models/{model}/{action}")
