"""Fails tests during which Preheat logged a bug."""

from __future__ import annotations

import logging
import re
from pathlib import Path
from typing import Final

_BUG: Final = re.compile(
    r"^.*(?:internal error [0-9a-f]{8}: .*|Traceback \(most recent call last\)(?:.*\n(?=\s))*.*(?:\n\S.*)?)$",
    re.MULTILINE,
)


def bugs_in(output: str) -> list[str]:
    """Return the lines of a program's output or log that report bugs."""
    return _BUG.findall(output)


def bugs_of(home: Path) -> list[str]:
    """Return the bugs in the log below a PREHEAT_HOME, and in what a program has printed there."""
    files = [*home.glob("logs/preheat.log*"), *home.glob("*.out"), *home.glob("serve.txt")]
    return [bug for file in files for bug in bugs_in(file.read_text(errors="replace"))]


class BugWatch(logging.Handler):
    """Collects the bugs that are logged in this process."""

    def __init__(self) -> None:
        super().__init__(logging.ERROR)
        self._seen: list[str] = []

    def emit(self, record: logging.LogRecord) -> None:
        """Keep a record of a bug."""
        self._seen += bugs_in(record.getMessage())

    def take(self) -> list[str]:
        """Return the bugs so far and forget them: the test expects them."""
        seen, self._seen = self._seen, []
        return seen
