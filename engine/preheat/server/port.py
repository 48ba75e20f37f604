"""The port of an engine in this process: opened, reopened with other settings, closed."""

from __future__ import annotations

import asyncio
import logging
import socket
import sys
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from preheat.control import LiveSettings, PortStatus, base_url
from preheat.errors import EngineError, PortInUseError, reason_of
from preheat.messages import msg
from preheat.server.listening import is_free, listen, listen_for_ollama, names_dead_process, port_in_use
from preheat.server.serve import serve

if TYPE_CHECKING:
    from preheat.core import Engine
    from preheat.settings import Settings, SettingsStore

logger = logging.getLogger(__name__)

_CLOSING_S: Final = 2.0  # a stopping server closes its socket within a tenth of a second
_RETRY_S: Final = 1.0  # between two attempts at a port that another process has
_POLL_S: Final = 0.02


@dataclass(frozen=True, slots=True)
class _Server:
    """One opening of the port."""

    task: asyncio.Task[None]
    sock: socket.socket
    ollama_sock: socket.socket | None
    settings: Settings


class Port:
    """One engine's port. The engine also runs without it; the status has the reason. Engine's loop only.

    Args:
        on_status: Called with every new status.
        sock: A listening socket for the first opening, if already open.
    """

    def __init__(
        self,
        engine: Engine,
        store: SettingsStore,
        on_status: Callable[[PortStatus], None],
        sock: socket.socket | None = None,
    ) -> None:
        self.live = LiveSettings(engine, store, self.open)
        self._engine = engine
        self._on_status = on_status
        self._first_sock = sock
        self._server: _Server | None = None
        self._ending: set[asyncio.Task[None]] = set()
        self._opening = asyncio.Lock()
        self._retrying: asyncio.Task[None] | None = None
        self._closed = False

    async def open(self, settings: Settings) -> bool:
        """Open or reopen the port with these settings; return whether that worked.

        Requests in progress complete on the old one, which stays or is opened again if the new one fails. If another
        process has the port, it is opened once that process ends.
        """
        self._stop_retrying()
        async with self._opening:
            if self._closed:
                return False
            old = self._server
            try:
                sock = await self._listen(settings)
                await self._start(sock, settings)
            except (EngineError, OSError) as error:
                await self._fall_back(old, _as_engine_error(error))
                if isinstance(error, PortInUseError):
                    self._retrying = asyncio.create_task(self._retry(settings, error), name="port retry")
                return False
            if old is not None and old.ollama_sock is not None and not settings.ollama_port:
                await self._stop_accepting(old)  # so that Ollama's port is free from now on
            elif old is not None:
                self._end(old)
            self._tell(None)
            return True

    async def close(self) -> None:
        """Stop accepting, and let requests in progress complete within ``shutdown_grace``."""
        self._stop_retrying()
        async with self._opening:
            self._closed = True
            if self._server is not None:
                self._end(self._server)
                self._server = None
            if self._first_sock is not None:
                self._first_sock.close()
        await asyncio.gather(*self._ending, return_exceptions=True)
        self._on_status(PortStatus())

    async def _retry(self, settings: Settings, error: PortInUseError) -> None:
        """Open the port once it is free; meanwhile, do not name a process that has ended."""
        await asyncio.sleep(_RETRY_S)
        while not await asyncio.to_thread(is_free, settings.host, settings.port):
            if names_dead_process(error):
                error = await asyncio.to_thread(port_in_use, settings.host, settings.port)
                self._tell(error)
            await asyncio.sleep(_RETRY_S)
        self._retrying = None  # so that this task is not cancelled
        if await self.open(settings):
            logger.info("the port is free again, and open")

    def _stop_retrying(self) -> None:
        if self._retrying is not None:
            self._retrying.cancel()
            self._retrying = None

    async def _listen(self, settings: Settings) -> socket.socket:
        """Return a listening socket; the old server's own for the same address, so that no client is refused."""
        sock, self._first_sock = self._first_sock, None
        if sock is not None:
            return sock
        old = self._server
        if old is not None and old.settings.port == settings.port:
            # Windows ties a socket to one event queue permanently: its copy could not be waited on again.
            if old.settings.host == settings.host and sys.platform != "win32":
                return old.sock.dup()
            # The old address may cover the new one, or the other way round.
            await self._stop_accepting(old)
        return await asyncio.to_thread(listen, settings.host, settings.port)

    async def _listen_for_ollama(self, settings: Settings) -> socket.socket | None:
        """Return a socket on Ollama's port, if wanted and free; the old server's own for the same address."""
        old = self._server
        if old is not None and old.ollama_sock is not None and settings.ollama_port:
            if old.settings.host == settings.host and sys.platform != "win32" and old.ollama_sock.fileno() >= 0:
                return old.ollama_sock.dup()
            await self._stop_accepting(old)
        return await asyncio.to_thread(listen_for_ollama, settings)

    async def _start(self, sock: socket.socket, settings: Settings) -> None:
        """Serve on the socket; return when it answers. Raises errors of the start."""
        ollama_sock = await self._listen_for_ollama(settings)
        ready = asyncio.get_running_loop().create_future()
        served = serve(
            self._engine, settings, sock=sock, ollama_sock=ollama_sock, on_ready=ready.set_result, live=self.live
        )
        task = asyncio.create_task(served, name="port")
        await asyncio.wait({task, ready}, return_when=asyncio.FIRST_COMPLETED)
        if task.done():
            task.result()
            raise EngineError(msg("port_closed"))
        self._server = _Server(task, sock, ollama_sock, settings)
        task.add_done_callback(self._ended)

    async def _fall_back(self, old: _Server | None, error: EngineError) -> None:
        """Continue with the old port, if there is one, and report the error of the new one."""
        logger.warning("the port was not opened: %s", error)
        if old is not None and old.task not in self._ending and not old.task.done():
            self._tell(error)
            return
        self._server = None
        if old is not None:
            try:
                sock = await asyncio.to_thread(listen, old.settings.host, old.settings.port)
                await self._start(sock, old.settings)
            except (EngineError, OSError) as again:
                logger.warning("the old port was not reopened either: %s", again)
        self._tell(error)

    async def _stop_accepting(self, server: _Server) -> None:
        self._end(server)
        with suppress(TimeoutError):
            async with asyncio.timeout(_CLOSING_S):
                while server.sock.fileno() >= 0:
                    await asyncio.sleep(_POLL_S)

    def _end(self, server: _Server) -> None:
        """Let a server complete its requests and end."""
        if server.task not in self._ending and not server.task.done():
            self._ending.add(server.task)
            server.task.cancel()  # once: the second time would cut off answers in flight

    def _ended(self, task: asyncio.Task[None]) -> None:
        self._ending.discard(task)
        bug = None if task.cancelled() else task.exception()
        if bug is not None:
            logger.error("the port has closed", exc_info=bug)
        if self._server is not None and self._server.task is task and not self._closed:
            self._server = None
            self._tell(_as_engine_error(bug) if bug is not None else None)

    def _tell(self, error: EngineError | None) -> None:
        server = self._server
        url = None if server is None else base_url(server.settings.host, server.sock.getsockname()[1])
        self._on_status(PortStatus(url, error))


def _as_engine_error(error: BaseException) -> EngineError:
    if isinstance(error, EngineError):
        return error
    return EngineError(msg("port_not_opened", reason=reason_of(error)))
