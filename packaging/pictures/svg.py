"""Drawings in SVG: a few shapes in named colours, written once for light and once for dark pages."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Final
from xml.sax.saxutils import escape, quoteattr

# Those of the windows, so that the pictures fit the screenshots.
_COLOURS: Final[Mapping[str, Mapping[str, str]]] = {
    "light": {
        "page": "#FFFFFF",
        "text": "#1C1917",
        "muted": "#57534E",
        "line": "#E7E5E4",
        "accent": "#B45309",
        "standby": "#0369A1",
        "good": "#15803D",
        "bad": "#B91C1C",
    },
    "dark": {
        "page": "#292524",
        "text": "#FAFAF9",
        "muted": "#A8A29E",
        "line": "#44403C",
        "accent": "#FBBF24",
        "standby": "#38BDF8",
        "good": "#4ADE80",
        "bad": "#F87171",
    },
}

Point = tuple[float, float]


class Drawing:
    """Shapes on a page of ``width`` by ``height`` pixels; colours are names such as ``accent``."""

    def __init__(self, width: int, height: int, description: str) -> None:
        self._size = width, height
        self._description = description
        self._shapes: list[str] = []
        self.rect(0, 0, width, height, "page", radius=8)

    def rect(self, x: float, y: float, width: float, height: float, colour: str, *, radius: float = 0) -> None:
        """Add a filled rectangle."""
        self._add("rect", x=x, y=y, width=width, height=height, rx=radius, fill=colour)

    def line(self, points: Sequence[Point], colour: str, *, width: float = 1, dashes: str = "") -> None:
        """Add a line through points."""
        path = " ".join(f"{_short(x)},{_short(y)}" for x, y in points)
        self._add("polyline", points=path, fill="none", stroke=colour, stroke_width=width, stroke_dasharray=dashes)

    def dot(self, x: float, y: float, radius: float, colour: str) -> None:
        """Add a filled circle."""
        self._add("circle", cx=x, cy=y, r=radius, fill=colour)

    def text(
        self, x: float, y: float, words: str, colour: str = "muted", *, anchor: str = "start", size: int = 13
    ) -> None:
        """Add a line of text; ``anchor`` is ``start``, ``middle`` or ``end``."""
        self._add("text", words, x=x, y=y, fill=colour, text_anchor=anchor, font_size=size)

    def svg(self, appearance: str) -> str:
        """Return the drawing, ``light`` or ``dark``."""
        colours = _COLOURS[appearance]
        width, height = self._size
        shapes = "\n".join(self._shapes)
        for name, value in colours.items():
            shapes = shapes.replace(f'="{name}"', f'="{value}"')
        return (
            f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {width} {height}" width="{width}" height="{height}" '
            f'role="img" font-family="system-ui, sans-serif">\n<title>{escape(self._description)}</title>\n{shapes}\n'
            "</svg>\n"
        )

    def write(self, folder: Path, name: str) -> None:
        """Write ``NAME-light.svg`` and ``NAME-dark.svg``."""
        for appearance in _COLOURS:
            (folder / f"{name}-{appearance}.svg").write_text(self.svg(appearance), encoding="utf-8")

    def _add(self, kind: str, words: str = "", **attributes: str | float) -> None:
        given = " ".join(
            f"{name.replace('_', '-')}={quoteattr(value if isinstance(value, str) else _short(value))}"
            for name, value in attributes.items()
            if value not in ("", 0) or name in ("x", "y")
        )
        self._shapes.append(f"<{kind} {given}>{escape(words)}</{kind}>" if words else f"<{kind} {given}/>")


def _short(number: float) -> str:
    return f"{number:.1f}".removesuffix(".0")
