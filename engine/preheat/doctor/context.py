"""What several checks need: the settings in force, the running application, and paths for people."""

from __future__ import annotations

import errno
import os
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Final

from preheat import paths
from preheat.doctor.report import Finding, broken
from preheat.errors import SettingsError, file_remedy, reason_of
from preheat.files import read_json
from preheat.messages import msg

if TYPE_CHECKING:
    from preheat.residency import MemoryReading
    from preheat.settings import Settings


_SYSTEM_ERRORS: Final = frozenset({errno.EACCES, errno.EPERM, errno.EIO, errno.EROFS, errno.EMFILE, errno.ENFILE})
"""Errors that are not the file's own fault."""


def settings_in_force() -> Settings:
    """Return the settings that Preheat would start with: the last good ones where they are wrong, or the defaults."""
    from preheat.settings import LAST_GOOD, Settings, load_settings

    last_good = paths.data_dir() / LAST_GOOD
    sources: tuple[tuple[Path, dict[str, str] | None], ...] = (
        (paths.settings_path(), None),
        (last_good, None),
        (last_good, {}),
    )
    for path, environ in sources:
        try:
            return load_settings(environ=environ, path=path)
        except SettingsError:
            continue
    return Settings()


@dataclass(frozen=True, slots=True)
class RuntimeFile:
    """What the runtime file says about the running application."""

    pid: int
    host: str
    port: int
    version: str
    alive: bool  # its process exists
    key: str = ""


def read_runtime_file() -> RuntimeFile:
    """Return the content of the runtime file.

    Raises:
        FileNotFoundError: There is none.
        OSError, ValueError: It cannot be read, or has another form.
    """
    import psutil

    content = read_json(paths.runtime_file())
    try:
        pid, port = int(content["pid"]), int(content["port"])
        texts = (str(content["host"]), str(content.get("version", "")), str(content.get("key", "")))
        alive = psutil.pid_exists(pid)
    except (LookupError, TypeError, AttributeError, ArithmeticError) as error:
        raise ValueError("it has another form") from error
    return RuntimeFile(pid, texts[0], port, texts[1], alive, texts[2])


def running() -> RuntimeFile | None:
    """Return the runtime file of an application that runs; None if none does."""
    try:
        found = read_runtime_file()
    except (OSError, ValueError):
        return None
    return found if found.alive else None


def preheats_memory() -> MemoryReading:
    """Return the memory within the limits of the running application; within this process's if none runs."""
    from preheat.residency import read_memory

    found = running()
    return read_memory(found.pid if found is not None else None)


def unusable(error: OSError, path: Path) -> Finding:
    """Return the finding of a file that Preheat writes and cannot use; it can be moved away."""
    remedy = file_remedy(error, path) if error.errno in _SYSTEM_ERRORS else msg("doctor_move_away")
    return broken("doctor_file_unusable", path=short(path), reason=reason_of(error), remedy=remedy)


def short(path: Path | str) -> str:
    """Return a path with ``~`` for the home folder."""
    home = os.path.expanduser("~")  # noqa: PTH111 - Path.home raises where there is none
    text = str(path)
    if home not in ("~", os.sep) and (text == home or text.startswith(home + os.sep)):
        return "~" + text[len(home) :]
    return text
