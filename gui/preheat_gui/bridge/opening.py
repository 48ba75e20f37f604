"""Finds or starts the engine. Everything here blocks and is independent of Qt."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from preheat.control import EngineSession
    from preheat.settings import Settings, SettingsStore

NO_OPTIONS: Final[Mapping[str, str]] = MappingProxyType({})


@dataclass(frozen=True, slots=True)
class Opened:
    """An engine and the settings file."""

    session: EngineSession
    store: SettingsStore  # The settings of an engine in this process; otherwise only a watch on the file


def open_engine(options: Mapping[str, str] = NO_OPTIONS, *, at_login: bool = False) -> Opened:
    """Return the running Preheat, or an engine of this process that is starting. May raise ``EngineError``."""
    from preheat.control import open_session  # imports the engine, which the icon does not wait for
    from preheat.settings import SettingsStore

    store = SettingsStore(options)
    session = open_session(store, at_login=at_login)
    if session.attached:
        store = SettingsStore()
        store.watch()
    return Opened(session, store)


def settings_at_start(options: Mapping[str, str] = NO_OPTIONS) -> Settings:
    """Return the settings in effect before the engine is found. Raises ``EngineError`` without a home folder."""
    from preheat.settings import SettingsStore

    return SettingsStore(options).load(must_start=True)
