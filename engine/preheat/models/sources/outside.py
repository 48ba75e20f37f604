"""Folders of programs on the three systems, and their small settings files, which may contain anything.

Read at each call: the environment may change.
"""

from __future__ import annotations

import json
import os
import sys
from pathlib import Path
from typing import Any, Final

from preheat.files import read_small_file

_MAX_BYTES: Final = 1 << 20


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


def read_text(path: Path) -> str:
    """Return the text of a small regular file; empty if it is missing or unreadable."""
    try:
        return read_small_file(path, _MAX_BYTES).decode("utf-8-sig", errors="replace")
    except (OSError, ValueError):
        return ""


def read_object(path: Path) -> dict[str, Any]:
    """Return the JSON object in a small file; empty if there is none."""
    try:
        content = json.loads(read_text(path) or "null")
    except (ValueError, RecursionError):
        return {}
    return content if isinstance(content, dict) else {}


def absolute(named: object) -> Path | None:
    """Return the absolute path that a settings file names; None for anything else."""
    path = Path(named) if isinstance(named, str) and "\0" not in named else Path()
    return path if path.is_absolute() else None
