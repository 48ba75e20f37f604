"""Finds or starts the engine. Everything here blocks and is independent of Qt."""

from __future__ import annotations

import os
import tomllib
from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType
from typing import TYPE_CHECKING, Final, NamedTuple

from preheat import paths
from preheat.files import read_small_file

if TYPE_CHECKING:
    from preheat.control import EngineSession
    from preheat.settings import SettingsStore

_LOOKS: Final = {"language": ("auto", "en", "de"), "theme": ("auto", "light", "dark")}
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


class Looks(NamedTuple):
    """The settings that the windows need before the engine is found."""

    language: str
    theme: str


def looks_at_start(options: Mapping[str, str] = NO_OPTIONS) -> Looks:
    """Return language and theme as they are set. Raises ``EngineError`` without a home folder.

    The icon does not wait for the declarations of all settings, the import of which takes 0.1 s, unless something is
    wrong with these two or with the file.
    """
    try:
        file = tomllib.loads(read_small_file(paths.settings_path()).decode())
    except FileNotFoundError:
        file = {}
    except (OSError, ValueError):
        return _checked_looks(options)
    found = []
    for name, allowed in _LOOKS.items():
        value = options.get(name, os.environ.get(f"PREHEAT_{name.upper()}", file.get(name, "auto")))
        if value not in allowed:
            return _checked_looks(options)
        found.append(value)
    return Looks(*found)


def _checked_looks(options: Mapping[str, str]) -> Looks:
    from preheat.settings import SettingsStore

    settings = SettingsStore(options).load(must_start=True)
    return Looks(settings.language, settings.theme)
