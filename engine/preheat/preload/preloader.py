"""Loads what is likely to be needed, one model at a time, whenever the machine has nothing better to do."""

from __future__ import annotations

import asyncio
import contextlib
import logging
import time
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final, Protocol

from preheat.errors import EngineError
from preheat.library import ModelFile
from preheat.preload.gate import Hold
from preheat.preload.policy import PreloadPlan
from preheat.residency import Pool

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
    """

    model: ModelFile
    reason: str
    displaces: tuple[str, ...]


class Planner(Protocol):
    """Who decides; the engine. Called on its loop."""

    def hold(self) -> Hold | None:
        """Return what speaks against preloading now."""

    def plan(self) -> PreloadPlan:
        """Return what should be hot, as of now."""

    def wanted(self, plan: PreloadPlan, skip: Mapping[str, float]) -> Wanted | None:
        """Return the first preload of the plan but for the models in ``skip``; None if there is none."""

    def start_standby(self, plan: PreloadPlan) -> None:
        """Begin to read the files of the next best models into the page cache."""

    def stop_standby(self) -> None:
        """Stop reading ahead."""


class Preloader:
    """Runs on the engine's loop until cancelled.

    Args:
        planner: Decides what, and whether now.
    """

    def __init__(self, pool: Pool, planner: Planner) -> None:
        self._pool = pool
        self._planner = planner
        self._nudged = asyncio.Event()
        self._failed: dict[str, float] = {}
        self.idle = asyncio.Event()
        """Set while all is loaded that should be, and nothing has changed since."""

    def nudge(self) -> None:
        """Something has changed that the plan may depend on."""
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
            return REPLAN_S if hold.again_s is None else hold.again_s
        now = time.monotonic()
        self._failed = {model_id: until for model_id, until in self._failed.items() if until > now}
        plan = self._planner.plan()
        wanted = self._planner.wanted(plan, self._failed)
        if wanted is None:
            self._planner.start_standby(plan)
            if not self._nudged.is_set():
                self.idle.set()
            return min([REPLAN_S, *(until - now for until in self._failed.values())])
        self._planner.stop_standby()
        try:
            await self._pool.preload(wanted.model, wanted.reason, wanted.displaces)
        except EngineError as error:
            logger.info("preloading %s: %s", wanted.model.model_id, error)
            self._failed[wanted.model.model_id] = time.monotonic() + self._pause_after(error)
        return 0.0

    @staticmethod
    def _pause_after(error: EngineError) -> float:
        # What made way for a request is wanted again as soon as the machine is idle.
        return 0.0 if error.code == "load_cancelled" else FAILED_PAUSE_S

    async def _sleep(self, seconds: float) -> None:
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(seconds):
                await self._nudged.wait()
