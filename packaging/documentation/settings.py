"""All settings, by the pages of the settings window, and those of single models."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from typing import Final

from pydantic.fields import FieldInfo

from preheat.settings import (
    AUTO,
    FIELDS,
    GROUP_LABELS,
    Effect,
    Group,
    ModelSettings,
    allowed,
    extra,
    is_inherited,
    to_toml_value,
)

_HEAD: Final = ("| setting | default | allowed | meaning |", "| --- | --- | --- | --- |")


def settings_reference() -> str:
    """Return all settings, in Markdown."""
    return "\n\n".join(_group(group) for group in Group)


def model_settings_reference() -> str:
    """Return the settings of single models, in Markdown."""
    return "\n".join([*_HEAD, *_rows(ModelSettings.model_fields)])


def _group(group: Group) -> str:
    fields = {name: field for name, field in FIELDS.items() if extra(field, "group") == group.value}
    return "\n".join([f"### {GROUP_LABELS[group]}", "", *_HEAD, *_rows(fields)])


def _rows(fields: Mapping[str, FieldInfo]) -> Iterator[str]:
    for name, field in fields.items():
        restart = " Takes effect after a restart." if extra(field, "effect") == Effect.RESTART.value else ""
        yield f"| `{name}` | {_default(field)} | {allowed(field)} | {field.description}{restart} |"


def _default(field: FieldInfo) -> str:
    if field.default is None:
        return "as for all models" if is_inherited(field) else f"`{AUTO}`"
    value = to_toml_value(field.default)
    return f"`{value if isinstance(value, str) else json.dumps(value)}`"
