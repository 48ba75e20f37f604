"""One model's residency: its state, its worker, and who uses it. Only the pool writes it."""

from __future__ import annotations

import asyncio
import time
from dataclasses import dataclass
from enum import StrEnum
from typing import Final

from preheat.errors import ModelLoadError
from preheat.inference.client import WorkerClient
from preheat.inference.requests import ModelInfo
from preheat.library import ModelFile
from preheat.residency.states import State

_FREE_FAILURES: Final = 1
"""After so many failures in a row the next request still loads at once."""

_MAX_PAUSE_S: Final = 60.0


class Cause(StrEnum):
    """Why a model is loaded."""

    REQUEST = "request"
    PRELOAD = "preload"


@dataclass(slots=True, eq=False)
class Resident:
    """A model and what is known of its residency.

    Attributes:
        loading: Done when the running load ends; holds its error. None when no load runs.
        task: The running load or unload.
        leaving: It was told to go and is not gone yet.
        cause: Why it was loaded last; a request that joins a preload turns it into its own.
        reason: The same in words.
        leases: Requests being answered.
        waiters: Requests waiting for it to become hot.
        held_bytes: What its worker was measured to hold, or is expected to while it loads.
        began_at: Monotonic time at which the last load was asked for.
        unused: No request has used it since it became hot.
        keep_alive_s: Unload it after so long without a request; negative keeps it; None leaves that to the limit.
        idle_timer: Looks again whether it has been idle for so long.
        outdated: It was loaded with settings that have changed since; it is loaded anew when it is idle.
        replaced: It is outdated because its file is another now.
        held: Its load waits, because answers are being given.
        deadline: When the running load is given up; stands still while it is held.
        failures: Failed loads and dead workers since the last answer, in a row.
        retry_at: Monotonic time before which it is not loaded again.
    """

    model: ModelFile
    state: State = State.COLD
    worker: WorkerClient | None = None
    info: ModelInfo | None = None
    loading: asyncio.Future[None] | None = None
    task: asyncio.Task[None] | None = None
    cause: Cause = Cause.REQUEST
    reason: str = ""
    leaving: bool = False
    leases: int = 0
    waiters: int = 0
    held_bytes: int = 0
    progress: float | None = None
    error: str | None = None
    last_used_at: float | None = None
    load_s: float | None = None
    began_at: float = 0.0
    unused: bool = False
    keep_alive_s: float | None = None
    idle_timer: asyncio.TimerHandle | None = None
    outdated: bool = False
    replaced: bool = False
    held: bool = False
    deadline: asyncio.Timeout | None = None
    failures: int = 0
    retry_at: float = 0.0

    @property
    def model_id(self) -> str:
        """The model's id."""
        return self.model.model_id

    @property
    def leased(self) -> bool:
        """Whether a request uses it or waits for it."""
        return self.leases + self.waiters > 0

    @property
    def speculative(self) -> bool:
        """Whether it is being preloaded with nobody waiting, or was, and no request has used it since."""
        return self.cause is Cause.PRELOAD and (self.unused or self.loads)

    @property
    def loads(self) -> bool:
        """Whether it is on its way into memory."""
        return self.state in (State.QUEUED, State.LOADING, State.WARMING)

    def note_failure(self, reason: str) -> None:
        """Count a failure; loads after repeated ones wait 1, 2, 4, ... seconds, a minute at most."""
        self.error = reason
        self.failures += 1
        pause_s = min(2.0 ** (self.failures - _FREE_FAILURES - 1), _MAX_PAUSE_S)
        self.retry_at = time.monotonic() + (pause_s if self.failures > _FREE_FAILURES else 0.0)

    def check_back_off(self) -> None:
        """Do nothing when a load may start.

        Raises:
            ModelLoadError: It failed several times just now.
        """
        remaining_s = self.retry_at - time.monotonic()
        if remaining_s > 0:
            raise ModelLoadError(
                f"{self.model_id} failed {self.failures} times in a row: {self.error}",
                hint=f"It is tried again in {remaining_s:.0f} s at the earliest",
                retry_after_s=remaining_s,
            )
