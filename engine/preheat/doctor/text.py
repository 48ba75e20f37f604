"""The report as text: aligned, and at most 80 columns wide where words allow it. Pure."""

from __future__ import annotations

import textwrap
from collections.abc import Iterator
from typing import Final, NamedTuple

from preheat.doctor.report import Finding, Level, Report
from preheat.messages import render

WIDTH: Final = 80
_LEVEL_WIDTH: Final = max(len(level.words) for level in Level) + 2
_INDENT: Final = " " * (_LEVEL_WIDTH + 2)


class Line(NamedTuple):
    """A line; ``level`` colours the word of a finding, and ``heading`` is the title of a check."""

    text: str
    level: Level | None = None
    heading: bool = False


def report_lines(report: Report, width: int = WIDTH) -> Iterator[Line]:
    """Yield the lines of a report; ``width`` is the most characters of one, where words allow it."""
    for check in report.checks:
        yield Line(check.title, heading=True)
        for finding in check.findings:
            yield from _finding_lines(finding, width)
    yield Line("")
    counts = ", ".join(f"{report.count(level)} {level.words}" for level in Level)
    yield Line(f"{counts}. Took {report.took_s:.1f} s.", heading=True)


def report_text(report: Report) -> str:
    """Return a report as plain text."""
    made_at = _utc(report.made_at)
    lines = [f"Preheat {report.version}, report of {made_at}", "", *(line.text for line in report_lines(report))]
    return "\n".join(lines) + "\n"


def _finding_lines(finding: Finding, width: int) -> Iterator[Line]:
    words = render(finding.title)
    head, *rest = _wrapped(words.text.rstrip(".") or "?", "", width)
    yield Line(f"  {finding.level.words:{_LEVEL_WIDTH}}{head}", finding.level)
    yield from (Line(_INDENT + line) for line in rest)
    for detail in finding.details:
        yield from (Line(_INDENT + line) for line in _wrapped(detail, "  ", width))
    if words.hint:
        yield from (Line(_INDENT + line) for line in _wrapped(f"-> {words.hint}", "   ", width))


def _wrapped(text: str, indent: str, width: int) -> list[str]:
    # Names of files and programs may have any characters, such as those that control a terminal.
    return textwrap.wrap(
        "".join(char if char.isprintable() else "_" for char in text),
        max(width - len(_INDENT), 1),
        subsequent_indent=indent,
        break_long_words=False,
        break_on_hyphens=False,
    ) or [""]


def _utc(unix_time: float) -> str:
    from datetime import UTC, datetime

    return datetime.fromtimestamp(unix_time, UTC).strftime("%Y-%m-%d %H:%M UTC")
