"""Paths of Preheat's files: under ``PREHEAT_HOME``, or in the system's usual folders.

The functions create nothing, and read the environment at each call. Any thread.
"""

from __future__ import annotations

import os
import sys
from pathlib import Path
from typing import Final

import appdirs

HOME_VARIABLE: Final = "PREHEAT_HOME"
_APP: Final = "preheat"


def config_dir() -> Path:
    """Return the folder of settings."""
    # appauthor=False: otherwise Windows puts the name there twice, preheat\preheat.
    return _under_home("config") or _absolute(appdirs.user_config_dir(_APP, appauthor=False), ".config")


def data_dir() -> Path:
    """Return the folder of data to keep: models, usage."""
    return _under_home("data") or _absolute(appdirs.user_data_dir(_APP, appauthor=False), ".local/share")


def cache_dir() -> Path:
    """Return the folder of data that can be made again."""
    return _under_home("cache") or _absolute(appdirs.user_cache_dir(_APP, appauthor=False), ".cache")


def log_dir() -> Path:
    """Return the folder of log files."""
    # On Linux the same as appdirs, but never relative.
    linux = sys.platform.startswith("linux")
    system = cache_dir() / "log" if linux else Path(appdirs.user_log_dir(_APP, appauthor=False))
    return _under_home("logs") or system


def runtime_dir() -> Path:
    """Return the folder of files that live as long as the running application; its mode must be 0700."""
    session = Path(os.environ.get("XDG_RUNTIME_DIR", ""))
    system = session / _APP if session.is_absolute() else cache_dir() / "runtime"
    return _under_home("runtime") or system


def models_dir() -> Path:
    """Return Preheat's own folder of models; the setting ``models_dirs`` adds others."""
    return data_dir() / "models"


def settings_path() -> Path:
    """Return the user's settings file, which may not exist."""
    return config_dir() / "settings.toml"


def keys_file() -> Path:
    """Return the file of the named API keys, which may not exist."""
    return config_dir() / "keys.json"


def runtime_file() -> Path:
    """Return the file with the running application's address."""
    return runtime_dir() / "engine.json"


def resource(name: str) -> Path:
    """Return a file or folder in ``resources/`` of a source tree, wheel or bundle; may raise FileNotFoundError."""
    package = Path(__file__).resolve().parent
    roots = [package.parents[1], package]
    bundle = getattr(sys, "_MEIPASS", None)  # set by PyInstaller
    if bundle is not None:
        roots.insert(0, Path(bundle))
    for root in roots:
        path = root / "resources" / name
        if path.exists():
            return path
    raise FileNotFoundError(f"resource {name!r} is missing from this installation of Preheat")


def _under_home(kind: str) -> Path | None:
    """Return ``$PREHEAT_HOME/kind``; None without the variable. An empty one counts as unset."""
    home = os.environ.get(HOME_VARIABLE, "")
    return Path(home).expanduser().absolute() / kind if home else None


def _absolute(system_dir: str, fallback: str) -> Path:
    """Return ``system_dir``, or the default where an XDG variable is relative: the XDG specification ignores it."""
    path = Path(system_dir)
    return path if path.is_absolute() else Path.home() / fallback / _APP
