"""Short forms for what tests of the settings file write."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

from preheat.settings import SettingsStore


def set_value(name: str, text: str, path: Path, environ: Mapping[str, str] | None = None) -> object:
    """Write one setting and return its value in the file."""
    return SettingsStore(path=path, environ=environ or {}).set({name: text}).written[name]


def unset(name: str, path: Path) -> bool:
    """Remove a setting and return whether it was there."""
    return bool(SettingsStore(path=path, environ={}).unset(name).written)
