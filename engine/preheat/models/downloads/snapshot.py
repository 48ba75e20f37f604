"""What readers see of a download: a leaf, so that ``library`` and ``snapshot`` both can use it."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum


class DownloadState(StrEnum):
    """Where a download is in its life."""

    QUEUED = "queued"
    RUNNING = "running"
    CHECKING = "checking"
    PAUSED = "paused"
    DONE = "done"
    FAILED = "failed"


@dataclass(frozen=True, slots=True)
class DownloadSnapshot:
    """One download at one instant: all files of a model, which are fetched together.

    Attributes:
        download_id: Stable over restarts.
        name: What was asked for, as one may type it again.
        repo: ``owner/name`` on the hub.
        file_name: Of the model; of a split set, its first part.
        state: Where it is in its life. ``checking``: what is on the disk is compared with the hub's checksum.
        done_bytes: How much is on the disk.
        total_bytes: How much it will be.
        bytes_per_s: Smoothed; None unless bytes are coming.
        left_s: How long it will take at this speed; None if nobody can tell.
        error: Why it failed, waits or tries again, as one sentence without its full stop; None if all is well.
        hint: What to do about it; may be empty.
    """

    download_id: str
    name: str
    repo: str
    file_name: str
    state: DownloadState
    done_bytes: int
    total_bytes: int
    bytes_per_s: float | None = None
    left_s: float | None = None
    error: str | None = None
    hint: str = ""
