"""What the engine wants of a running load."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable


class LoadControl:
    """Holds and hurries a load. Any thread."""

    def __init__(self) -> None:
        self._may_continue = threading.Event()
        self._may_continue.set()
        self._hurried = threading.Event()
        self._on_hurry: Callable[[], object] = lambda: None
        self.held_s = 0.0  # time for which ``wait`` has waited

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

    def on_hurry(self, call: Callable[[], object]) -> None:
        """Call this when a request waits, on the thread that says so; now if one does already."""
        self._on_hurry = call
        if self.hurried:
            call()

    def hurry(self) -> None:
        """Let the load end soon."""
        self._hurried.set()
        self._on_hurry()

    def wait(self) -> None:
        """Wait while the load is on hold."""
        if self.held:
            began = time.perf_counter()
            self._may_continue.wait()
            self.held_s += time.perf_counter() - began


class StageClock:
    """Measures the stages of a load, without the time in which it is on hold."""

    def __init__(self, control: LoadControl) -> None:
        self._control = control
        self._passed = self._now()

    def lap(self) -> float:
        """Return the seconds since the last call, or since the beginning."""
        before, self._passed = self._passed, self._now()
        return self._passed - before

    def _now(self) -> float:
        return time.perf_counter() - self._control.held_s
