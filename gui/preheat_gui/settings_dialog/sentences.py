"""What went wrong, as sentences for beside a field or above all of them."""

from __future__ import annotations

from preheat.errors import EngineError, SettingsError


def sentence_of(error: EngineError) -> str:
    """Return the reason alone where it stands beside the value, else the title and what to do."""
    reason = error.reason if isinstance(error, SettingsError) else ""
    if reason:
        return f"{reason[:1].upper()}{reason[1:]}."
    return f"{error.title}. {error.hint}." if error.hint else f"{error.title}."
