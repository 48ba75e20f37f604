"""Errors as sentences, for a field or for the whole dialog."""

from __future__ import annotations

from preheat.errors import EngineError, SettingsError
from preheat_gui.words import error_text, message_text, sentence


def sentence_of(error: EngineError) -> str:
    """Return the reason alone if the value is shown next to it, else title and hint."""
    reason = error.reason if isinstance(error, SettingsError) else None
    if reason is None:
        return error_text(error)
    text = message_text(reason)
    return sentence(f"{text[:1].upper()}{text[1:]}")
