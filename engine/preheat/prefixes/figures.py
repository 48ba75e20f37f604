"""How much is stored of prompts. Without imports of the stores, for readers of snapshots."""

from __future__ import annotations

from dataclasses import dataclass

from preheat.messages import Message


@dataclass(frozen=True, slots=True)
class PrefixFigures:
    """Stored prompts: how much there is, and how much there may be. Sizes in bytes."""

    mode: str = "off"  # the setting ``prefix_cache``
    memory_bytes: int = 0
    memory_limit_bytes: int = 0
    disk_bytes: int = 0  # those being written included
    disk_limit_bytes: int = 0
    written_today_bytes: int = 0  # to the disk
    daily_limit_bytes: int = 0
    problem: Message | None = None  # why prompts cannot be kept where they should be; None if they can
