"""Settings as texts: what a person types, checked as the settings file's values are. Pure but for relative folders."""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path

from preheat.errors import SettingsError
from preheat.settings import FIELDS, LISTS, Settings, to_toml_value
from preheat.settings.check import check, field_of, merge, unknown_setting
from preheat.settings.layers import Layer, Origin, parse_text
from preheat.settings.names import keys_of


def to_text(value: object) -> str:
    """Return a setting's value as a variable, an option or ``preheat config set`` has it."""
    plain = to_toml_value(value)
    if isinstance(plain, list):
        joined = ",".join(plain)
        return joined if parse_text(joined, is_list=True) == plain else json.dumps(plain, ensure_ascii=False)
    return plain if isinstance(plain, str) else json.dumps(plain, ensure_ascii=False)


def checked_value(name: str, text: str) -> object:
    """Return the value that a text stands for, in TOML's types.

    Raises:
        SettingsError: There is no such setting, or it cannot have this value.
    """
    check_name(name)
    layer = _layer({name: parse_text(text, is_list=name in LISTS)})
    values, problems = check(Settings, layer)
    if problems:
        raise problems[0]
    return to_toml_value(values[name])


def check_name(name: str) -> None:
    """Do nothing when there is a setting of this name.

    Raises:
        SettingsError: There is none.
    """
    if name not in FIELDS and (len(keys_of(name)) == 1 or field_of(Settings, name) is None):
        raise unknown_setting(Settings, name)


def problems_of(settings: Settings, texts: Mapping[str, str]) -> dict[str, SettingsError]:
    """Return what would be wrong if these settings were changed to these texts, by name."""
    problems: dict[str, SettingsError] = {}
    values: dict[str, object] = {name: getattr(settings, name) for name in FIELDS}
    for name, text in texts.items():
        try:
            values[name] = checked_value(name, text)
        except SettingsError as error:
            problems[name] = error
    if problems:
        return problems
    try:
        merge(Settings, [_layer(values)])
    except ExceptionGroup as group:
        return {error.param: error for error in group.exceptions if isinstance(error, SettingsError) and error.param}
    return {}


def _layer(values: Mapping[str, object]) -> Layer:
    return Layer(Origin.OPTION, values, Path.cwd(), place=str, spell=str, remedy=lambda _: "Nothing was changed")
