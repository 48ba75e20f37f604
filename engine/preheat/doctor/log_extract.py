"""The log for a bundle: Preheat's own lines, without what may be a client's or another program's words. Pure."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import PurePosixPath, PureWindowsPath
from typing import Final

from preheat.doctor.redaction import Redactor

_RECORD: Final = re.compile(r"^(\d{4}-\d\d-\d\dT[\d:.]+[+-]\d{4}) (DEBUG|INFO|WARNING|ERROR|CRITICAL) +([\w.]+): (.*)$")
_PLACE: Final = re.compile(r'^\s*File "([^"]*)", line (\d+), in ([\w<>]+)$')
_UNKNOWN_PATH: Final = re.compile(r"^([A-Z]+) .* (40[45] [\d.]+ ms)$")
"""A request for an address that Preheat does not have: a client's words."""

_OWN: Final = ("preheat", "preheat_gui")
_MOST: Final = 600
_MOST_READ: Final = 4000


def clean_log(text: str, hide: Redactor) -> str:
    """Return the log without what is hidden. Lines of other programs keep their time, level and length."""
    return "\n".join(_lines(text, hide)) + "\n"


def _lines(text: str, hide: Redactor) -> Iterator[str]:
    left_out = 0
    for line in text.split("\n"):
        record, place = _RECORD.match(line), _PLACE.match(line)
        if record is None and place is None:
            left_out += bool(line)
            continue
        if left_out:
            yield f"  <{left_out} lines>"
            left_out = 0
        if place is not None:
            yield f"  {_file_name(place[1])}:{place[2]} {place[3]}"
        elif record is not None:
            yield _clean(record, hide)
    if left_out:
        yield f"  <{left_out} lines>"


def _clean(record: re.Match[str], hide: Redactor) -> str:
    time, level, name, words = record.groups()
    own = name.partition(".")[0] in _OWN
    said = _words(words, hide) if own else f"<{len(words)} characters>"
    return f"{time} {level:7} {name if own else hide(name)}: {said}"


def _words(words: str, hide: Redactor) -> str:
    """Return the beginning of a message. It is shortened after hiding, which would not recognise half of a key."""
    words = _UNKNOWN_PATH.sub(r"\1 <path> \2", words)
    said = hide.words(words[:_MOST_READ])
    return said if len(words) <= _MOST else said[: max(min(_MOST, len(said) - _MOST), 0)] + "…"


def _file_name(path: str) -> str:
    """Return a file's name; that of another program's script may be telling, those of Python's packages are not."""
    name = PureWindowsPath(PurePosixPath(path).name).name
    return name if "preheat" in path or "site-packages" in path or "/python3" in path else "<file>"
