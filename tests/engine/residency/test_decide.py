"""What follows from each event: loads, evictions, failures, settings."""

from __future__ import annotations

import pytest

from preheat.errors import InsufficientMemoryError, LoadCancelledError, LoadTimeoutError, ModelLoadError
from preheat.inference import Priority
from preheat.messages import msg
from preheat.residency import Action, Cause, EvictionReason, Hot, Outcome, Residency, State
from preheat.residency import events as ev
from preheat.residency.phases import OVERDUE_S, Load, Loading
from preheat.residency.states import IDLE_UNLOAD_S
from preheat.residency.step import HURRIED_SAVE_S, SAVE_S
from tests.engine.residency.world import TIMEOUT_S, World, reason

NO_MEMORY = InsufficientMemoryError(msg("memory_alarm"))
BROKEN = ModelLoadError(msg("internal_error", id="0a1b2c3d"))


@pytest.fixture
def world() -> World:
    """100 bytes of memory, 30 for each model."""
    return World()


def left(world: World) -> list[tuple[str, Action, str]]:
    """Return what was done about models other than loading them."""
    loads = (Action.LOAD, Action.PRELOAD)
    return [(one.model_id, one.action, one.cause) for one in world.decisions if one.action not in loads]


# Requests


def test_a_request_loads_its_model_and_holds_it(world: World) -> None:
    waiter = world.request("a")
    assert world.of("a") is State.QUEUED
    world.start("a")
    world.feed(ev.Progressed("a", 0.5))
    assert world.record("a").progress == 0.5
    assert world.record("a").reason == msg("load_requested")
    world.feed(ev.Loaded("a"))
    world.clock += 2.0
    world.ready("a")
    assert [state for _, state in world.changes] == [State.QUEUED, State.LOADING, State.WARMING, State.HOT]
    assert world.answers == {waiter: None}
    assert world.leases == {waiter}
    load = world.last(Action.LOAD)
    assert (load.seconds, load.bytes, load.cause, reason(load.reason)) == (2.0, 30, "request", "load_requested")
    assert world.record("a").reason == load.reason
    assert world.record("a").load_s == 2.0


def test_a_load_that_fails_is_no_use_of_the_model(world: World) -> None:
    world.preload("a")
    late = world.request("a")
    assert world.found[late][0] is Outcome.LATE_HIT
    world.fail("a", BROKEN)
    world.exit("a")
    missed = world.request("a")
    world.fail("a", BROKEN)
    world.exit("a")
    assert world.answers[late] is world.answers[missed] is BROKEN
    assert world.record("a").last_used_at is None
    world.later(3600.0)
    world.request("a")
    world.later(5.0)
    world.ready("a")
    assert world.record("a").last_used_at == world.clock
    world.die("a")
    assert world.of("a") is State.FAILED
    assert world.record("a").last_used_at == world.clock


def test_a_model_whose_client_gave_up_waiting_is_not_the_first_to_leave(world: World) -> None:
    world.hot("a", "b")
    world.later(10.0)
    waiter = world.request("c")
    world.cancel(waiter)
    world.ready("c")
    assert world.record("c").last_used_at is None
    world.later(10.0)
    world.request("d")
    assert [model_id for model_id, action, _ in left(world) if action is Action.EVICT] == ["a"]


def test_steps_of_a_load_that_is_over_change_nothing(world: World) -> None:
    world.hot("a")
    state = world.state
    for event in (ev.Started("a"), ev.Progressed("a", 0.5), ev.Loaded("a"), ev.LoadFailed("a", BROKEN), ev.Exited("a")):
        world.feed(event)
    world.unload("a")
    world.ready("a")
    world.feed(ev.WorkerDied("a", msg("shutdown")))
    assert world.of("a") is State.UNLOADING
    assert state.models["a"].state is State.HOT


@pytest.mark.parametrize(
    ("idle_s", "saved_s"),
    [(0.0, 0.0), (IDLE_UNLOAD_S, 0.0), (IDLE_UNLOAD_S + 1, 3.0)],
    ids=["busy", "at the limit", "idle"],
)
def test_a_hit_saves_a_load_where_others_would_have_unloaded(world: World, idle_s: float, saved_s: float) -> None:
    waiter = world.request("a")
    world.clock += 3.0
    world.ready("a")
    world.release(waiter)
    world.clock += idle_s
    assert world.found[world.request("a")] == (Outcome.HIT, saved_s)


def test_the_first_hit_after_a_preload_saves_its_load(world: World) -> None:
    world.preload("a")
    world.clock += 3.0
    world.ready("a")
    assert world.found[world.request("a")] == (Outcome.HIT, 3.0)
    assert world.found[world.request("a")] == (Outcome.HIT, 0.0)


def test_joining_a_load_is_a_late_hit_and_any_other_a_miss(world: World) -> None:
    first, second = world.request("a"), world.request("a")
    world.ready("a")
    world.release(first)
    world.release(second)
    world.unload("a")
    third = world.request("a")  # it is unloading
    assert [world.found[each][0] for each in (first, second, third)] == [Outcome.MISS, Outcome.LATE_HIT, Outcome.MISS]


def test_requests_share_one_load(world: World) -> None:
    waiters = {world.request("a") for _ in range(5)}
    world.ready("a")
    assert world.leases == waiters
    assert world.record("a").active_requests == 5


def test_a_caller_that_leaves_does_not_stop_the_others(world: World) -> None:
    impatient, patient = world.request("a"), world.request("a")
    world.cancel(impatient)
    assert world.record("a").active_requests == 1
    world.ready("a")
    assert world.leases == {patient}


def test_a_load_without_callers_comes_to_its_end(world: World) -> None:
    world.cancel(world.request("a"))
    world.ready("a")
    assert world.of("a") is State.HOT
    assert not world.record("a").speculative


def test_a_request_for_a_model_that_is_unloading_loads_it_again(world: World) -> None:
    first = world.request("a")
    unloading = world.unload("a")
    second, third = world.request("a"), world.request("a")
    world.cancel(third)
    world.exit("a")
    assert world.error(first).code == "load_cancelled"
    assert world.answers[unloading] is None
    assert world.of("a") is State.QUEUED
    world.ready("a")
    assert world.leases == {second}


# Room


def test_the_least_recently_used_makes_room_before_the_load_starts(world: World) -> None:
    world.hot("a", "b", "c")
    world.clock += 60.0
    world.hot("a")
    waiter = world.request("d")
    assert world.of("b") is State.UNLOADING
    assert "d" not in world.workers
    world.exit("b")
    world.ready("d")
    assert world.leases == {waiter}
    evicted = world.last(Action.EVICT)
    assert (evicted.model_id, evicted.cause, evicted.idle_s) == ("b", EvictionReason.ROOM, 60.0)
    assert evicted.reason == msg("room_for_request", model="d")


def test_a_leased_model_stays_and_the_other_waits() -> None:
    world = World(limit=50)
    lease = world.request("a")
    world.ready("a")
    waiter = world.request("b")
    assert (world.of("a"), world.of("b")) == (State.HOT, State.QUEUED)
    world.release(lease)
    world.exit("a")
    world.ready("b")
    assert world.leases == {waiter}


def test_a_load_that_waits_for_room_ends_with_its_last_caller() -> None:
    world = World(limit=50)
    world.request("a")
    world.ready("a")
    world.cancel(world.request("b"))
    assert world.of("b") is State.COLD
    assert not left(world)


def test_a_preload_that_joined_it_ends_with_it() -> None:
    world = World(limit=50)
    world.request("a")
    world.ready("a")
    waiter = world.request("b")
    preload = world.preload("b")
    world.cancel(waiter)
    assert world.error(preload).code == "load_cancelled"


@pytest.mark.parametrize("limit", [0, 29])
def test_what_is_too_large_is_refused_with_the_figures(limit: int) -> None:
    world = World(limit=limit)
    for _ in range(4):  # without pauses: asking costs nothing
        error = world.error(world.request("a"))
        assert isinstance(error, InsufficientMemoryError)
        assert error.message == msg("no_room", model="a", needed=30, available=limit, limit=limit)
    assert world.of("a") is State.FAILED
    assert world.record("a").error == error.message
    assert left(world)[0] == ("a", Action.FAIL, "insufficient_memory")


def test_while_room_is_kept_a_refusal_says_so_until_it_ends(world: World) -> None:
    kept = msg("no_room_made_until", until="17:00")
    world.set_limits(0, 0, kept)
    error = world.error(world.request("a"))
    assert error.message == msg("no_room_made_until", until="17:00", model="a")
    assert left(world)[0] == ("a", Action.FAIL, "insufficient_memory")
    world.change_settings()
    assert world.of("a") is State.FAILED
    world.set_limits(100)
    world.change_settings()
    assert world.of("a") is State.COLD


def test_too_large_evicts_nothing(world: World) -> None:
    world.hot("a")
    world.sizes = {"e": 101}
    world.request("e")
    assert world.of("a") is State.HOT


def test_where_the_system_has_less_than_the_limit_less_is_reserved(world: World) -> None:
    world.set_limits(100, 20)
    assert reason(world.error(world.request("a")).message) == "no_room"
    world.set_limits(100, 100)
    world.hot("a")


def test_a_load_without_memory_unloads_idle_models_and_starts_once_more(world: World) -> None:
    world.hot("b")
    waiter = world.request("a")
    world.start("a")
    world.fail("a", NO_MEMORY)
    assert (world.of("a"), world.of("b")) == (State.QUEUED, State.UNLOADING)
    world.exit("a")
    assert world.of("a") is State.QUEUED  # "b" is still there
    world.exit("b")
    assert world.starting == {"a"}
    evicted = world.last(Action.EVICT)
    assert (evicted.cause, evicted.reason) == (EvictionReason.PRESSURE, msg("room_for_retry", model="a"))
    world.hot("b")
    world.fail("a", NO_MEMORY)
    world.exit("a")
    assert world.error(waiter) is NO_MEMORY
    assert world.record("a").failures == 0
    assert world.of("b") is State.HOT
    world.request("a")  # without a pause
    assert world.of("a") is State.QUEUED


def test_without_idle_models_it_fails_at_once(world: World) -> None:
    waiter = world.request("a")
    world.fail("a", NO_MEMORY)
    world.exit("a")
    assert world.error(waiter) is NO_MEMORY


def test_unloading_ends_a_retry(world: World) -> None:
    world.hot("b")
    waiter = world.request("a")
    world.fail("a", NO_MEMORY)
    unloading = world.unload("a")
    world.exit("a")
    assert world.error(waiter).code == "load_cancelled"
    assert world.answers[unloading] is None
    world.exit("b")
    assert world.of("a") is State.COLD


# Preloads


def test_a_preload_takes_the_room_that_is_there(world: World) -> None:
    world.hot("a", "b", "c")
    error = world.error(world.preload("d"))
    assert isinstance(error, InsufficientMemoryError)
    assert world.in_state(State.HOT) == {"a", "b", "c"}


def test_a_preload_displaces_idle_models_that_it_was_given(world: World) -> None:
    world.hot("a", "b", "c")
    world.request("c")
    waiter = world.preload("d", "a", "c", "unknown")
    assert (world.of("a"), world.of("c")) == (State.UNLOADING, State.HOT)
    world.exit("a")
    world.ready("d")
    assert world.answers[waiter] is None
    assert world.record("d").speculative
    assert world.last(Action.EVICT).reason == msg("room_for_preload", model="d")
    assert world.last(Action.PRELOAD).reason == msg("favourite", rank=1)


def test_a_preload_of_a_hot_model_is_done(world: World) -> None:
    world.hot("a")
    assert world.answers[world.preload("a")] is None


def test_a_preload_of_a_model_that_is_unloading_is_answered_when_it_is_gone(world: World) -> None:
    world.hot("a")
    world.unload("a")
    waiter = world.preload("a")
    world.exit("a")
    assert world.answers[waiter] is None
    assert world.of("a") is State.COLD


def test_a_preload_joins_a_load(world: World) -> None:
    world.request("a")
    waiter = world.preload("a")
    world.ready("a")
    assert world.answers[waiter] is None
    assert not world.record("a").speculative


def test_a_request_cancels_other_preloads_even_where_both_fit(world: World) -> None:
    waiter = world.preload("a")
    world.start("a")
    world.request("b")
    assert world.of("a") is State.UNLOADING
    world.exit("a")
    assert world.error(waiter).code == "load_cancelled"
    cancelled = world.last(Action.CANCEL)
    assert (cancelled.cause, cancelled.reason) == (EvictionReason.ROOM, msg("preload_yielded", model="b"))
    assert not cancelled.wasted


def test_a_preload_that_waits_for_room_is_cancelled_at_once(world: World) -> None:
    world.hot("a", "b", "c")
    preload = world.preload("d", "a")  # waits until "a" is gone
    world.request("e")
    assert world.of("d") is State.COLD
    assert world.error(preload).code == "load_cancelled"


def test_a_request_makes_a_preload_its_own(world: World) -> None:
    world.preload("a")
    waiter = world.request("a")
    assert world.found[waiter][0] is Outcome.LATE_HIT
    world.feed(ev.PreloadsCancelled(EvictionReason.PAUSED, msg("preload_paused")))
    world.ready("a")
    assert world.leases == {waiter}
    assert world.last(Action.LOAD).cause == Cause.REQUEST


def test_pausing_cancels_preloads(world: World) -> None:
    world.preload("a")
    world.feed(ev.PreloadsCancelled(EvictionReason.PAUSED, msg("preload_paused")))
    assert left(world) == [("a", Action.CANCEL, EvictionReason.PAUSED)]


def test_a_preload_is_held_while_requests_are_in_progress(world: World) -> None:
    world.hot("b")
    world.preload("a")
    world.start("a")
    lease = world.request("b")
    assert world.held == {"a"}
    world.later(10 * TIMEOUT_S)  # being held does not count
    assert world.of("a") is State.LOADING
    world.release(lease)
    assert not world.held
    world.later(TIMEOUT_S - 1)
    assert world.of("a") is State.LOADING
    world.later(2)
    assert world.of("a") is State.UNLOADING


def test_a_preload_that_starts_meanwhile_is_held_too(world: World) -> None:
    world.hot("b")
    world.preload("a")
    world.request("b")
    assert not world.held
    world.start("a")
    assert world.held == {"a"}
    world.request("a")  # and continues for a request
    assert not world.held


def test_an_unused_preload_is_wasted(world: World) -> None:
    for model in ("a", "b"):
        world.preload(model)
        world.ready(model)
    world.release(world.request("b"))
    world.unload("a")
    world.unload("b")
    assert [one.wasted for one in world.decisions if one.action is Action.UNLOAD] == [True, False]


# Failures


def test_pauses_grow_to_a_minute_until_a_request_is_answered(world: World) -> None:
    pauses = []
    for _ in range(10):
        waiter = world.request("a")
        world.fail("a", BROKEN)
        world.exit("a")
        assert world.error(waiter) is BROKEN
        refused = world.request("a")
        if refused in world.answers:
            error = world.error(refused)
            assert error.message.params["count"] == world.record("a").failures
            pauses.append(error.retry_after_s)
            world.clock += error.retry_after_s or 0.0
        else:
            world.cancel(refused)
            world.unload("a")
            world.exit("a")
    assert pauses == [1, 2, 4, 8, 16, 32, 60, 60, 60]
    world.hot("a")
    assert world.record("a").failures == 0


def test_a_load_that_was_cancelled_is_no_failure() -> None:
    world = World()
    waiter = world.request("a")
    world.fail("a", LoadCancelledError(msg("load_cancelled", model="a")))
    world.exit("a")
    assert world.error(waiter).code == "load_cancelled"
    assert world.of("a") is State.COLD
    assert not world.decisions


def test_a_failure_is_recorded_with_its_code(world: World) -> None:
    world.request("a")
    world.fail("a", BROKEN)
    failed = world.last(Action.FAIL)
    assert (failed.cause, failed.reason) == ("model_load_failed", BROKEN.message)
    world.exit("a")
    assert world.record("a").error == BROKEN.message
    assert not world.record("a").taken_bytes


def test_a_load_that_takes_too_long(world: World) -> None:
    waiter = world.request("a")
    world.later(TIMEOUT_S)
    assert world.of("a") is State.UNLOADING
    assert waiter not in world.answers  # until its worker is gone
    ending = world.unload("a")
    world.exit("a")
    assert world.error(waiter).code == "load_timeout"
    assert world.answers[ending] is None
    assert world.of("a") is State.FAILED


def test_waiting_for_room_takes_too_long() -> None:
    world = World(limit=50)
    world.request("a")
    world.ready("a")
    waiter = world.request("b")
    world.later(TIMEOUT_S)
    assert world.error(waiter).code == "load_timeout"


def test_a_timer_that_is_early_changes_nothing(world: World) -> None:
    world.request("a")
    world.feed(ev.TimerDue("a"))
    world.feed(ev.TimerDue("b"))
    assert world.of("a") is State.QUEUED


def test_a_dead_worker_is_noticed_and_replaced(world: World) -> None:
    lease = world.request("a")
    world.ready("a")
    unloading = world.unload("a")
    world.die("a")
    assert world.of("a") is State.FAILED
    assert world.answers[unloading] is None
    failed = world.last(Action.FAIL)
    assert (failed.cause, failed.reason) == ("worker_died", msg("worker_ended", reason=msg("shutdown")))
    other = world.request("a")
    world.ready("a")
    world.release(lease, answered=False)  # of the worker that died
    assert world.leases == {other}
    assert world.record("a").active_requests == 1


def test_requests_that_wait_for_a_reload_survive_a_dead_worker(world: World) -> None:
    world.request("a")
    world.ready("a")
    world.change_settings("a")
    world.clock += OVERDUE_S
    waiter = world.request("a")
    world.die("a")
    assert world.starting == {"a"}
    world.ready("a")
    assert waiter in world.leases


# Unloading


def test_unloading_waits_for_requests_in_progress(world: World) -> None:
    lease = world.request("a")
    world.ready("a")
    waiter = world.unload("a")
    assert world.of("a") is State.HOT
    world.release(lease)
    assert waiter not in world.answers
    world.exit("a")
    assert world.answers[waiter] is None
    assert left(world) == [("a", Action.UNLOAD, EvictionReason.USER)]


def test_a_cancelled_unload_does_not_unload(world: World) -> None:
    lease = world.request("a")
    world.ready("a")
    world.cancel(world.unload("a"))
    world.release(lease)
    assert world.of("a") is State.HOT


def test_unloading_what_is_not_there_is_done_at_once(world: World) -> None:
    assert world.answers[world.unload("a")] is None


def test_callers_leave_a_model_that_is_unloading(world: World) -> None:
    loading = world.request("a")
    unloading = world.unload("a")
    world.cancel(unloading)
    world.cancel(loading)
    world.cancel(world.request("a"))
    world.exit("a")
    assert world.of("a") is State.COLD


def test_releasing_what_is_unknown_changes_nothing(world: World) -> None:
    world.feed(ev.Released("a", 99))
    world.hot("a")
    world.feed(ev.Released("a", 99))
    world.unload("a")
    world.exit("a")
    assert world.of("a") is State.COLD


# Storing prompts


def test_the_time_to_store_prompts_depends_on_who_waits(world: World) -> None:
    world.hot("a", "b", "c")
    world.unload("a")
    for model in "de":  # the second one needs the room of b
        world.request(model)
    world.feed(ev.FileReplaced("c"))  # no model could use its prompts
    assert world.save_s == {"a": SAVE_S, "b": HURRIED_SAVE_S, "c": 0.0}


def test_requests_that_wait_for_a_reload_shorten_the_storing_of_prompts(world: World) -> None:
    lease = _hot_lease(world)
    world.change_settings("a")
    world.clock += OVERDUE_S
    world.request("a")
    world.release(lease)
    assert world.save_s == {"a": HURRIED_SAVE_S}


def test_the_end_has_a_time_of_its_own_and_loads_store_nothing(world: World) -> None:
    world.hot("a")
    world.request("b")
    world.feed(ev.Closed(1.5))
    assert world.save_s == {"a": 1.5, "b": 0.0}


# Keep-alive


def test_keep_alive_zero_unloads_after_the_last_request(world: World) -> None:
    first = world.request("a")
    world.ready("a")
    second = world.request("a")
    world.release(first, keep_alive_s=0.0)
    assert world.of("a") is State.HOT
    world.release(second)
    assert left(world) == [("a", Action.EVICT, EvictionReason.KEEP_ALIVE)]
    assert world.last(Action.EVICT).reason == msg("keep_alive_over", idle=0.0)
    world.exit("a")
    world.hot("a")  # it was about that load only
    assert world.of("a") is State.HOT


def test_each_request_restarts_keep_alive(world: World) -> None:
    world.keep_alive["a"] = 60.0
    world.hot("a")
    for _ in range(3):
        world.later(50.0)
        world.release(world.request("a"))
    world.later(59.0)
    assert world.of("a") is State.HOT
    world.later(2.0)
    assert world.of("a") is State.UNLOADING
    assert not world.timers


@pytest.mark.parametrize("days", [-5, 5])
def test_a_clock_that_is_set_does_not_lengthen_keep_alive(world: World, days: int) -> None:
    world.keep_alive["a"] = 60.0
    world.hot("a")
    world.set_by_s = days * 86_400.0
    world.later(121.0)
    assert world.of("a") is State.UNLOADING
    assert not world.timers


def test_a_timer_in_the_middle_of_a_request_is_put_off(world: World) -> None:
    world.keep_alive["a"] = 60.0
    world.hot("a")
    lease = world.request("a")
    world.later(100.0)
    assert world.of("a") is State.HOT
    world.release(lease)
    world.later(61.0)
    assert world.of("a") is State.UNLOADING


@pytest.mark.parametrize("seconds", [-1.0, -0.5])
def test_a_negative_keep_alive_keeps_the_model(world: World, seconds: float) -> None:
    world.keep_alive["a"] = 1.0
    world.release(_hot_lease(world), keep_alive_s=seconds)
    world.later(1e6)
    assert world.of("a") is State.HOT
    assert not world.timers


def test_an_endless_keep_alive_is_looked_at_every_day(world: World) -> None:
    world.release(_hot_lease(world), keep_alive_s=float("inf"))
    world.later(10 * 86_400.0)
    assert world.of("a") is State.HOT
    assert world.timers


def test_a_preload_has_its_full_keep_alive(world: World) -> None:
    world.keep_alive["a"] = 60.0
    world.hot("a")
    world.later(61.0)
    world.exit("a")
    world.later(1000.0)
    world.preload("a")
    world.ready("a")
    world.later(59.0)
    assert world.of("a") is State.HOT
    world.later(2.0)
    assert world.of("a") is State.UNLOADING


def _hot_lease(world: World) -> int:
    waiter = world.request("a")
    world.ready("a")
    return waiter


# Settings, files, memory


def test_a_lower_limit_unloads_idle_models_at_once_and_the_others_later(world: World) -> None:
    world.hot("b")
    lease = _hot_lease(world)
    world.change_settings(limit=10)
    assert (world.of("a"), world.of("b")) == (State.HOT, State.UNLOADING)
    world.release(lease)
    assert left(world) == [("b", Action.EVICT, "limit"), ("a", Action.EVICT, "limit")]
    assert reason(world.last(Action.EVICT).reason) == "over_limit"


def test_a_lower_limit_cancels_preloads(world: World) -> None:
    world.preload("a")
    world.change_settings(limit=10)
    assert world.last(Action.CANCEL).reason == msg("limit_changed", limit=10)


def test_a_load_over_a_lower_limit_ends_it_when_it_is_released(world: World) -> None:
    lease = _hot_lease(world)
    world.set_limits(10)
    world.release(lease)
    assert world.of("a") is State.UNLOADING


@pytest.mark.parametrize("file", [True, False])
def test_an_outdated_model_is_reloaded_when_it_is_idle(world: World, file: bool) -> None:
    lease = _hot_lease(world)
    world.change_settings("a")
    if file:
        world.feed(ev.FileReplaced("a"))
    assert world.of("a") is State.HOT
    world.release(lease)
    evicted = world.last(Action.EVICT)
    assert evicted.cause == (EvictionReason.FILE if file else EvictionReason.SETTINGS)
    assert reason(evicted.reason) == ("file_outdated" if file else "settings_outdated")


def test_an_idle_outdated_model_goes_at_once(world: World) -> None:
    world.hot("a", "b")
    world.feed(ev.FileReplaced("a"))
    world.change_settings("b")
    assert world.in_state(State.UNLOADING) == {"a", "b"}
    world.feed(ev.FileReplaced("a"))
    world.change_settings("b")
    assert len(left(world)) == 2


def test_settings_that_change_during_a_load_reload_the_model(world: World) -> None:
    waiter = world.request("a")
    world.start("a")
    world.change_settings("a")
    world.ready("a")
    assert world.leases == {waiter}
    world.release(waiter)
    assert world.last(Action.EVICT).cause == EvictionReason.SETTINGS


def test_settings_that_change_before_a_load_starts_are_used_by_it(world: World) -> None:
    world.request("a")
    world.change_settings("a")
    world.ready("a")
    (lease,) = world.leases
    world.release(lease)
    assert world.of("a") is State.HOT


def test_new_settings_change_what_a_cold_model_needs(world: World) -> None:
    world.hot("a")
    world.unload("a")
    world.exit("a")
    world.sizes = {"a": 50}
    world.change_settings()
    assert world.record("a").expected_bytes == 50


def test_keep_alive_of_new_settings_acts_at_once(world: World) -> None:
    world.hot("a", "b")
    world.keep_alive["a"] = 0.0
    world.change_settings()
    assert world.in_state(State.HOT) == {"b"}


def test_requests_without_a_gap_wait_for_a_reload_in_the_end(world: World) -> None:
    lease = _hot_lease(world)
    world.change_settings("a")
    world.clock += OVERDUE_S - 1
    other = world.request("a")
    assert other in world.leases  # not yet
    world.clock += 1
    waiting = [world.request("a") for _ in range(3)]
    assert not set(waiting) & world.leases
    assert world.record("a").active_requests == 5
    world.cancel(waiting[2])
    world.release(lease)
    world.release(other)
    world.exit("a")
    world.ready("a")
    assert world.leases == set(waiting[:2])


def test_requests_in_progress_that_do_not_end_do_not_hold_others_back_for_ever(world: World) -> None:
    _hot_lease(world)
    world.change_settings("a")
    world.clock += OVERDUE_S
    first = world.request("a")
    world.later(TIMEOUT_S / 2)
    second = world.request("a")
    world.later(TIMEOUT_S / 2)
    assert first in world.leases
    assert second not in world.leases
    world.later(TIMEOUT_S / 2)
    assert second in world.leases


def test_a_request_for_the_new_settings_waits_until_those_in_progress_have_ended(world: World) -> None:
    lease = _hot_lease(world)
    world.change_settings("a")
    renewed = world.request("a", renewed=True)
    other = world.request("a")
    assert world.leases == {lease, other}
    assert (world.found[renewed], world.record("a").active_requests) == ((Outcome.MISS, 0.0), 3)
    world.release(lease)
    world.release(other)
    assert world.last(Action.EVICT).cause == EvictionReason.SETTINGS
    world.exit("a")
    world.ready("a")
    assert world.leases == {renewed}


def test_a_request_for_settings_that_the_model_has_does_not_wait(world: World) -> None:
    lease = _hot_lease(world)
    assert world.request("a", renewed=True) in world.leases
    assert lease in world.leases


@pytest.mark.parametrize("joined", [True, False])
def test_a_request_for_the_new_settings_waits_for_a_load_with_old_ones(world: World, joined: bool) -> None:
    first = world.request("a") if joined else world.preload("a")
    world.start("a")
    world.change_settings("a")
    renewed = world.request("a", renewed=True)
    world.ready("a")
    assert world.leases == ({first} if joined else set())
    if joined:
        world.release(first)
    world.exit("a")
    world.ready("a")
    assert world.leases == {renewed}


def test_a_request_for_the_new_settings_does_not_get_the_old_ones_in_the_end(world: World) -> None:
    _hot_lease(world)
    world.change_settings("a")
    renewed = world.request("a", renewed=True)
    world.later(TIMEOUT_S)
    assert isinstance(world.answers[renewed], LoadTimeoutError)
    assert world.record("a").active_requests == 1


def test_pressure_unloads_idle_models_in_the_order_of_eviction(world: World) -> None:
    world.hot("a", "b")
    lease = world.request("c")
    world.ready("c")
    world.free(1)
    assert left(world) == [("a", Action.EVICT, EvictionReason.PRESSURE)]
    world.free(30)  # what is leaving counts
    assert len(left(world)) == 1
    world.free(1000)
    assert world.in_state(State.UNLOADING) == {"a", "b"}
    assert world.leases == {lease}


def test_room_is_made_by_idle_models_until_the_others_take_no_more(world: World) -> None:
    world.hot("a", "b")
    lease = world.request("c")
    world.ready("c")
    world.make_room(90)
    assert left(world) == []
    world.make_room(60)
    world.make_room(60)  # what is leaving takes nothing
    assert left(world) == [("a", Action.EVICT, EvictionReason.OTHERS)]
    world.make_room(0)
    assert world.in_state(State.UNLOADING) == {"a", "b"}
    assert world.leases == {lease}


def test_a_preload_that_makes_room_is_not_wasted(world: World) -> None:
    world.preload("a")
    world.ready("a")
    world.make_room(0)
    assert world.in_state(State.UNLOADING) == {"a"}
    assert not any(one.wasted for one in world.decisions)


@pytest.mark.parametrize("why", [EvictionReason.FILE, EvictionReason.SETTINGS])
def test_a_preload_that_is_loaded_again_is_not_wasted(world: World, why: EvictionReason) -> None:
    world.preload("a")
    world.ready("a")
    if why is EvictionReason.FILE:
        world.feed(ev.FileReplaced("a"))
    else:
        world.change_settings("a")
    assert left(world) == [("a", Action.EVICT, why)]
    assert not any(one.wasted for one in world.decisions)


def test_what_a_worker_holds_counts_where_it_is_more_than_reserved(world: World) -> None:
    world.hot("a")
    world.feed(ev.MemoryMeasured({"a": 20}))
    assert (world.record("a").rss_bytes, world.record("a").taken_bytes) == (20, 30)
    world.feed(ev.MemoryMeasured({"a": 45}))
    assert world.state.taken_bytes == 45
    world.unload("a")
    world.exit("a")
    world.feed(ev.MemoryMeasured({"a": 45}))
    assert world.record("a").taken_bytes == 0


def test_favourites_go_last(world: World) -> None:
    world.hot("a", "b", "c")
    world.feed(ev.FavouritesChanged(frozenset({"a"})))
    assert [each.favourite for each in world.state.residents()] == [True, False, False]
    world.request("d")
    assert world.of("b") is State.UNLOADING


# Devices


def test_a_request_waits_for_the_memory_of_a_device() -> None:
    world = World(on_gpu={"a": 60, "b": 60, "c": 30}, gpu_limit=100)
    lease = _hot_lease(world)
    world.hot("c")
    waiter = world.request("b")
    assert (world.of("b"), world.of("c")) == (State.QUEUED, State.HOT)  # that "c" leaves would not be enough
    world.release(lease)
    assert world.of("a") is State.UNLOADING
    world.exit("a")
    world.ready("b")
    assert world.answers[waiter] is None
    assert world.of("c") is State.HOT


def test_a_model_larger_than_its_device_is_refused_until_the_limit_is_raised() -> None:
    world = World(on_gpu={"a": 60}, gpu_limit=50)
    error = world.error(world.request("a"))
    assert (error.code, error.message.code) == ("insufficient_memory", "no_room_on_device")
    assert error.message.params.items() >= {"model": "a", "device": "gpu", "needed": 60, "limit": 50}.items()
    assert world.of("a") is State.FAILED
    world.gpu_limit = 60
    world.change_settings(limit=world.limit)
    assert world.of("a") is State.COLD
    world.hot("a")


def test_a_lower_limit_of_a_device_unloads_only_models_on_it() -> None:
    world = World(on_gpu={"a": 40, "b": 40}, gpu_limit=100).hot("a", "b", "c")
    world.gpu_limit = 50
    world.change_settings(limit=world.limit)
    assert (world.of("a"), world.of("b"), world.of("c")) == (State.UNLOADING, State.HOT, State.HOT)


def test_a_device_that_holds_too_much_is_no_obstacle_to_other_models() -> None:
    world = World(on_gpu={"a": 60}, gpu_limit=100)
    world.request("a")
    world.gpu_limit = 50
    world.change_settings(limit=world.limit)
    assert world.of("a") is State.QUEUED
    world.request("b")
    world.start("b")
    world.ready("b")
    assert (world.of("a"), world.of("b")) == (State.QUEUED, State.HOT)


def test_a_load_that_failed_on_a_device_is_repeated_without() -> None:
    world = World(on_gpu={"a": 60}, gpu_limit=100)
    waiter = world.request("a")
    world.start("a")
    world.fail("a", ModelLoadError(msg("device_probe_crashes", reason="")), elsewhere=True)
    assert world.of("a") is State.QUEUED
    assert world.state.models["a"].device_bytes == {}
    world.exit("a")
    world.start("a")
    world.ready("a")
    assert world.answers[waiter] is None


def test_a_load_that_failed_on_a_device_fails_where_there_is_no_room_without() -> None:
    world = World(on_gpu={"a": 60}, gpu_limit=100, sizes={"a": 30})
    waiter = world.request("a")
    world.start("a")
    world.sizes = {"a": world.limit + 1}
    world.fail("a", ModelLoadError(msg("device_probe_crashes", reason="")), elsewhere=True)
    world.exit("a")
    assert world.error(waiter).message.code == "device_probe_crashes"
    assert world.of("a") is State.FAILED


def test_a_preload_takes_only_what_a_device_has() -> None:
    world = World(on_gpu={"a": 60, "b": 60}, gpu_limit=100).hot("a")
    assert world.error(world.preload("b")).message.code == "no_room_on_device"
    assert world.of("a") is State.HOT


# The end


def test_closing_ends_everything(world: World) -> None:
    lease = _hot_lease(world)
    loading = world.request("b")
    world.hot("c")
    world.unload("c")
    again = world.request("c")
    world.feed(ev.Closed())
    assert world.in_state(State.UNLOADING) == {"a", "b", "c"}
    for model in "abc":
        world.exit(model)
    assert [world.error(each).code for each in (loading, again)] == ["load_cancelled", "engine_stopped"]
    assert world.error(world.request("a")).code == "engine_stopped"
    assert world.error(world.preload("a")).code == "engine_stopped"
    world.release(lease)
    assert [reason(one.reason) for one in world.decisions if one.cause == EvictionReason.END] == ["shutdown"] * 2
    assert not any(one.wasted for one in world.decisions)


# The rest of a load


def test_the_rest_of_a_load_follows_from_its_progress() -> None:
    load = Load(Cause.REQUEST, msg("load_requested"), 0.0, None)

    def left_s(progress: float, at: float, load: Load = load) -> float | None:
        return Residency("a", Loading(load, 1000.0, progress)).load_left_s(at)

    assert left_s(0.0, 1001.0) is None
    assert left_s(0.5, 1000.1) is None  # too early to say
    assert left_s(0.25, 1001.0) == pytest.approx(3.0)
    assert left_s(0.25, 1001.0, Load(Cause.PRELOAD, load.reason, 0.0, None, held_since_mono=1000.5)) is None
    assert Residency("a", Hot(Cause.REQUEST, load.reason, 0.0)).load_left_s(1001.0) is None


def test_the_time_that_a_load_is_held_is_not_its_speed(world: World) -> None:
    world.hot("b")
    world.preload("a")
    world.start("a")
    world.clock += 1.0
    world.feed(ev.Progressed("a", 0.25))
    lease = world.request("b")
    world.clock += 100.0
    world.release(lease)
    assert world.record("a").load_left_s(world.clock) == pytest.approx(3.0)


# Priority


def load_all(world: World) -> None:
    """Let workers end and load until nothing is left to do."""
    while todo := world.closing | world.starting:
        for model in todo:
            (world.exit if model in world.closing else world.ready)(model)


def test_loads_wait_in_the_order_of_their_priority() -> None:
    world = World(limit=70, sizes={"busy": 60, "low": 60, "normal": 60, "high": 60})
    busy = world.hot("busy").request("busy")
    for model, priority in (("low", Priority.BULK), ("normal", Priority.INTERACTIVE), ("high", Priority.HIGH)):
        world.request(model, priority)
    order = []
    world.release(busy)
    for _ in range(3):
        load_all(world)
        (waiter,) = world.leases
        order.append(world.model_of[waiter])
        world.release(waiter)
    assert order == ["high", "normal", "low"]


def test_a_load_of_low_priority_takes_no_room_from_one_that_waits() -> None:
    world = World(limit=100, sizes={"busy": 60, "large": 60, "small": 30})
    busy = world.hot("busy").request("busy")
    world.request("large")
    world.request("small", Priority.BULK)
    load_all(world)
    assert world.of("small") is State.QUEUED
    # After a while it waits like any other, and takes the room that is there.
    world.clock += 31.0
    world.request("small", Priority.BULK)
    load_all(world)
    assert (world.of("small"), world.of("large")) == (State.HOT, State.QUEUED)
    world.release(busy)
    load_all(world)
    assert world.of("large") is State.HOT


def test_no_favourite_leaves_for_a_request_of_low_priority() -> None:
    world = World(limit=70, sizes={"f": 60, "a": 60}, favourites=("f",)).hot("f")
    error = world.error(world.request("a", Priority.BULK))
    assert isinstance(error, InsufficientMemoryError)
    assert reason(error.message) == "no_room_in_bulk"
    assert world.of("f") is State.HOT
    normal = world.request("a")
    load_all(world)
    assert normal in world.leases
    assert world.of("f") is State.COLD
