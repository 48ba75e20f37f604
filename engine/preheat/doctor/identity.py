"""Collects what must not leave this machine: names of user and machine, home folders, and keys."""

from __future__ import annotations

import json
import os
import platform
import re
import socket
import sys
import tomllib
from collections.abc import Iterator, Sequence
from contextlib import suppress
from pathlib import Path
from typing import Any, Final

from preheat import paths
from preheat.doctor.context import settings_in_force, short
from preheat.doctor.redaction import KEY, Hidden, Redactor
from preheat.errors import EngineError
from preheat.files import read_small_file

_USER_VARIABLES: Final = ("USER", "LOGNAME", "USERNAME", "SUDO_USER", "USERPROFILE", "HOME")
_SECRET_NAME: Final = re.compile(r"KEY|TOKEN|SECRET|PASSW|CREDENTIAL|COOKIE|_PAT$|AUTH", re.IGNORECASE)
_LEAST_SECRET: Final = 4
_OWN_NAME: Final = "preheat"
"""A service's user may have it; hiding it would hide most of the log."""

_NO_NAMES: Final = frozenset({"", _OWN_NAME, "localhost", "home", "debian", "ubuntu", "fedora", "arch", "opensuse"})
"""Names that say nothing about a person, and that other words need: systems are installed with them."""

_NO_SECRETS: Final = frozenset({"true", "false", "none", "auto", "default"})
_PIECE: Final = 100


def redactor() -> Redactor:
    """Return the redactor for this machine. Reads small files; never raises for what it cannot read."""
    hidden = [*_folders(), *_keys(), *_users(), *_hosts()]
    return Redactor(each for each in hidden if each.text.casefold() not in _NO_NAMES)


def _folders() -> Iterator[Hidden]:
    home = os.path.expanduser("~")  # noqa: PTH111 - Path.home raises where there is none
    for folder in {home, os.path.realpath(home), os.environ.get("HOME", ""), os.environ.get("USERPROFILE", "")}:
        if len(Path(folder).parts) > 1:
            yield Hidden(folder.rstrip("/\\"), "~")
    if own := os.environ.get(paths.HOME_VARIABLE):
        yield Hidden(os.path.expanduser(own), f"${paths.HOME_VARIABLE}")  # noqa: PTH111 - see above
    for number, folder in enumerate(dict.fromkeys(_models_folders()), 1):
        for form in {folder, short(os.path.expanduser(folder))}:  # noqa: PTH111 - see above
            yield Hidden(form.rstrip("/\\"), f"<models folder {number}>", to_end=True)


def _models_folders() -> Iterator[str]:
    """Yield the folders that the user named, also in a settings file with errors."""
    with suppress(EngineError):
        settings = settings_in_force()
        yield from map(str, (*((settings.models_dir,) if settings.models_dir else ()), *settings.models_dirs))
    for text in _settings_texts():
        yield from _texts_of_settings(text, ("models_dir", "models_dirs"))
    for name in ("PREHEAT_MODELS_DIR", "PREHEAT_MODELS_DIRS", "OLLAMA_MODELS", "LLAMA_CACHE", "HF_HOME"):
        yield from (item.strip(" []\"'") for item in os.environ.get(name, "").split(","))


def _users() -> Iterator[Hidden]:
    names = {os.environ.get(name, "") for name in _USER_VARIABLES}
    names |= {os.path.expanduser("~")}  # noqa: PTH111 - see above
    if sys.platform != "win32":
        import pwd

        with suppress(KeyError):
            entry = pwd.getpwuid(os.getuid())
            names |= {entry.pw_name, entry.pw_dir}
            full_name = entry.pw_gecos.partition(",")[0].strip()
            if full_name and full_name.casefold() != entry.pw_name.casefold():
                yield Hidden(full_name, "<user>")
    for name in names:
        yield Hidden(re.split(r"[/\\]", name.rstrip("/\\"))[-1], "<user>")


def _hosts() -> Iterator[Hidden]:
    for name in {socket.gethostname(), platform.node(), os.environ.get("HOSTNAME", "")}:
        yield Hidden(name, "<host>")
        yield Hidden(name.partition(".")[0], "<host>")


def _keys() -> Iterator[Hidden]:
    for key in {*_environment_keys(), *_settings_keys(), *_stored_keys(), *_hub_tokens()}:
        for piece in _pieces(key):
            if len(piece) >= _LEAST_SECRET and piece.casefold() not in _NO_SECRETS:
                yield Hidden(piece, KEY)


def _pieces(key: str) -> Iterator[str]:
    """Yield the lines of a key, such as those of a certificate, and of long lines their parts."""
    for line in key.splitlines():
        for start in range(0, len(line), _PIECE):
            yield line[start : start + _PIECE]


def _environment_keys() -> Iterator[str]:
    for name, value in os.environ.items():
        if _SECRET_NAME.search(name):
            yield from (value.strip(), *(item.strip() for item in value.split(",")))


def _settings_keys() -> Iterator[str]:
    """Yield every API key in the settings files, also those that are not correct or are in comments."""
    from preheat.settings import FIELDS, is_secret

    names = [name for name, field in FIELDS.items() if is_secret(field)]
    with suppress(EngineError):
        settings = settings_in_force()
        for name in names:
            yield from getattr(settings, name)
    for text in _settings_texts():
        yield from _texts_of_settings(text, names)


def _settings_texts() -> Iterator[str]:
    """Yield the content of the settings file and of its last good copy."""
    from preheat.settings import LAST_GOOD

    for path in _quietly(lambda: [paths.settings_path(), paths.data_dir() / LAST_GOOD]):
        with suppress(OSError):
            yield read_small_file(path, 1 << 22).decode("utf-8", "replace")


def _texts_of_settings(text: str, names: Sequence[str]) -> Iterator[str]:
    """Yield the values of settings in a file, which may not be TOML, and those in its comments."""
    with suppress(tomllib.TOMLDecodeError, RecursionError):
        values = tomllib.loads(text)
        for name in names:
            yield from _texts(values.get(name))
    for line in text.splitlines():
        if any(name in line for name in names):
            yield from (first or second for first, second in re.findall(r'"([^"]+)"|\'([^\']+)\'', line))


def _stored_keys() -> Iterator[str]:
    """Yield the hashes of named keys, and the key in the runtime file."""
    for path in _quietly(lambda: [paths.keys_file(), paths.runtime_file()]):
        with suppress(OSError, ValueError, RecursionError):
            content = json.loads(read_small_file(path))
            found = [content, *content.get("keys", ())] if isinstance(content, dict) else []
            for each in found:
                yield from _texts([each.get("key"), each.get("sha256")] if isinstance(each, dict) else ())


def _hub_tokens() -> Iterator[str]:
    home = os.path.expanduser("~")  # noqa: PTH111 - see above
    cache = os.environ.get("HF_HOME") or f"{os.environ.get('XDG_CACHE_HOME') or home + '/.cache'}/huggingface"
    for path in {os.environ.get("HF_TOKEN_PATH", ""), f"{cache}/token", f"{home}/.huggingface/token"} - {""}:
        with suppress(OSError, ValueError):
            yield read_small_file(Path(path), 10_000).decode("utf-8", "replace").strip()
    with suppress(OSError, ValueError):
        stored = read_small_file(Path(cache) / "stored_tokens", 100_000).decode("utf-8", "replace")
        yield from re.findall(r"=\s*(\S+)", stored)


def _texts(value: Any) -> Iterator[str]:
    if isinstance(value, str):
        yield value
    elif isinstance(value, list | tuple):
        for item in value:
            yield from _texts(item)


def _quietly(find: Any) -> list[Path]:
    try:
        found: list[Path] = find()
    except EngineError:  # there is no home folder
        return []
    return found
