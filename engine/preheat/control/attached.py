"""A session with the engine of another process, over its port."""

from __future__ import annotations

import logging
import threading
from typing import TYPE_CHECKING, Final

from preheat.control.client import HttpClient, find_running
from preheat.control.session import EngineSession, PortStatus
from preheat.errors import EngineError, NotRunningError
from preheat.messages import msg

if TYPE_CHECKING:
    from preheat.core import EngineSnapshot

logger = logging.getLogger(__name__)

_FIRST_PAUSE_S: Final = 0.5
_LONGEST_PAUSE_S: Final = 5.0
_RESTART_S: Final = 5.0
_END_S: Final = 2.0


class AttachedSession(EngineSession):
    """A session with a thread that follows the events of a running application, and reconnects after its restart.

    Args:
        running: As ``find_running`` found it; the session owns it from now on.
    """

    attached = True

    def __init__(self, running: HttpClient) -> None:
        super().__init__(PortStatus(running.url))
        self._running: HttpClient | None = running
        self._closed = False
        self._wake = threading.Event()
        self._looked = threading.Condition()
        self._looks = 0
        self._thread = threading.Thread(target=self._follow, name="events", daemon=True)
        self._thread.start()

    def restart(self) -> None:
        """Look for the application now."""
        with self._looked:
            looks = self._looks
            self._wake.set()
            self._looked.wait_for(lambda: self._running is not None or self._looks > looks, _RESTART_S)
        self._client()

    def close(self) -> None:
        """Hang up; the other process's engine continues."""
        self._closed = True
        self._wake.set()
        running = self._running
        if running is not None:
            running.interrupt()
        self._thread.join(_END_S)

    def _client(self) -> HttpClient:
        running = self._running
        if running is None:
            raise NotRunningError(msg("not_running"))
        return running

    def _follow(self) -> None:
        pause_s = _FIRST_PAUSE_S
        while not self._closed:
            try:
                with self._running or find_running() as running:
                    for snapshot in running.snapshots():
                        pause_s = _FIRST_PAUSE_S
                        self._take(running, snapshot)
            except EngineError as error:
                self._lose(error)
            if not self._closed:
                self._wake.wait(pause_s)
                self._wake.clear()
            pause_s = min(2 * pause_s, _LONGEST_PAUSE_S)

    def _take(self, running: HttpClient, snapshot: EngineSnapshot) -> None:
        if self._running is not running or self.port.engine_error is not None:
            logger.info("attached to the Preheat on port %d", running.port)
            with self._looked:
                self._running = running
                self._looked.notify_all()
            self._port_status.set(PortStatus(running.url))
        self._snapshot.set(snapshot)
        if self._closed:
            running.interrupt()

    def _lose(self, error: EngineError) -> None:
        with self._looked:
            was_there, self._running = self._running is not None, None
            self._looks += 1
            self._looked.notify_all()
        if self._closed:
            return
        if was_there:
            logger.info("the running Preheat has ended: %s", error)
        gone = error.code in ("not_running", "engine_stopped")
        self._port_status.set(PortStatus(engine_error=msg("shown_engine_ended") if gone else error.message))
