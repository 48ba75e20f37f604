"""News of the running application, for the screen."""

from __future__ import annotations

import threading
from collections.abc import Callable
from typing import TYPE_CHECKING, Final, NamedTuple

from preheat.errors import EngineError

if TYPE_CHECKING:
    from preheat.cli.output import JsonObject
    from preheat.control import HttpClient

_FIRST_PAUSE_S: Final = 0.5
_LONGEST_PAUSE_S: Final = 5.0


class News(NamedTuple):
    """The status, as the event stream has it; None while the application does not run."""

    status: JsonObject | None
    url: str


class Feed:
    """Follows the event stream in a thread of its own, and looks for the application again after its end.

    Args:
        running: As ``find_running`` found it.
        send: Called with all news, on that thread.
    """

    def __init__(self, running: HttpClient, send: Callable[[News], object]) -> None:
        self._running: HttpClient | None = running
        self._send = send
        self._closed = threading.Event()
        # A daemon: looking for the application may take seconds.
        threading.Thread(target=self._follow, name="feed", daemon=True).start()

    def close(self) -> None:
        """End the stream."""
        self._closed.set()
        if (running := self._running) is not None:
            running.interrupt()

    def _follow(self) -> None:
        from preheat.control import find_running

        pause_s = _FIRST_PAUSE_S
        while not self._closed.is_set():
            try:
                self._running = self._running or find_running()
                with self._running as running:
                    for status in running.events():
                        pause_s = _FIRST_PAUSE_S
                        self._send(News(status, running.url))
            except EngineError:
                self._running = None
                self._send(News(None, ""))
            self._closed.wait(pause_s)
            pause_s = min(2 * pause_s, _LONGEST_PAUSE_S)
