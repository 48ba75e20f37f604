"""uvicorn with Preheat's shutdown: at once when idle, gracefully when busy, immediately on the second request."""

from __future__ import annotations

import asyncio
import contextlib
import logging
import math
import socket
from collections.abc import Callable, Iterator, Sequence
from typing import Final

import uvicorn
from starlette.types import ASGIApp

from preheat.installation import ending_grace
from preheat.server.connection_limit import raise_descriptor_limit
from preheat.server.connections import GuardedConnection
from preheat.server.in_flight import InFlight

logger = logging.getLogger(__name__)

KEEP_ALIVE_S: Final = 75
"""Timeout of idle connections: longer than that of clients, so that none is reused while it closes."""

_TICK_S: Final = 1.0

_FINAL_EVENTS_S: Final = 0.2
"""Time for interrupted streams to send their error."""


class HttpServer(uvicorn.Server):
    """One run of the port. Engine thread only."""

    def __init__(self, app: ASGIApp, in_flight: InFlight, *, grace_s: float) -> None:
        config = uvicorn.Config(
            app,
            http=GuardedConnection,
            log_config=None,
            log_level="warning",  # Preheat logs start and end itself
            access_log=False,  # AccessMiddleware has its own, without query strings
            lifespan="off",
            ws="none",
            proxy_headers=False,  # clients must not choose their address
            server_header=False,
            timeout_keep_alive=KEEP_ALIVE_S,
        )
        super().__init__(config)
        self._in_flight = in_flight
        self._grace_s = grace_s
        self._stops = 0
        self._stopped = asyncio.Event()

    async def run_until_stopped(self, socks: Sequence[socket.socket], on_ready: Callable[[], None]) -> None:
        """Serve on the sockets until ``stop``; call ``on_ready`` when it accepts requests."""
        self._on_ready = on_ready
        try:
            await self.serve(sockets=list(socks))
        finally:
            # uvicorn's own cleanup is skipped when the task is cancelled.
            for server in self.servers:
                server.close()
            self._close_connections()

    def stop(self) -> None:
        """Stop accepting and finish requests in progress; on the second call, end now."""
        self._stops += 1
        self.should_exit = True
        self._stopped.set()
        if self._stops == 1:
            self._in_flight.end_subscriptions()
            waiting = len(self._in_flight)
            if waiting:
                logger.info("shutting down after %d requests in progress", waiting)
        else:
            self._end_now()

    @contextlib.contextmanager
    def capture_signals(self) -> Iterator[None]:
        """Ignore signals: ``serve`` handles them, and uvicorn would raise them again at the end."""
        yield

    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        """Start to serve."""
        raise_descriptor_limit()
        await super().startup(sockets)
        self._on_ready()

    async def main_loop(self) -> None:
        """Update the Date header each second until ``stop``. uvicorn polls ten times a second, also when idle."""
        while not await self.on_tick(0):
            with contextlib.suppress(TimeoutError):
                await asyncio.wait_for(self._stopped.wait(), _TICK_S)

    async def shutdown(self, sockets: list[socket.socket] | None = None) -> None:
        """Finish requests in progress within the grace period."""
        grace_s = ending_grace(self._grace_s)
        # Only a safety net: ``InFlight`` ends requests after the grace period.
        self.config.timeout_graceful_shutdown = math.ceil(grace_s) + 2
        timer = asyncio.get_running_loop().call_later(grace_s, self._end_now)
        try:
            await super().shutdown(sockets)
        finally:
            timer.cancel()

    def _end_now(self) -> None:
        self._in_flight.end_all()
        asyncio.get_running_loop().call_later(_FINAL_EVENTS_S, self._close_connections)

    def _close_connections(self) -> None:
        for connection in list(self.server_state.connections):
            connection.transport.abort()
        self.force_exit = True
