"""The engine: owns all state, publishes snapshots, hands out leases."""

from __future__ import annotations

from preheat.core.engine import Engine
from preheat.core.lease import Lease
from preheat.core.snapshot import (
    DownloadSnapshot,
    DownloadState,
    EngineSnapshot,
    MemorySnapshot,
    ModelSnapshot,
    PreloadSnapshot,
    RequestSnapshot,
    State,
)

__all__ = [
    "DownloadSnapshot",
    "DownloadState",
    "Engine",
    "EngineSnapshot",
    "Lease",
    "MemorySnapshot",
    "ModelSnapshot",
    "PreloadSnapshot",
    "RequestSnapshot",
    "State",
]
