"""The log's last lines in memory, with levels and a filter. No Qt."""

from __future__ import annotations

import logging
import re
from collections import deque
from collections.abc import Iterable
from typing import Final, NamedTuple

MAX_LINES: Final = 5_000

_RECORD: Final = re.compile(r"^\d{4}-\d\d-\d\dT\S+ (DEBUG|INFO|WARNING|ERROR|CRITICAL) ")


class LogLine(NamedTuple):
    """A line; lines of a traceback have the level of their record."""

    text: str
    level: int


class LogLines:
    """The last lines, and a filter."""

    def __init__(self) -> None:
        self._lines: deque[LogLine] = deque(maxlen=MAX_LINES)
        self._last_level = logging.INFO
        self._least = logging.NOTSET
        self._words: tuple[str, ...] = ()

    def __len__(self) -> int:
        return len(self._lines)

    def clear(self) -> None:
        """Remove all lines."""
        self._lines.clear()
        self._last_level = logging.INFO

    def add(self, texts: Iterable[str]) -> list[LogLine]:
        """Append lines; return those that pass the filter."""
        new = []
        for text in texts:
            record = _RECORD.match(text)
            if record is not None:
                self._last_level = logging.getLevelNamesMapping()[record[1]]
            new.append(LogLine(text, self._last_level))
        self._lines += new
        return [line for line in new[-MAX_LINES:] if self._wanted(line)]

    def set_filter(self, least_level: int, text: str) -> None:
        """Let only lines of at least this level pass that have every word of ``text``."""
        self._least = least_level
        self._words = tuple(text.casefold().split())

    def wanted(self) -> list[LogLine]:
        """Return the lines that pass the filter, the oldest first."""
        return [line for line in self._lines if self._wanted(line)]

    def _wanted(self, line: LogLine) -> bool:
        if line.level < self._least:
            return False
        text = line.text.casefold() if self._words else ""
        return all(word in text for word in self._words)
