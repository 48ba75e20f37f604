"""Requests in progress. Each one ends early when its client disconnects or the server shuts down."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from enum import Enum

from starlette.types import Receive

from preheat.errors import EngineStoppedError
from preheat.messages import msg


class ClientGoneError(Exception):
    """The client has closed its connection."""


class _Reason(Enum):
    CLIENT_GONE = "client_gone"
    STOPPED = "stopped"


class _Answer:
    """One request in its task."""

    def __init__(self, task: asyncio.Task[object], *, subscription: bool) -> None:
        self.subscription = subscription
        self.reason: _Reason | None = None
        self._task = task

    def end(self, reason: _Reason) -> None:
        """Cancel the task, once."""
        if self.reason is None:
            self.reason = reason
            self._task.cancel()

    async def watch(self, receive: Receive) -> None:
        """End the request when its client disconnects."""
        while (await receive())["type"] != "http.disconnect":
            pass
        self.end(_Reason.CLIENT_GONE)

    def error(self) -> Exception | None:
        """Return what a cancellation of the task means; None if it did not come from ``end``."""
        if self.reason is None or self._task.uncancel() > 0:
            return None
        return ClientGoneError() if self.reason is _Reason.CLIENT_GONE else _stopped()


class InFlight:
    """All requests in progress. Engine thread only."""

    def __init__(self) -> None:
        self._answers: set[_Answer] = set()
        self._stopped = False

    def __len__(self) -> int:
        return len(self._answers)

    @asynccontextmanager
    async def answer(self, receive: Receive, *, subscription: bool = False) -> AsyncIterator[None]:
        """Run the block until it ends, the client disconnects or the server stops.

        Args:
            receive: The request's ``receive``, after its body was read.
            subscription: The answer is endless (events) and must not delay a shutdown.

        Raises:
            ClientGoneError: The client has disconnected.
            EngineStoppedError: ``end_all`` or ``end_subscriptions`` was called.
        """
        if self._stopped:
            raise _stopped()
        task = asyncio.current_task()
        assert task is not None
        answer = _Answer(task, subscription=subscription)
        self._answers.add(answer)
        watcher = asyncio.create_task(answer.watch(receive))
        try:
            yield
        except asyncio.CancelledError:
            error = answer.error()
            if error is None:
                raise
            raise error from None
        finally:
            self._answers.discard(answer)
            watcher.cancel()

    def end_subscriptions(self) -> None:
        """End the endless answers."""
        for answer in self._answers:
            if answer.subscription:
                answer.end(_Reason.STOPPED)

    def end_all(self) -> None:
        """End every answer, and refuse new ones."""
        self._stopped = True
        for answer in self._answers:
            answer.end(_Reason.STOPPED)


def _stopped() -> EngineStoppedError:
    return EngineStoppedError(msg("server_stopping"))
