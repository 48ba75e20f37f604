"""Claims of requests on models, and the answers that they and other callers wait for."""

from __future__ import annotations

import asyncio
import itertools
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import Any, NamedTuple, TypeAlias

from preheat.errors import EngineError
from preheat.residency.decisions import Outcome
from preheat.residency.processes.handles import HotModel

Answer: TypeAlias = asyncio.Future[Any]
"""A hot model for a request; None for callers that only wait."""


@dataclass(frozen=True, slots=True)
class Claim:
    """A request's claim on a model, from its arrival to its end. Made by ``ResidencyExecutor.request``.

    Attributes:
        outcome: How the request found its model.
        saved_s: Load seconds that it was spared.
    """

    outcome: Outcome
    saved_s: float
    _answer: Answer
    _release: Callable[[bool, float | None], None]

    async def hot(self) -> HotModel:
        """Return the model when it is hot; it stays so until ``release``.

        Raises:
            InsufficientMemoryError: It does not fit, even if every idle model goes.
            ModelLoadError: It failed, or failed several times just now and is not tried again yet.
            LoadTimeoutError: It took longer than ``load_timeout``.
            LoadCancelledError: It was unloaded meanwhile.
            EngineStoppedError: Preheat is shutting down.
        """
        hot: HotModel = await self._answer
        return hot

    def release(self, *, answered: bool = False, keep_alive_s: float | None = None) -> None:
        """End the claim; further calls do nothing.

        Args:
            answered: The model did its work.
            keep_alive_s: Unload the model after this idle time; 0 at once, negative never, None changes nothing.
        """
        self._release(answered, keep_alive_s)


class _Caller(NamedTuple):
    answer: Answer
    client: str | None  # None for a command


class Callers:
    """Those who wait for models or use them, by the id that ``decide`` knows them by. Engine's loop only."""

    def __init__(self) -> None:
        self._callers: dict[int, _Caller] = {}
        self._ids = itertools.count(1)

    def add(self, client: str | None = None) -> tuple[int, Answer]:
        """Return the id of a new caller, and its answer."""
        waiter_id = next(self._ids)
        answer: Answer = asyncio.get_running_loop().create_future()
        # Its exception need not be retrieved: the caller may be cancelled at the same time.
        answer.add_done_callback(lambda done: done.cancelled() or done.exception())
        self._callers[waiter_id] = _Caller(answer, client)
        return waiter_id, answer

    def remove(self, waiter_id: int) -> bool:
        """Forget a caller; return whether it was known."""
        return self._callers.pop(waiter_id, None) is not None

    def clients(self, waiter_ids: Iterable[int]) -> tuple[str, ...]:
        """Return the names of the clients among these callers, each one once."""
        clients = (self._callers[waiter_id].client for waiter_id in waiter_ids)
        return tuple(dict.fromkeys(client for client in clients if client is not None))

    def grant(self, waiter_id: int, model: HotModel | None) -> None:
        """Answer a caller."""
        answer = self._callers[waiter_id].answer
        if not answer.done():  # otherwise its task is being cancelled
            answer.set_result(model)

    def reject(self, waiter_id: int, error: EngineError) -> None:
        """Let a caller fail."""
        answer = self._callers[waiter_id].answer
        if not answer.done():
            answer.set_exception(error)
