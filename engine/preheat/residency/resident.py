"""One model's residency: its state, its worker, and who uses it. Only the pool and its parts write it."""

from __future__ import annotations

import asyncio
import time
from dataclasses import dataclass
from typing import Final

from preheat.errors import ModelLoadError
from preheat.inference import ModelInfo
from preheat.inference.client import WorkerClient
from preheat.models import ModelFile
from preheat.residency.decisions import Cause
from preheat.residency.states import State

_FREE_FAILURES: Final = 1
"""After so many failures in a row the next request still loads at once."""

_MAX_PAUSE_S: Final = 60.0

OVERDUE_S: Final = 30.0
"""After so long without a gap between requests, new ones wait until an outdated model has been loaded anew."""

_TELLING_S: Final = 0.2
"""Before that, a load's progress tells nothing of its speed."""


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
        promised_bytes: What room was made for: what it is expected to hold in use. 0 unless it is in memory or on its
            way; buffers and much of the KV cache are touched only when requests come, so it holds less at first.
        held_bytes: What its worker was last measured to hold.
        hot_since: Unix time at which it last became hot; 0 before that.
        began_at: Monotonic time at which the last load was asked for.
        loading_since: Monotonic time at which its worker began to load, later by as long as it has been held.
        unused: No request has used it since it became hot.
        keep_alive_s: Unload it after so long without a request; negative keeps it; None leaves that to the
            settings.
        idle_timer: Looks again whether it has been idle for so long.
        outdated_at: Unix time since which it is hot with settings that have changed meanwhile, or, while it loads, at
            which they changed; None if they did not. It is loaded anew when it is idle. So it is when its file changes.
        replaced: It is outdated because its file is another now.
        held_at: Monotonic time since which its load waits, because answers are being given; None if it does not.
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
    reserved_bytes: int = 0
    held_bytes: int = 0
    progress: float | None = None
    error: str | None = None
    last_used_at: float | None = None
    load_s: float | None = None
    hot_since: float = 0.0
    began_at: float = 0.0
    loading_since: float = 0.0
    unused: bool = False
    keep_alive_s: float | None = None
    idle_timer: asyncio.TimerHandle | None = None
    outdated_at: float | None = None
    replaced: bool = False
    held_at: float | None = None
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

    @property
    def outdated(self) -> bool:
        """Whether it was loaded with settings that have changed since."""
        return self.outdated_at is not None

    def overdue(self, now: float) -> bool:
        """Whether it is hot with settings that changed long ago; ``now`` is Unix time."""
        return self.state is State.HOT and self.outdated_at is not None and now - self.outdated_at >= OVERDUE_S

    @property
    def taken_bytes(self) -> int:
        """What of the memory limit is its: what it was promised, or holds where that is more."""
        return max(self.reserved_bytes, self.held_bytes)

    @property
    def held(self) -> bool:
        """Whether its load waits, because answers are being given."""
        return self.held_at is not None

    def hold(self, hold: bool) -> None:
        """Let its load wait, or go on."""
        now = time.monotonic()
        if self.held_at is not None:
            self.loading_since += now - self.held_at
        self.held_at = now if hold else None
        if self.worker is not None:
            self.worker.hold_load(hold)

    @property
    def load_left_s(self) -> float | None:
        """How long the running load will still take if it goes on like this, in seconds; None if that is not known."""
        elapsed_s = time.monotonic() - self.loading_since
        if self.state is not State.LOADING or self.held or not self.progress or elapsed_s < _TELLING_S:
            return None
        return elapsed_s * (1 - self.progress) / self.progress

    @property
    def preloading(self) -> bool:
        """Whether it is on its way into memory with nobody waiting."""
        return self.loads and self.speculative and not self.leased

    def forget_worker(self) -> None:
        """Take note that its worker and its memory have gone."""
        self.worker = self.info = self.progress = None
        self.keep_alive_s = None  # a wish about the loaded model, not about the next load
        self.reserved_bytes = self.held_bytes = 0

    def stop_idle_timer(self) -> None:
        """Look no more whether it has been idle for long enough."""
        if self.idle_timer is not None:
            self.idle_timer.cancel()
            self.idle_timer = None

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
