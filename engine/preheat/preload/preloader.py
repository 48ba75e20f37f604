"""Runs preloads one at a time while the machine is idle."""

from __future__ import annotations

import asyncio
import contextlib
import logging
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from enum import Enum
from typing import Final, Protocol

from preheat.errors import EngineError, LoadCancelledError
from preheat.messages import Message
from preheat.models import ModelFile
from preheat.preload.forms import FormAction, FormTarget
from preheat.preload.gate import Hold
from preheat.preload.plan import PreloadPlan, PreloadTarget
from preheat.preload.round import Round
from preheat.residency import EvictionReason, Form

logger = logging.getLogger(__name__)

REPLAN_S: Final = 300.0
"""Time until a new plan is made without any change, in seconds: the hour changes, and models become idle."""

_SETTLE_S: Final = 0.1
"""Time between requests that end and a new plan, in seconds: one plan serves those that end in quick succession."""


@dataclass(frozen=True, slots=True)
class Preload:
    """One preload to run.

    Attributes:
        reason: Why the model should be hot.
        displaces: Models to unload first.
        expected_bytes: Memory it will need.
        target: What the plan says about it; None if it is not of the plan.
    """

    model: ModelFile
    reason: Message
    displaces: tuple[str, ...]
    expected_bytes: int
    target: PreloadTarget | None = None


class Ending(Enum):
    """How a preload ended. Only after a success, the model is in memory."""

    LOADED = "loaded"
    CANCELLED = "cancelled"
    """It was cancelled, or the model was unloaded in the meantime."""

    FAILED = "failed"


class PlanSource(Protocol):
    """Decides what to preload and when; see ``PreloadContext``."""

    def hold(self) -> Hold | None: ...
    def plan(self) -> PreloadPlan: ...
    def preloads(self, plan: PreloadPlan) -> tuple[Preload, ...]: ...
    def started(self, preload: Preload) -> None: ...
    def ended(self, preload: Preload, ending: Ending) -> None: ...
    def retry_s(self) -> float: ...
    def start_standby(self, plan: PreloadPlan) -> float: ...
    def stop_standby(self) -> None: ...
    def form_hold(self) -> Hold | None: ...
    def forms(self) -> tuple[FormTarget, ...]: ...
    def busy_for_s(self) -> float: ...


class Loader(Protocol):
    """Loads models; see ``ResidencyExecutor``."""

    async def preload(self, model: ModelFile, reason: Message, displaces: Sequence[str]) -> bool: ...
    def cancel_preloads(self, why: EvictionReason, reason: Message) -> None: ...
    def cancel_exchanges(self) -> None: ...
    def exchange(self, model_id: str, form: Form, reason: Message) -> None: ...


class Preloader:
    """Executes preload plans. Runs on the engine loop until cancelled.

    Args:
        on_change: Called after each step of a round.

    Attributes:
        round: Progress of the running preloads; read-only for others.
        idle: Set while everything that should be loaded is, and nothing has changed since.
    """

    def __init__(self, loader: Loader, source: PlanSource, on_change: Callable[[], None]) -> None:
        self._loader = loader
        self._source = source
        self._on_change = on_change
        self._nudged = asyncio.Event()
        self._settling: asyncio.TimerHandle | None = None
        self.round = Round()
        self.idle = asyncio.Event()

    def nudge(self) -> None:
        """Something changed that may affect the plan or block preloading."""
        self.idle.clear()
        self._nudged.set()

    def request_ended(self) -> None:
        """A request ended, which may affect the plan."""
        self.idle.clear()
        if self._settling is None:
            self._settling = asyncio.get_running_loop().call_later(_SETTLE_S, self._settled)

    def _settled(self) -> None:
        self._settling = None
        self.nudge()

    async def run(self) -> None:
        """Preload until cancelled."""
        while True:
            self._nudged.clear()
            pause_s = await self._step()
            if pause_s > 0:
                with contextlib.suppress(TimeoutError):
                    # A sleeping machine's timers stand still: a pause may be over long before.
                    async with asyncio.timeout(min(pause_s, REPLAN_S)):
                        await self._nudged.wait()

    async def _step(self) -> float:
        """Do the next step; return how long to wait for a change before the one after, in seconds."""
        hold = self._source.hold()
        if hold is not None:
            self._source.stop_standby()
            if not hold.brief:
                self._end_round()
            return min(REPLAN_S if hold.again_s is None else hold.again_s, self._change_form())
        plan = self._source.plan()
        preloads = self._source.preloads(plan)
        if not preloads:
            self._end_round()
            again_s = self._source.start_standby(plan)
            if not self._nudged.is_set():
                self.idle.set()
            return min(REPLAN_S, again_s, self._source.retry_s(), self._change_form())
        self._source.stop_standby()
        self.round.plan({preload.model.model_id: preload.expected_bytes for preload in preloads})
        await self._preload(preloads[0])
        self._on_change()
        return 0.0

    def _change_form(self) -> float:
        """Let the next hot model change its form; return when to ask again, in seconds."""
        hold = self._source.form_hold()
        if hold is not None:
            if hold.cancels is not None:
                self._loader.cancel_exchanges()
            return REPLAN_S if hold.again_s is None else hold.again_s
        targets = self._source.forms()
        changing = any(target.action is FormAction.CHANGING for target in targets)
        target = next((target for target in targets if target.action is FormAction.CHANGE), None)
        if target is not None and target.reason is not None and not changing:
            if not target.chosen and (pause_s := self._source.busy_for_s()) > 0:
                return pause_s
            self._loader.exchange(target.model_id, target.form, target.reason)
        return min((target.again_s for target in targets if target.again_s is not None), default=REPLAN_S)

    async def _preload(self, preload: Preload) -> None:
        model_id, ending = preload.model.model_id, Ending.CANCELLED
        watching = asyncio.create_task(self._cancel_when_blocked())
        self._source.started(preload)
        try:
            if await self._loader.preload(preload.model, preload.reason, preload.displaces):
                self.round.loaded(model_id)
                ending = Ending.LOADED
        except LoadCancelledError as error:
            logger.info("preloading %s: %s", model_id, error)  # it is planned again once the machine is idle
        except EngineError as error:
            logger.info("preloading %s: %s", model_id, error)
            ending = Ending.FAILED
        finally:
            self._source.ended(preload, ending)
            watching.cancel()
            await asyncio.gather(watching, return_exceptions=True)

    async def _cancel_when_blocked(self) -> None:
        """Cancel the running preload once a hold requires it; checked at every change."""
        while True:
            hold = self._source.hold()
            if hold is not None and hold.cancels is not None:
                self._loader.cancel_preloads(hold.cancels, hold.reason)
            self._nudged.clear()
            await self._nudged.wait()

    def _end_round(self) -> None:
        if self.round.total:
            self.round.end()
            self._on_change()
