"""The worker's two ends of communication: frames to the engine, and requests to the decode thread."""

from __future__ import annotations

import threading
from typing import Generic, TypeVar

from preheat.files import write_all
from preheat.inference.protocol import FromWorker, encode_frame

Request = TypeVar("Request")


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


class Inbox(Generic[Request]):
    """Requests and cancellations for the decode thread. ``put`` and ``cancel`` may be called from any thread."""

    def __init__(self) -> None:
        self._changed = threading.Condition()
        self._requests: list[Request] = []
        self._cancelled: list[int] = []

    def put(self, request: Request) -> None:
        """Add a request."""
        with self._changed:
            self._requests.append(request)
            self._changed.notify()

    def cancel(self, request_id: int) -> None:
        """Add a cancellation."""
        with self._changed:
            self._cancelled.append(request_id)
            self._changed.notify()

    def take(self, *, wait: bool) -> tuple[list[Request], list[int]]:
        """Return the requests and the ids of cancelled ones since the last call; ``wait`` blocks until there is one."""
        with self._changed:
            while wait and not self._requests and not self._cancelled:
                self._changed.wait()
            requests, self._requests = self._requests, []
            cancelled, self._cancelled = self._cancelled, []
        return requests, cancelled
