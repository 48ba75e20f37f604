"""The worker's two ends of communication: frames to the engine, and requests to the decode thread."""

from __future__ import annotations

import threading
from contextlib import suppress
from queue import Empty, SimpleQueue
from typing import TypeVar

from preheat.files import write_all
from preheat.inference.protocol import FromWorker, encode_frame
from preheat.inference.worker.pulse import Heartbeat, Pulse

Item = TypeVar("Item")


class Channel:
    """Sends frames to the engine. Any thread."""

    def __init__(self, descriptor: int) -> None:
        self._descriptor = descriptor
        self._lock = threading.Lock()
        self.pulse = Pulse()

    def send(self, *frames: FromWorker) -> None:
        """Write frames at once."""
        content = memoryview(b"".join(map(encode_frame, frames)))
        with self._lock:
            write_all(self._descriptor, content)


def take(inbox: SimpleQueue[Item], heartbeat: Heartbeat, *, wait: bool, timeout_s: float | None = None) -> list[Item]:
    """Return what was put since the last call; ``wait`` blocks until there is something. One thread only.

    After ``timeout_s``, it returns nothing.

    ``heartbeat`` is that thread's, and is busy except while it waits.
    """
    items = []
    if wait:
        heartbeat.busy = False
        with suppress(Empty):
            items.append(inbox.get(timeout=timeout_s))
        heartbeat.busy = True
    heartbeat.beat()
    while not inbox.empty():
        items.append(inbox.get())
    return items
