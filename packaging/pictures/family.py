"""The picture of many users: how often each policy is ready, and what it loads in vain, a dot for each user."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping, Sequence
from math import ceil, floor
from statistics import median, quantiles
from typing import Any, Final, NamedTuple

from pictures.svg import Drawing
from preheat.replay import Draws

Row = Mapping[str, Any]
"""A user's results, as ``preheat replay --synthetic family --json`` prints them."""

_WIDTH: Final = 760
_TOP, _HEIGHT = 56, 300
_RADIUS: Final = 2.2
_COLUMN: Final = 92.0
_SWARM: Final = 78.0  # width that the dots of a column may take


class _Column(NamedTuple):
    figure: str  # name of the figure in a row
    words: tuple[str, str]
    colour: str


_READY: Final = (
    _Column("keep_alive", ("unloading after", "5 minutes"), "bad"),
    _Column("lru", ("least recently", "used"), "standby"),
    _Column("naive", ("naive", "preloading"), "muted"),
    _Column("ready", ("Preheat", ""), "accent"),
    _Column("bound", ("perfect", "knowledge"), "good"),
)
_WASTED: Final = (
    _Column("naive_wasted_share", ("naive", "preloading"), "muted"),
    _Column("wasted_share", ("Preheat", ""), "accent"),
)


def family_picture(rows: Sequence[Row]) -> Drawing:
    """Return the picture of these users' results; it says so if constants were chosen on them."""
    tuning = any(row["draws"] != Draws.HELD_OUT for row in rows)
    ready, wasted = f"Requests answered at once, {len(rows)} users", "Preloads in vain"
    drawing = Drawing(_WIDTH, _TOP + _HEIGHT + (126 if tuning else 102), f"{ready}; {wasted.lower()}")
    _draw_panel(drawing, 52.0, ready, _READY, rows)
    _draw_panel(drawing, 562.0, wasted, _WASTED, rows)
    y = _TOP + _HEIGHT + 80
    drawing.dot(60, y - 4, _RADIUS, "text")
    drawing.text(70, y, "a user")
    drawing.line([(140, y - 4), (166, y - 4)], "text", width=2)
    drawing.text(174, y, "median")
    drawing.rect(250, y - 11, 26, 13, "line")
    drawing.text(284, y, "four of five users")
    if tuning:
        drawing.text(52, y + 26, "Tuning users: the constants of the policy were chosen on them.", "bad")
    return drawing


def _draw_panel(drawing: Drawing, left: float, title: str, columns: Sequence[_Column], rows: Sequence[Row]) -> None:
    values = {column: sorted(float(row[column.figure]) for row in rows) for column in columns}
    every = [value for found in values.values() for value in found]
    low = floor(round(min(every) * 10, 6)) / 10
    high = max(ceil(round(max(every) * 10, 6)) / 10, low + 0.1)
    right = left + _COLUMN * len(columns)

    def y(share: float) -> float:
        return _TOP + _HEIGHT * ((high - share) / (high - low))

    drawing.text(left, 28, title, "text", size=15)
    for tenth in range(round(low * 10), round(high * 10) + 1):
        drawing.line([(left, y(tenth / 10)), (right, y(tenth / 10))], "line")
        drawing.text(left - 8, y(tenth / 10) + 4, f"{tenth * 10} %", anchor="end", size=12)
    for number, column in enumerate(columns):
        middle = left + _COLUMN * (number + 0.5)
        _draw_column(drawing, middle, [y(share) for share in values[column]], column.colour)
        shown = median(values[column])
        drawing.text(middle, _TOP + _HEIGHT + 20, f"{shown * 100:.1f} %", "text", anchor="middle")
        for line, words in enumerate(column.words):
            drawing.text(middle, _TOP + _HEIGHT + 37 + 14 * line, words, anchor="middle", size=12)


def _draw_column(drawing: Drawing, middle: float, heights: Sequence[float], colour: str) -> None:
    if len(heights) > 1:
        tenths = quantiles(heights, n=10, method="inclusive")
        drawing.rect(middle - _SWARM / 2, tenths[0], _SWARM, max(tenths[-1] - tenths[0], 1.0), "line")
    level: dict[int, list[float]] = defaultdict(list)
    for height in heights:
        level[round(height / (2 * _RADIUS))].append(height)
    for found in level.values():
        step = min(2 * _RADIUS, _SWARM / len(found))
        for number, height in enumerate(found):
            drawing.dot(middle + step * (number - (len(found) - 1) / 2), height, _RADIUS, colour)
    drawing.line([(middle - _SWARM / 2, median(heights)), (middle + _SWARM / 2, median(heights))], "text", width=2)
