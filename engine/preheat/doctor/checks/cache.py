"""The cache, and downloads that are not complete."""

from __future__ import annotations

import os
import time
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path
from typing import Final, NamedTuple

from preheat import paths
from preheat.doctor.context import settings_in_force, short
from preheat.doctor.report import Finding, good, to_do
from preheat.errors import reason_of
from preheat.units import format_bytes

_MOST_FILES: Final = 20_000
_LIMIT_S: Final = 1.5
_OLD_S: Final = 14 * 86_400.0
_LARGE_BYTES: Final = 2_000_000_000


class Content(NamedTuple):
    """Files below a folder."""

    files: int
    size_bytes: int
    newest: float  # Unix time of the last change; 0 without files
    complete: bool  # all were counted


def check_cache() -> Iterator[Finding]:
    """Check the size of the cache, and look for downloads that do not continue."""
    from preheat.prefixes import disk_folder  # prompts have a limit, and a check of their own

    folder, prompts = paths.cache_dir(), disk_folder()
    content = content_of(folder, without=prompts)
    size = ("" if content.complete else "more than ") + format_bytes(content.size_bytes)
    parts = _size_of_entries(folder, without=prompts)
    yield good("doctor_cache", path=short(folder), size=size, details=parts)
    if content.size_bytes > _LARGE_BYTES:
        yield to_do("doctor_cache_large", path=short(folder), size=size)
    yield from _downloads()


def _size_of_entries(folder: Path, without: Path) -> list[str]:
    sizes = []
    with suppress(OSError), os.scandir(folder) as entries:
        for entry in sorted(entries, key=lambda entry: entry.name):
            size = content_of(Path(entry.path)).size_bytes if entry.is_dir(follow_symlinks=False) else _size(entry)
            if size >= 1_000_000 and Path(entry.path) != without:
                sizes.append(f"{entry.name}: {format_bytes(size)}")
    return sizes


def _downloads() -> Iterator[Finding]:
    from preheat.models import DOWNLOADS

    folder = settings_in_force().own_models_dir / DOWNLOADS
    try:
        with os.scandir(folder) as entries:
            contents = [content_of(Path(entry.path)) for entry in entries if entry.is_dir(follow_symlinks=False)]
    except FileNotFoundError:
        return
    except OSError as error:
        yield to_do("doctor_downloads_unreadable", path=short(folder), reason=reason_of(error))
        return
    unfinished = [content for content in contents if content.size_bytes >= 1_000_000]
    if not unfinished:
        return
    size = sum(content.size_bytes for content in unfinished)
    newest = max(content.newest for content in unfinished)
    if time.time() - newest > _OLD_S:
        yield to_do("doctor_downloads_old", count=len(unfinished), size=size)
    else:
        yield good("doctor_downloads_open", count=len(unfinished), size=size)


def content_of(folder: Path, without: Path | None = None) -> Content:
    """Count the files below a folder, except those below ``without``, up to a limit of files and time.

    Links are not followed.
    """
    files = size = 0
    newest, deadline = 0.0, time.monotonic() + _LIMIT_S
    for root, folders, names in os.walk(folder):
        folders[:] = [name for name in folders if Path(root, name) != without]
        for name in names:
            with suppress(OSError):
                status = os.lstat(os.path.join(root, name))  # noqa: PTH118 - many files
                files, size, newest = files + 1, size + status.st_size, max(newest, status.st_mtime)
        if files > _MOST_FILES or time.monotonic() > deadline:
            return Content(files, size, newest, complete=False)
    return Content(files, size, newest, complete=True)


def _size(entry: os.DirEntry[str]) -> int:
    with suppress(OSError):
        return entry.stat(follow_symlinks=False).st_size
    return 0
