"""Room on the disk: how much there is, how much must stay, and how a full disk shows itself."""

from __future__ import annotations

import errno
import shutil
from pathlib import Path
from typing import Final

from preheat.errors import DiskFullError
from preheat.units import format_bytes

_MOST_KEPT_BYTES: Final = 10**9
_KEPT_SHARE: Final = 100  # one part of so many, on small disks
_FULL: Final = frozenset({errno.ENOSPC, errno.EDQUOT})


def spare_bytes(folder: Path) -> int:
    """Return what may still be written to the disk that a folder is on, or would be on; negative if too much was.

    A gigabyte, or a hundredth of a small disk, stays free: a full system disk stops more than downloads.

    Raises:
        OSError: The disk cannot be asked.
    """
    existing = next(path for path in (folder, *folder.parents) if path.exists())
    usage = shutil.disk_usage(existing)
    return usage.free - min(_MOST_KEPT_BYTES, usage.total // _KEPT_SHARE)


def check_room(folder: Path, needed_bytes: int, what: str) -> None:
    """Do nothing if there is room.

    Raises:
        DiskFullError: There is not; it names both sizes.
    """
    spare = spare_bytes(folder)
    if needed_bytes > spare:
        raise no_room(needed_bytes, spare, what, folder)


def no_room(needed_bytes: int, spare: int, what: str, folder: Path) -> DiskFullError:
    """Return the error that names what is needed and what there is."""
    if needed_bytes <= spare:
        return DiskFullError(f"The disk takes no more of {what}", hint=f"A quota of {folder} may be used up")
    needed, free = format_bytes(needed_bytes), format_bytes(max(spare, 0))
    return DiskFullError(
        f"There is no room for {what}: it takes {needed}, and {free} are free",
        hint=f"Free some space on the disk of {folder}, or remove a model: preheat rm MODEL",
    )


def is_full(error: OSError) -> bool:
    """Whether this is how a full disk, or a used-up quota, shows itself."""
    return error.errno in _FULL
