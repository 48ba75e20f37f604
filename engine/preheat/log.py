"""Log setup for entry points. No module logs prompts, completions or keys, at any level."""

from __future__ import annotations

import logging
import os
import re
import sys
from logging.handlers import RotatingFileHandler
from pathlib import Path
from typing import Final

from preheat import paths
from preheat.files import check_regular

logger = logging.getLogger(__name__)

_OURS: Final = ("preheat", "preheat_gui")
_MARK: Final = "preheat_log"
_FILE_BYTES: Final = 5_000_000
_OLD_FILES: Final = 3
_LONG_LINE_BYTES: Final = 100_000
_CONTROL: Final = re.compile(r"[\x00-\x09\x0b-\x1f\x7f-\x9f\u2028\u2029]")
_LINE_START: Final = re.compile(r"\n(?! )")
_FILE_FORMAT: Final = "%(asctime)s %(levelname)-7s %(name)s: %(message)s"


class _Formatter(logging.Formatter):
    """Escapes control characters and indents further lines: names of clients and files cannot forge records."""

    def formatMessage(self, record: logging.LogRecord) -> str:  # noqa: N802 (the base class's name)
        if not record.message.isprintable():
            escaped = _CONTROL.sub(lambda match: f"\\x{ord(match[0]):02x}", record.message)
            record.message = _LINE_START.sub("\n  ", escaped)
        return super().formatMessage(record)


class _ConsoleFormatter(_Formatter):
    """Time and message; the level unless it is INFO, and the logger of other packages."""

    def __init__(self) -> None:
        super().__init__("%(asctime)s %(message)s", "%H:%M:%S")

    def formatMessage(self, record: logging.LogRecord) -> str:  # noqa: N802 (the base class's name)
        super().formatMessage(record)
        source = "" if record.name.split(".")[0] in _OURS else f"{record.name}: "
        level = "" if record.levelno == logging.INFO else f"{record.levelname.lower()}: "
        return f"{record.asctime} {level}{source}{record.message}"


class _LogFile(RotatingFileHandler):
    """The log file. The base class formats each line twice, and asks the system about the file, to know its size."""

    def shouldRollover(self, record: logging.LogRecord) -> int:  # noqa: N802 (the base class's name)
        nearly_full = self.stream is None or self.stream.tell() >= self.maxBytes - _LONG_LINE_BYTES
        return nearly_full and super().shouldRollover(record)


def log_file() -> Path:
    """Return the log file; older ones end in .1, .2 and .3."""
    return paths.log_dir() / "preheat.log"


def log_files() -> list[Path]:
    """Return the log files that exist, the newest first."""
    path = log_file()
    names = (path.name, *(f"{path.name}.{number}" for number in range(1, _OLD_FILES + 1)))
    return [each for each in map(path.with_name, names) if os.path.lexists(each)]


def setup_logging(level: str, *, to_file: bool, console: bool) -> None:
    """Send records of ``level`` and above to the log file, the console (standard error), or both.

    Replaces an earlier setup. Other packages log from ``warning`` on. A log file that cannot be opened is a warning.
    """
    logging.raiseExceptions = False  # a full disk must not print a traceback with every line
    # Python's documented ways to save a third of a record's time, which no format of ours shows the result of.
    logging._srcfile = None  # where a record is made
    logging.logThreads = logging.logProcesses = logging.logMultiprocessing = False
    root = logging.getLogger()
    for handler in [handler for handler in root.handlers if handler.name == _MARK]:
        root.removeHandler(handler)
        handler.close()
    root.setLevel(logging.WARNING)
    for name in _OURS:
        logging.getLogger(name).setLevel(level.upper())
    # A windowed application has no standard error.
    if console and sys.stderr is not None:
        _add(root, logging.StreamHandler(sys.stderr), _ConsoleFormatter())
    if to_file:
        try:
            log_file().parent.mkdir(mode=0o700, parents=True, exist_ok=True)
            check_regular(log_file())
            file = _LogFile(
                log_file(), maxBytes=_FILE_BYTES, backupCount=_OLD_FILES, encoding="utf-8", errors="backslashreplace"
            )
        except OSError as error:
            logger.warning("no log file: %s cannot be opened: %s", log_file(), error.strerror or error)
        else:
            _add(root, file, _Formatter(_FILE_FORMAT, "%Y-%m-%dT%H:%M:%S%z"))


def _add(root: logging.Logger, handler: logging.Handler, formatter: logging.Formatter) -> None:
    handler.name = _MARK
    handler.setFormatter(formatter)
    root.addHandler(handler)
