"""Watches the system's memory, and notices when the machine was suspended."""

from __future__ import annotations

from collections.abc import Callable, Iterable

from preheat.residency.memory.pressure import MemoryReading, Pressure, assess, spare_bytes
from preheat.residency.memory.system import mapped_bytes, read_memory
from preheat.residency.resume import Clocks, asleep_s, read_clocks
from preheat.settings import Settings


class MemoryWatch:
    """Decides about memory pressure from reading to reading. One thread at a time.

    Args:
        interval_s: Time that the caller waits between two looks, in seconds.
        read: Reads the system's memory.
        clocks: Reads its clocks.
    """

    def __init__(
        self,
        settings: Settings,
        *,
        interval_s: float = 1.0,
        read: Callable[[], MemoryReading] = read_memory,
        clocks: Callable[[], Clocks] = read_clocks,
    ) -> None:
        self._settings = settings
        self._interval_s = interval_s
        self._read = read
        self._clocks = clocks
        self._pressure = Pressure()
        self._looked_at = clocks()

    def apply_settings(self, settings: Settings) -> None:
        """Use new settings."""
        self._settings = settings

    def look(self, worker_pids: Iterable[int] = ()) -> Pressure:
        """Return the pressure now. Reads from the system.

        Args:
            worker_pids: Processes with mapped weights, which count as taken.
        """
        reading = self._read()
        keep_free = self._settings.keep_free.resolve(reading.total_bytes)
        self._pressure = assess(reading, keep_free, self._pressure, mapped_bytes=mapped_bytes(worker_pids))
        return self._pressure

    def resumed(self) -> bool:
        """Return whether the machine was suspended since the last call."""
        before, self._looked_at = self._looked_at, self._clocks()
        return asleep_s(before, self._looked_at, self._interval_s) > 0

    def standby_budget(self, worker_pids: Iterable[int] = ()) -> int:
        """Return the bytes that standby files may take. Reads from the system; any thread."""
        reading = self._read()
        keep_free = self._settings.keep_free.resolve(reading.total_bytes)
        most = self._settings.read_ahead_limit.resolve(reading.total_bytes)
        return min(spare_bytes(reading, keep_free, mapped_bytes=mapped_bytes(worker_pids)), most)
