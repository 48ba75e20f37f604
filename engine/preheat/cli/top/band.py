"""The band of memory as text: as wide as the limit, with a block a model. Pure."""

from __future__ import annotations

from collections.abc import Sequence
from enum import Enum
from typing import TYPE_CHECKING, Final, NamedTuple

from rich.cells import cell_len, set_cell_size

from preheat.cli.tables import elided

if TYPE_CHECKING:
    from rich.text import Text

_HUES: Final = ("#C57730", "#5FB6CB", "#559969", "#A5B26A", "#8E97E1", "#ECA19D", "#B57593", "#8B67A5")
_ON_HUE: Final = ("#1C1917",) * 7 + ("#FFFFFF",)
_ANSI: Final = (
    *("black on yellow", "black on cyan", "black on green", "black on bright_yellow"),
    *("white on blue", "white on red", "black on bright_magenta", "white on magenta"),
)
_UNLOADED: Final = 0.45
"""Brightness of the part of a block that is not loaded yet."""

_LEAST_NAME: Final = 9  # characters


class Block(NamedTuple):
    """A model in memory.

    Attributes:
        name: The model's id.
        mark: Stands for the name where there is no room for it.
        figure: Stands below the name.
        size_bytes: Memory that it takes, or will when it is loaded.
        share: Loaded part, from 0.0 to 1.0.
        hue: As ``preheat.models.signs`` gives it.
    """

    name: str
    mark: str
    figure: str
    size_bytes: int
    share: float
    hue: int


class Colours(Enum):
    """The colours of a terminal."""

    NONE = 0
    ANSI = 1  # 8 or 16
    MANY = 2


def hue_style(hue: int, colours: Colours) -> str:
    """Return rich's style for text on a hue."""
    return {Colours.NONE: "", Colours.ANSI: _ANSI[hue], Colours.MANY: f"{_ON_HUE[hue]} on {_HUES[hue]}"}[colours]


def block_widths(sizes: Sequence[int], total: int, width: int) -> list[int]:
    """Return how many characters each block takes of a band for ``total`` bytes; at least one, if there is room."""
    if not sizes:
        return []
    total = max(total, sum(sizes), 1)
    widths = [max(1, round(size * width / total)) for size in sizes]
    while sum(widths) > width and max(widths) > 1:
        widths[widths.index(max(widths))] -= 1
    return widths[:width]


def band_lines(
    blocks: Sequence[Block], limit_bytes: int, width: int, free: str, *, colours: Colours, ascii_only: bool
) -> list[Text]:
    """Return the two lines of the band: names, and figures.

    Args:
        free: Stands in the free part.
    """
    from rich.text import Text

    names, figures = Text(), Text()
    widths = block_widths([block.size_bytes for block in blocks], limit_bytes, width)
    for block, size in zip(blocks, widths, strict=False):
        label = _label(block, size - 2, ascii_only)
        figure = block.figure if len(block.figure) + 2 <= size else ""
        if colours is Colours.NONE:
            names.append(_bracketed(block, label, size))
            figures.append(f" {figure}".ljust(size)[:size])
        else:
            _draw(names, block, label, size, colours)
            _draw(figures, block, figure, size, colours)
    rest = width - sum(widths)
    shaded = colours is not Colours.NONE and not ascii_only
    names.append(("░" if shaded else ".") * rest, style="dim")
    fill = "░" if shaded else " "
    shown = f" {free} " if len(free) + 2 <= rest else ""
    figures.append(shown.ljust(rest, fill), style="dim")
    return [names, figures]


def _label(block: Block, room: int, ascii_only: bool) -> str:
    if room >= min(_LEAST_NAME, cell_len(block.name)):
        return elided(block.name, room, ascii_only=ascii_only)
    return block.mark if len(block.mark) <= room else ""


def _draw(line: Text, block: Block, words: str, size: int, colours: Colours) -> None:
    text = set_cell_size(f" {words}", size)
    loaded = round(block.share * size)
    line.append(text[:loaded], style=hue_style(block.hue, colours))
    rest = _darker(_HUES[block.hue]) if colours is Colours.MANY else "bright_black"
    line.append(text[loaded:], style=f"white on {rest}")


def _bracketed(block: Block, words: str, size: int) -> str:
    if size < 2:
        return "|" * size
    inner = size - 2
    fill = ("=" * round(block.share * inner)).ljust(inner, "-")
    return f"[{words}{fill[cell_len(words) :]}]"


def _darker(colour: str) -> str:
    parts = (int(colour[start : start + 2], 16) for start in (1, 3, 5))
    return "#" + "".join(f"{round(part * _UNLOADED):02x}" for part in parts)
