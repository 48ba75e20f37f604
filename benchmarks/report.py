"""Results as a table and as JSON."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, Final

from rich.table import Table

from benchmarks.figures import Figure, Subject, Target, spread

COMPARED: Final = ("Preheat", "llama-server")
_NONE: Final = "-"


def table(title: str, figures: Sequence[Figure], compared: tuple[str, str] = COMPARED) -> Table:
    """Return the figures of one measure as a table; ``compared`` has the titles of the first two columns."""
    drawn = Table(title=title, title_justify="left", title_style="bold", expand=True)
    drawn.add_column("", ratio=3)
    for heading in (*compared, "ratio", "spread", "target"):
        drawn.add_column(heading, justify="right", no_wrap=True)
    drawn.add_column("met", justify="center", no_wrap=True)
    for figure in figures:
        drawn.add_row(*row(figure), style=None if figure.met is not False else "red")
    return drawn


def row(figure: Figure) -> tuple[str, ...]:
    """Return the cells of one line. The spread is the larger of both servers'."""
    ratio = figure.ratio
    spreads = [spread(samples) for samples in (figure.preheat, figure.other) if len(samples) > 1]
    return (
        f"{figure.name} ({figure.note})" if figure.note else figure.name,
        quantity(figure.preheat_median, figure.unit),
        _NONE if figure.other_median is None else quantity(figure.other_median, figure.unit),
        _NONE if ratio is None else f"{ratio:.2f}",
        f"{max(spreads):.0%}" if spreads else _NONE,
        _NONE if figure.target is None else target_text(figure.target, figure.unit),
        {None: "", True: "yes", False: "NO"}[figure.met],
    )


def target_text(target: Target, unit: str) -> str:
    """Return a target such as ``≤ 0.40`` or ``≤ 1.00 s``."""
    sign = "≥" if target.at_least else "≤"
    limit = f"{target.limit:.2f}" if target.subject is Subject.RATIO else quantity(target.limit, unit)
    return f"{sign} {limit}"


def quantity(value: float, unit: str) -> str:
    """Return a number with about three digits, and its unit."""
    decimals = 0 if abs(value) >= 100 else 1 if abs(value) >= 10 else 2
    return f"{value:,.{decimals}f} {unit}".rstrip()


def write_json(path: Path, machine: Mapping[str, Any], measures: Mapping[str, Sequence[Figure]]) -> None:
    """Write all figures with their samples."""
    content = {
        "machine": dict(machine),
        "measures": {name: [figure.as_json() for figure in figures] for name, figures in measures.items()},
    }
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(json.dumps(content, indent=2) + "\n", encoding="utf-8")


def count_missed(measures: Mapping[str, Sequence[Figure]]) -> tuple[int, int]:
    """Return the number of targets, and the number of missed ones."""
    judged = [figure.met for figures in measures.values() for figure in figures if figure.met is not None]
    return len(judged), judged.count(False)
