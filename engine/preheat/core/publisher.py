"""Publishes snapshots: transitions at once, counters at most ten times a second."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from typing import Final

from preheat.core.snapshot import EngineSnapshot

PUBLISH_INTERVAL_S: Final = 0.1

Subscriber = Callable[[EngineSnapshot], None]


class Publisher:
    """The latest snapshot and its subscribers. Engine's loop only.

    Args:
        make: Makes a snapshot of the current state.
        measure: Updates sizes; called before timed snapshots.
    """

    def __init__(self, make: Callable[[], EngineSnapshot], measure: Callable[[], None]) -> None:
        self._make = make
        self._measure = measure
        self._subscribers: list[Subscriber] = []
        self._timer: asyncio.TimerHandle | None = None
        self._closed = False
        self.latest = make()
        """The latest snapshot. Any thread."""

    def subscribe(self, callback: Subscriber) -> Callable[[], None]:
        """Call ``callback`` with the latest snapshot and every later one; return a function that ends it."""
        self._subscribers.append(callback)
        callback(self.latest)
        return lambda: self._subscribers.remove(callback)

    def publish(self) -> None:
        """Publish now."""
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None
        self.latest = self._make()
        for callback in tuple(self._subscribers):
            callback(self.latest)

    def publish_soon(self) -> None:
        """Publish within a tenth of a second, once for several calls."""
        if self._timer is None and not self._closed:
            self._timer = asyncio.get_running_loop().call_later(PUBLISH_INTERVAL_S, self.publish_measured)

    def publish_measured(self) -> None:
        """Measure, then publish."""
        self._measure()
        self.publish()

    def close(self) -> None:
        """Stop timed snapshots."""
        self._closed = True
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None
