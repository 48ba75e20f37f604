from __future__ import annotations

import math
from dataclasses import replace
from random import Random
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from preheat.preload import REPLAN_S, PolicySettings, PreloadPlan, PreloadPlanner
from preheat.replay import Kind, Machine, Strategy, Trace, TraceEvent, replay
from preheat.replay.executor import SimulatedExecutor
from preheat.replay.reports import KEEP_ALIVE, LRU, PREHEAT, clairvoyant, lru_of
from preheat.replay.simulation import Simulation
from preheat.replay.trace import ModelSize
from preheat.residency import Form, plan_eviction
from preheat.usage import DAY_S

GB = 1_000_000_000
SIZES = {
    name: ModelSize(size * GB, size * GB, repacked)
    for name, size, repacked in (("a", 1, 2 * GB), ("b", 2, 3 * GB), ("c", 3, 0), ("d", 4, 7 * GB))
}
READING = PolicySettings(read_ahead="all")
MACHINE = Machine(4 * GB, disk_bytes_per_s=1e9, cold_s=0.5, standby_s=0.2, answer_s=5.0, idle_s=1.0)
T0 = 1_767_600_000.0


@st.composite
def traces(draw: st.DrawFn) -> Trace:
    at, events = T0, []
    long_pause_before = draw(st.integers(0, 40))  # one is enough, and each takes 300 plans
    for number in range(draw(st.integers(0, 40))):
        at += draw(st.sampled_from([0.0, 0.1, 1.0, 4.0, 30.0, 400.0, 1000.0]))
        at += 90_000.0 * (number == long_pause_before)
        kind = draw(st.sampled_from([Kind.REQUEST] * 9 + [kind for kind in Kind if kind is not Kind.REQUEST]))
        model_id = draw(st.sampled_from("abcd")) if kind in (Kind.REQUEST, Kind.ADDED, Kind.CHOSEN) else ""
        if kind is Kind.WAKE:
            model_id = draw(st.sampled_from(["", "a", "d"]))
        events.append(TraceEvent(at, kind, model_id, draw(st.sampled_from(["", "x", "y"]))))
    return Trace(tuple(events), SIZES, tuple(draw(st.lists(st.sampled_from("abcd"), unique=True, max_size=2))))


STRATEGIES = [
    PREHEAT,
    KEEP_ALIVE,
    LRU,
    lru_of(1),
    lru_of(2),
    Strategy("bare", preload=True),
    replace(PREHEAT, name="repack", repack=True),
]


@pytest.mark.no_cover  # tracing triples their time, and the other tests cover the same code
@pytest.mark.parametrize("strategy", STRATEGIES, ids=lambda strategy: strategy.name)
@given(trace=traces(), limit=st.integers(1, 10))
def test_every_request_counts_once_and_no_strategy_beats_the_bound(
    strategy: Strategy, trace: Trace, limit: int
) -> None:
    machine = Machine(limit * GB)
    report, bound = replay(trace, machine, strategy), clairvoyant(trace, machine)
    requests = sum(event.kind is Kind.REQUEST for event in trace.events)
    for figures in (report.overall, bound.overall):
        assert figures.hits + figures.late_hits + figures.misses == figures.requests == requests
    assert bound.overall.hits >= report.overall.hits
    assert bound.overall.waits <= report.overall.waits
    assert bound.overall.waited_s <= report.overall.waited_s + 1e-9
    assert report.overall.refused == bound.overall.refused
    spent = report.overall.wasted + report.overall.lost + report.overall.cancelled
    assert 0 <= spent <= report.overall.preloads
    if not strategy.preload:
        assert report.overall.preloads == 0
    assert replay(trace, machine, strategy) == report


@given(trace=traces(), limit=st.integers(1, 10), strategy=st.sampled_from(STRATEGIES))
def test_memory_never_exceeds_the_limit(trace: Trace, limit: int, strategy: Strategy) -> None:
    simulation = Simulation(Machine(limit * GB), strategy, SIZES, trace.favourites)
    for event in trace.events:
        simulation.play(event)
        assert simulation.hot_bytes <= limit * GB


def waited_s(simulation: Simulation) -> float:
    """Return the seconds that all requests so far wait in all."""
    simulation.finish()
    return simulation.figures.waited_s


def test_a_cold_load_a_hit_and_a_load_from_the_page_cache() -> None:
    simulation = Simulation(MACHINE, LRU, SIZES)
    simulation.boot(T0)
    simulation.request("b", "", T0 + 10)  # cold: 2 s + 0.5 s
    simulation.request("b", "", T0 + 11)  # joins the load
    simulation.request("b", "", T0 + 60)
    assert (simulation.figures.misses, simulation.figures.late_hits, simulation.figures.hits) == (1, 1, 1)
    assert waited_s(simulation) == pytest.approx(2.5 + 1.5)
    simulation.request("c", "", T0 + 120)  # evicts b; its pages stay
    simulation.request("b", "", T0 + 180)
    assert waited_s(simulation) == pytest.approx(4.0 + 3.5 + 0.2)
    assert simulation.figures.bytes_read == 5 * GB


def test_switching_off_empties_memory_and_page_cache() -> None:
    simulation = Simulation(MACHINE, LRU, SIZES)
    simulation.request("b", "", T0)
    simulation.switch_off(T0 + 100)
    simulation.boot(T0 + 200)
    simulation.request("b", "", T0 + 300)
    assert simulation.figures.misses == 2
    assert waited_s(simulation) == pytest.approx(5.0)


@pytest.mark.parametrize("strategy", [LRU, PREHEAT])
def test_a_machine_that_sleeps_keeps_its_memory(strategy: Strategy) -> None:
    simulation = Simulation(MACHINE, strategy, SIZES)
    simulation.request("b", "", T0)
    simulation.sleep(T0 + 100)
    simulation.resume(T0 + 40_000)
    simulation.request("b", "", T0 + 40_100)
    simulation.sleep(T0 + 40_200)
    simulation.request("b", "", T0 + 90_000)  # also without notice
    assert (simulation.figures.misses, simulation.figures.hits) == (1, 2)


def test_nothing_is_preloaded_while_the_machine_sleeps() -> None:
    simulation = Simulation(MACHINE, PREHEAT, SIZES, favourites=("a", "b"))
    simulation.boot(T0)
    simulation.sleep(T0)
    simulation.advance(T0 + 5000)
    assert simulation.figures.preloads == 0
    simulation.resume(T0 + 10_000)
    simulation.advance(T0 + 10_100)
    assert simulation.figures.preloads == 2
    assert simulation.in_memory == {"a", "b"}


def test_a_keep_alive_that_ends_during_sleep_ends_afterwards() -> None:
    simulation = Simulation(MACHINE, KEEP_ALIVE, SIZES)
    simulation.request("b", "", T0)
    simulation.sleep(T0 + 100)
    simulation.resume(T0 + 40_000)
    simulation.advance(T0 + 40_001)
    assert simulation.in_memory == frozenset()


def test_a_model_that_was_added_is_in_the_page_cache() -> None:
    simulation = Simulation(MACHINE, LRU, SIZES)
    simulation.boot(T0)
    simulation.add("b", T0 + 10)
    simulation.request("b", "", T0 + 20)
    assert waited_s(simulation) == pytest.approx(0.2)
    assert simulation.figures.bytes_read == 0


def test_a_request_waits_for_memory_in_use() -> None:
    simulation = Simulation(MACHINE, LRU, SIZES)
    simulation.request("c", "", T0)  # ready after 3.5 s, answering for 5 s
    simulation.request("b", "", T0 + 1)
    assert waited_s(simulation) == pytest.approx(3.5 + 7.5 + 2.5)


def test_keep_alive_unloads_after_five_minutes() -> None:
    simulation = Simulation(MACHINE, KEEP_ALIVE, SIZES)
    for at in (0, 100, 350, 700):
        simulation.request("a", "", T0 + at)
    assert (simulation.figures.misses, simulation.figures.hits) == (2, 2)


def test_favourites_are_preloaded_one_at_a_time_after_the_start() -> None:
    simulation = Simulation(MACHINE, PREHEAT, SIZES, favourites=("b", "a"))
    simulation.boot(T0)
    simulation.request("a", "", T0 + 3.5)  # b took 2.5 s, a takes 1.5 s
    simulation.request("b", "", T0 + 4)
    figures = simulation.figures
    assert (figures.preloads, figures.late_hits, figures.hits, figures.misses) == (2, 1, 1, 0)
    assert figures.waited_s == pytest.approx(0.5)


def test_a_preload_is_cancelled_for_a_request_and_an_unused_one_is_wasted() -> None:
    simulation = Simulation(MACHINE, PREHEAT, SIZES, favourites=("c",))
    simulation.boot(T0)
    simulation.request("b", "", T0 + 1)
    assert simulation.figures.cancelled == 1
    simulation.boot(T0 + 2000)  # by then it was preloaded again, unused
    assert simulation.figures.lost == 1
    simulation.request("b", "", T0 + 2100)
    assert (simulation.figures.wasted, simulation.figures.cancelled) == (1, 1)
    simulation.switch_off(T0 + 9000)
    assert (simulation.figures.preloads, simulation.figures.lost) == (4, 2)


def test_a_known_client_finds_its_model_hot() -> None:
    """From the fourth time on, always. Habits learn a fixed order, too, so they also miss less and less."""
    sizes = {name: ModelSize(3 * GB, 3 * GB) for name in "ab"}
    without = Strategy("without", preload=True)

    def misses(strategy: Strategy) -> list[int]:
        simulation, found = Simulation(MACHINE, strategy, sizes), []
        for day in range(10):
            simulation.boot(T0 + day * 86_400)
            for number in range(5):
                simulation.request("a", "chat", T0 + day * 86_400 + 100 + number * 60)
            simulation.wake("notes", T0 + day * 86_400 + 8000)
            simulation.request("b", "notes", T0 + day * 86_400 + 8010)
            found.append(simulation.figures.misses)
        return found

    found = misses(PREHEAT)
    assert found[3:] == [found[3]] * 7
    assert found[3] <= 5
    assert misses(without)[-1] >= found[-1] + 3


def test_standby_reads_in_order_and_the_last_file_partly() -> None:
    machine, strategy = Machine(4 * GB, page_cache_bytes=2 * GB, disk_bytes_per_s=1e9), replace(PREHEAT, policy=READING)
    simulation = Simulation(machine, strategy, SIZES, ("d",))
    simulation.boot(T0)
    simulation.request("b", "", T0 + 100)  # a and half of b are there
    assert waited_s(simulation) == pytest.approx(0.25 + 1.0)
    assert simulation.figures.bytes_read == (4 + 1 + 1 + 1) * GB


def test_reading_ahead_takes_time_and_a_request_interrupts_it() -> None:
    machine = replace(MACHINE, page_cache_bytes=8 * GB)
    simulation = Simulation(machine, Strategy("standby", preload=True, standby=True, policy=READING), SIZES)
    simulation.boot(T0)
    simulation.request("b", "", T0 + 2)  # 1 s for a, then half of b
    assert waited_s(simulation) == pytest.approx(0.5 + 1.0)
    assert simulation.figures.bytes_read == 3 * GB
    simulation.request("c", "", T0 + 100)  # read after the answer
    assert waited_s(simulation) == pytest.approx(1.5 + 0.2)


def test_the_page_cache_drops_the_file_used_longest_ago() -> None:
    simulation = Simulation(replace(MACHINE, page_cache_bytes=GB), LRU, SIZES)
    simulation.boot(T0)
    for number, model_id in enumerate("bdb"):  # d leaves room for half of b
        simulation.request(model_id, "", T0 + 100 * number)
    assert waited_s(simulation) == pytest.approx((0.5 + 2.0) + (0.5 + 4.0) + (0.5 + 1.0))


def test_the_file_of_the_model_of_a_waking_client_is_read_ahead() -> None:
    """There is room for two files, and habits say nothing of when the chat with its own model is opened."""
    sizes = {name: ModelSize(2 * GB, 2 * GB) for name in "abcdefg"}
    machine = Machine(4 * GB, page_cache_bytes=4 * GB, disk_bytes_per_s=1e9)

    def last_wait_s(strategy: Strategy) -> float:
        simulation, random = Simulation(machine, strategy, sizes, ("a", "b")), Random(1)
        before = 0.0
        for day in range(12):
            at = T0 + day * 86_400
            simulation.boot(at)
            for number in range(12):
                at += 1600
                if number == day and day % 2:
                    simulation.wake("chat", at)
                    before = waited_s(simulation)
                    simulation.request("d", "chat", at + 10)
                    break
                simulation.wake("notes", at)
                simulation.request(random.choice("cefg"), "notes", at + 10)
        return waited_s(simulation) - before

    assert last_wait_s(PREHEAT) == pytest.approx(0.2)
    assert last_wait_s(replace(PREHEAT, wake_ups=False)) == pytest.approx(2.25)
    assert last_wait_s(replace(PREHEAT, standby=False)) == pytest.approx(2.25)


def test_a_preload_waits_for_the_answer_to_a_hot_model() -> None:
    machine = Machine(10 * GB, answer_s=5.0)
    sizes = {"a": ModelSize(GB, GB), "b": ModelSize(GB, 19 * GB)}
    executor = SimulatedExecutor(machine, sizes, plan_eviction)
    executor.request("a")
    while executor.next_at < math.inf:
        executor.run_next()
    executor.preload("b", ())
    usual = executor.next_at
    executor.request("a")
    while executor.next_at < math.inf:
        executor.run_next()
    assert executor.now == pytest.approx(usual + machine.answer_s)
    assert (executor.figures.hits, executor.preloading) == (1, False)


def test_a_repacked_model_shrinks_for_a_request_and_comes_back_mapped() -> None:
    sizes = {"a": ModelSize(GB, GB, 2 * GB), "b": ModelSize(2 * GB, 2 * GB)}
    simulation = Simulation(Machine(3 * GB), replace(PREHEAT, repack=True), sizes)
    for at in (T0, T0 + 60):
        simulation.request("a", "", at)
    simulation.advance(T0 + 120)
    assert simulation.hot_bytes == 2 * GB, "a is repacked"
    simulation.request("b", "", T0 + 200)
    simulation.advance(T0 + 300)
    assert simulation.in_memory == {"a", "b"}
    assert simulation.hot_bytes == 3 * GB


REPACK_S = 0.2 + 1.0
"""Time of a load of ``a`` with repacked weights: its pages are there, and 1 GB is repacked at 1 GB/s."""


@pytest.fixture
def repacking() -> SimulatedExecutor:
    """Return a machine on which ``a`` is hot and is being repacked in the background."""
    executor = SimulatedExecutor(replace(MACHINE, limit_bytes=10 * GB), SIZES, plan_eviction)
    executor.request("a")
    run_all(executor)
    executor.exchange("a")
    assert executor.state.taken_bytes == 2 * GB, "both are in memory"
    return executor


def run_all(executor: SimulatedExecutor) -> None:
    while executor.next_at < math.inf:
        executor.run_next()


def form_of_a(executor: SimulatedExecutor) -> Form | None:
    return executor.state.models["a"].form


def test_a_request_holds_the_repacking_of_its_model_until_its_answer(repacking: SimulatedExecutor) -> None:
    began_at = repacking.now
    repacking.now += 0.5
    repacking.request("a")
    assert repacking.figures.hits == 1, "the mapped weights answer"
    repacking.changed = False
    repacking.run_next()
    assert repacking.now == pytest.approx(began_at + REPACK_S), "when it would have been ready"
    assert (form_of_a(repacking), repacking.changed) == (Form.MAPPED, False)
    repacking.run_next()
    assert repacking.now == pytest.approx(began_at + 0.5 + MACHINE.answer_s)
    assert form_of_a(repacking) is Form.MAPPED, "it goes on from where it was"
    repacking.run_next()
    assert repacking.now == pytest.approx(began_at + REPACK_S + MACHINE.answer_s)
    assert form_of_a(repacking) is Form.REPACKED
    assert repacking.state.taken_bytes == 2 * GB
    assert repacking.next_at == math.inf


def test_repacking_is_held_for_each_request(repacking: SimulatedExecutor) -> None:
    began_at = repacking.now
    for _ in range(2):
        repacking.now += 0.5
        repacking.request("a")
        while repacking.state.active_requests:
            repacking.run_next()
        assert form_of_a(repacking) is Form.MAPPED
    run_all(repacking)
    assert repacking.now == pytest.approx(began_at + REPACK_S + 2 * MACHINE.answer_s)
    assert form_of_a(repacking) is Form.REPACKED


def test_a_request_for_another_model_holds_repacking_during_its_load_too(repacking: SimulatedExecutor) -> None:
    began_at = repacking.now
    repacking.request("b")  # 2 s + 0.5 s
    run_all(repacking)
    assert repacking.now == pytest.approx(began_at + 2.5 + MACHINE.answer_s + REPACK_S)
    assert form_of_a(repacking) is Form.REPACKED


def test_repacking_given_up_for_a_request_leaves_the_mapped_weights() -> None:
    sizes = {"a": ModelSize(GB, GB, 2 * GB), "b": ModelSize(2 * GB, 2 * GB)}
    executor = SimulatedExecutor(replace(MACHINE, limit_bytes=3 * GB), sizes, plan_eviction)
    executor.request("a")
    run_all(executor)
    executor.exchange("a")
    executor.request("b")
    run_all(executor)
    assert (form_of_a(executor), executor.state.taken_bytes) == (Form.MAPPED, 3 * GB)
    assert executor.figures.misses == 2


@pytest.mark.parametrize(("limit_gb", "hits"), [(1, 0), (2, 4)])
def test_models_share_a_device(limit_gb: int, hits: int) -> None:
    sizes = {name: ModelSize(GB // 10, GB, device_bytes={"Vulkan0": GB}) for name in "ab"}
    events = [TraceEvent(T0 + 60 * number, Kind.REQUEST, "ab"[number % 2]) for number in range(6)]
    machine = Machine(100 * GB, device_limits={"Vulkan0": limit_gb * GB})
    found = replay(Trace(tuple(events), sizes), machine, LRU).overall
    assert (found.hits, found.misses, found.refused) == (hits, 6 - hits, 0)


def test_preloads_need_a_place_on_the_device() -> None:
    sizes = {name: ModelSize(GB // 10, GB, device_bytes={"Vulkan0": GB}) for name in "ab"}
    events = [TraceEvent(T0 + 600 * number, Kind.REQUEST, "ab"[number % 2]) for number in range(40)]
    one, both = (
        replay(Trace(tuple(events), sizes), Machine(100 * GB, device_limits={"Vulkan0": limit * GB}), PREHEAT).overall
        for limit in (1, 2)
    )
    assert one.hits < both.hits


def test_a_clock_that_had_lost_the_time_takes_no_years_of_plans() -> None:
    plans = 0

    class Counting(PreloadPlanner):
        def plan(self, *args: Any, **named: Any) -> PreloadPlan:
            nonlocal plans
            plans += 1
            return super().plan(*args, **named)

    events = (TraceEvent(at, Kind.REQUEST, "a") for at in (0.0, T0, T0 + 10.0))
    report = replay(Trace(tuple(events), SIZES), MACHINE, replace(PREHEAT, planner=Counting))
    assert report.overall.hits == 2
    assert 31 * DAY_S / REPLAN_S <= plans < 32 * DAY_S / REPLAN_S
