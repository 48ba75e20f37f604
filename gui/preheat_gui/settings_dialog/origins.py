"""Which settings the file cannot change, because something stronger holds."""

from __future__ import annotations

import os

from PySide6.QtCore import QCoreApplication

from preheat.errors import SettingsError
from preheat.settings import FIELDS, Settings, load_settings
from preheat.settings.layers import variable_of


def overridden(settings: Settings, *, attached: bool) -> dict[str, str]:
    """Return what goes before the settings file, as a sentence, by the names of the settings that it is about.

    Args:
        settings: Those in force.
        attached: They are another process's, whose variables and options are not known here.
    """
    found = {}
    if not attached:
        sentence = QCoreApplication.translate("Settings", "Set by the environment variable {}.")
        found = {name: sentence.format(variable_of(name)) for name in FIELDS if variable_of(name) in os.environ}
    try:
        expected = load_settings(environ={} if attached else None)
    except SettingsError:
        return found  # what runs has other settings than the file for another reason
    sentence = QCoreApplication.translate("Settings", "Set by an option with which Preheat was started.")
    for name in FIELDS:
        if name not in found and getattr(settings, name) != getattr(expected, name):
            found[name] = sentence
    return found
