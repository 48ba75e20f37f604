"""Where settings come from: a file, the environment, the command line. Each is read into one ``Layer``.

This module knows no single setting; it is handed the names whose values are lists.
"""

from __future__ import annotations

import re
import shlex
import tomllib
from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path
from typing import Final

from preheat.errors import SettingsError
from preheat.settings.names import canonical, flatten, keys_of, look_up

PREFIX: Final = "PREHEAT_"

NOT_SETTINGS: Final = ("PREHEAT_HOME",)
"""Variables with the prefix that are no settings; every other unknown one is an error."""


class Origin(StrEnum):
    """Where a value comes from, from the weakest to the strongest."""

    DEFAULT = "default"
    FILE = "file"
    ENVIRONMENT = "environment"
    OPTION = "option"


@dataclass(frozen=True, slots=True)
class Layer:
    """The values of one source, unchecked.

    Attributes:
        values: By setting name.
        base: What relative folders are relative to.
        place: Says for a name where its value was found, such as ``settings.toml line 7``.
        spell: How this source writes a setting's name, such as ``PREHEAT_PORT``.
        remedy: What to do about a wrong value of a name.
    """

    origin: Origin
    values: Mapping[str, object]
    base: Path
    place: Callable[[str], str]
    spell: Callable[[str], str]
    remedy: Callable[[str], str]


def read_document(path: Path) -> str:
    """Return the text of the settings file, empty where there is none.

    Raises:
        SettingsError: It cannot be read, or is not UTF-8.
    """
    try:
        content = path.read_bytes()
    except FileNotFoundError:
        return ""
    except OSError as error:
        raise SettingsError(
            f"{path.name} cannot be read: {error.strerror}", hint=f"Check the file's type and permissions: {path}"
        ) from error
    try:
        # Windows' Notepad puts a byte order mark in front, which TOML does not know.
        return content.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        line = content.count(b"\n", 0, error.start) + 1
        raise SettingsError(f"{path.name} line {line} is not UTF-8 text", hint=f"Save it as UTF-8: {path}") from error


def document_layer(text: str, path: Path) -> Layer:
    """Return the layer of a settings file's text.

    Raises:
        SettingsError: It is not TOML.
    """
    try:
        values = tomllib.loads(text)
    except tomllib.TOMLDecodeError as error:
        raise _syntax_error(text, path, str(error)) from error

    def place(name: str) -> str:
        line = find_line(text, name)
        return f"{path.name} line {line}" if line else path.name

    return Layer(
        Origin.FILE,
        flatten(values),
        path.parent,
        place=place,
        spell=lambda name: name,
        remedy=lambda name: f"Correct {path}, or take the line out: preheat config unset {shlex.quote(name)}",
    )


def environment_layer(environ: Mapping[str, str], lists: Collection[str]) -> Layer:
    """Return the layer of the ``PREHEAT_*`` variables, unknown ones included."""
    texts = {
        variable.removeprefix(PREFIX).lower(): text
        for variable, text in environ.items()
        if variable.startswith(PREFIX) and variable not in NOT_SETTINGS
    }
    return Layer(
        Origin.ENVIRONMENT,
        {name: parse_text(text, is_list=name in lists) for name, text in texts.items()},
        Path.cwd(),
        place=variable_of,
        spell=variable_of,
        remedy=lambda name: f"Correct the environment variable {variable_of(name)}, or unset it",
    )


def options_layer(overrides: Mapping[str, str], lists: Collection[str]) -> Layer:
    """Return the layer of ``--set name=value``; a hyphen in a name counts as an underscore."""
    texts = {canonical(name): text for name, text in overrides.items()}
    return Layer(
        Origin.OPTION,
        {name: parse_text(text, is_list=name in lists) for name, text in texts.items()},
        Path.cwd(),
        place=lambda name: f"--set {name}",
        spell=lambda name: name,
        remedy=lambda name: "Correct the option; this lists all settings: preheat config get",
    )


def variable_of(name: str) -> str:
    """Return the environment variable of a setting."""
    return PREFIX + name.upper()


def parse_text(text: str, *, is_list: bool) -> object:
    """Return what a variable's or an option's text stands for; numbers stay text, for the fields to convert.

    A list is comma separated, or written as in TOML where an item has a comma in it: ``["a,b"]``.
    """
    text = text.strip()
    if not is_list or text == "auto":
        return text
    if text.startswith("["):
        try:
            return tomllib.loads(f"value = {text}")["value"]
        except tomllib.TOMLDecodeError:
            return text  # no list: the field says so, and what is allowed
    return [item.strip() for item in text.split(",")] if text else []


def find_line(text: str, name: str) -> int | None:
    """Return the number of the line that sets ``name`` in a TOML document, or opens a table of that name."""
    keys = keys_of(name)
    if len(keys) > 1:
        lines = find_lines(text, name)
        return lines[0] + 1 if lines is not None else None
    key = re.compile(rf"""\s*(\[+\s*)?(["']?){re.escape(name)}\2\s*[.=\]]""")
    lines_above = text.split("\n")
    for index, line in enumerate(lines_above):
        # What looks like a key may stand inside a longer string or list; then what is above it is no whole document.
        if key.match(line) and _is_toml("\n".join([*lines_above[:index], ""])):
            return index + 1
    return None


def find_lines(text: str, name: str) -> tuple[int, int] | None:
    """Return the first line, counted from 0, and the line after the last one of what sets ``name``; wherever it is."""
    lines = text.split("\n")
    last_key = keys_of(name)[-1]
    for first, line in enumerate(lines):
        if last_key not in line or not _is_toml("\n".join(lines[:first])):
            continue
        for end in range(first + 1, len(lines) + 1):
            document = "\n".join(lines[:end])
            if _is_toml(document):
                if _has(document, name):
                    return first, end
                break
    return None


def _has(document: str, name: str) -> bool:
    try:
        look_up(tomllib.loads(document), name)
    except KeyError:
        return False
    return True


def _is_toml(text: str) -> bool:
    try:
        tomllib.loads(text)
    except tomllib.TOMLDecodeError:
        return False
    return True


def _syntax_error(text: str, path: Path, message: str) -> SettingsError:
    """Turn tomllib's words into ours: the line first, and a name that is set twice by its name."""
    reason, _, position = message.rpartition(" (at ")
    found = re.match(r"line (\d+)", position)
    line = int(found[1]) if found else max(text.count("\n", 0, len(text.rstrip())) + 1, 1)
    hint = f"Correct {path}; in TOML a setting is one line: name = value, with texts in quotes"
    if reason.startswith("Cannot overwrite"):
        twice = _set_twice(text, line)
        if twice is not None:
            name, first, second = twice
            title = f"{path.name} line {second}: {name} is set a second time, after line {first}"
            return SettingsError(title, hint=f"Keep one of the two lines in {path}", param=name)
    reason = reason or message
    return SettingsError(f"{path.name} line {line} is not valid TOML: {reason[:1].lower()}{reason[1:]}", hint=hint)


def _set_twice(text: str, error_line: int) -> tuple[str, int, int] | None:
    """Return the name that is set twice with its two lines, the second being the last at or above ``error_line``."""
    lines = text.split("\n")
    for number in range(min(error_line, len(lines)), 0, -1):
        key = re.match(r"""\s*(["']?)([\w-]+)\1\s*=""", lines[number - 1])
        first = find_line("\n".join(lines[: number - 1]), key[2]) if key else None
        if key and first is not None:
            return key[2], first, number
    return None
