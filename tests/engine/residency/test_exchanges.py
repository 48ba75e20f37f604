"""Exchanges of mapped for repacked weights: what is decided, and what the executor does with workers."""

from __future__ import annotations

import asyncio

import pytest

from bug_watch import BugWatch
from preheat.errors import InsufficientMemoryError, LoadCancelledError, ModelLoadError
from preheat.messages import msg
from preheat.residency import Action, EvictionReason, Form, Outcome, State
from preheat.residency import events as ev
from preheat.residency.forms import Stage
from tests.engine.residency.workers import MB, Bench, FakeWorker, model, settle
from tests.engine.residency.world import World, reason

REASON = msg("repack_gains", gain=0.3)
BROKEN = ModelLoadError(msg("internal_error", id="0a1b2c3d"))


# What is decided. A model takes 30, repacked 50; a twin 30 until it has taken over.


def test_a_model_at_rest_is_repacked_by_a_second_worker() -> None:
    world = World().hot("a")
    world.exchange("a")
    assert (world.of("a"), world.form("a")) == (State.HOT, Form.MAPPED)
    assert world.state.taken_bytes == 30 + 30
    world.twin_ready("a")
    assert world.form("a") is Form.REPACKED
    assert world.state.taken_bytes == 50
    decision = world.last(Action.REPACK)
    assert (decision.model_id, reason(decision.reason)) == ("a", "favourite")
    world.twin_exit("a")
    assert world.record("a").twin is None
    assert world.record("a").extra_bytes == 20


def test_nothing_is_exchanged_without_room_for_both() -> None:
    world = World(limit=59).hot("a")
    world.exchange("a")
    assert world.twins == set()


def test_a_model_that_is_not_in_memory_is_not_exchanged() -> None:
    world = World()
    world.exchange("a")
    assert world.twins == set()


def test_a_model_that_leaves_after_its_requests_is_not_exchanged() -> None:
    world = World().hot("a")
    world.request("a")
    world.change_settings("a")
    assert world.of("a") is State.HOT
    world.exchange("a")
    assert world.twins == set()


def test_weights_on_a_device_have_no_other_form() -> None:
    world = World(on_gpu={"a": 10}, gpu_limit=50).hot("a")
    world.exchange("a")
    assert world.twins == set()


def test_requests_hold_the_exchange_and_find_the_model_hot() -> None:
    world = World().hot("a")
    world.exchange("a")
    waiter = world.request("a")
    assert world.found[waiter][0] is Outcome.HIT
    assert world.held_twins == {"a"}
    world.release(waiter)
    assert world.held_twins == set()


def test_requests_of_another_model_hold_the_exchange() -> None:
    world = World().hot("a", "b")
    world.exchange("a")
    world.request("b")
    assert world.held_twins == {"a"}


def test_the_former_worker_ends_after_its_last_answer() -> None:
    world = World().hot("a")
    world.exchange("a")
    before = world.request("a")
    world.twin_ready("a")
    after = world.request("a")
    assert (world.on_first, world.on_second) == ({after}, {before})
    assert world.state.taken_bytes == 50 + 10
    world.release(after)
    assert world.closing_twins == set()
    world.release(before)
    assert world.closing_twins == {"a"}
    assert world.state.taken_bytes == 50


def test_the_former_worker_ends_after_the_last_one_of_several_answers() -> None:
    world = World().hot("a")
    world.exchange("a")
    first, second = world.request("a"), world.request("a")
    world.twin_ready("a")
    world.release(first)
    assert world.closing_twins == set()
    world.release(second)
    assert world.closing_twins == {"a"}


def test_a_model_that_is_to_be_unloaded_is_not_exchanged() -> None:
    world = World().hot("a")
    world.request("a")
    world.unload("a")
    world.exchange("a")
    assert world.twins == set()


def test_a_second_worker_that_ends_during_its_load_is_given_up_when_that_fails() -> None:
    world = World().hot("a")
    world.feed(ev.TwinFailed("a", msg("twin_died"), True))  # of an exchange that has ended
    world.exchange("a")
    world.feed(ev.TwinExited("a"))
    assert world.record("a").exchanging
    world.feed(ev.TwinFailed("a", msg("twin_died"), True))
    assert not world.record("a").exchanging
    assert len([each for each in world.decisions if each.action is Action.FAIL]) == 1


def test_a_new_worker_that_dies_leaves_the_former_one_with_its_requests() -> None:
    world = World().hot("a")
    world.exchange("a")
    before = world.request("a")
    world.twin_ready("a")
    world.request("a")
    world.die("a")
    assert (world.of("a"), world.form("a")) == (State.HOT, Form.MAPPED)
    assert world.requests == {before}
    assert reason(world.last(Action.FAIL).reason) == "worker_ended"
    world.twin_exit("a")
    assert world.record("a").taken_bytes == 30


def test_a_first_worker_that_dies_takes_the_exchange_with_it() -> None:
    world = World().hot("a")
    world.exchange("a")
    world.die("a")
    assert world.of("a") is State.UNLOADING
    world.exit("a")
    assert world.of("a") is State.FAILED
    assert world.state.taken_bytes == 0


@pytest.mark.parametrize("failed", [True, False])
def test_after_a_failure_it_stays_mapped_for_some_time(failed: bool) -> None:
    world = World().hot("a")
    for pause_s in (600.0, 1200.0 if failed else 600.0):
        world.exchange("a")
        world.feed(ev.TwinFailed("a", msg("twin_died"), failed))
        assert world.closing_twins == {"a"}
        world.twin_exit("a")
        assert world.record("a").exchange_after_mono == world.clock + pause_s
        world.later(pause_s)
    assert world.form("a") is Form.MAPPED
    assert bool([each for each in world.decisions if each.action is Action.FAIL]) is failed


@pytest.mark.parametrize("how", ["unload", "settings", "file", "keep alive", "end", "cancel"])
def test_what_ends_an_exchange(how: str) -> None:
    world = World(keep_alive={"a": 60.0}).hot("a")
    world.exchange("a")
    if how == "unload":
        world.unload("a")
    elif how == "settings":
        world.change_settings("a")
    elif how == "file":
        world.feed(ev.FileReplaced("a"))
    elif how == "keep alive":
        world.later(61.0)
    elif how == "end":
        world.feed(ev.Closed())
    else:
        world.feed(ev.ExchangesCancelled())
        assert world.of("a") is State.HOT
    assert world.closing_twins == {"a"}
    assert world.state.exchanges == ()
    world.feed(ev.TwinReady("a", 50, 50, 30))  # too late
    if how == "cancel":
        world.twin_exit("a")
        assert world.form("a") is Form.MAPPED
    else:
        world.exit("a")
        assert world.of("a") is State.COLD


def test_a_model_in_use_with_an_exchange_is_unloaded_after_its_requests() -> None:
    world = World().hot("a")
    world.exchange("a")
    waiter = world.request("a")
    unload = world.unload("a")
    assert world.closing_twins == {"a"}
    world.release(waiter)
    world.exit("a")
    assert unload in world.answers


def test_a_repacked_model_shrinks_for_a_request_before_anything_is_evicted() -> None:
    world = World(limit=100).repacked("a").hot("b")
    waiter = world.request("c")  # 50 + 30 + 30
    assert (world.of("a"), world.of("b")) == (State.QUEUED, State.HOT)
    decision = world.last(Action.SHRINK)
    assert (decision.model_id, reason(decision.reason)) == ("a", "shrunk_for")
    world.exit("a")
    assert world.starting == {"c"}, "the request goes first"
    world.ready("c")
    assert world.starting == {"c"} - {"c"}
    world.release(waiter)
    assert world.starting == {"a"}
    world.ready("a")
    assert (world.of("a"), world.form("a")) == (State.HOT, Form.MAPPED)
    assert not world.record("a").speculative, "it was used before"
    assert world.state.taken_bytes == 90
    assert [each for each in world.decisions if each.action is Action.EVICT] == []


def test_a_request_for_a_model_that_shrinks_loads_it_at_once() -> None:
    world = World(limit=100).repacked("a").hot("b")
    world.request("c")
    again = world.request("a")
    assert world.found[again][0] is Outcome.LATE_HIT
    world.exit("a")
    assert world.starting == {"a", "c"}


def test_a_preload_makes_repacked_models_shrink_too() -> None:
    world = World(limit=100).repacked("a").hot("b")
    world.preload("c")
    assert world.of("a") is State.QUEUED
    world.exit("a")
    world.ready("c")
    world.ready("a")
    assert world.in_state(State.HOT) == {"a", "b", "c"}


def test_an_exchange_gives_way_to_a_load() -> None:
    world = World(limit=100).hot("a", "b")
    world.exchange("a")
    world.request("c")
    assert world.closing_twins == {"a"}
    assert world.starting == set(), "it waits for the memory"
    world.twin_exit("a")
    assert world.starting == {"c"}
    assert world.in_state(State.HOT) == {"a", "b"}


def test_a_model_that_leaves_while_it_shrinks_is_evicted() -> None:
    world = World(limit=100).repacked("a").hot("b")
    world.request("c")
    world.unload("a")  # it was in memory: no load is cancelled
    assert (world.last(Action.UNLOAD).model_id, world.last(Action.UNLOAD).wasted) == ("a", False)
    assert [each for each in world.decisions if each.action is Action.CANCEL] == []


def test_a_model_in_use_does_not_shrink() -> None:
    world = World(limit=100).repacked("a").hot("b")
    world.request("a")
    world.request("c")
    assert (world.of("a"), world.of("b")) == (State.HOT, State.UNLOADING)


def test_pressure_makes_models_shrink_first() -> None:
    world = World().repacked("a").hot("b")
    world.free(15)
    assert (world.of("a"), world.of("b")) == (State.QUEUED, State.HOT)
    assert world.last(Action.SHRINK).cause == EvictionReason.PRESSURE


def test_shrinking_is_not_in_vain() -> None:
    world = World(limit=150).repacked("a").hot("b")
    world.request("e")  # does not fit next to either
    assert world.of("e") is State.QUEUED
    world = World(limit=100, sizes={"d": 70}).repacked("a").hot("b")
    world.request("d")  # evicting the older one is necessary, and enough
    assert (world.of("a"), world.of("b")) == (State.UNLOADING, State.HOT)


def test_the_mapped_form_comes_back_without_a_gap_if_there_is_room() -> None:
    world = World().repacked("a")
    world.exchange("a", Form.MAPPED)
    assert world.of("a") is State.HOT
    world.twin_ready("a")
    assert (world.form("a"), world.last(Action.SHRINK).model_id) == (Form.MAPPED, "a")
    world.twin_exit("a")
    assert world.state.taken_bytes == 30


def test_without_room_the_mapped_form_comes_back_by_a_load() -> None:
    world = World(limit=60).repacked("a")
    world.set_limits(55)
    world.exchange("a", Form.MAPPED)
    assert world.of("a") is State.QUEUED


# What the executor does


@pytest.fixture
async def bench() -> Bench:
    return Bench()


def record_of(bench: Bench) -> tuple[Form | None, Stage | None]:
    record = bench.executor.records["a"]
    return record.form, record.twin.stage if record.twin is not None else None


async def exchange(bench: Bench, form: Form = Form.REPACKED) -> FakeWorker:
    """Start an exchange of ``a``; return the second worker."""
    bench.executor.exchange("a", form, REASON)
    await settle()
    return bench.workers[-1]


async def test_a_twin_takes_over(bench: Bench) -> None:
    await bench.hot("a")
    first = bench.workers[0]
    claim = bench.executor.request(model("a"))
    twin = await exchange(bench)
    assert (await claim.hot()).worker is first
    assert twin.options is not None
    assert (twin.options.repack, twin.options.probe, twin.options.measure_gain) == (True, True, True)
    assert twin.options.yields
    assert twin.holds == [True]
    twin.become_hot(repack_gain=0.3)
    await settle()
    assert record_of(bench) == (Form.REPACKED, Stage.LEAVING)
    assert bench.gains.gain(model("a")) == 0.3
    other = bench.executor.request(model("a"))
    assert (await other.hot()).worker is twin
    assert first.alive
    claim.release(answered=True)
    await settle()
    assert not first.alive
    assert record_of(bench) == (Form.REPACKED, None)
    assert bench.executor.worker_pids == (twin.pid,)
    await bench.executor.close()
    assert not twin.alive


async def test_what_gains_little_stays_mapped_and_is_not_measured_again(bench: Bench) -> None:
    await bench.hot("a")
    twin = await exchange(bench)
    twin.become_hot(repack_gain=0.05)
    await settle()
    assert record_of(bench) == (Form.MAPPED, None)
    assert not twin.alive
    assert bench.workers[0].alive
    assert bench.gains.gain(model("a")) == 0.05


async def test_nothing_is_concluded_on_a_busy_machine(bench: Bench) -> None:
    await bench.hot("a")
    twin = await exchange(bench)
    twin.become_hot()
    await settle()
    assert record_of(bench) == (Form.MAPPED, None)
    assert bench.gains.gain(model("a")) is None
    assert bench.executor.records["a"].exchange_after_mono == bench.now + 600.0


@pytest.mark.parametrize("error", [BROKEN, InsufficientMemoryError(msg("memory_alarm")), ZeroDivisionError("a bug")])
async def test_a_twin_that_fails_costs_nothing(bench: Bench, error: Exception, bugs: BugWatch) -> None:
    await bench.hot("a")
    claim = bench.executor.request(model("a"))
    twin = await exchange(bench)
    twin.fail(error)
    await settle()
    assert record_of(bench) == (Form.MAPPED, None)
    assert not twin.alive
    assert (await claim.hot()).worker is bench.workers[0]
    assert reason(bench.decisions[-1].reason) == "exchange_failed"
    assert len(bugs.take()) == isinstance(error, ZeroDivisionError)


async def test_a_twin_that_dies_after_its_load_costs_nothing(bench: Bench) -> None:
    await bench.hot("a")
    bench.workers[0].may_save.clear()
    twin_started = exchange(bench)
    bench.workers[0].may_save.set()
    twin = await twin_started
    bench.workers[0].may_save.clear()
    twin.become_hot(repack_gain=0.3)
    await settle()
    twin.die()
    bench.workers[0].may_save.set()
    await settle()
    assert record_of(bench) == (Form.MAPPED, None)


async def test_a_new_worker_that_dies_leaves_the_former_one(bench: Bench) -> None:
    await bench.hot("a")
    claim = bench.executor.request(model("a"))
    twin = await exchange(bench)
    twin.become_hot(repack_gain=0.3)
    await settle()
    twin.die()
    await settle()
    assert record_of(bench) == (Form.MAPPED, None)
    assert (await bench.executor.request(model("a")).hot()).worker is (await claim.hot()).worker is bench.workers[0]


async def test_a_former_worker_that_dies_while_it_answers(bench: Bench) -> None:
    await bench.hot("a")
    claim = bench.executor.request(model("a"))
    twin = await exchange(bench)
    twin.become_hot(repack_gain=0.3)
    await settle()
    bench.workers[0].die()
    await settle()
    claim.release()
    assert record_of(bench) == (Form.REPACKED, None)
    assert bench.executor.active_requests == 0


@pytest.mark.parametrize("loaded", [False, True])
async def test_unloading_closes_both(bench: Bench, loaded: bool) -> None:
    await bench.hot("a")
    twin = await exchange(bench)
    if loaded:
        bench.workers[0].may_close.clear()
        twin.become_hot(repack_gain=0.3)
        await settle()
        assert record_of(bench) == (Form.REPACKED, Stage.CLOSING)
        bench.workers[0].may_close.set()
    else:
        asyncio.get_running_loop().call_soon(twin.fail, LoadCancelledError(msg("shutdown")))
    await bench.executor.unload("a")
    assert not [worker for worker in bench.workers if worker.alive]
    assert bench.of("a") is State.COLD


async def test_a_cancelled_exchange_takes_no_memory(bench: Bench) -> None:
    await bench.hot("a")
    twin = await exchange(bench)
    bench.executor.measure()
    assert bench.executor.used_bytes == 80 * MB
    bench.executor.cancel_exchanges()
    await settle()
    assert twin.cancelled
    bench.executor.measure()
    assert bench.executor.used_bytes == 40 * MB
    assert (await bench.executor.request(model("a")).hot()).worker is bench.workers[0]


async def test_the_end_of_preheat_ends_twins(bench: Bench) -> None:
    await bench.hot("a")
    twin = await exchange(bench)
    await bench.executor.close()
    assert not twin.alive
    assert not bench.workers[0].alive


async def test_repack_on_loads_repacked_weights(bench: Bench) -> None:
    bench = Bench(repack="on")
    await bench.hot("a")
    assert bench.workers[0].options is not None
    assert bench.workers[0].options.repack
    assert record_of(bench) == (Form.REPACKED, None)
    assert bench.executor.records["a"].extra_bytes == 0, "the user wants it so"
    bench.executor.apply_settings(bench.settings.model_copy(update={"repack": "auto"}))
    assert bench.of("a") is State.HOT
    twin = await exchange(bench, Form.MAPPED)
    twin.become_hot()
    await settle()
    assert record_of(bench) == (Form.MAPPED, None)
    assert bench.decisions[-1].action is Action.SHRINK
