"""Where Preheat keeps things. The only module that touches appdirs.

``PREHEAT_HOME`` puts everything under one folder; without it each kind of file goes where the system's conventions
say. The functions only name folders: whoever writes makes them. The environment is read at each call, so that a test
or a launcher may set it at any time. Any thread.
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
    """Return the folder of what the user wrote: settings."""
    # appauthor=False: otherwise Windows puts the name there twice, preheat\preheat.
    return _under_home("config") or _absolute(appdirs.user_config_dir(_APP, appauthor=False), ".config")


def data_dir() -> Path:
    """Return the folder of what must be kept: models, usage."""
    return _under_home("data") or _absolute(appdirs.user_data_dir(_APP, appauthor=False), ".local/share")


def cache_dir() -> Path:
    """Return the folder of what can be made again."""
    return _under_home("cache") or _absolute(appdirs.user_cache_dir(_APP, appauthor=False), ".cache")


def log_dir() -> Path:
    """Return the folder of log files."""
    in_home = _under_home("logs")
    if in_home is not None:
        return in_home
    if sys.platform.startswith("linux"):
        return cache_dir() / "log"  # what appdirs says, but never relative
    return Path(appdirs.user_log_dir(_APP, appauthor=False))


def runtime_dir() -> Path:
    """Return the folder of files that live as long as the running application; its mode must be 0700."""
    in_home = _under_home("runtime")
    if in_home is not None:
        return in_home
    session = Path(os.environ.get("XDG_RUNTIME_DIR", ""))
    return session / _APP if session.is_absolute() else cache_dir() / "runtime"


def models_dir() -> Path:
    """Return Preheat's own folder of models; the setting ``models_dirs`` adds others."""
    return data_dir() / "models"


def settings_path() -> Path:
    """Return the user's settings file, which need not exist."""
    return config_dir() / "settings.toml"


def runtime_file() -> Path:
    """Return the file by which clients find the running application."""
    return runtime_dir() / "engine.json"


def resource(name: str) -> Path:
    """Return the file or folder ``name`` of ``resources/``, from a source tree, a wheel or a bundle.

    Raises:
        FileNotFoundError: There is none; the installation is incomplete.
    """
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
    """Return ``system_dir``, or the convention's default where the XDG variable is empty or relative.

    The XDG specification says to ignore such a value; appdirs takes it, and the files would land wherever the
    program was started.
    """
    path = Path(system_dir)
    return path if path.is_absolute() else Path.home() / fallback / _APP
