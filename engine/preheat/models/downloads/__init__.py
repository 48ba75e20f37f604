"""Downloads from the hub to the disk: a queue that survives restarts, power cuts and bad networks.

Everything here blocks on disk or network; the engine calls it in threads.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from preheat._lazy import lazy_exports

if TYPE_CHECKING:
    from preheat.models.downloads.download import files_of_downloads
    from preheat.models.downloads.queue import Downloads
    from preheat.models.downloads.states import DownloadEvent, DownloadSnapshot, DownloadState
    from preheat.models.downloads.transfer import RetryPolicy
else:
    __getattr__ = lazy_exports(
        __name__,
        {
            "preheat.models.downloads.download": "files_of_downloads",
            "preheat.models.downloads.queue": "Downloads",
            "preheat.models.downloads.states": "DownloadEvent DownloadSnapshot DownloadState",
            "preheat.models.downloads.transfer": "RetryPolicy",
        },
    )
