"""The engine: owns all state, publishes snapshots, hands out leases."""

from __future__ import annotations

from typing import TYPE_CHECKING

from preheat._lazy import lazy_exports

if TYPE_CHECKING:
    from preheat.core.engine import Engine
    from preheat.core.model_files import model_places
    from preheat.core.requests.lease import Lease
    from preheat.core.snapshots.snapshot import (
        DeviceMemory,
        DeviceShare,
        EngineSnapshot,
        MemorySnapshot,
        ModelSnapshot,
        PreloadSnapshot,
        PromptSnapshot,
        RequestSnapshot,
        RoomSnapshot,
    )
    from preheat.models.downloads import DownloadSnapshot, DownloadState
    from preheat.residency import State
else:
    __getattr__ = lazy_exports(
        __name__,
        {
            "preheat.core.engine": "Engine",
            "preheat.core.requests.lease": "Lease",
            "preheat.core.model_files": "model_places",
            "preheat.core.snapshots.snapshot": (
                "DeviceMemory DeviceShare EngineSnapshot MemorySnapshot ModelSnapshot PreloadSnapshot PromptSnapshot "
                "RequestSnapshot RoomSnapshot"
            ),
            "preheat.models.downloads": "DownloadSnapshot DownloadState",
            "preheat.residency": "State",
        },
    )
