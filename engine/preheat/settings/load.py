"""Every setting: what the user may choose, where that comes from, and how it is written.

The declarations are in ``settings_model``. There are no global settings: ``load_settings`` makes a value, and whoever
needs it is given it.
"""

from __future__ import annotations

import json
import os
from collections.abc import Callable, Mapping
from pathlib import Path
from types import MappingProxyType
from typing import Any, Final

from pydantic import BaseModel
from pydantic.fields import FieldInfo

from preheat import paths
from preheat.errors import EngineError, SettingsError
from preheat.settings.addresses import is_loopback
from preheat.settings.check import Merged, allowed, is_inherited, is_list, merge
from preheat.settings.declaration import AUTO, GROUP_LABELS, Group
from preheat.settings.layers import document_layer, environment_layer, options_layer, read_document
from preheat.settings.model import FIELDS, Settings
from preheat.settings.model_settings import EffectiveModelSettings, ModelSettings
from preheat.settings.size import Size

__all__ = [
    "AUTO",
    "FIELDS",
    "GROUP_LABELS",
    "LISTS",
    "EffectiveModelSettings",
    "Group",
    "ModelSettings",
    "Settings",
    "Size",
    "find_problems",
    "is_loopback",
    "load_settings",
    "merge_settings",
    "model_settings_table",
    "settings_table",
    "to_toml_value",
]

LISTS: Final = frozenset(name for name, field in FIELDS.items() if is_list(field))
"""Names of the settings that are lists."""

_NONE: Final[Mapping[str, str]] = MappingProxyType({})


def load_settings(
    overrides: Mapping[str, str] = _NONE, environ: Mapping[str, str] | None = None, path: Path | None = None
) -> Settings:
    """Return the settings: defaults < settings file < ``PREHEAT_*`` variables < ``overrides``.

    Args:
        overrides: What the command line says, by setting name.
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
) -> Merged[Settings]:
    """Do as ``load_settings``, and tell where each value comes from.

    Args:
        document: The settings file's text, where it is not (yet) the one on disk.

    Raises:
        SettingsError: It speaks of the first problem and counts the others.
    """
    try:
        return _merge_sources(overrides, environ, path, document)
    except ExceptionGroup as group:
        first, others = group.exceptions[0], len(group.exceptions) - 1
        if not isinstance(first, SettingsError) or not others:
            raise first from None
        raise SettingsError(
            f"{first.title} (and {others} more)",
            hint=f"{first.hint}. This lists all that is wrong: preheat config check",
            param=first.param,
        ) from None


def find_problems(environ: Mapping[str, str] | None = None, path: Path | None = None) -> tuple[EngineError, ...]:
    """Return all that is wrong in the settings file and the environment, the file's lines first."""
    try:
        _merge_sources(_NONE, environ, path, None)
    except ExceptionGroup as group:
        return tuple(error for error in group.exceptions if isinstance(error, EngineError))
    return ()


def settings_table() -> str:
    """Return the README's table of all settings, in Markdown."""
    return _table(FIELDS, lambda field: AUTO if field.default is None else to_toml_value(field.default))


def model_settings_table() -> str:
    """Return the README's table of the settings of single models, in Markdown."""
    return _table(ModelSettings.model_fields, lambda field: "" if is_inherited(field) else AUTO)


def to_toml_value(value: object) -> Any:
    """Return a setting's value in the form that TOML and JSON have for it; None is ``auto``."""
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


def _table(fields: Mapping[str, FieldInfo], default_of: Callable[[FieldInfo], object]) -> str:
    rows = ["| setting | default | allowed | meaning |", "| --- | --- | --- | --- |"]
    for name, field in fields.items():
        default = default_of(field)
        shown = default if isinstance(default, str) else json.dumps(default)
        rows.append(f"| `{name}` | {f'`{shown}`' if shown else 'as above'} | {allowed(field)} | {field.description} |")
    return "\n".join(rows)


def _merge_sources(
    overrides: Mapping[str, str], environ: Mapping[str, str] | None, path: Path | None, document: str | None
) -> Merged[Settings]:
    """Read all sources and merge them.

    Raises:
        ExceptionGroup: Of SettingsErrors, the file's first.
    """
    path = path or paths.settings_path()
    later = [
        environment_layer(os.environ if environ is None else environ, LISTS),
        options_layer(overrides, LISTS),
    ]
    try:
        layers = [document_layer(read_document(path) if document is None else document, path), *later]
    except SettingsError as unreadable:
        # The other sources may be wrong too; say so at once, not after the file has been corrected.
        others: tuple[Exception, ...] = ()
        try:
            merge(Settings, later)
        except ExceptionGroup as group:
            others = group.exceptions
        raise ExceptionGroup("settings", [unreadable, *others]) from None
    return merge(Settings, layers)
