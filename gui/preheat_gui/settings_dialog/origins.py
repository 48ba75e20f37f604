"""Settings that the file cannot change, because a variable or an option overrides them."""

from __future__ import annotations

import os

from PySide6.QtCore import QCoreApplication

from preheat.errors import SettingsError
from preheat.settings import FIELDS, Settings, load_settings, variable_of


def overridden(settings: Settings, *, attached: bool) -> dict[str, str]:
    """Return the overriding source of settings, as a sentence by setting. An attached process's own are unknown."""
    found = {}
    if not attached:
        sentence = QCoreApplication.translate("Settings", "Set by the environment variable {}.")
        found = {name: sentence.format(variable_of(name)) for name in FIELDS if variable_of(name) in os.environ}
    try:
        expected = load_settings(environ={} if attached else None)
    except SettingsError:
        return found  # the file is broken, so the settings differ from it anyway
    sentence = QCoreApplication.translate("Settings", "Set by an option when Preheat was started.")
    for name in FIELDS:
        if name not in found and getattr(settings, name) != getattr(expected, name):
            found[name] = sentence
    return found
