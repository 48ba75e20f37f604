"""Every setting: declared once, read in layers, written by one store."""

from __future__ import annotations

from preheat.settings.load import (
    AUTO,
    FIELDS,
    GROUP_LABELS,
    LISTS,
    EffectiveModelSettings,
    Group,
    ModelSettings,
    Settings,
    Size,
    find_problems,
    is_loopback,
    load_settings,
    merge_settings,
    model_settings_table,
    settings_table,
    to_toml_value,
)

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
