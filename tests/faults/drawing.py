"""Draws lines as SVG, one small picture for each series."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Final
from xml.sax.saxutils import escape

_WIDTH: Final = 860
_HEIGHT: Final = 150
_LEFT: Final = 70
_TOP: Final = 34


def draw_lines(title: str, xs: Sequence[float], series: Mapping[str, Sequence[float]]) -> str:
    """Return an SVG with one picture below the other, over the same ``xs``."""
    parts = [f'<text x="{_LEFT}" y="18" font-weight="bold">{escape(title)}</text>']
    for number, (name, ys) in enumerate(series.items()):
        parts.append(_picture(name, xs, ys, _TOP + number * (_HEIGHT + 50)))
    width, height = _LEFT + _WIDTH + 20, _TOP + len(series) * (_HEIGHT + 50)
    start = f'<svg xmlns="http://www.w3.org/2000/svg" width="{width}" height="{height}" font-family="sans-serif" '
    return f'{start}font-size="12"><rect width="100%" height="100%" fill="white"/>{"".join(parts)}</svg>\n'


def _picture(name: str, xs: Sequence[float], ys: Sequence[float], top: float) -> str:
    highest, first, last = max(*ys, 1e-9) * 1.1, xs[0], max(xs[-1], xs[0] + 1e-9)
    points = " ".join(
        f"{_LEFT + (x - first) / (last - first) * _WIDTH:.1f},{top + _HEIGHT - y / highest * _HEIGHT:.1f}"
        for x, y in zip(xs, ys, strict=True)
    )
    bottom = top + _HEIGHT
    return (
        f'<text x="{_LEFT}" y="{top - 4}">{escape(name)}</text>'
        f'<text x="{_LEFT - 6}" y="{top + 10}" text-anchor="end">{highest:.0f}</text>'
        f'<text x="{_LEFT - 6}" y="{bottom}" text-anchor="end">0</text>'
        f'<text x="{_LEFT}" y="{bottom + 15}">{first:.0f}</text>'
        f'<text x="{_LEFT + _WIDTH}" y="{bottom + 15}" text-anchor="end">{last:.0f}</text>'
        f'<path d="M{_LEFT},{top}V{bottom}H{_LEFT + _WIDTH}" fill="none" stroke="#888"/>'
        f'<polyline points="{points}" fill="none" stroke="#c2410c" stroke-width="1.5"/>'
    )
