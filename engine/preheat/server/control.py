"""The control endpoints that show and move models: /health, and /preheat/v1/ with status, events, load and unload."""

from __future__ import annotations

import asyncio
import logging
import os
from collections.abc import AsyncGenerator, Callable, Coroutine
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Final

from pydantic_core import to_json
from starlette.requests import Request
from starlette.responses import Response

from preheat._version import __version__
from preheat.control.snapshot_json import model_json, status_json
from preheat.core.snapshot import EngineSnapshot
from preheat.errors import EngineError
from preheat.server.generation import client_gone
from preheat.server.in_flight import ClientGoneError, InFlight
from preheat.server.parameters import flag
from preheat.server.sse import EventStream

if TYPE_CHECKING:
    from preheat.core.engine import Engine

logger = logging.getLogger(__name__)

KEEP_ALIVE_S: Final = 15.0
"""An event stream on which nothing happens sends a comment this often."""


@dataclass(frozen=True, slots=True)
class ControlApi:
    """What the command line and the dashboard ask for."""

    engine: Engine
    in_flight: InFlight
    port: int
    _background: set[asyncio.Task[None]] = field(default_factory=set)

    async def health(self) -> Response:
        """Answer at once, whatever is loading. ``app`` tells Preheat from another program on the port."""
        return json_response({"status": "ok", "app": "preheat", "version": __version__, "pid": os.getpid()})

    async def status(self) -> Response:
        """Answer with the whole engine as it is now."""
        return json_response(status_json(self.engine.refresh(), self.port))

    async def events(self) -> Response:
        """Stream the status: now, and at every change; a slow reader gets the latest only."""
        return EventStream(
            self._events, self.in_flight, header_delay_s=0.0, comment=lambda: "preheat", subscription=True
        )

    async def load(self, request: Request) -> Response:
        """Make a model hot; with ``?wait=false`` answer at once."""
        model_id = (await self.engine.find(request.path_params["model_id"])).model_id
        return await self._command(request, model_id, self.engine.load)

    async def unload(self, request: Request) -> Response:
        """Release a model's memory, or stop its load; with ``?wait=false`` answer at once."""
        model_id = (await self.engine.find(request.path_params["model_id"])).model_id
        return await self._command(request, model_id, self.engine.unload)

    async def _command(
        self, request: Request, model_id: str, command: Callable[[str], Coroutine[Any, Any, None]]
    ) -> Response:
        waits = flag(request, "wait", True)
        # In a task of its own: a client that goes away does not undo what it asked for.
        task = asyncio.create_task(command(model_id))
        self._background.add(task)
        task.add_done_callback(self._background.discard)
        task.add_done_callback(_log_failure)
        if not waits:
            return json_response(self._model_json(model_id), 202)
        try:
            async with self.in_flight.answer(request.receive):
                await asyncio.shield(task)
        except ClientGoneError:
            return client_gone()
        return json_response(self._model_json(model_id))

    def _model_json(self, model_id: str) -> dict[str, Any]:
        model = self.engine.snapshot.model(model_id)
        return {"id": model_id} if model is None else model_json(model)

    async def _events(self) -> AsyncGenerator[bytes, None]:
        latest: EngineSnapshot | None = None
        changed = asyncio.Event()

        def on_snapshot(snapshot: EngineSnapshot) -> None:
            nonlocal latest
            latest = snapshot
            changed.set()

        unsubscribe = self.engine.subscribe(on_snapshot)
        try:
            while True:
                try:
                    async with asyncio.timeout(KEEP_ALIVE_S):
                        await changed.wait()
                except TimeoutError:
                    yield b": preheat\n\n"
                    continue
                changed.clear()
                if latest is not None:
                    yield b"data: " + to_json(status_json(latest, self.port)) + b"\n\n"
        finally:
            unsubscribe()


def _log_failure(task: asyncio.Task[None]) -> None:
    """Take note of a failure, which nobody may be waiting for any more."""
    error = None if task.cancelled() else task.exception()
    if isinstance(error, EngineError):
        logger.info("command failed: %s", error)
    elif error is not None:
        logger.error("command failed", exc_info=error)


def json_response(content: dict[str, Any], status: int = 200) -> Response:
    """Return a whole answer in JSON."""
    return Response(to_json(content), status, media_type="application/json")
