"""What the engine wants of a running load."""

from __future__ import annotations

import threading


class LoadControl:
    """Holds and hurries a load. Any thread."""

    def __init__(self) -> None:
        self._may_continue = threading.Event()
        self._may_continue.set()
        self._hurried = threading.Event()

    @property
    def held(self) -> bool:
        """The load is on hold."""
        return not self._may_continue.is_set()

    @property
    def hurried(self) -> bool:
        """A request waits: what only makes the model ready ahead of requests is left out."""
        return self._hurried.is_set()

    def hold(self, hold: bool) -> None:
        """Pause the load, or resume it."""
        if hold:
            self._may_continue.clear()
        else:
            self._may_continue.set()

    def hurry(self) -> None:
        """Let the load end soon."""
        self._hurried.set()

    def wait(self) -> None:
        """Wait while the load is on hold."""
        self._may_continue.wait()
