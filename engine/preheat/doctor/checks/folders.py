"""Preheat's folders: rights, free space, and the kind of file system."""

from __future__ import annotations

import os
import re
import shlex
import shutil
import stat
import sys
from collections.abc import Iterator, Mapping
from contextlib import suppress
from pathlib import Path
from typing import Final

from preheat import paths
from preheat.doctor.context import settings_in_force, short
from preheat.doctor.report import Finding, broken, good, to_do
from preheat.errors import reason_of
from preheat.units import format_bytes

_FULL_BYTES: Final = 20_000_000
_LOW_BYTES: Final = 1_000_000_000
_KEEPS: Final = ("data", "models")
"""Folders that grow, and that have to survive a restart."""

_NETWORK: Final = re.compile(r"nfs\d?|cifs|smb\d?|smbfs|9p|afs|ceph|glusterfs|fuse\.(sshfs|rclone|s3fs|davfs.*)|davfs")
_VOLATILE: Final = frozenset({"tmpfs", "ramfs"})
_MOUNTS: Final = Path("/proc/self/mountinfo")
_OCTAL: Final = re.compile(r"\\([0-7]{3})")


def check_folders() -> Iterator[Finding]:
    """Check each of Preheat's folders; those that do not exist yet are created when they are needed."""
    mounts = _mounts()
    details: list[str] = []
    problems: dict[object, Finding] = {}  # by what is wrong: a full disk is one problem, not one for each folder
    for role, folder in _folders().items():
        try:
            details.append(_line(role, folder, mounts))
            for cause, problem in _problems(role, folder, mounts):
                problems.setdefault((problem.title.code, cause), problem)
        except OSError as error:
            details.append(f"{role:9}{short(folder)}")
            problems[folder] = broken("doctor_folder_unreachable", path=short(folder), reason=reason_of(error))
    yield good("doctor_folders", details=details)
    yield from problems.values()


def _folders() -> Mapping[str, Path]:
    return {
        "settings": paths.config_dir(),
        "data": paths.data_dir(),
        "models": settings_in_force().own_models_dir,
        "cache": paths.cache_dir(),
        "log": paths.log_dir(),
        "runtime": paths.runtime_dir(),
    }


def _line(role: str, folder: Path, mounts: Mapping[Path, str]) -> str:
    existing = _existing(folder)
    kind = _kind(existing, mounts)
    free = format_bytes(shutil.disk_usage(existing).free)
    state = "" if existing == folder else "; not there yet"
    return f"{role:9}{short(folder)} ({kind + ', ' if kind else ''}{free} free{state})"


def _problems(role: str, folder: Path, mounts: Mapping[Path, str]) -> Iterator[tuple[object, Finding]]:
    """Yield problems, each with the disk or folder that has it."""
    existing, name = _existing(folder), short(folder)
    if not existing.is_dir():
        yield existing, broken("doctor_folder_no_folder", path=name, found=short(existing))
        return
    disk = existing.stat().st_dev
    if _is_read_only(existing):
        yield disk, broken("doctor_folder_read_only", path=name)
        return
    needed = os.R_OK | os.W_OK | os.X_OK if existing == folder else os.W_OK | os.X_OK
    if not os.access(existing, needed):
        yield existing, _no_access(existing)
    usage = shutil.disk_usage(existing)
    if usage.free < _FULL_BYTES or _no_inodes(existing):
        yield disk, broken("doctor_disk_full", path=name, free=usage.free)
    elif role in _KEEPS and usage.free < _LOW_BYTES:
        yield disk, to_do("doctor_disk_low", path=name, free=usage.free)
    kind = _kind(existing, mounts)
    if role == "data" and _NETWORK.fullmatch(kind):
        yield disk, to_do("doctor_network_disk", path=name, kind=kind)
    if role in _KEEPS and kind in _VOLATILE:
        yield disk, to_do("doctor_volatile_disk", path=name, kind=kind)


def _no_access(folder: Path) -> Finding:
    name, status = short(folder), folder.stat()
    if sys.platform != "win32" and status.st_uid != os.geteuid():
        if _is_below_own_home(folder):
            return broken("doctor_folder_of_other", path=name, quoted=_for_shell(folder))
        return broken("doctor_folder_not_ours", path=name)
    return broken("doctor_folder_no_access", path=name, quoted=_for_shell(folder), mode=stat.filemode(status.st_mode))


def _is_below_own_home(folder: Path) -> bool:
    """Return whether a folder is in this user's home: a wrong HOME must not lead to advice to take over other files."""
    try:
        home = Path.home()
        return folder != home and folder.is_relative_to(home) and home.stat().st_uid == os.geteuid()
    except (OSError, RuntimeError):  # there is no home
        return False


def _for_shell(folder: Path) -> str:
    name = short(folder)
    return "~/" + shlex.quote(name[2:]) if name.startswith("~/") else shlex.quote(name)


def _is_read_only(folder: Path) -> bool:
    return sys.platform != "win32" and bool(os.statvfs(folder).f_flag & os.ST_RDONLY)


def _no_inodes(folder: Path) -> bool:
    if sys.platform == "win32":
        return False
    figures = os.statvfs(folder)
    return figures.f_files > 0 and figures.f_favail == 0


def _existing(folder: Path) -> Path:
    """Return the folder, or the nearest one above it that exists. May raise OSError."""
    for path in (folder, *folder.parents):
        with suppress(FileNotFoundError, NotADirectoryError):
            path.stat()
            return path
    return folder


def _mounts() -> Mapping[Path, str]:
    """Return the kind of file system by mount point; later ones cover earlier ones. Empty where it is unknown."""
    found: dict[Path, str] = {}
    with suppress(OSError, UnicodeDecodeError):
        for line in _MOUNTS.read_text().splitlines():
            before, _, after = line.partition(" - ")
            point = _OCTAL.sub(lambda match: chr(int(match[1], 8)), before.split(" ")[4])
            found[Path(point)] = after.split(" ")[0]
    return found


def _kind(folder: Path, mounts: Mapping[Path, str]) -> str:
    """Return the kind of file system that a folder is on; empty if unknown."""
    real = Path(os.path.realpath(folder))
    return next((mounts[path] for path in (real, *real.parents) if path in mounts), "")
