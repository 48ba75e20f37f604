"""Loads settings from their sources, and converts single values from and to text.

There are no global settings: ``load_settings`` returns a value that is passed to whatever needs it.
"""

from __future__ import annotations

import json
import os
from collections.abc import Mapping
from pathlib import Path
from types import MappingProxyType
from typing import Any, Final

from pydantic import BaseModel

from preheat import paths
from preheat.errors import EngineError, SettingsError
from preheat.messages import msg
from preheat.settings.check import Merged, check, check_name, merge
from preheat.settings.declaration import AUTO
from preheat.settings.layers import (
    Layer,
    Origin,
    current_folder,
    document_layer,
    environment_layer,
    options_layer,
    parse_text,
    read_document,
)
from preheat.settings.model import FIELDS, LISTS, Settings
from preheat.settings.size import Size

_NONE: Final[Mapping[str, str]] = MappingProxyType({})


def load_settings(
    overrides: Mapping[str, str] = _NONE, environ: Mapping[str, str] | None = None, path: Path | None = None
) -> Settings:
    """Return the settings: defaults < settings file < ``PREHEAT_*`` variables < ``overrides``.

    Args:
        overrides: Options of the command line, by setting name.
        environ: Instead of this process's environment.
        path: Instead of the user's settings file; it need not exist.

    Raises:
        SettingsError: A name or value is wrong; the title says where and what is allowed.
    """
    return merge_settings(overrides, environ, path).settings


def merge_settings(
    overrides: Mapping[str, str] = _NONE,
    environ: Mapping[str, str] | None = None,
    path: Path | None = None,
    document: str | None = None,
) -> Merged:
    """Return the settings of ``load_settings`` with the origin of each value.

    Args:
        document: Instead of the settings file's text.

    Raises:
        SettingsError: Describes the first problem and counts the others.
    """
    try:
        return _merge_sources(overrides, environ, path, document)
    except ExceptionGroup as group:
        first, others = group.exceptions[0], len(group.exceptions) - 1
        if not isinstance(first, SettingsError) or not others:
            raise first from None
        message = msg("settings_problems", first=first.message, others=others)
        raise SettingsError(message, param=first.param) from None


def find_problems(environ: Mapping[str, str] | None = None, path: Path | None = None) -> tuple[EngineError, ...]:
    """Return all problems in the settings file and the environment, in the order of the file's lines."""
    try:
        _merge_sources(_NONE, environ, path, None)
    except ExceptionGroup as group:
        return tuple(error for error in group.exceptions if isinstance(error, EngineError))
    return ()


def _merge_sources(
    overrides: Mapping[str, str], environ: Mapping[str, str] | None, path: Path | None, document: str | None
) -> Merged:
    """Read and merge all sources.

    Raises:
        ExceptionGroup: Of SettingsErrors, the file's first.
    """
    path = path or paths.settings_path()
    stronger = [
        environment_layer(os.environ if environ is None else environ, LISTS),
        options_layer(overrides, LISTS),
    ]
    try:
        file = document_layer(read_document(path) if document is None else document, path)
    except SettingsError as unreadable:
        # The other sources may be wrong too; report that now, not after the file has been corrected.
        others = [error for layer in stronger for error in check(layer)[1]]
        raise ExceptionGroup("settings", [unreadable, *others]) from None
    return merge([file, *stronger])


def to_toml_value(value: object) -> Any:
    """Return a setting's value as TOML and JSON represent it; None is ``auto``."""
    if value is None:
        return AUTO
    if isinstance(value, tuple):
        return [to_toml_value(item) for item in value]
    if isinstance(value, Mapping):
        return {key: to_toml_value(item) for key, item in value.items()}
    if isinstance(value, BaseModel):
        return {name: to_toml_value(item) for name, item in value if item is not None}
    if isinstance(value, Size | Path):
        return str(value)
    return int(value) if isinstance(value, float) and value.is_integer() else value


def to_text(value: object) -> str:
    """Return a setting's value as a variable or an option has it."""
    plain = to_toml_value(value)
    if isinstance(plain, list):
        joined = ",".join(plain)
        return joined if parse_text(joined, is_list=True) == plain else json.dumps(plain, ensure_ascii=False)
    return plain if isinstance(plain, str) else json.dumps(plain, ensure_ascii=False)


def checked_value(name: str, text: str, *, relative: bool = True) -> object:
    """Return the value of a text, in TOML's types.

    Args:
        relative: Allow relative folders, which start in the current one.

    Raises:
        SettingsError: There is no such setting, or it cannot have this value.
    """
    check_name(name)
    values, problems = check(_typed({name: parse_text(text, is_list=name in LISTS)}, relative=relative))
    if problems:
        raise problems[0]
    return to_toml_value(values[name])


def problems_of(settings: Settings, texts: Mapping[str, str]) -> dict[str, SettingsError]:
    """Return the problems of changing these settings to these texts, by name."""
    problems: dict[str, SettingsError] = {}
    values: dict[str, object] = {name: getattr(settings, name) for name in FIELDS}
    for name, text in texts.items():
        try:
            values[name] = checked_value(name, text, relative=False)
        except SettingsError as error:
            problems[name] = error
    if problems:
        return problems
    try:
        merge([_typed(values)])
    except ExceptionGroup as group:
        return {error.param: error for error in group.exceptions if isinstance(error, SettingsError) and error.param}
    return {}


def _typed(values: Mapping[str, object], *, relative: bool = False) -> Layer:
    """Return the layer of values that a user has just entered."""
    return Layer(
        Origin.OPTION,
        values,
        current_folder() if relative else None,
        place=lambda name: msg("text", text=name),
        spell=str,
        remedy=lambda _: msg("nothing_changed"),
    )
