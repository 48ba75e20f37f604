"""Files that only this user may read: API keys, and the runtime file with the engine's own key."""

from __future__ import annotations

import os
import stat
import sys
from collections.abc import Iterator
from pathlib import Path

from preheat import paths
from preheat.doctor.context import read_runtime_file, short
from preheat.doctor.report import Finding, broken, good, to_do
from preheat.errors import reason_of

_OTHERS = stat.S_IRWXG | stat.S_IRWXO


def check_private_files() -> Iterator[Finding]:
    """Check that these files are readable, well-formed, and private."""
    yield from _keys()
    yield from _runtime_folder()
    yield from _runtime_file()


def _keys() -> Iterator[Finding]:
    from preheat.settings import KeyStore

    path = paths.keys_file()
    try:
        count = len(KeyStore(path).read_strictly())
    except FileNotFoundError:
        yield good("doctor_no_keys")
        return
    except OSError as error:
        yield broken("doctor_keys_unreadable", path=short(path), reason=reason_of(error))
        return
    except ValueError as error:
        yield broken("doctor_keys_unreadable", path=short(path), reason=str(error))
        return
    yield good("doctor_keys", count=count)
    yield from _openness(path)


def _openness(path: Path) -> Iterator[Finding]:
    if os.name == "posix" and path.stat().st_mode & _OTHERS:
        yield to_do("doctor_file_open", path=short(path), mode=stat.filemode(path.stat().st_mode))


def _runtime_folder() -> Iterator[Finding]:
    from preheat.server import runtime_folder_problem

    folder = paths.runtime_dir()
    try:
        problem = runtime_folder_problem(folder)
    except FileNotFoundError:
        return
    except OSError as error:
        yield broken("doctor_folder_unreachable", path=short(folder), reason=reason_of(error))
        return
    if problem is not None:
        yield broken("runtime_folder_unsafe", path=short(folder), problem=problem)


def _runtime_file() -> Iterator[Finding]:
    path = paths.runtime_file()
    try:
        found = read_runtime_file()
        status = path.stat()
    except FileNotFoundError:
        return
    except (OSError, ValueError) as error:
        reason = reason_of(error) if isinstance(error, OSError) else "it is not whole"
        yield to_do("doctor_runtime_file_unreadable", path=short(path), reason=reason)
        return
    if sys.platform != "win32" and status.st_uid != os.geteuid():
        yield broken("doctor_runtime_file_of_other", path=short(path))
    elif not found.alive:
        yield good("doctor_runtime_file_stale", pid=found.pid)
    else:
        yield from _openness(path)
