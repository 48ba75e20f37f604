"""Loads what is likely to be needed, one model at a time, whenever the machine has nothing better to do."""

from __future__ import annotations

import asyncio
import contextlib
import logging
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Final, Protocol

from preheat.errors import EngineError
from preheat.models import ModelFile
from preheat.preload.gate import Hold
from preheat.preload.policy import PreloadPlan
from preheat.preload.round import Round
from preheat.residency import EvictionReason

logger = logging.getLogger(__name__)

REPLAN_S: Final = 300.0
"""Without any other reason a plan is made anew so often: hours change, and what was just used no longer is."""

FAILED_PAUSE_S: Final = 60.0
"""A model whose preload failed is left alone for so long; a request may still load it."""


@dataclass(frozen=True, slots=True)
class Wanted:
    """One preload to do.

    Attributes:
        reason: Why, in words for the user.
        displaces: Models that make way.
        expected_bytes: What it will take.
    """

    model: ModelFile
    reason: str
    displaces: tuple[str, ...]
    expected_bytes: int


class Planner(Protocol):
    """Who decides; the director. Called on the engine's loop."""

    def hold(self) -> Hold | None:
        """Return what speaks against preloading now."""

    def plan(self) -> PreloadPlan:
        """Return what should be hot, as of now."""

    def wanted(self, plan: PreloadPlan, skip: Mapping[str, float]) -> tuple[Wanted, ...]:
        """Return the preloads of the plan, the first one first, but for the models in ``skip``."""

    def start_standby(self, plan: PreloadPlan) -> None:
        """Begin to read the files of the next best models into the page cache."""

    def stop_standby(self) -> None:
        """Stop reading ahead."""


class Loads(Protocol):
    """Who loads; the pool. Called on the engine's loop."""

    async def preload(self, model: ModelFile, reason: str, displaces: Sequence[str]) -> bool:
        """Make the model hot with nobody waiting; return whether it is."""

    def cancel_preloads(self, why: EvictionReason, reason: str) -> None:
        """Cancel the preloads that run."""


class Preloader:
    """Runs on the engine's loop until cancelled.

    Args:
        pool: Loads.
        planner: Decides what, and whether now.
        on_change: Told when the round has gone a step further.
        clock: Gives monotonic time.
    """

    def __init__(
        self,
        pool: Loads,
        planner: Planner,
        on_change: Callable[[], None],
        *,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._pool = pool
        self._planner = planner
        self._on_change = on_change
        self._clock = clock
        self._nudged = asyncio.Event()
        self._failed: dict[str, float] = {}
        self.round = Round()
        """What is being preloaded, and how far that is; to be read only."""
        self.idle = asyncio.Event()
        """Set while all is loaded that should be, and nothing has changed since."""

    def nudge(self) -> None:
        """Something has changed that the plan may depend on, or that speaks against the preload that runs."""
        self.idle.clear()
        self._nudged.set()

    async def run(self) -> None:
        """Preload for ever."""
        while True:
            self._nudged.clear()
            pause_s = await self._step()
            if pause_s > 0:
                await self._sleep(pause_s)

    async def _step(self) -> float:
        """Do the next thing; return how long to wait for a change before the one after, in seconds."""
        hold = self._planner.hold()
        if hold is not None:
            self._planner.stop_standby()
            if not hold.brief:
                self._end_round()
            return REPLAN_S if hold.again_s is None else hold.again_s
        now = self._clock()
        self._failed = {model_id: until for model_id, until in self._failed.items() if until > now}
        plan = self._planner.plan()
        wanted = self._planner.wanted(plan, self._failed)
        if not wanted:
            self._end_round()
            self._planner.start_standby(plan)
            if not self._nudged.is_set():
                self.idle.set()
            return min([REPLAN_S, *(until - now for until in self._failed.values())])
        self._planner.stop_standby()
        self.round.plan({each.model.model_id: each.expected_bytes for each in wanted})
        await self._preload(wanted[0])
        self._on_change()
        return 0.0

    async def _preload(self, wanted: Wanted) -> None:
        model_id = wanted.model.model_id
        watching = asyncio.create_task(self._cancel_when_unwanted())
        try:
            if await self._pool.preload(wanted.model, wanted.reason, wanted.displaces):
                self.round.loaded(model_id)
        except EngineError as error:
            logger.info("preloading %s: %s", model_id, error)
            self._failed[model_id] = self._clock() + self._pause_after(error)
        finally:
            watching.cancel()
            await asyncio.gather(watching, return_exceptions=True)

    async def _cancel_when_unwanted(self) -> None:
        """Look, at every change, whether something has begun that cancels the preload that runs."""
        while True:
            hold = self._planner.hold()
            if hold is not None and hold.cancels is not None:
                self._pool.cancel_preloads(hold.cancels, hold.reason)
            self._nudged.clear()
            await self._nudged.wait()

    def _end_round(self) -> None:
        if self.round.total:
            self.round.end()
            self._on_change()

    @staticmethod
    def _pause_after(error: EngineError) -> float:
        # What made way for a request is wanted again as soon as the machine is idle.
        return 0.0 if error.code == "load_cancelled" else FAILED_PAUSE_S

    async def _sleep(self, seconds: float) -> None:
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(seconds):
                await self._nudged.wait()
