"""The log's last lines: read from the file as it grows, filtered by level and words. No Qt."""

from __future__ import annotations

import logging
import re
from collections import deque
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import Final, NamedTuple

from preheat.errors import reason_of
from preheat.messages import Message

FIRST_BYTES: Final = 1_000_000  # Read from the end of the file at first: more than is shown


@dataclass(frozen=True, slots=True)
class LogChange:
    """What was written since the last read."""

    lines: tuple[str, ...] = ()  # Whole lines, without line ends
    restart: bool = False  # The lines replace everything read before
    problem: Message | str = ""  # The system's reason why the file can't be read; may be empty


class LogTail:
    """Follows a log file that is rotated by renaming it to ``<name>.1``."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._file: tuple[int, int] | None = None  # device and inode: a rotated file is another one
        self._offset = 0
        self._rest = b""

    def read(self) -> LogChange:
        """Return what was added since the last call; at first, the end of the file."""
        try:
            return self._read()
        except FileNotFoundError:
            had_file, self._file = self._file is not None, None
            return LogChange(restart=had_file)
        except OSError as error:
            self._file = None
            return LogChange(restart=True, problem=reason_of(error))

    def _read(self) -> LogChange:
        status = self._path.stat()
        file = (status.st_dev, status.st_ino)
        if file == self._file and status.st_size == self._offset:
            return LogChange()
        if file == self._file and status.st_size > self._offset:
            return LogChange(self._lines_from(self._path))
        lines: tuple[str, ...] = ()
        restart = True
        old = self._path.with_name(f"{self._path.name}.1")
        if self._file is not None and file != self._file and _is(old, self._file):
            # Rotated since the last read: its last lines have not been read yet.
            lines = self._lines_from(old)
            restart = False
            self._offset = 0
        else:
            self._offset = max(0, status.st_size - FIRST_BYTES)
        self._file, self._rest = file, b""
        fresh = self._lines_from(self._path, cut=self._offset > 0)
        return LogChange(lines + fresh, restart)

    def _lines_from(self, path: Path, *, cut: bool = False) -> tuple[str, ...]:
        """Return the whole lines after the offset; ``cut`` skips the first, incomplete one."""
        with path.open("rb") as file:
            file.seek(self._offset)
            content = file.read()
        self._offset += len(content)
        *whole, self._rest = (self._rest + content).split(b"\n")
        if cut and whole:
            del whole[0]
        return tuple(line.decode("utf-8", "replace").rstrip("\r") for line in whole)


def _is(path: Path, file: tuple[int, int]) -> bool:
    try:
        status = path.stat()
    except OSError:
        return False
    return (status.st_dev, status.st_ino) == file


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
