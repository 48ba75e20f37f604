"""Changes the text of a settings file and preserves comments, order and blank lines. Pure."""

from __future__ import annotations

import json
import re
import tomllib
from collections.abc import Sequence
from contextlib import suppress
from copy import deepcopy
from typing import Any, Final

import tomlkit
from tomlkit.items import AoT, InlineTable, Table

from preheat.settings.access import parse_rule, rule_table, rule_text
from preheat.settings.declaration import WrongValueError, allowed
from preheat.settings.layers import find_lines, sets
from preheat.settings.load import to_toml_value
from preheat.settings.model import FIELDS
from preheat.settings.names import MODELS, keys_of, look_up
from preheat.settings.toml import parse_toml

_HEADER: Final = """\
# Preheat's settings. A line that starts with "# name =" shows a default: remove the "#" to change it.
# `preheat config check` checks this file.
# Settings of single models come last, below a line [models."its name"].
"""


def commented_defaults() -> str:
    """Return a new settings file: every setting, explained and commented out."""
    parts = [_HEADER]
    for name, field in FIELDS.items():
        parts.append(f"\n# {field.description}\n# Allowed: {allowed(field)}.\n{_default_line(name)}\n")
    return "".join(parts)


def with_value(document: str, name: str, value: object) -> str:
    """Return the document with the value: in its line, else in place of its commented default, else at the end."""
    keys = keys_of(name)
    if not sets(document, name):
        changed = _uncommented(document, name, value) if len(keys) == 1 else _with_section(document, keys, value)
        # An apparent comment may be part of a longer string: then other values have changed.
        if _same_but(document, changed, keys, value):
            return changed
    parsed = tomlkit.parse(document)
    place: Any = parsed
    for key in keys[:-1]:
        if key not in place:
            place[key] = tomlkit.inline_table() if isinstance(place, InlineTable) else tomlkit.table()
        place = place[key]
    if isinstance(tables := place.get(keys[-1]), AoT) and isinstance(value, list) and value:
        _put_rules(tables, value)
    else:
        place[keys[-1]] = value
    return parsed.as_string()


def _put_rules(tables: AoT, texts: Sequence[str]) -> None:
    """Replace the rules of the setting ``access`` in a file that has them as tables; others than new ones keep theirs.

    It is the only setting that may be written as tables, which can have comments.
    """
    before: dict[str, Table] = {}
    for table in tables:
        with suppress(WrongValueError):
            before[rule_text(table.unwrap())] = table
    while tables:
        del tables[-1]
    for text in texts:
        table = before.pop(text, None)
        if table is None:
            table = tomlkit.table()
            table.update(rule_table(parse_rule(text)))
            table.add(tomlkit.nl())
        tables.append(table)


def without(document: str, name: str) -> str:
    """Return the document without the value, with the commented default below its explanation."""
    keys = keys_of(name)
    value = look_up(parse_toml(document), name)
    changed = _commented(document, name) if len(keys) == 1 else _without_lines(document, name)
    if changed != document and _same_but(changed, document, keys, value):
        return changed
    parsed = tomlkit.parse(document)
    place: Any = parsed
    for key in keys[:-1]:
        place = place[key]
    place.remove(keys[-1])
    return parsed.as_string()


def _line(key: str, value: object) -> str:
    return f"{key} = {tomlkit.item(value).as_string()}"


def _default_line(name: str) -> str:
    return f"# {_line(name, to_toml_value(FIELDS[name].default))}"


def _uncommented(document: str, name: str, value: object) -> str:
    commented = re.compile(rf"^#[ \t]*{re.escape(name)}[ \t]*=.*$", re.MULTILINE)
    return commented.sub(lambda _: _line(name, value), document, count=1)


def _commented(document: str, name: str) -> str:
    field = FIELDS.get(name)
    if field is None:
        return document
    line = re.compile(rf"^(# Allowed: {re.escape(str(allowed(field)))}\.\n){re.escape(name)} = .*$", re.MULTILINE)
    return line.sub(lambda found: found[1] + _default_line(name), document, count=1)


def _with_section(document: str, keys: tuple[str, ...], value: object) -> str:
    """Return the document with a new section at its end; unchanged if the model has a section already."""
    if keys[1] in parse_toml(document).get(MODELS, {}):
        return document
    above = document.rstrip("\n")
    section = f"[{MODELS}.{json.dumps(keys[1], ensure_ascii=False)}]\n{_line(keys[-1], value)}\n"
    return f"{above}\n\n{section}" if above else section


def _without_lines(document: str, name: str) -> str:
    """Return the document without the lines of a model's value, and without a section that becomes empty."""
    found = find_lines(document, name)
    if found is None:
        return document
    first, end = found
    lines = document.split("\n")
    header = first - 1
    while header >= 0 and not lines[header].strip():
        header -= 1
    below = end
    while below < len(lines) and not lines[below].strip():
        below += 1
    begins = header >= 0 and re.match(rf"\s*\[\s*{MODELS}\s*\.", lines[header])
    if begins and (below == len(lines) or lines[below].lstrip().startswith("[")):
        kept = lines[:header] if below < len(lines) else [*_stripped(lines[:header]), ""]
        return "\n".join([*kept, *lines[below:]])
    return "\n".join([*lines[:first], *lines[end:]])


def _stripped(lines: list[str]) -> list[str]:
    """Return the lines without trailing blank ones."""
    end = len(lines)
    while end and not lines[end - 1].strip():
        end -= 1
    return lines[:end]


def _same_but(old: str, new: str, keys: tuple[str, ...], value: object) -> bool:
    """Return whether the new document has the old one's values and this one; empty sections do not count."""
    try:
        expected, found = deepcopy(parse_toml(old)), parse_toml(new)
    except tomllib.TOMLDecodeError:
        return False
    place = expected
    for key in keys[:-1]:
        place = place.setdefault(key, {})
    place[keys[-1]] = value
    return _without_empty(found) == _without_empty(expected)


def _without_empty(document: dict[str, Any]) -> dict[str, Any]:
    models = document.get(MODELS)
    if not isinstance(models, dict):
        return document
    return {**document, MODELS: {model_id: own for model_id, own in models.items() if own != {}}}
