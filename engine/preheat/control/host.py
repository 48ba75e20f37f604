"""The target of commands."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Final, TypeVar

from preheat.control.live_settings import LiveSettings
from preheat.errors import UnsupportedOperationError
from preheat.messages import msg

if TYPE_CHECKING:
    from preheat.core import Engine, ModelSnapshot
    from preheat.models.catalogue import Machine
    from preheat.models.hub import Hub
    from preheat.usage import UsageLog

T = TypeVar("T")

WRITTEN_WITHIN_S: Final = 0.5
"""Maximum wait for the newest records to be written, in seconds. A full disk may prevent that."""

_MOST_REPLAYS: Final = 2
"""Replays at once. Each is a process that computes for seconds."""


@dataclass(slots=True)
class ControlHost:
    """One engine with its settings and port. Engine's loop only; disk and network are waited for in other threads."""

    engine: Engine
    live: LiveSettings
    port: int = 0  # where the engine is reached; 0 without a port
    replaying: asyncio.Semaphore = field(init=False, default_factory=lambda: asyncio.Semaphore(_MOST_REPLAYS))
    _hub: Hub | None = field(default=None, init=False)

    @property
    def hub(self) -> Hub:
        """The model hub; nothing is asked of it yet."""
        from preheat.models.hub import Hub

        self._hub = self._hub or Hub()
        return self._hub

    async def machine(self) -> Machine:
        """Return what suggestions depend on."""
        from preheat.models.catalogue import Machine

        return Machine(self.engine.snapshot.memory.headroom, self.engine.settings, tuple(await self.engine.models()))

    async def model_id(self, name: str) -> str:
        """Return the id of the model with this name.

        Raises:
            ModelNotFoundError, AmbiguousModelError: No one model has this name.
        """
        return (await self.engine.find(name)).model_id

    def model(self, model_id: str) -> ModelSnapshot:
        """Return the snapshot of a model; a cold one if it has just been removed."""
        from preheat.core import ModelSnapshot, State

        return self.engine.snapshot.model(model_id) or ModelSnapshot(model_id, State.COLD, False, 0)

    async def read_log(self, read: Callable[[UsageLog], T]) -> T:
        """Return what ``read`` returns, in another thread, once the newest records are written.

        Raises:
            UnsupportedOperationError: No figures are kept.
        """
        log = self.engine.usage_log
        if log is None:
            raise UnsupportedOperationError(msg("no_usage_history"))

        def up_to_date() -> T:
            log.flush(WRITTEN_WITHIN_S)
            return read(log)

        return await asyncio.to_thread(up_to_date)
