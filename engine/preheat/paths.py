"""Paths of Preheat's files, under ``PREHEAT_HOME`` or in the system's usual folders; checks of paths that users name.

The functions create nothing, and read the environment at each call. The checks look at the text only, never at the
disk: an answer must not tell whether a path exists. Any thread.
"""

from __future__ import annotations

import os
import re
import sys
from pathlib import Path
from typing import Final

import appdirs

from preheat.errors import FolderError
from preheat.messages import msg

HOME_VARIABLE: Final = "PREHEAT_HOME"
_APP: Final = "preheat"
_MAX_PATH_BYTES: Final = 4095  # PATH_MAX of Linux without its null character; other systems allow less or as much
_MAX_NAME_BYTES: Final = 255  # of one component, on all common file systems
_WINDOWS_FORM: Final = re.compile(r"[A-Za-z]:|\\\\|//[?.]/")
_URL: Final = re.compile(r"[A-Za-z][A-Za-z0-9+.-]+://?")
_CONTROL: Final = re.compile(r"[\x00-\x1f\x7f-\x9f\u2028\u2029]")
# Folders of the system, with all below them. Removable disks are in /run/media, and homes can be in /var/home.
_SYSTEM_FOLDERS: Final = tuple(
    map(
        Path,
        (
            *("/bin", "/boot", "/dev", "/etc", "/lib", "/lib32", "/lib64", "/libx32", "/lost+found", "/nix", "/proc"),
            *("/run/user", "/run/systemd", "/run/lock", "/sbin", "/snap", "/sys", "/usr"),
            *(f"/var/{name}" for name in ("backups", "cache", "db", "lib", "lock", "log", "mail", "run", "spool")),
            *("/Applications", "/Library", "/System", "/cores", "/private/etc"),
            *(f"/private/var/{name}" for name in ("db", "log", "run", "root")),
            *(os.environ[name] for name in ("SystemRoot", "ProgramFiles", "ProgramFiles(x86)") if name in os.environ),
        ),
    )
)
_NEVER_ITSELF: Final = tuple(
    map(Path, ("/", "/home", "/media", "/mnt", "/opt", "/private", "/run", "/run/media", "/srv", "/tmp", "/var"))
)


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


def hub_token_marker() -> Path:
    """Return the file that says that the system's keyring has a token for Hugging Face; it has no secrets."""
    return config_dir() / "hub_token.json"


def runtime_file() -> Path:
    """Return the file with the running application's address."""
    return runtime_dir() / "engine.json"


def model_names_file() -> Path:
    """Return the file with the ids of all models, one a line, as they were last seen; for completion in shells."""
    return cache_dir() / "models.txt"


def path_problem(text: str) -> str | None:
    """Return the code of the message that says why a text cannot be a path here; None if it can."""
    if not text.strip():
        return "value_empty"
    if _CONTROL.search(text):
        return "path_control_character"
    try:
        encoded = os.fsencode(text)
    except UnicodeEncodeError:  # half of a surrogate pair
        return "path_not_text"
    if len(encoded) > _MAX_PATH_BYTES or any(len(part) > _MAX_NAME_BYTES for part in re.split(rb"[/\\]", encoded)):
        return "path_too_long"
    if text.startswith("~") and text[1:2] not in ("", "/", os.sep):
        return "path_other_home"
    if _URL.match(text) or (_WINDOWS_FORM.match(text) if sys.platform != "win32" else text.startswith("/")):
        return "path_other_form"
    return None


def is_system_folder(path: Path) -> bool:
    """Return whether a path is in a folder of the system, where no models belong. ``path`` has no links left."""
    if path.root == "//":  # POSIX keeps two slashes apart from one; Linux and macOS do not
        path = Path("/", *path.parts[1:])
    if any(path.is_relative_to(folder) for folder in _SYSTEM_FOLDERS):
        # The data folder of a service may be in /var/lib.
        return not path.is_relative_to(data_dir())
    return path in _NEVER_ITSELF or path == Path(path.anchor)


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
    if not home:
        return None
    try:
        return Path(home).expanduser().absolute() / kind
    except (RuntimeError, OSError) as error:  # no such user, or no current folder
        raise FolderError(msg("home_unusable", variable=HOME_VARIABLE)) from error


def _absolute(system_dir: str, fallback: str) -> Path:
    """Return ``system_dir``, or the default where an XDG variable is relative: the XDG specification ignores it."""
    path = Path(system_dir)
    return path if path.is_absolute() else _home() / fallback / _APP


def _home() -> Path:
    """Return the user's home folder; raises FolderError if there is none."""
    home = Path(os.path.expanduser("~"))  # noqa: PTH111 - Path.home raises where there is none
    if not home.is_absolute():
        raise FolderError(msg("home_unusable", variable="HOME"))
    return home
