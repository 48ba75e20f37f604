"""Sources of settings: a file, the environment, the command line. Each is read into one ``Layer``.

This module knows no settings except former ones; callers pass the names of lists.
"""

from __future__ import annotations

import os
import re
import shlex
import tomllib
from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum
from itertools import islice
from pathlib import Path
from typing import Final

from preheat.errors import SettingsError, reason_of
from preheat.files import read_small_file
from preheat.messages import Message, msg
from preheat.settings.former import translated
from preheat.settings.names import canonical, escaped, flatten, keys_of, look_up, show_name
from preheat.settings.toml import parse_toml

PREFIX: Final = "PREHEAT_"

MAX_FILE_BYTES: Final = 1 << 19
"""Largest settings file: thousands of models with settings of their own."""

_MOST_TRIALS: Final = 20
"""Places at which a line is looked for; each parses the document above it."""

NOT_SETTINGS: Final = ("PREHEAT_HOME",)
"""Variables with the prefix that are no settings; every other unknown one is an error."""


class Origin(StrEnum):
    """Origin of a value, from the weakest to the strongest."""

    DEFAULT = "default"
    FILE = "file"
    ENVIRONMENT = "environment"
    OPTION = "option"


@dataclass(frozen=True, slots=True)
class Layer:
    """The unchecked values of one source. The functions take a setting's name."""

    origin: Origin
    values: Mapping[str, object]  # by setting name
    base: Path | None  # relative folders start here; None refuses them
    place: Callable[[str], Message]  # where the value was found
    spell: Callable[[str], str]  # the name as this source writes it, such as ``PREHEAT_PORT``
    remedy: Callable[[str], Message]  # how to correct a wrong value

    def subject(self, name: str) -> Message:
        """Return place and name of a setting; a variable's or an option's place contains the name."""
        place, spelled = self.place(name), self.spell(name)
        return place if str(place).endswith(spelled) else msg("settings_named", place=place, name=spelled)


def read_document(path: Path) -> str:
    """Return the text of the settings file; empty if there is none.

    Raises:
        SettingsError: It cannot be read, or is not UTF-8.
    """
    try:
        content = read_small_file(path, MAX_FILE_BYTES)
    except FileNotFoundError:
        return ""
    except OSError as error:
        raise SettingsError(
            msg("settings_unreadable", file=path.name, reason=reason_of(error), path=str(path))
        ) from error
    try:
        # Windows' Notepad writes a byte order mark, which TOML does not allow.
        return content.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        line = content.count(b"\n", 0, error.start) + 1
        raise SettingsError(msg("settings_not_utf8", file=path.name, line=line, path=str(path))) from error


def document_layer(text: str, path: Path) -> Layer:
    """Return the layer of a settings file's text.

    Raises:
        SettingsError: It is not TOML.
    """
    try:
        values = parse_toml(text)
    except tomllib.TOMLDecodeError as error:
        raise _syntax_error(text, path, str(error)) from error

    def place(name: str) -> Message:
        line = find_line(text, name)
        return msg("settings_line", file=path.name, line=line) if line else msg("text", text=path.name)

    return Layer(
        Origin.FILE,
        translated(flatten(values)),
        path.parent,
        place=place,
        spell=lambda name: name,
        remedy=lambda name: msg("correct_file", path=str(path), name=shlex.quote(show_name(name))),
    )


def environment_layer(environ: Mapping[str, str], lists: Collection[str]) -> Layer:
    """Return the layer of the ``PREHEAT_*`` variables, including unknown ones."""
    texts = {
        escaped(variable.removeprefix(PREFIX).lower()): text
        for variable, text in environ.items()
        if variable.startswith(PREFIX) and variable not in NOT_SETTINGS
    }
    return Layer(
        Origin.ENVIRONMENT,
        translated({name: parse_text(text, is_list=name in lists) for name, text in texts.items()}),
        current_folder(),
        place=lambda name: msg("text", text=show_name(variable_of(name))),
        spell=variable_of,
        remedy=lambda name: msg("correct_variable", variable=show_name(variable_of(name))),
    )


def options_layer(overrides: Mapping[str, str], lists: Collection[str]) -> Layer:
    """Return the layer of ``--set name=value``; a hyphen in a name counts as an underscore."""
    texts = {escaped(canonical(name)): text for name, text in overrides.items()}
    return Layer(
        Origin.OPTION,
        translated({name: parse_text(text, is_list=name in lists) for name, text in texts.items()}),
        current_folder(),
        place=lambda name: msg("settings_option", name=show_name(name)),
        spell=lambda name: name,
        remedy=lambda _: msg("correct_option"),
    )


def current_folder() -> Path:
    """Return the current folder; the root if it has been deleted."""
    try:
        return Path.cwd()
    except FileNotFoundError:
        return Path(os.sep)


def variable_of(name: str) -> str:
    """Return the environment variable of a setting."""
    return PREFIX + name.upper()


def parse_text(text: str, *, is_list: bool) -> object:
    """Return the value of a variable's or an option's text; numbers stay text, which the fields convert.

    A list is comma separated, or written as in TOML if an item contains a comma: ``["a,b"]``.
    """
    text = text.strip()
    if len(text) > MAX_FILE_BYTES:
        return text  # no setting can have it
    if not is_list or text == "auto":
        return text
    if text.startswith("["):
        try:
            return parse_toml(f"value = {text}")["value"]
        except tomllib.TOMLDecodeError:
            return text  # the field rejects it and says what is allowed
    return [item.strip() for item in text.split(",")] if text else []


def find_line(text: str, name: str) -> int | None:
    """Return the number of the line that sets ``name`` in a TOML document, or opens a table of that name."""
    keys = keys_of(name)
    if len(keys) > 1:
        found = find_lines(text, name)
        return found[0] + 1 if found is not None else None
    key = re.compile(rf"""\s*(\[+\s*)?(["']?){re.escape(name)}\2\s*[.=\]]""")
    lines = text.split("\n")
    matches = (index for index, line in enumerate(lines) if key.match(line))
    for index in islice(matches, _MOST_TRIALS):
        # A match inside a longer string or list is no key; then the text above it is not a whole document.
        if _is_toml("\n".join([*lines[:index], ""])):
            return index + 1
    return None


def find_lines(text: str, name: str) -> tuple[int, int] | None:
    """Return the first line, counted from 0, and the line after the last of the statement that sets ``name``."""
    lines = text.split("\n")
    *path, last_key = keys_of(name)
    for first in islice(_candidates(lines, path[-1] if path else "", last_key), _MOST_TRIALS):
        if not _is_toml("\n".join(lines[:first])):
            continue
        for end in range(first + 1, min(first + _MOST_TRIALS, len(lines)) + 1):
            document = "\n".join(lines[:end])
            if _is_toml(document):
                if sets(document, name):
                    return first, end
                break
    return None


def _candidates(lines: Sequence[str], table: str, key: str) -> Iterator[int]:
    """Yield the lines with this key that are below a header with this table, or name it themselves."""
    header = ""
    for index, line in enumerate(lines):
        if line.lstrip().startswith("["):
            header = line
        if key in line and (table in line or table in header):
            yield index


def sets(document: str, name: str) -> bool:
    """Return whether a TOML document sets a name."""
    try:
        look_up(parse_toml(document), name)
    except KeyError:
        return False
    return True


def _is_toml(text: str) -> bool:
    try:
        parse_toml(text)
    except tomllib.TOMLDecodeError:
        return False
    return True


def _syntax_error(text: str, path: Path, message: str) -> SettingsError:
    """Return tomllib's error with the line first, and the name of a setting that is set twice."""
    reason, _, position = message.rpartition(" (at ")
    found = re.match(r"line (\d+)", position)
    line = int(found[1]) if found else max(text.count("\n", 0, len(text.rstrip())) + 1, 1)
    twice = _set_twice(text, line) if reason.startswith("Cannot overwrite") else None
    if twice is not None:
        name, first, second = twice
        twice_set = msg("setting_twice", file=path.name, line=second, name=name, first_line=first, path=str(path))
        return SettingsError(twice_set, param=name)
    reason = reason or message
    reason = reason[:1].lower() + reason[1:]
    return SettingsError(msg("settings_not_toml", file=path.name, line=line, reason=reason, path=str(path)))


def _set_twice(text: str, error_line: int) -> tuple[str, int, int] | None:
    """Return the name that is set twice and its two lines, the second being the last at or above ``error_line``."""
    lines = text.split("\n")
    for number in range(min(error_line, len(lines)), 0, -1):
        key = re.match(r"""\s*(["']?)([\w-]+)\1\s*=""", lines[number - 1])
        first = find_line("\n".join(lines[: number - 1]), key[2]) if key else None
        if key and first is not None:
            return key[2], first, number
    return None
