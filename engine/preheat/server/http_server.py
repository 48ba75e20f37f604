"""uvicorn, bent to end the way Preheat wants: at once when idle, politely when not, and now when asked twice."""

from __future__ import annotations

import asyncio
import contextlib
import logging
import math
import socket
from collections.abc import Callable, Iterator
from typing import Final

import uvicorn
from starlette.types import ASGIApp

from preheat.server.in_flight import InFlight

logger = logging.getLogger(__name__)

KEEP_ALIVE_S: Final = 75
"""An idle connection stays open so long: longer than clients keep theirs, so that none is reused as it closes."""

_LAST_WORDS_S: Final = 0.2
"""Answers that are cut off get so long to tell their clients."""


class HttpServer(uvicorn.Server):
    """One run of the port. ``stop`` may be called on the engine thread at any time, once or twice."""

    def __init__(self, app: ASGIApp, in_flight: InFlight, *, grace_s: float) -> None:
        config = uvicorn.Config(
            app,
            log_config=None,
            log_level="warning",  # Preheat says itself when it starts and ends
            access_log=False,  # AccessMiddleware has its own, without query strings
            lifespan="off",
            ws="none",
            proxy_headers=False,  # nobody may pretend to be somebody else
            server_header=False,
            timeout_keep_alive=KEEP_ALIVE_S,
            # A backstop only: in_flight ends answers after the grace.
            timeout_graceful_shutdown=math.ceil(grace_s) + 2,
        )
        super().__init__(config)
        self._in_flight = in_flight
        self._grace_s = grace_s
        self._stops = 0

    async def run_until_stopped(self, sock: socket.socket, on_ready: Callable[[], None]) -> None:
        """Answer on the socket until ``stop``; call ``on_ready`` when answering begins."""
        self._on_ready = on_ready
        try:
            await self.serve(sockets=[sock])
        finally:
            # A task that is cancelled, as when the whole loop ends, has skipped uvicorn's own end.
            for server in self.servers:
                server.close()
            self._close_connections()

    def stop(self) -> None:
        """The first time: accept nothing more, finish what is in flight. The second: end now."""
        self._stops += 1
        self.should_exit = True
        if self._stops == 1:
            self._in_flight.end_subscriptions()
            waiting = len(self._in_flight)
            if waiting:
                logger.info("shutting down after %d answers in flight", waiting)
        else:
            self._end_now()

    @contextlib.contextmanager
    def capture_signals(self) -> Iterator[None]:
        """Leave signals alone: ``serve`` handles them, and uvicorn would raise them again at the end."""
        yield

    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        """Begin to answer."""
        await super().startup(sockets)
        self._on_ready()

    async def shutdown(self, sockets: list[socket.socket] | None = None) -> None:
        """Finish what is in flight, within the grace."""
        timer = asyncio.get_running_loop().call_later(self._grace_s, self._end_now)
        try:
            await super().shutdown(sockets)
        finally:
            timer.cancel()

    def _end_now(self) -> None:
        self._in_flight.end_all()
        asyncio.get_running_loop().call_later(_LAST_WORDS_S, self._close_connections)

    def _close_connections(self) -> None:
        for connection in list(self.server_state.connections):
            connection.transport.abort()
        self.force_exit = True
