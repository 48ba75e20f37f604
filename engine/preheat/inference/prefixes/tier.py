"""A tier of stored prompts: a folder with one folder per model, the limits for it, and what is there.

The engine writes the limits (``preheat.prefixes``), and every process that writes files observes them. A folder without
limits is filled without any.
"""

from __future__ import annotations

import json
import os
import re
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from functools import lru_cache
from itertools import takewhile
from pathlib import Path
from typing import Final, NamedTuple

from preheat.clock import read_ticks
from preheat.files import FileLock, read_json, write_atomic
from preheat.inference.prefixes.blocks import Block
from preheat.inference.prefixes.day import Day, day_from_json, day_now, to_midnight
from preheat.inference.prefixes.reading import read_header
from preheat.inference.prefixes.removal import Candidate, plan_removal

TEMPORARY: Final = ".tmp"

_LIMITS: Final = "limits.json"
_DAY: Final = "written.json"
_LOCK: Final = ".lock"
_NAME: Final = re.compile(r"[0-9a-f]{32}\.prefix|\.[0-9a-f]{32}\.[0-9a-f]{8}\.tmp")
_ABANDONED_AFTER_S: Final = 3600.0

_RACY_NS: Final = 100_000_000
"""Two changes of a folder may have the same time if they are this close together, in nanoseconds."""


class Limits(NamedTuple):
    """Limits of a tier."""

    max_bytes: int  # of all its files, those being written included
    daily_bytes: int | None = None  # written a day; None for any number
    writable: bool = True  # False: nothing is written for now
    evicts: bool = True  # remove what is worth least for something worth more; otherwise it is full when it is full
    durable: bool = True  # wait until a file would survive a power cut


class FoundFile(NamedTuple):
    """A block's file in a tier, or one being written."""

    path: Path
    n_bytes: int
    used_at: float
    inode: int

    @property
    def temporary(self) -> bool:
        """Whether it is still being written."""
        return self.path.suffix == TEMPORARY


@contextmanager
def locked(tier: Path) -> Iterator[Limits | None]:
    """Hold a tier's lock, and yield its limits; None if it has none, and then there is no lock either.

    Raises:
        OSError: The lock is held for long, or cannot be opened.
    """
    if not (tier / _LIMITS).exists():
        yield None
        return
    with FileLock(tier / _LOCK, mode=0o600):
        yield read_limits(tier)


def read_limits(tier: Path) -> Limits | None:
    """Return the limits of a tier; None if it has none. Nothing may be written if they cannot be read."""
    try:
        limits = Limits(**read_json(tier / _LIMITS))
        return limits._replace(max_bytes=int(limits.max_bytes), daily_bytes=_optional_int(limits.daily_bytes))
    except FileNotFoundError:
        return None
    except (OSError, ValueError, TypeError):
        return Limits(0, writable=False)


def _optional_int(value: int | None) -> int | None:
    return None if value is None else int(value)


def write_limits(tier: Path, limits: Limits) -> None:
    """Set the limits of a tier; every process observes them with the next file. Raises OSError."""
    write_atomic(tier / _LIMITS, json.dumps(limits._asdict()), mode=0o600, durable=False)


def read_day(tier: Path) -> Day:
    """Return what has been written today."""
    try:
        before = day_from_json(read_json(tier / _DAY))
    except (OSError, ValueError):
        before = Day()
    now = time.time()
    return day_now(before, now, read_ticks(), to_midnight(now))


def write_day(tier: Path, day: Day) -> None:
    """Keep what has been written today. Raises OSError."""
    write_atomic(tier / _DAY, json.dumps(day._asdict()), mode=0o600, durable=False)


def taken_bytes(tier: Path) -> int:
    """Return the bytes that all files take, those being written included. Never raises."""
    return sum(map(_taken_in, model_folders(tier)))


def files_in(tier: Path) -> Iterator[FoundFile]:
    """Yield the blocks' files of all models, also those being written; other files are ignored. Never raises."""
    for folder in model_folders(tier):
        yield from _files_of(folder)


def remove_least(tier: Path, excess_bytes: int, new: Candidate | None = None, more_bytes: int = 0) -> bool:
    """Remove what is worth least until this much is freed. Call it with the lock held.

    Args:
        new: A file that is going to be written. If it is worth less than what would have to go, nothing is removed.
        more_bytes: Also remove this many bytes of files worth less than ``new``. Listing all files is slow.

    Returns:
        Whether enough was freed.
    """
    files = [file for file in files_in(tier) if not file.temporary]
    candidates = [candidate_of_file(file) for file in files]
    plan = plan_removal([*candidates, *([] if new is None else [new])], excess_bytes + more_bytes, time.time())
    doomed = [files[index] for index in takewhile(lambda index: index < len(files), plan)]
    enough = sum(file.n_bytes for file in doomed) >= excess_bytes
    if enough or new is None:
        for file in doomed:
            remove(file.path)
    return enough


def remove_abandoned(tier: Path) -> None:
    """Remove the unfinished files of processes that have ended. Call it with the lock held."""
    for file in files_in(tier):
        if file.temporary and _is_abandoned(file):
            remove(file.path)


def remove_empty_folders(tier: Path) -> None:
    """Remove the folders of models without blocks. Call it with the lock held."""
    for folder in model_folders(tier):
        with suppress(OSError):
            folder.rmdir()


def _is_abandoned(file: FoundFile) -> bool:
    if sys.platform == "win32":
        return True  # a file in use cannot be removed there
    import fcntl

    try:
        handle = os.open(file.path, os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK)
    except OSError:
        return False
    try:
        fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    except OSError:
        return abs(time.time() - file.used_at) > _ABANDONED_AFTER_S
    finally:
        os.close(handle)
    return True


def candidate_of_file(file: FoundFile) -> Candidate:
    return _known(file.path, file.inode, file.n_bytes)._replace(used_at=file.used_at)


@lru_cache(maxsize=1 << 15)
def _known(path: Path, inode: int, n_bytes: int) -> Candidate:
    """Return what a file's header says. Files keep their content; one that replaces another has another inode."""
    block = read_header(path)
    if block is None:
        return Candidate(path.name.encode(), b"damaged", True, n_bytes, 0.0, 0.0, damaged=True)
    return candidate_of(block, n_bytes, 0.0)


def candidate_of(block: Block, n_bytes: int, used_at: float) -> Candidate:
    return Candidate(block.key, block.parent, block.start == 0, n_bytes, block.seconds, used_at)


def remove(path: Path) -> bool:
    """Remove a file; return False if it is gone, or in use on Windows."""
    with suppress(OSError):
        path.unlink()
        return True
    return False


def _files_of(folder: Path) -> Iterator[FoundFile]:
    with suppress(OSError), os.scandir(folder) as entries:
        for entry in entries:
            if _NAME.fullmatch(entry.name):
                with suppress(OSError):  # it has just been removed
                    status = entry.stat(follow_symlinks=False)
                    yield FoundFile(folder / entry.name, status.st_size, status.st_mtime, status.st_ino)


_sums: Final[dict[Path, tuple[int, int]]] = {}
"""By folder, the time of its last change and the bytes of its files then."""


def _taken_in(folder: Path) -> int:
    """Return the bytes of a model's files. They are only counted again after one was created, renamed or removed."""
    try:
        changed, now = folder.stat().st_mtime_ns, time.time_ns()
    except OSError:
        return 0
    before, total = _sums.get(folder, (0, 0))
    if before != changed:
        total = sum(file.n_bytes for file in _files_of(folder))
        if now - changed > _RACY_NS:
            _sums[folder] = changed, total
    return total


def model_folders(tier: Path) -> list[Path]:
    """Return the folders of all models in a tier. Never raises."""
    try:
        return [path for path in tier.iterdir() if path.is_dir() and not path.is_symlink()]
    except OSError:
        return []
