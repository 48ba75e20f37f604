"""Errors as sentences, for a field or for the whole dialog."""

from __future__ import annotations

from preheat.errors import EngineError, SettingsError
from preheat_gui.words import error_text, sentence


def sentence_of(error: EngineError) -> str:
    """Return the reason alone if the value is shown next to it, else title and hint."""
    reason = error.reason if isinstance(error, SettingsError) else ""
    return sentence(f"{reason[:1].upper()}{reason[1:]}") if reason else error_text(error)
