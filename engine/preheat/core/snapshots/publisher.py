"""Publishes snapshots: transitions at once, counters at most ten times a second."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from typing import Final, Protocol

from preheat.core.snapshots.snapshot import EngineSnapshot

PUBLISH_INTERVAL_S: Final = 0.1

FIGURES_INTERVAL_S: Final = 1.0
"""Least time between whole snapshots that only requests cause: each one measures the workers' memory."""

Subscriber = Callable[[EngineSnapshot], None]


class SnapshotSource(Protocol):
    """Reads the engine's state."""

    def make(self) -> EngineSnapshot:
        """Return a snapshot of the current state."""

    def count(self, latest: EngineSnapshot) -> EngineSnapshot:
        """Return a snapshot with the open requests as they are now; takes microseconds."""

    def measure(self) -> None:
        """Update sizes; called before timed snapshots."""


class Publisher:
    """The latest snapshot and its subscribers. Engine's loop only. To be opened before it is used."""

    _source: SnapshotSource
    latest: EngineSnapshot
    """The latest snapshot. Any thread."""

    def __init__(self) -> None:
        self._subscribers: list[Subscriber] = []
        self._timer: asyncio.TimerHandle | None = None  # for a whole snapshot
        self._count_timer: asyncio.TimerHandle | None = None
        self._measured_at = 0.0
        self._closed = False

    def open(self, source: SnapshotSource) -> None:
        """Make the first snapshot. The parts that the source reads are made after the publisher, which they call."""
        self._source = source
        self.latest = source.make()

    def subscribe(self, callback: Subscriber) -> Callable[[], None]:
        """Call ``callback`` with the latest snapshot and every later one; return a function that ends it."""
        self._subscribers.append(callback)
        callback(self.latest)
        return lambda: self._subscribers.remove(callback)

    def publish(self) -> None:
        """Publish now."""
        self._cancel()
        self._set(self._source.make())

    def publish_soon(self) -> None:
        """Publish within a tenth of a second, once for several calls."""
        if not self._closed:
            loop = asyncio.get_running_loop()
            self._publish_at(loop, loop.time() + PUBLISH_INTERVAL_S)

    def publish_requests(self) -> None:
        """Publish the open requests within a tenth of a second, and everything else within a second."""
        if self._count_timer is None and not self._closed:
            loop = asyncio.get_running_loop()
            soon = loop.time() + PUBLISH_INTERVAL_S
            self._count_timer = loop.call_at(soon, self._publish_count)
            self._publish_at(loop, max(soon, self._measured_at + FIGURES_INTERVAL_S))

    def _publish_at(self, loop: asyncio.AbstractEventLoop, at: float) -> None:
        if self._timer is None or self._timer.when() > at:
            if self._timer is not None:
                self._timer.cancel()
            self._timer = loop.call_at(at, self.publish_measured)

    def publish_measured(self) -> None:
        """Measure, then publish."""
        self._measured_at = asyncio.get_running_loop().time()
        self._source.measure()
        self.publish()

    def _publish_count(self) -> None:
        self._count_timer = None
        self._set(self._source.count(self.latest))

    def _set(self, snapshot: EngineSnapshot) -> None:
        self.latest = snapshot
        for callback in tuple(self._subscribers):
            callback(snapshot)

    def close(self) -> None:
        """Stop timed snapshots."""
        self._closed = True
        self._cancel()

    def _cancel(self) -> None:
        for timer in (self._timer, self._count_timer):
            if timer is not None:
                timer.cancel()
        self._timer = self._count_timer = None
