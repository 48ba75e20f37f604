"""Tables that fit the terminal: columns are left out by worth, names lose their middle, figures stay whole. Pure."""

from __future__ import annotations

import re
import textwrap
from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING, Final, NamedTuple

if TYPE_CHECKING:
    from rich.text import Text

Cell = str | tuple[str, str]
"""A text, or a text and rich's style for it."""

GAP: Final = 2
_INDENT: Final = 4
_LEAST_NAME: Final = 12
_LEAST_SENTENCE: Final = 28
_NARROWEST: Final = 8
_NO_BREAK: Final = "\N{NO-BREAK SPACE}"
_FIGURE: Final = re.compile(r"(?<=\d) (?=(?:[kMGT]?B|ms|s|min|h|d|tokens?|requests?)\b|%)")


class Column(NamedTuple):
    """A column of a table.

    Attributes:
        worth: The column with the least worth is left out first; 0 for one that always stays.
        name: Long names are elided in the middle.
        sentence: Wraps at words; where there is no room next to the others, it stands below each row.
    """

    title: str
    worth: int = 0
    right: bool = False
    name: bool = False
    sentence: bool = False


class Fit(NamedTuple):
    """Columns that fit into a width.

    Attributes:
        widths: By the column's index, in characters.
        below: The sentence that stands below each row; None without one.
    """

    widths: dict[int, int]
    below: int | None


def text_of(cell: Cell) -> str:
    """Return a cell's text."""
    return cell if isinstance(cell, str) else cell[0]


def fit(columns: Sequence[Column], rows: Sequence[Sequence[Cell]], width: int) -> Fit:
    """Return which columns fit into a width. Columns without content are left out."""
    from rich.cells import cell_len

    natural = {}
    for index, column in enumerate(columns):
        widest = max((cell_len(text_of(row[index])) for row in rows), default=0)
        if widest or column.worth == 0:
            natural[index] = max(widest, cell_len(column.title))
    names = sum(columns[index].name for index in natural)
    least = {index: _least(columns[index], wanted, width // max(names, 1)) for index, wanted in natural.items()}
    below = None
    while _total(least) > width and len(least) > 1:
        sentence = next((index for index in least if columns[index].sentence), None)
        droppable = [index for index in least if columns[index].worth > 0]
        if sentence is not None:
            below = sentence
            del least[sentence]
        elif droppable:
            del least[min(droppable, key=lambda index: columns[index].worth)]
        else:
            break
    widths = dict(least)
    spare = width - _total(widths)
    for index in sorted(widths, key=lambda index: columns[index].sentence):  # names before sentences
        if columns[index].name or columns[index].sentence:
            more = min(natural[index] - widths[index], spare)  # less than 0 if nothing else can be left out
            more = max(more, min(_NARROWEST - widths[index], 0))
            widths[index] += more
            spare -= more
    return Fit(widths, below)


def lines(
    columns: Sequence[Column],
    rows: Sequence[Sequence[Cell]],
    width: int | None,
    *,
    ascii_only: bool = False,
    header_style: str = "bold",
) -> Iterator[Text]:
    """Yield the lines of a table.

    Args:
        width: Of the terminal, in characters; None for a pipe, where all columns are complete.
    """
    from rich.text import Text

    fitting = _unlimited(columns, rows) if width is None else fit(columns, rows, width)
    header = [_padded(columns[index].title, columns[index], size) for index, size in fitting.widths.items()]
    title = Text((" " * GAP).join(header).rstrip(), style=header_style)
    if width is not None:
        title.truncate(width)
    yield title
    if width is not None:
        yield Text(("-" if ascii_only else "─") * min(_total(fitting.widths), width), style="dim")
    for row in rows:
        yield from _row_lines(columns, row, fitting, width, ascii_only)


def elided(text: str, width: int, *, ascii_only: bool = False) -> str:
    """Return a name without its middle, so that it fits: the quantization at the end matters."""
    from rich.cells import cell_len, set_cell_size

    if cell_len(text) <= width:
        return text
    mark = ".." if ascii_only else "…"
    room = width - len(mark)
    if room < 2:
        return set_cell_size(text, max(width, 0))
    head = room // 2
    tail = room - head
    while cell_len(text[-tail:]) > room - head:
        tail -= 1
    return set_cell_size(text, head) + mark + (text[-tail:] if tail else "")


def wrapped(text: str, width: int, indent: int = 0) -> list[str]:
    """Return the lines of a sentence, which breaks neither in a figure nor before its unit.

    Args:
        indent: Of the lines after the first, in characters.
    """
    text = _FIGURE.sub(_NO_BREAK, text)
    found = textwrap.wrap(text, max(width, _NARROWEST), subsequent_indent=" " * indent, break_on_hyphens=False)
    return [line.replace(_NO_BREAK, " ") for line in found] or [""]


def _least(column: Column, natural: int, width: int) -> int:
    """Return the fewest characters of a column; names share ``width``."""
    if column.name:
        return min(natural, max(_LEAST_NAME, width * 2 // 5))
    return min(natural, _LEAST_SENTENCE) if column.sentence else natural


def _total(widths: dict[int, int]) -> int:
    return sum(widths.values()) + GAP * max(len(widths) - 1, 0)


def _unlimited(columns: Sequence[Column], rows: Sequence[Sequence[Cell]]) -> Fit:
    from rich.cells import cell_len

    cells = [[column.title, *(text_of(row[index]) for row in rows)] for index, column in enumerate(columns)]
    return Fit({index: max(map(cell_len, texts)) for index, texts in enumerate(cells)}, None)


def _row_lines(
    columns: Sequence[Column], row: Sequence[Cell], fitting: Fit, width: int | None, ascii_only: bool
) -> Iterator[Text]:
    from rich.text import Text

    parts = {}
    for index, size in fitting.widths.items():
        text = text_of(row[index])
        if columns[index].sentence and width is not None:
            parts[index] = wrapped(text, size)
        else:
            parts[index] = [elided(text, size, ascii_only=ascii_only) if columns[index].name else text]
    for number in range(max(map(len, parts.values()))):
        line = Text()
        for position, (index, size) in enumerate(fitting.widths.items()):
            cell, texts = row[index], parts[index]
            line.append(" " * GAP if position else "")
            text = _padded(texts[number] if number < len(texts) else "", columns[index], size)
            line.append(text, style="" if isinstance(cell, str) else cell[1])
        line.rstrip()
        if width is not None:
            line.truncate(width)
        yield line
    if fitting.below is not None and width is not None:
        sentence = text_of(row[fitting.below])
        for text in wrapped(sentence, width - _INDENT) if sentence else ():
            yield Text(" " * _INDENT + text, style="dim")


def _padded(text: str, column: Column, width: int) -> str:
    from rich.cells import cell_len

    space = " " * max(width - cell_len(text), 0)
    return space + text if column.right else text + space
