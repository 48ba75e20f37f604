"""How do models come from the hub to the disk? A queue of downloads that survives whatever happens to it.

Everything here blocks on disk or network; the engine calls it in threads.
"""

from __future__ import annotations

from preheat.models.downloads.queue import Downloads
from preheat.models.downloads.retry import RetryPolicy

__all__ = ["Downloads", "RetryPolicy"]
