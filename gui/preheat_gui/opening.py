"""Finds or starts the engine that the tray shows. Everything here blocks; none of it knows Qt."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    from preheat.errors import SettingsError
    from preheat.link.link import EngineLink


class Opened(NamedTuple):
    """An engine, and what is wrong with the settings file that it should have been opened with."""

    link: EngineLink
    settings_problem: SettingsError | None
