"""Reads the end of a log file, and then what is added to it. No Qt; any thread, one at a time."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Final

FIRST_BYTES: Final = 1_000_000
"""So much of the file's end is read at first: more than what is shown."""


@dataclass(frozen=True, slots=True)
class LogNews:
    """What has been written since the last time.

    Attributes:
        lines: Whole lines, without their ends.
        anew: They are not the continuation of what was read before: forget that.
        problem: Why nothing can be read, as the system says; empty if that is not so.
        exists: There is a log file.
    """

    lines: tuple[str, ...] = ()
    anew: bool = False
    problem: str = ""
    exists: bool = True


class LogTail:
    """Follows one log file that is rotated by renaming it to ``<name>.1``."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._file: tuple[int, int] | None = None  # device and inode: a rotated file is another one
        self._offset = 0
        self._rest = b""

    def read(self) -> LogNews:
        """Return what has been added since the last call; at first, the file's end."""
        try:
            return self._read()
        except FileNotFoundError:
            had_one, self._file = self._file is not None, None
            return LogNews(anew=had_one, exists=False)
        except OSError as error:
            self._file = None
            return LogNews(anew=True, problem=error.strerror or type(error).__name__)

    def _read(self) -> LogNews:
        status = self._path.stat()
        file = (status.st_dev, status.st_ino)
        if file == self._file and status.st_size == self._offset:
            return LogNews()
        if file == self._file and status.st_size > self._offset:
            return LogNews(self._lines_from(self._path))
        lines: tuple[str, ...] = ()
        anew = True
        old = self._path.with_name(f"{self._path.name}.1")
        if self._file is not None and file != self._file and _is(old, self._file):
            # Renamed since the last time: its last lines have not been read yet.
            lines = self._lines_from(old)
            anew = False
            self._offset = 0
        else:
            self._offset = max(0, status.st_size - FIRST_BYTES)
        self._file, self._rest = file, b""
        fresh = self._lines_from(self._path, cut=self._offset > 0)
        return LogNews(lines + fresh, anew)

    def _lines_from(self, path: Path, *, cut: bool = False) -> tuple[str, ...]:
        """Return the whole lines after the offset.

        Args:
            cut: The offset is in the middle of a line, which is left out.
        """
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
