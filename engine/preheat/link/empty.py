"""What there is to see before an engine has said anything."""

from __future__ import annotations

import time

from preheat._version import __version__
from preheat.core.snapshot import EngineSnapshot, MemorySnapshot, PreloadSnapshot
from preheat.settings import Settings


def empty_snapshot(settings: Settings) -> EngineSnapshot:
    """Return a snapshot without models and without figures."""
    return EngineSnapshot(
        version=__version__,
        started_at=time.time(),
        memory=MemorySnapshot(limit_bytes=0, used_bytes=0, available_bytes=0),
        preload=PreloadSnapshot(enabled=settings.preload),
    )
