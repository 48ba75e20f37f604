"""Requests in progress. Each one ends early when its client disconnects or the server shuts down."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from typing import Final

from starlette.types import Receive, Scope

from preheat.errors import EngineStoppedError
from preheat.messages import msg

CLOSED_KEY: Final = "preheat.closed"
"""In the scope of a request: a future that is done when its connection is closed."""


class ClientGoneError(Exception):
    """The client has closed its connection."""


@dataclass(slots=True, eq=False)
class _Answer:
    """A request in its task, and the error that it ends with if it ends early."""

    task: asyncio.Task[object]
    subscription: bool
    error: Exception | None = None

    def end(self, error: Exception) -> None:
        if self.error is None:
            self.error = error
            self.task.cancel()

    async def watch(self, receive: Receive) -> None:
        while (await receive())["type"] != "http.disconnect":
            pass
        self.client_gone()

    def client_gone(self, _: object = None) -> None:
        self.end(ClientGoneError())


class InFlight:
    """All requests in progress. Engine thread only."""

    def __init__(self) -> None:
        self._answers: set[_Answer] = set()
        self._stopped = False

    def __len__(self) -> int:
        return len(self._answers)

    @asynccontextmanager
    async def answer(self, scope: Scope, receive: Receive, *, subscription: bool = False) -> AsyncIterator[None]:
        """Run the block until it ends, the client disconnects or the server stops. The body has been read.

        A ``subscription`` is endless (events) and must not delay a shutdown.

        Raises:
            ClientGoneError: The client has disconnected.
            EngineStoppedError: ``end_all`` or ``end_subscriptions`` was called.
        """
        if self._stopped:
            raise EngineStoppedError(msg("server_stopping"))
        task = asyncio.current_task()
        assert task is not None
        answer = _Answer(task, subscription)
        self._answers.add(answer)
        closed: asyncio.Future[None] | None = scope.get(CLOSED_KEY)
        watcher = None
        if closed is not None:  # costs a request less than a task does
            closed.add_done_callback(answer.client_gone)
        else:
            watcher = asyncio.create_task(answer.watch(receive))
        try:
            yield
        except asyncio.CancelledError:
            if answer.error is None or task.uncancel() > 0:  # cancelled from outside
                raise
            raise answer.error from None
        finally:
            self._answers.discard(answer)
            if closed is not None:
                closed.remove_done_callback(answer.client_gone)
            if watcher is not None:
                watcher.cancel()

    def end_subscriptions(self) -> None:
        """End the endless answers."""
        for answer in self._answers:
            if answer.subscription:
                answer.end(EngineStoppedError(msg("server_stopping")))

    def end_all(self) -> None:
        """End every answer, and refuse new ones."""
        self._stopped = True
        for answer in self._answers:
            answer.end(EngineStoppedError(msg("server_stopping")))
