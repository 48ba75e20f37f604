from __future__ import annotations

import random
import statistics
from functools import partial
from itertools import groupby

import pytest
from hypothesis import given
from hypothesis import strategies as st

from preheat.inference.worker.threads import Load, ThreadCount
from tests.engine.inference.worker.threads.machines import Machine, simulate

QUIET, HOG, HOGS = 0.0, 1.0, 2.0

MACHINES = {
    "two cores": Machine(),
    "two cores, large model": Machine(serial_s=0.11),
    "two cores, tiny model": Machine(serial_s=0.003),
    "four cores": Machine(cores=4),
    "eight cores": Machine(cores=8, serial_s=0.2),
}


def steady(load: float, _at: float) -> float:
    return load


def share_of_best(machine: Machine, others: float, rate: float) -> float:
    return rate * machine.step_s(machine.best(others), others)


@pytest.mark.parametrize("name", MACHINES)
@pytest.mark.parametrize("others", [QUIET, HOG, HOGS])
def test_a_steady_machine_gets_nearly_its_best_number(name: str, others: float) -> None:
    machine = MACHINES[name]
    run = simulate(machine, partial(steady, others), 20.0)
    assert share_of_best(machine, others, run.rate(1.0, 20.0)) > (0.98 if others == QUIET else 0.93)


@pytest.mark.parametrize("name", MACHINES)
def test_a_program_that_begins_is_answered_within_a_second(name: str) -> None:
    machine = MACHINES[name]
    run = simulate(machine, lambda at: HOG if at >= 10 else QUIET, 14.0)
    assert share_of_best(machine, HOG, run.rate(11.0, 14.0)) > 0.9


@pytest.mark.parametrize("name", MACHINES)
def test_a_program_that_ends_is_answered_within_a_second(name: str) -> None:
    machine = MACHINES[name]
    run = simulate(machine, lambda at: HOG if at < 10 else QUIET, 14.0)
    assert share_of_best(machine, QUIET, run.rate(11.0, 14.0)) > 0.95


@pytest.mark.parametrize("name", MACHINES)
@pytest.mark.parametrize(("others", "most_changes"), [(QUIET, 0), (HOG, 4)])
def test_the_number_does_not_flap(name: str, others: float, most_changes: int) -> None:
    counts = simulate(MACHINES[name], partial(steady, others), 30.0).counts(10.0, 30.0)
    assert len(list(groupby(counts))) - 1 <= most_changes


def test_bursts_of_other_programs_cost_little() -> None:
    chance = random.Random(5)
    shares = [share_next_to_bursts(chance) for _ in range(40)]
    assert statistics.median(shares) > 0.9
    assert statistics.quantiles(shares, n=10)[0] > 0.7


def share_next_to_bursts(chance: random.Random) -> float:
    """Return the rate next to bursts of load as a share of the best fixed number's, on some machine."""
    machine = Machine(
        cores=chance.choice([2, 4, 8, 16]),
        serial_s=chance.uniform(0.003, 0.3),
        shared_factor=chance.uniform(1.2, 6.0),
    )
    period_s, load, seed = chance.uniform(0.05, 5.0), chance.uniform(0.0, 3.0), chance.randrange(1000)

    def others(at: float) -> float:
        return load if int(at / period_s) % 2 else 0.0

    def rate(fixed: int | None = None) -> float:
        return simulate(machine, others, 12.0, seed=seed, fixed=fixed).rate(2.0, 12.0)

    return rate() / max(rate(count) for count in range(1, machine.cores + 1))


@given(st.integers(1, 64), st.lists(st.builds(Load, *3 * [st.floats(0.0, 128.0)])))
def test_the_number_is_always_possible(most: int, loads: list[Load]) -> None:
    threads = ThreadCount(most)
    for load in loads:
        threads.note(load)
        assert 1 <= threads.value <= most


def test_only_cores_that_the_steps_wanted_count() -> None:
    threads = ThreadCount(4)
    threads.note(Load(others=2.0, missing=0.1, seconds=0.2))  # the others ran between the steps
    threads.note(Load(others=0.1, missing=3.0, seconds=0.2))  # the steps waited for something else
    assert threads.value == 4


def test_a_program_that_gives_way_costs_no_thread_for_long() -> None:
    threads = ThreadCount(2)
    threads.note(Load(others=0.9, missing=0.9, seconds=0.2))
    assert threads.value == 1
    for _ in range(21):
        threads.note(Load(others=1.0, missing=0.0, seconds=0.2))
    assert threads.value == 2


def test_trials_in_vain_become_rare() -> None:
    threads = ThreadCount(2)
    tried = 0
    for _ in range(1000):
        crowded = threads.value == 2
        tried += crowded
        threads.note(Load(others=1.0, missing=0.8 if crowded else 0.0, seconds=0.2))
    assert 4 <= tried <= 8
