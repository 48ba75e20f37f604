"""The settings' declarations, as the dialog needs them. No widgets."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final

from pydantic.fields import FieldInfo
from PySide6.QtCore import QCoreApplication

from preheat.installation import build_info
from preheat.settings import (
    FIELDS,
    Group,
    ModelSettings,
    Size,
    bounds_of,
    choices_of,
    extra,
    is_inherited,
    is_list,
    is_secret,
    kinds_of,
    may_be_auto,
    to_text,
)
from preheat_gui.words import PROGRAMS

_QUOTED: Final = re.compile(r"`([^`]+)`")


@dataclass(frozen=True, slots=True)
class Declaration:
    """One setting."""

    name: str
    label: str
    description: str
    unit: str
    kind: type
    choices: tuple[str, ...]  # The allowed values, if they are few
    optional: bool  # It may be ``auto``
    inherits: bool  # It may use the value for all models
    rare: bool  # Hidden behind "More"
    secret: bool
    is_list: bool
    default: str = ""  # As text
    minimum: float | None = None  # Of a number
    maximum: float | None = None


def search_text(declaration: Declaration) -> str:
    """Return what a search looks at: label, description, name and choices, in lower case."""
    shown = (declaration.label, declaration.description, declaration.name, *map(choice_words, declaration.choices))
    return " ".join(shown).casefold()


def declarations(group: Group) -> list[Declaration]:
    """Return the settings of a page in order."""
    return [declaration(name) for name, field in FIELDS.items() if extra(field, "group") == group]


def declaration(name: str) -> Declaration:
    return _declaration(name, FIELDS[name])


def model_declarations(own: ModelSettings, *, has_devices: bool) -> list[Declaration]:
    """Return the settings of a single model; those of devices where there are some, or where it has its own value."""
    return [
        _declaration(name, field)
        for name, field in ModelSettings.model_fields.items()
        if has_devices or extra(field, "group") != Group.DEVICES or getattr(own, name) is not None
    ]


def translated(text: str) -> str:
    """Return a declaration's text in the user's language."""
    return QCoreApplication.translate("Settings", text)


def choice_words(choice: str) -> str:
    words: Mapping[str, str] = {
        "auto": QCoreApplication.translate("Settings", "Automatic"),
        "on": QCoreApplication.translate("Settings", "On"),
        "off": QCoreApplication.translate("Settings", "Off"),
        "foresight": QCoreApplication.translate("Settings", "Least likely to be needed"),
        "lru": QCoreApplication.translate("Settings", "Unused for longest"),
        "used": QCoreApplication.translate("Settings", "Models used before"),
        "all": QCoreApplication.translate("Settings", "All models"),
        "ask": QCoreApplication.translate("Settings", "Ask"),
        "disk": QCoreApplication.translate("Settings", "In memory and on disk"),
        "memory": QCoreApplication.translate("Settings", "Only in memory"),
        "light": QCoreApplication.translate("Settings", "Light"),
        "dark": QCoreApplication.translate("Settings", "Dark"),
        "en": "English",
        "de": "Deutsch",
        "debug": QCoreApplication.translate("Settings", "Debug"),
        "info": QCoreApplication.translate("Settings", "Normal"),
        "warning": QCoreApplication.translate("Settings", "Warnings and errors"),
        "error": QCoreApplication.translate("Settings", "Errors only"),
        "use": QCoreApplication.translate("Settings", "Use models"),
        "manage": QCoreApplication.translate("Settings", "Also manage models"),
        "obsidian": "Obsidian",
        "vscode": "VS Code",
        "tauri": QCoreApplication.translate("Settings", "Apps made with Tauri"),
        "chrome-extensions": QCoreApplication.translate("Settings", "Chrome extensions"),
        "firefox-extensions": QCoreApplication.translate("Settings", "Firefox extensions"),
        "capacitor": QCoreApplication.translate("Settings", "Apps made with Capacitor or Ionic"),
        **PROGRAMS,
    }
    return words.get(choice, choice)


def _as_shown(quoted: re.Match[str]) -> str:
    """Return the text of a quoted name or value."""
    field = FIELDS.get(quoted[1])
    words = choice_words(quoted[1]) if field is None else translated(str(extra(field, "label")))
    return QCoreApplication.translate("Settings", "“{}”").format(words)


def _declaration(name: str, field: FieldInfo) -> Declaration:
    kinds = kinds_of(field.annotation)
    kind = next((kind for kind in (bool, Size, int, float) if kind in kinds), str)
    unit = extra(field, "unit")
    description = _QUOTED.sub(_as_shown, translated(field.description or ""))
    if name == "update_check" and not build_info().update_url:
        no_effect = QCoreApplication.translate("Settings", "This build has no address to check, so this has no effect.")
        description = f"{description} {no_effect}"
    bounds = bounds_of(field)
    return Declaration(
        name=name,
        label=translated(str(extra(field, "label"))),
        description=description,
        unit=translated(unit) if isinstance(unit, str) else "",
        kind=kind,
        choices=choices_of(field),
        optional=may_be_auto(field),
        inherits=is_inherited(field),
        rare=bool(extra(field, "rare")),
        secret=is_secret(field),
        is_list=is_list(field),
        default=to_text(field.default),
        minimum=bounds.get("ge", bounds.get("gt")),
        maximum=bounds.get("le"),
    )
