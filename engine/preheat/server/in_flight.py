"""The answers being given now: each ends early when its client goes away or the server shuts down."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from enum import Enum

from starlette.types import Receive

from preheat.errors import EngineStoppedError


class ClientGoneError(Exception):
    """The client closed its connection; there is nobody to answer."""


class _Reason(Enum):
    CLIENT_GONE = "client_gone"
    STOPPED = "stopped"


class _Answer:
    """One answer in its task; ``end`` cancels the task from outside and says why."""

    def __init__(self, *, subscription: bool) -> None:
        self.subscription = subscription
        self.reason: _Reason | None = None
        task = asyncio.current_task()
        if task is None:
            raise RuntimeError("an answer needs a task")
        self._task = task

    def end(self, reason: _Reason) -> None:
        if self.reason is None:
            self.reason = reason
            self._task.cancel()

    async def watch(self, receive: Receive) -> None:
        while (await receive())["type"] != "http.disconnect":
            pass
        self.end(_Reason.CLIENT_GONE)

    def translate(self) -> BaseException | None:
        """Return what a cancellation of the task meant; None if it was not ours."""
        if self.reason is None or self._task.uncancel() > 0:
            return None
        if self.reason is _Reason.CLIENT_GONE:
            return ClientGoneError()
        return EngineStoppedError("Preheat is shutting down", hint="Start it again with 'preheat serve'")


class InFlight:
    """All answers being given. Engine thread only."""

    def __init__(self) -> None:
        self._answers: set[_Answer] = set()
        self._stopped = False

    def __len__(self) -> int:
        return len(self._answers)

    @asynccontextmanager
    async def answer(self, receive: Receive, *, subscription: bool = False) -> AsyncIterator[None]:
        """Run the block until its end, or until the client goes away or the server stops.

        Args:
            receive: The request's ``receive``, its body already read.
            subscription: The answer has no end of its own (events) and must not hold up a shutdown.

        Raises:
            ClientGoneError: The client closed the connection.
            EngineStoppedError: ``end_all`` or ``end_subscriptions`` was called.
        """
        answer = _Answer(subscription=subscription)
        if self._stopped:
            raise EngineStoppedError("Preheat is shutting down", hint="Start it again with 'preheat serve'")
        self._answers.add(answer)
        watcher = asyncio.create_task(answer.watch(receive))
        try:
            yield
        except asyncio.CancelledError:
            error = answer.translate()
            if error is None:
                raise
            raise error from None
        finally:
            self._answers.discard(answer)
            watcher.cancel()

    def end_subscriptions(self) -> None:
        """End the answers that would never end by themselves."""
        for answer in self._answers:
            if answer.subscription:
                answer.end(_Reason.STOPPED)

    def end_all(self) -> None:
        """End every answer, and refuse new ones."""
        self._stopped = True
        for answer in self._answers:
            answer.end(_Reason.STOPPED)
