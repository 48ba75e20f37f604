"""The worker's two ends of communication: frames to the engine, and requests to the decode thread."""

from __future__ import annotations

import threading
from queue import SimpleQueue
from typing import TypeVar

from preheat.files import write_all
from preheat.inference.protocol import FromWorker, encode_frame

Item = TypeVar("Item")


class Channel:
    """Sends frames to the engine. Any thread."""

    def __init__(self, descriptor: int) -> None:
        self._descriptor = descriptor
        self._lock = threading.Lock()

    def send(self, frame: FromWorker) -> None:
        """Write one frame."""
        content = memoryview(encode_frame(frame))
        with self._lock:
            write_all(self._descriptor, content)


def take(inbox: SimpleQueue[Item], *, wait: bool) -> list[Item]:
    """Return what was put since the last call; ``wait`` blocks until there is something. One thread only."""
    items = [inbox.get()] if wait else []
    while not inbox.empty():
        items.append(inbox.get())
    return items
