"""Settings as the port tells them, back into values."""

from __future__ import annotations

import logging
from collections.abc import Mapping
from typing import Any

from pydantic import ValidationError

from preheat.errors import EngineError
from preheat.link.link import SettingsChange
from preheat.settings import Settings, load_settings
from preheat.settings.check import HIDDEN, is_secret

logger = logging.getLogger(__name__)


def settings_from_json(content: Mapping[str, Any]) -> Settings:
    """Return the settings of ``GET /preheat/v1/settings``.

    Secrets do not travel; they are those of this user's own settings, where there are as many.

    Raises:
        EngineError: They are of a version that this one does not understand.
    """
    told = {name: value for name, value in content["settings"].items() if name in Settings.model_fields}
    for name, field in Settings.model_fields.items():
        if is_secret(field) and told.get(name):
            told[name] = _own_secret(name, len(told[name])) or told[name]
    try:
        return Settings.model_validate(told)
    except ValidationError as error:
        raise EngineError(
            "The running Preheat's settings cannot be understood", hint="It may be another version: start it again"
        ) from error


def change_from_json(content: Mapping[str, Any]) -> SettingsChange:
    """Return what became of a wish to change settings.

    Raises:
        EngineError: As ``settings_from_json``.
    """
    return SettingsChange(
        tuple(content["changed"]),
        dict(content["overridden"]),
        tuple(content["restart_needed"]),
        settings_from_json(content),
    )


def _own_secret(name: str, count: int) -> list[str]:
    try:
        own = getattr(load_settings(), name)
    except EngineError:
        return []
    return list(own) if len(own) == count and HIDDEN not in own else []
