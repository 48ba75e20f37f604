"""Folders of programs on the three systems. Read at each call: the environment may change."""

from __future__ import annotations

import os
import sys
from pathlib import Path


def home() -> Path:
    """Return the user's home folder."""
    return Path(os.path.expanduser("~"))  # noqa: PTH111 - Path.home raises where there is none


def from_variable(name: str) -> Path | None:
    """Return the folder that an environment variable names; None if it is not set, or not absolute."""
    text = os.path.expandvars(os.path.expanduser(os.environ.get(name, "")))  # noqa: PTH111 - likewise
    path = Path(text)
    return path if text and path.is_absolute() else None


def cache_home() -> Path:
    """Return ``$XDG_CACHE_HOME``, which some programs use on every system."""
    return from_variable("XDG_CACHE_HOME") or home() / ".cache"


def config_folder(app: str) -> Path:
    """Return the settings folder of a program."""
    if sys.platform == "darwin":
        return home() / "Library" / "Application Support" / app
    if sys.platform == "win32":
        return (from_variable("APPDATA") or home() / "AppData" / "Roaming") / app
    return (from_variable("XDG_CONFIG_HOME") or home() / ".config") / app


def data_folder(app: str) -> Path:
    """Return the data folder of a program."""
    if sys.platform in ("darwin", "win32"):
        return config_folder(app)
    return (from_variable("XDG_DATA_HOME") or home() / ".local" / "share") / app


def cache_folder(app: str) -> Path:
    """Return the cache folder of a program."""
    if sys.platform == "darwin":
        return home() / "Library" / "Caches" / app
    if sys.platform == "win32":
        return (from_variable("LOCALAPPDATA") or home() / "AppData" / "Local") / app
    return cache_home() / app
