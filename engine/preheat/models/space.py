"""Disk space: how much is free, and how much must stay free."""

from __future__ import annotations

import os
import shutil
from pathlib import Path
from typing import Final

from preheat.errors import DiskFullError
from preheat.messages import Param, msg
from preheat.models.file_names import printable

_MOST_KEPT_BYTES: Final = 10**9
_KEPT_SHARE: Final = 100  # one hundredth, on small disks


def spare_bytes(folder: Path) -> int:
    """Return how many bytes may still be written to a folder's disk; negative if too many were.

    A gigabyte, or a hundredth of a small disk, stays free: a full system disk stops more than downloads.
    """
    usage = shutil.disk_usage(existing_folder(folder))
    return usage.free - min(_MOST_KEPT_BYTES, usage.total // _KEPT_SHARE)


def existing_folder(folder: Path) -> Path:
    """Return the folder, or the nearest one above it that exists."""
    # Path.exists raises for some errors.
    return next(path for path in (folder, *folder.parents) if os.path.exists(path))  # noqa: PTH110


def check_space(folder: Path, needed_bytes: int, code: str, **params: Param) -> None:
    """Raise ``DiskFullError`` with this message code and both sizes if there is not enough space."""
    if needed_bytes > spare_bytes(folder):
        raise disk_full(folder, needed_bytes, code, **params)


def disk_full(folder: Path, needed_bytes: int, code: str, **params: Param) -> DiskFullError:
    """Return the error with this message code and both sizes."""
    free = max(spare_bytes(folder), 0)
    return DiskFullError(msg(code, needed=needed_bytes, free=free, folder=printable(str(folder)), **params))
