"""The settings for a bundle: values that say nothing about a person, of the file as it is, also of one with errors."""

from __future__ import annotations

import json
import tomllib
from collections.abc import Iterator
from typing import Any, Final, get_args

from preheat import paths
from preheat.doctor.redaction import TEXT, Redactor
from preheat.files import read_small_file

_MAX_BYTES: Final = 1 << 22


def clean_settings(hide: Redactor) -> str:
    """Return the lines of the settings file: numbers, choices and sizes as they are, other texts hidden.

    Raises:
        OSError: The file cannot be read.
        ValueError: It is not TOML.
    """
    try:
        content = read_small_file(paths.settings_path(), _MAX_BYTES)
    except FileNotFoundError:
        return "# There is no settings file; the defaults apply.\n"
    try:
        values = tomllib.loads(content.decode("utf-8-sig"))
    except (ValueError, RecursionError):  # its words may quote the file
        raise ValueError(f"it is not TOML; {len(content)} bytes") from None
    return "\n".join(_lines(values, hide)) + "\n"


def _lines(values: dict[str, Any], hide: Redactor) -> Iterator[str]:
    from preheat.settings import FIELDS, HIDDEN, MODELS, is_secret

    unknown = 0
    for name, value in values.items():
        field = FIELDS.get(name)
        if field is None:
            unknown += name != MODELS
        elif is_secret(field):
            count = len(value) if isinstance(value, list) else 1
            yield f"{name} = {json.dumps([HIDDEN] * count)}"
        else:
            yield f"{name} = {json.dumps(_shown(value, _choices(field.annotation)))}"
    if unknown:
        yield f"# {unknown} unknown names"
    tables = values.get(MODELS)
    for model_id, own in tables.items() if isinstance(tables, dict) else ():
        yield f"[{MODELS}.{json.dumps(hide.words(str(model_id)))}]"
        yield from _model_lines(own)


def _model_lines(own: Any) -> Iterator[str]:
    from preheat.settings import ModelSettings

    for name, field in ModelSettings.model_fields.items():
        if isinstance(own, dict) and name in own:
            yield f"{name} = {json.dumps(_shown(own[name], _choices(field.annotation)))}"


def _shown(value: Any, choices: frozenset[str]) -> Any:
    from preheat.settings import Size

    if isinstance(value, bool | int | float):
        return value
    if isinstance(value, list):
        return [_shown(item, choices) for item in value]
    if isinstance(value, str):
        if value in choices or value in ("auto", "127.0.0.1", "::1", "0.0.0.0", "::", "localhost"):
            return value
        try:
            return str(Size(value))
        except ValueError:
            return TEXT
    return TEXT


def _choices(annotation: Any) -> frozenset[str]:
    """Return the words that a type allows, wherever they are nested in it."""
    if isinstance(annotation, str):
        return frozenset({annotation})
    return frozenset[str]().union(*map(_choices, get_args(annotation)))
