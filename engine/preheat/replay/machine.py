"""The simulated machine: memory, page cache and disk.

Simplified: loads do not slow down each other or the answers, each answer takes ``answer_s``, and the page cache holds
only model files.
"""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Final

from preheat.preload import IDLE_S
from preheat.residency import NO_DEVICE_BYTES, DeviceBytes

PAGE_CACHE_SHARE: Final = 0.5
"""Default page cache as a share of the limit; see ``Machine.page_cache_bytes``."""


@dataclass(frozen=True, slots=True)
class Machine:
    """Load costs and memory. The figures were measured on 2 cores with an SSD."""

    limit_bytes: int  # the memory limit
    # page cache for model files, on top of a full limit. Defaults to half of the limit, a quarter of the memory: the
    # limit is half of it, other programs use an eighth, and the last eighth (``keep_free`` with its margin) holds
    # their files. Where programs use a quarter, set a quarter of the limit.
    page_cache_bytes: int | None = None
    device_limits: DeviceBytes = field(default_factory=lambda: NO_DEVICE_BYTES)  # what models may take of each device
    disk_bytes_per_s: float = 1.9e9  # speed of reading a cold file
    cold_s: float = 0.25  # time of a cold load without reading, in seconds
    standby_s: float = 0.2  # load time of a model with its file in the page cache, in seconds
    answer_s: float = 6.0  # duration of an answer, in seconds; its model cannot be unloaded meanwhile
    idle_s: float = IDLE_S  # idle time before preloading starts, in seconds

    def cache_room(self, used_bytes: int) -> int:
        """Return the memory that loaded models leave to the page cache, in bytes."""
        cache_bytes = (
            int(self.limit_bytes * PAGE_CACHE_SHARE) if self.page_cache_bytes is None else self.page_cache_bytes
        )
        return self.limit_bytes + cache_bytes - used_bytes

    def load_s(self, missing_bytes: int) -> float:
        """Return the load time of a model with this many bytes not in the page cache."""
        return self.cold_s + missing_bytes / self.disk_bytes_per_s if missing_bytes else self.standby_s


class PageCache:
    """Bytes of each file in the page cache, least recently used first.

    An unloaded model leaves its file here, since its weights were mapped from it. Pages are dropped from the file used
    longest ago.
    """

    def __init__(self) -> None:
        self._files: OrderedDict[str, int] = OrderedDict()

    def held(self, model_id: str) -> int:
        """Return the cached bytes of a model's file."""
        return self._files.get(model_id, 0)

    def take(self, model_id: str) -> int:
        """Remove a file that is mapped by a worker; return its cached bytes."""
        return self._files.pop(model_id, 0)

    def put(self, model_id: str, size: int) -> None:
        """Set the cached bytes of a file, as most recently used."""
        self._files.pop(model_id, None)
        self._files[model_id] = size

    def touch(self, model_ids: Iterable[str]) -> None:
        """Mark files as recently used, in this order."""
        for model_id in model_ids:
            if model_id in self._files:
                self._files.move_to_end(model_id)

    def trim(self, room: int) -> None:
        """Drop what exceeds ``room``, in bytes."""
        excess = sum(self._files.values()) - room
        while excess > 0 and self._files:
            model_id, held = self._files.popitem(last=False)
            if held > excess:
                self._files[model_id] = held - excess
                self._files.move_to_end(model_id, last=False)
            excess -= held

    def clear(self) -> None:
        """Drop everything."""
        self._files.clear()
