"""Downloads from the hub to the disk: a queue that survives restarts, power cuts and bad networks.

Everything here blocks on disk or network; the engine calls it in threads.
"""

from __future__ import annotations

from preheat.models.downloads.queue import Downloads
from preheat.models.downloads.retry import RetryPolicy
from preheat.models.downloads.states import DownloadEvent, DownloadSnapshot, DownloadState

__all__ = ["DownloadEvent", "DownloadSnapshot", "DownloadState", "Downloads", "RetryPolicy"]
