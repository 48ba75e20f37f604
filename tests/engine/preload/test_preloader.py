"""The preloader with a fake loader and plan source."""

from __future__ import annotations

import asyncio
import math
from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import asynccontextmanager
from pathlib import Path

import pytest

from preheat.errors import EngineError, InsufficientMemoryError, LoadCancelledError
from preheat.messages import Message, msg
from preheat.models import ModelFile
from preheat.preload import Preloader, PreloadPlan
from preheat.preload.forms import FormAction, FormTarget
from preheat.preload.gate import Hold
from preheat.preload.preloader import Ending, Preload
from preheat.residency import EvictionReason, Form

NO_PLAN = PreloadPlan((), ())
PAUSED = Hold(msg("preload_paused"), cancels=EvictionReason.PAUSED)
REQUESTS = Hold(msg("preload_requests"), brief=True)
BATTERY = Hold(msg("preload_on_battery"), 60.0)


def model(name: str) -> ModelFile:
    path = Path(f"{name}.gguf")
    return ModelFile(name, path, 1, "llama", 2048, False, False, (path,), 0)


class FakeLoader:
    """Runs one load at a time, until the test ends it."""

    def __init__(self) -> None:
        self.asked: list[str] = []
        self.cancelled: list[tuple[EvictionReason, Message]] = []
        self.running: asyncio.Future[bool] | None = None
        self.exchanges: list[str] = []

    async def preload(self, model: ModelFile, reason: Message, displaces: Sequence[str]) -> bool:
        assert self.running is None, "one at a time"
        assert str(reason) == f"{model.model_id} is used"
        assert displaces == ("old",)
        self.asked.append(model.model_id)
        self.running = asyncio.get_running_loop().create_future()
        try:
            return await self.running
        finally:
            self.running = None

    def cancel_preloads(self, why: EvictionReason, reason: Message) -> None:
        self.cancelled.append((why, reason))
        self.end(LoadCancelledError("cancelled"))

    def cancel_exchanges(self) -> None:
        self.exchanges.append("cancel")

    def exchange(self, model_id: str, form: Form, reason: Message) -> None:
        self.exchanges.append(f"{model_id} {form}")

    def end(self, outcome: bool | EngineError = True) -> None:
        if self.running is not None and not self.running.done():
            if isinstance(outcome, EngineError):
                self.running.set_exception(outcome)
            else:
                self.running.set_result(outcome)


class FakeSource:
    """Returns the preloads that the test sets."""

    def __init__(self, *names: str) -> None:
        self.names = list(names)
        self.reason: Hold | None = None
        self.standby: list[str] = []
        self.targets: tuple[FormTarget, ...] = ()
        self.busy_s = 0.0
        self.on_plan: Callable[[], None] = lambda: None
        self.begun: list[str] = []
        self.ended_as: list[tuple[str, Ending]] = []
        self.again_s = math.inf

    def hold(self) -> Hold | None:
        return self.reason

    def plan(self) -> PreloadPlan:
        self.on_plan()
        return NO_PLAN

    def preloads(self, plan: PreloadPlan) -> tuple[Preload, ...]:
        assert plan is NO_PLAN
        return tuple(Preload(model(name), msg("text", text=f"{name} is used"), ("old",), 100) for name in self.names)

    def started(self, preload: Preload) -> None:
        self.begun.append(preload.model.model_id)

    def ended(self, preload: Preload, ending: Ending) -> None:
        self.ended_as.append((preload.model.model_id, ending))

    def retry_s(self) -> float:
        return self.again_s

    def start_standby(self, plan: PreloadPlan) -> float:
        self.standby.append("start")
        return math.inf

    def stop_standby(self) -> None:
        self.standby.append("stop")

    def form_hold(self) -> Hold | None:
        return self.reason

    def forms(self) -> tuple[FormTarget, ...]:
        return self.targets

    def busy_for_s(self) -> float:
        return self.busy_s


class Stage:
    """A running preloader, with its loader and source."""

    def __init__(self, *names: str) -> None:
        self.loader = FakeLoader()
        self.source = FakeSource(*names)
        self.changes = 0
        self.preloader = Preloader(self.loader, self.source, self._changed)

    def _changed(self) -> None:
        self.changes += 1

    async def settle(self) -> None:
        """Run everything that is ready."""
        for _ in range(20):
            await asyncio.sleep(0)

    async def end(self, outcome: bool | EngineError = True) -> None:
        """End the running preload; a hot model is no longer planned."""
        if outcome is True:
            self.source.names.remove(self.loader.asked[-1])
        self.loader.end(outcome)
        await self.settle()

    async def say(self, hold: Hold | None) -> None:
        self.source.reason = hold
        self.preloader.nudge()
        await self.settle()


@asynccontextmanager
async def running(*names: str, hold: Hold | None = None) -> AsyncIterator[Stage]:
    stage = Stage(*names)
    stage.source.reason = hold
    task = asyncio.create_task(stage.preloader.run())
    await stage.settle()
    yield stage
    assert not task.done()
    task.cancel()
    await asyncio.gather(task, return_exceptions=True)
    assert asyncio.all_tasks() == {asyncio.current_task()}


async def test_preloads_run_one_at_a_time_in_order() -> None:
    async with running("a", "b", "c") as stage:
        for at, name in enumerate("abc"):
            assert stage.loader.asked == list("abc")[: at + 1]
            assert stage.preloader.round.queue == tuple("abc")[at:]
            assert (stage.preloader.round.done, stage.preloader.round.total) == (at, 3)
            assert not stage.preloader.idle.is_set()
            assert stage.source.standby[-1] == "stop", name
            await stage.end()
        assert stage.loader.asked == ["a", "b", "c"]
        assert stage.preloader.idle.is_set()
        assert stage.source.standby[-1] == "start"
        assert stage.preloader.round.queue == ()
        assert stage.preloader.round.progress(0.0) is None
        assert stage.changes == 4


async def test_the_plan_is_remade_after_each_preload() -> None:
    async with running("a", "b") as stage:
        stage.source.names = ["a", "urgent", "b"]
        await stage.end()
        assert stage.loader.asked == ["a", "urgent"]
        assert (stage.preloader.round.done, stage.preloader.round.total) == (1, 3)


async def test_an_empty_plan_waits_for_a_nudge() -> None:
    async with running() as stage:
        assert stage.preloader.idle.is_set()
        assert stage.changes == 0
        stage.source.names = ["a"]
        await stage.settle()
        assert stage.loader.asked == []
        stage.preloader.nudge()
        assert not stage.preloader.idle.is_set()  # at once, so that waiters wait for the new plan
        await stage.settle()
        assert stage.loader.asked == ["a"]


async def test_a_nudge_during_planning_is_not_lost() -> None:
    async with running(hold=PAUSED) as stage:
        nudges = [stage.preloader.nudge]
        stage.source.on_plan = lambda: nudges.pop()() if nudges else None
        await stage.say(None)
        assert stage.source.standby[-2:] == ["start", "start"]
        assert stage.preloader.idle.is_set()


async def test_a_nudge_during_a_preload_is_not_lost() -> None:
    async with running("a") as stage:
        stage.source.names.append("b")
        stage.preloader.nudge()
        await stage.end()
        assert stage.loader.asked == ["a", "b"]


@pytest.mark.parametrize("hold", [PAUSED, REQUESTS, BATTERY])
async def test_a_hold_blocks_preloads(hold: Hold) -> None:
    async with running("a", hold=hold) as stage:
        assert stage.loader.asked == []
        assert not stage.preloader.idle.is_set()
        assert set(stage.source.standby) == {"stop"}
        await stage.say(None)
        assert stage.loader.asked == ["a"]


async def test_a_timed_hold_is_checked_again() -> None:
    async with running("a", hold=Hold(msg("preload_not_idle"), 0.001, brief=True)) as stage:
        stage.source.reason = None
        async with asyncio.timeout(60):
            while not stage.loader.asked:
                await asyncio.sleep(0)


async def test_a_pause_cancels_the_running_preload_and_resuming_repeats_it() -> None:
    async with running("a", "b") as stage:
        await stage.say(PAUSED)
        assert stage.loader.cancelled == [(EvictionReason.PAUSED, PAUSED.reason)]
        assert stage.loader.running is None
        assert stage.preloader.round.queue == ()
        await stage.say(None)
        assert stage.loader.asked == ["a", "a"]
        assert (stage.preloader.round.done, stage.preloader.round.total) == (0, 2)


async def test_memory_pressure_cancels_the_running_preload() -> None:
    async with running("a") as stage:
        await stage.say(Hold(msg("text", text="memory is short"), 5.0, EvictionReason.PRESSURE))
        assert stage.loader.cancelled == [(EvictionReason.PRESSURE, msg("text", text="memory is short"))]


@pytest.mark.parametrize("hold", [REQUESTS, BATTERY])
async def test_requests_and_battery_let_the_running_preload_complete(hold: Hold) -> None:
    async with running("a", "b") as stage:
        await stage.say(hold)
        assert stage.loader.cancelled == []
        await stage.end()
        assert stage.loader.asked == ["a"]
        assert stage.preloader.round.queue == (("b",) if hold.brief else ())  # a round continues after requests


async def test_a_cancelled_preload_is_repeated_at_once() -> None:
    async with running("a", "b") as stage:
        await stage.end(LoadCancelledError("made way"))
        assert stage.loader.asked == ["a", "a"]


async def test_a_preload_unloaded_in_the_meantime_does_not_count() -> None:
    async with running("a", "b") as stage:
        stage.source.names = ["b"]
        await stage.end(False)
        assert stage.loader.asked == ["a", "b"]
        assert (stage.preloader.round.done, stage.preloader.round.total) == (0, 1)


async def test_a_failed_preload_is_planned_again_after_its_pause() -> None:
    async with running("a") as stage:
        stage.source.names, stage.source.again_s = [], 0.001
        await stage.end(InsufficientMemoryError("no room"))
        assert stage.preloader.idle.is_set()
        stage.source.names = ["a"]
        async with asyncio.timeout(60):
            while len(stage.loader.asked) == 1:
                await asyncio.sleep(0)


@pytest.mark.parametrize(
    ("outcome", "ending"),
    [
        (True, Ending.LOADED),
        (False, Ending.CANCELLED),
        (LoadCancelledError("made way"), Ending.CANCELLED),
        (EngineError("broken"), Ending.FAILED),
    ],
)
async def test_the_source_learns_how_a_preload_ended(outcome: bool | EngineError, ending: Ending) -> None:
    async with running("a") as stage:
        stage.source.on_plan = stage.source.names.clear
        await stage.end(outcome)
        assert stage.source.begun == ["a"]
        assert stage.source.ended_as == [("a", ending)]


def target(model_id: str, action: FormAction, again_s: float | None = None) -> FormTarget:
    return FormTarget(model_id, Form.REPACKED, action, msg("repack_set_on"), again_s)


async def test_forms_change_one_at_a_time_once_everything_is_loaded() -> None:
    async with running("a") as stage:
        stage.source.targets = (target("b", FormAction.WAIT, 3.0), target("c", FormAction.CHANGE))
        await stage.settle()
        assert stage.loader.exchanges == []
        await stage.end()
        assert stage.loader.exchanges == ["c repacked"]
        stage.source.targets = (target("c", FormAction.CHANGING), target("d", FormAction.CHANGE))
        await stage.say(None)
        assert stage.loader.exchanges == ["c repacked"]


async def test_a_hold_stops_forms_from_changing() -> None:
    async with running(hold=BATTERY) as stage:
        stage.source.targets = (target("c", FormAction.CHANGE),)
        await stage.say(BATTERY)
        assert stage.loader.exchanges == []
        await stage.say(PAUSED)
        assert stage.loader.exchanges == ["cancel"]
        await stage.say(None)
        assert stage.loader.exchanges == ["cancel", "c repacked"]


async def test_forms_that_are_not_chosen_change_while_the_processor_is_idle() -> None:
    async with running(hold=PAUSED) as stage:
        stage.source.targets = (target("c", FormAction.CHANGE),)
        stage.source.busy_s = 10.0
        await stage.say(None)
        assert "c repacked" not in stage.loader.exchanges
        stage.source.targets = (target("c", FormAction.CHANGE)._replace(chosen=True),)
        await stage.say(None)
        assert "c repacked" in stage.loader.exchanges


async def test_requests_that_end_in_quick_succession_cause_one_plan() -> None:
    async with running() as stage:
        plans: list[float] = []
        planned = asyncio.Event()

        def plan() -> None:
            plans.append(asyncio.get_running_loop().time())
            planned.set()

        stage.source.on_plan = plan
        began = asyncio.get_running_loop().time()
        for _ in range(5):
            stage.preloader.request_ended()
            assert not stage.preloader.idle.is_set()
            await stage.settle()
        assert plans == []
        await planned.wait()
        await stage.settle()
        assert len(plans) == 1
        assert plans[0] - began >= 0.09  # the clock's resolution
        assert stage.preloader.idle.is_set()
