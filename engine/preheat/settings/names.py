"""Names of settings: ``port``, and ``models."qwen2.5-7b".context_length`` for one model's own setting."""

from __future__ import annotations

import json
import tomllib
from collections.abc import Iterator, Mapping, Sequence
from typing import Any, Final

from preheat.settings.toml import parse_toml

MODELS: Final = "models"

_MAX_NAME_SHOWN: Final = 100


def model_setting(model_id: str, name: str) -> str:
    """Return the name of one model's setting."""
    return name_of((MODELS, model_id, name))


def name_of(keys: Sequence[str]) -> str:
    """Return the name for a path of keys into the settings file; the inverse of ``keys_of``."""
    if keys[0] != MODELS or len(keys) == 1:
        return keys[0]
    quoted = f"{MODELS}.{json.dumps(keys[1], ensure_ascii=False)}"
    return ".".join((quoted, *keys[2:]))


def keys_of(name: str) -> tuple[str, ...]:
    """Return the path of keys into the settings file: one, or ``models``, a model id and the setting's own name.

    The id's quotes may be missing, because shells remove them.
    """
    if not name.startswith(f"{MODELS}."):
        return (name,)
    rest = name.removeprefix(f"{MODELS}.")
    try:
        path = list(_path(parse_toml(f"{name} = 0")))
    except tomllib.TOMLDecodeError:
        path = [MODELS, *rest.rpartition(".")[::2]]
    return (MODELS, path[1]) if len(path) == 2 else (MODELS, ".".join(path[1:-1]), path[-1])


def canonical(name: str) -> str:
    """Return a typed name as it is declared: with underscores instead of hyphens, and with quoted ids."""
    keys = keys_of(name.strip())
    if len(keys) == 2:
        return name_of(keys)
    return name_of((*keys[:-1], keys[-1].replace("-", "_")))


def flatten(document: Mapping[str, object]) -> dict[str, object]:
    """Return the values of a settings file by name; unknown structures stay as they are."""
    values: dict[str, object] = {}
    for key, value in document.items():
        if key == MODELS and isinstance(value, dict):
            values |= dict(_flat_models(value))
        else:
            values[key] = value
    return values


def nest(values: Mapping[str, Any]) -> dict[str, Any]:
    """Return the values in the structure of a settings file; the inverse of ``flatten``."""
    document: dict[str, Any] = {}
    for name, value in values.items():
        *tables, last = keys_of(name)
        place = document
        for key in tables:
            place = place.setdefault(key, {})
        place[last] = value
    return document


def look_up(document: Mapping[str, object], name: str) -> object:
    """Return the value of a name in a settings file.

    Raises:
        KeyError: There is none.
    """
    place: object = document
    for key in keys_of(name):
        if not isinstance(place, Mapping):
            raise KeyError(name)
        place = place[key]
    return place


def _flat_models(models: Mapping[str, object]) -> Iterator[tuple[str, object]]:
    for model_id, table in models.items():
        if not isinstance(table, dict):
            yield name_of((MODELS, model_id)), table
            continue
        for name, value in table.items():
            yield model_setting(model_id, name), value


def _path(document: Mapping[str, object]) -> Iterator[str]:
    """Return the keys of a document that has one value."""
    place: object = document
    while isinstance(place, dict):
        key = next(iter(place))
        yield key
        place = place[key]


def show_name(name: str) -> str:
    """Return a name that need not be one of a setting, in one short line."""
    line = escaped("".join(char if char.isprintable() else json.dumps(char)[1:-1] for char in name[:_MAX_NAME_SHOWN]))
    return line if len(name) <= _MAX_NAME_SHOWN else f"{line}..."


def escaped(text: str) -> str:
    """Return a text that every output can hold: with escapes for bytes of the environment that are not UTF-8."""
    return text.encode("utf-8", "backslashreplace").decode()
