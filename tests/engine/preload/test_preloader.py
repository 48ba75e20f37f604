"""The preloader with a pool and a planner of the test's own: order, waiting, cancelling, failing, being idle."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import asynccontextmanager
from pathlib import Path

import pytest

from preheat.errors import EngineError, InsufficientMemoryError, LoadCancelledError
from preheat.models import ModelFile
from preheat.preload.gate import Hold
from preheat.preload.policy import PreloadPlan
from preheat.preload.preloader import FAILED_PAUSE_S, Preloader, Wanted
from preheat.residency import EvictionReason

NO_PLAN = PreloadPlan((), ())
PAUSED = Hold("paused until you resume it", cancels=EvictionReason.PAUSED)
ANSWERS = Hold("answers are being given", brief=True)
BATTERY = Hold("the machine runs on battery", 60.0)


def model(name: str) -> ModelFile:
    path = Path(f"{name}.gguf")
    return ModelFile(name, path, 1, "llama", 2048, False, False, (path,), 0.0)


class FakePool:
    """Loads end when the test says so."""

    def __init__(self) -> None:
        self.asked: list[str] = []
        self.cancelled: list[tuple[EvictionReason, str]] = []
        self.running: asyncio.Future[bool] | None = None

    async def preload(self, model: ModelFile, reason: str, displaces: Sequence[str]) -> bool:
        assert self.running is None, "one at a time"
        assert reason == f"{model.model_id} is used"
        assert displaces == ("old",)
        self.asked.append(model.model_id)
        self.running = asyncio.get_running_loop().create_future()
        try:
            return await self.running
        finally:
            self.running = None

    def cancel_preloads(self, why: EvictionReason, reason: str) -> None:
        self.cancelled.append((why, reason))
        self.end(LoadCancelledError("cancelled"))

    def end(self, outcome: bool | EngineError = True) -> None:
        if self.running is not None and not self.running.done():
            if isinstance(outcome, EngineError):
                self.running.set_exception(outcome)
            else:
                self.running.set_result(outcome)


class FakePlanner:
    """Wants what the test says."""

    def __init__(self, *names: str) -> None:
        self.names = list(names)
        self.reason: Hold | None = None
        self.standby: list[str] = []

    def hold(self) -> Hold | None:
        return self.reason

    def plan(self) -> PreloadPlan:
        return NO_PLAN

    def wanted(self, plan: PreloadPlan, skip: Mapping[str, float]) -> tuple[Wanted, ...]:
        assert plan is NO_PLAN
        names = [name for name in self.names if name not in skip]
        return tuple(Wanted(model(name), f"{name} is used", ("old",), 100) for name in names)

    def start_standby(self, plan: PreloadPlan) -> None:
        self.standby.append("start")

    def stop_standby(self) -> None:
        self.standby.append("stop")


class Stage:
    """A preloader that runs, and its pool and planner."""

    def __init__(self, *names: str) -> None:
        self.pool = FakePool()
        self.planner = FakePlanner(*names)
        self.changes = 0
        self.now = 1000.0
        self.preloader = Preloader(self.pool, self.planner, self._changed, clock=lambda: self.now)

    def _changed(self) -> None:
        self.changes += 1

    async def settle(self) -> None:
        """Let everything happen that can happen now."""
        for _ in range(20):
            await asyncio.sleep(0)

    async def end(self, outcome: bool | EngineError = True) -> None:
        """End the preload that runs; what became hot is wanted no longer."""
        if outcome is True:
            self.planner.names.remove(self.pool.asked[-1])
        self.pool.end(outcome)
        await self.settle()

    async def say(self, hold: Hold | None) -> None:
        self.planner.reason = hold
        self.preloader.nudge()
        await self.settle()


@asynccontextmanager
async def running(*names: str, hold: Hold | None = None) -> AsyncIterator[Stage]:
    stage = Stage(*names)
    stage.planner.reason = hold
    task = asyncio.create_task(stage.preloader.run())
    await stage.settle()
    yield stage
    assert not task.done()
    task.cancel()
    await asyncio.gather(task, return_exceptions=True)
    assert asyncio.all_tasks() == {asyncio.current_task()}


async def test_one_after_another_in_the_plans_order_and_then_it_is_idle() -> None:
    async with running("a", "b", "c") as stage:
        for at, name in enumerate("abc"):
            assert stage.pool.asked == list("abc")[: at + 1]
            assert stage.preloader.round.queue == tuple("abc")[at:]
            assert (stage.preloader.round.done, stage.preloader.round.total) == (at, 3)
            assert not stage.preloader.idle.is_set()
            assert stage.planner.standby[-1] == "stop", name
            await stage.end()
        assert stage.pool.asked == ["a", "b", "c"]
        assert stage.preloader.idle.is_set()
        assert stage.planner.standby[-1] == "start"
        assert stage.preloader.round.queue == ()
        assert stage.preloader.round.progress(0.0) is None
        assert stage.changes == 4


async def test_what_is_new_is_asked_for_after_each() -> None:
    async with running("a", "b") as stage:
        stage.planner.names = ["a", "urgent", "b"]
        await stage.end()
        assert stage.pool.asked == ["a", "urgent"]
        assert (stage.preloader.round.done, stage.preloader.round.total) == (1, 3)


async def test_with_nothing_to_do_it_waits_for_a_nudge() -> None:
    async with running() as stage:
        assert stage.preloader.idle.is_set()
        assert stage.changes == 0
        stage.planner.names = ["a"]
        await stage.settle()
        assert stage.pool.asked == []
        stage.preloader.nudge()
        assert not stage.preloader.idle.is_set()  # at once: whoever waits for it waits for what comes now
        await stage.settle()
        assert stage.pool.asked == ["a"]


async def test_a_nudge_while_it_preloads_is_not_lost() -> None:
    async with running("a") as stage:
        stage.planner.names.append("b")
        stage.preloader.nudge()
        await stage.end()
        assert stage.pool.asked == ["a", "b"]


@pytest.mark.parametrize("hold", [PAUSED, ANSWERS, BATTERY])
async def test_nothing_begins_while_something_speaks_against_it(hold: Hold) -> None:
    async with running("a", hold=hold) as stage:
        assert stage.pool.asked == []
        assert not stage.preloader.idle.is_set()
        assert set(stage.planner.standby) == {"stop"}
        await stage.say(None)
        assert stage.pool.asked == ["a"]


async def test_a_hold_that_ends_by_itself_is_asked_about_again() -> None:
    async with running("a", hold=Hold("an answer was just given", 0.001, brief=True)) as stage:
        stage.planner.reason = None
        async with asyncio.timeout(5):
            while not stage.pool.asked:
                await asyncio.sleep(0.001)


async def test_a_pause_cancels_the_preload_that_runs_and_it_comes_back() -> None:
    async with running("a", "b") as stage:
        await stage.say(PAUSED)
        assert stage.pool.cancelled == [(EvictionReason.PAUSED, PAUSED.reason)]
        assert stage.pool.running is None
        assert stage.preloader.round.queue == ()
        await stage.say(None)
        assert stage.pool.asked == ["a", "a"]
        assert (stage.preloader.round.done, stage.preloader.round.total) == (0, 2)


async def test_memory_that_becomes_short_cancels_it_with_the_reason() -> None:
    async with running("a") as stage:
        await stage.say(Hold("memory is short", 5.0, EvictionReason.PRESSURE))
        assert stage.pool.cancelled == [(EvictionReason.PRESSURE, "memory is short")]


@pytest.mark.parametrize("hold", [ANSWERS, BATTERY])
async def test_answers_and_battery_let_it_come_to_its_end(hold: Hold) -> None:
    async with running("a", "b") as stage:
        await stage.say(hold)
        assert stage.pool.cancelled == []
        await stage.end()
        assert stage.pool.asked == ["a"]
        assert stage.preloader.round.queue == (("b",) if hold.brief else ())  # a round goes on after answers


async def test_what_made_way_for_a_request_is_wanted_again_at_once() -> None:
    async with running("a", "b") as stage:
        await stage.end(LoadCancelledError("made way"))
        assert stage.pool.asked == ["a", "a"]


async def test_what_was_told_to_go_meanwhile_is_not_counted() -> None:
    async with running("a", "b") as stage:
        stage.planner.names = ["b"]
        await stage.end(False)
        assert stage.pool.asked == ["a", "b"]
        assert (stage.preloader.round.done, stage.preloader.round.total) == (0, 1)


async def test_what_failed_is_let_alone_for_a_while_and_the_others_come() -> None:
    async with running("a", "b") as stage:
        await stage.end(InsufficientMemoryError("no room"))
        assert stage.pool.asked == ["a", "b"]
        await stage.end()
        assert stage.preloader.idle.is_set()
        stage.now += FAILED_PAUSE_S - 1
        stage.preloader.nudge()
        await stage.settle()
        assert stage.pool.asked == ["a", "b"]
        stage.now += 1
        stage.preloader.nudge()
        await stage.settle()
        assert stage.pool.asked == ["a", "b", "a"]
