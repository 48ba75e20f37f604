"""A session with an engine in a thread of this process, and its port."""

from __future__ import annotations

import asyncio
import logging
import socket
import sys
import threading
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from typing import TYPE_CHECKING, Final, TypeVar

from preheat.control.client import USER_AGENT
from preheat.control.direct import DirectClient
from preheat.control.host import ControlHost
from preheat.control.session import EngineSession, PortStatus, empty_snapshot
from preheat.control.settings import ChangeSettings
from preheat.errors import EngineError, EngineStoppedError
from preheat.installation import ending_grace
from preheat.messages import Message, msg
from preheat.settings import PORT_SETTINGS, Settings, SettingsStore

if TYPE_CHECKING:
    from preheat.control.command import Command
    from preheat.core import Engine
    from preheat.server import Port

T = TypeVar("T")

logger = logging.getLogger(__name__)

_SWITCH_S: Final = 0.001
"""Time a busy thread may keep the interpreter from the GUI thread, in seconds. During the import of the port's modules
on 2 busy cores, a timer was 31 to 149 ms late (p99 of four starts) with Python's 5 ms, and 14 to 68 with this."""

_EXIT_S: Final = 10.0
"""Beyond ``shutdown_grace``: workers are asked to end, then made to."""


class OwnSession(EngineSession):
    """A session that starts its engine; it returns before the engine has started.

    Failures at the start are not raised: ``port`` has them, and ``restart`` tries again.

    Args:
        store: The settings.
        settings: Those of the first start, if already read.
        sock: A listening socket for them, if already open.
        at_login: The login has started Preheat; see ``Engine.start``.
    """

    attached = False

    def __init__(
        self,
        store: SettingsStore,
        *,
        settings: Settings | None = None,
        sock: socket.socket | None = None,
        at_login: bool = False,
    ) -> None:
        super().__init__(PortStatus())
        self._store = store
        self._at_login = at_login
        self._grace_s = 0.0
        self._port: Port
        self._starting = threading.Lock()
        self._thread: DirectClient | None = None
        sys.setswitchinterval(min(sys.getswitchinterval(), _SWITCH_S))
        try:
            self._start(settings, sock)
        except EngineError as error:
            self._port_status.set(PortStatus(engine_error=error.message))

    def call(self, command: Command[T]) -> T:
        """See ``ControlClient``."""
        result = super().call(command)
        if isinstance(command, ChangeSettings) and set(PORT_SETTINGS) & set(command.values):
            with self._starting:
                if self.port.url is None:  # nothing changed, but the program that had the port may have ended
                    self._open_port()
        return result

    def restart(self) -> None:
        """See ``EngineSession``."""
        with self._starting:
            if self._thread is None or not self._thread.alive:
                self._start(None, None)
            elif self.port.url is None or self.port.error is not None:
                self._open_port()

    def close(self) -> None:
        """See ``EngineSession``."""
        thread = self._thread
        if thread is not None and not thread.close(ending_grace(self._grace_s) + _EXIT_S):
            logger.error("the engine did not end in time")

    def _client(self) -> DirectClient:
        thread = self._thread
        if thread is None or not thread.alive:
            raise EngineStoppedError(msg("engine_ended"))
        return thread

    def _open_port(self) -> None:
        self._client().run(lambda host: self._port.open(host.engine.settings))

    def _start(self, settings: Settings | None, sock: socket.socket | None) -> None:
        """Start the engine's thread."""
        settings = settings if settings is not None else self._store.load(must_start=True)
        self._grace_s = settings.shutdown_grace
        self._snapshot.set(empty_snapshot(preload=settings.preload))
        self._port_status.set(PortStatus())
        self._thread = DirectClient(
            settings,
            loop_factory=loop_factory(),
            around=lambda engine: self._with_port(engine, sock),
            on_end=self._on_end,
            name=USER_AGENT,
        )

    @asynccontextmanager
    async def _with_port(self, engine: Engine, sock: socket.socket | None) -> AsyncIterator[ControlHost]:
        """Run the engine and its port. Engine's loop."""
        from preheat.server import Port

        self._port = port = Port(engine, self._store, self._port_status.set, sock)
        unsubscribe = engine.subscribe(self._snapshot.set)
        # Not awaited: scanning thousands of models must not keep the port from answering.
        opening = asyncio.create_task(port.open(engine.settings))
        try:
            at_login, self._at_login = self._at_login, False  # not at a restart
            await engine.start(at_login=at_login)
            with port.live.following():
                yield ControlHost(engine, port.live)
        finally:
            self._grace_s = engine.settings.shutdown_grace
            await asyncio.gather(opening, return_exceptions=True)
            # Together: both let requests in progress finish, and share one grace.
            await asyncio.gather(port.close(), engine.stop())
            unsubscribe()

    def _on_end(self, reason: BaseException | None) -> None:
        if reason is not None:
            self._port_status.set(PortStatus(engine_error=_message(reason)))


def loop_factory() -> Callable[[], asyncio.AbstractEventLoop] | None:
    """Return what makes the engine's event loop; None for asyncio's own."""
    if sys.platform == "win32":
        return None
    import uvloop  # a streamed token costs a tenth less processor time than on asyncio's own loop

    return uvloop.new_event_loop


def _message(reason: BaseException) -> Message:
    if isinstance(reason, EngineError):
        return reason.message
    return msg("engine_failed", reason=str(reason) or type(reason).__name__)
