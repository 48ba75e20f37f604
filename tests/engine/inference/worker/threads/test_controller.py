from __future__ import annotations

import random
import statistics
from functools import partial
from itertools import groupby

import pytest
from hypothesis import given
from hypothesis import strategies as st

from preheat.inference.worker.threads import ThreadController
from tests.engine.inference.worker.threads.machines import Machine, simulate

QUIET, HOG, HOGS = 0.0, 1.0, 2.0

MACHINES = {
    "two cores": Machine(),
    "two cores, large model": Machine(serial_s=0.11),
    "two cores, tiny model": Machine(serial_s=0.003),
    "four cores": Machine(cores=4),
    "eight cores": Machine(cores=8, serial_s=0.2),
    "sixteen cores, saturated memory": Machine(cores=16, serial_s=0.2, bandwidth_cores=6, barrier_s=0.001),
    "cores with two threads each": Machine(cores=8, serial_s=0.1, shared_factor=1.4),
}


def steady(load: float, _at: float) -> float:
    return load


def share_of_best(machine: Machine, others: float, rate: float) -> float:
    return rate * machine.step_s(machine.best(others), others)


@pytest.mark.parametrize("name", MACHINES)
@pytest.mark.parametrize("others", [QUIET, HOG, HOGS])
def test_a_steady_machine_gets_nearly_its_best_number(name: str, others: float) -> None:
    machine = MACHINES[name]
    run = simulate(machine, lambda _: others, 20.0)
    assert share_of_best(machine, others, run.rate(1.0, 20.0)) > (0.95 if others == QUIET else 0.9)


@pytest.mark.parametrize("name", MACHINES)
@pytest.mark.parametrize("sees_load", [True, False])
def test_a_program_that_begins_is_answered_within_a_second(name: str, sees_load: bool) -> None:
    machine = MACHINES[name]
    run = simulate(machine, lambda at: HOG if at >= 10 else QUIET, 14.0, sees_load=sees_load)
    assert share_of_best(machine, HOG, run.rate(11.0, 14.0)) > 0.85


@pytest.mark.parametrize("name", MACHINES)
def test_a_program_that_ends_is_answered_within_a_second(name: str) -> None:
    machine = MACHINES[name]
    run = simulate(machine, lambda at: HOG if at < 10 else QUIET, 14.0)
    assert share_of_best(machine, QUIET, run.rate(11.0, 14.0)) > 0.9


@pytest.mark.parametrize("name", MACHINES)
def test_the_number_does_not_flap(name: str) -> None:
    for others in (QUIET, HOG):
        counts = simulate(MACHINES[name], partial(steady, others), 30.0).counts(10.0, 30.0)
        assert len(list(groupby(counts))) < 40


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
        bandwidth_cores=chance.choice([2.0, 4.0, 64.0]),
        shared_factor=chance.uniform(1.2, 6.0),
    )
    period_s, load, seed = chance.uniform(0.05, 5.0), chance.uniform(0.0, 3.0), chance.randrange(1000)

    def others(at: float) -> float:
        return load if int(at / period_s) % 2 else 0.0

    def rate(fixed: int | None = None) -> float:
        return simulate(machine, others, 12.0, seed=seed, fixed=fixed).rate(2.0, 12.0)

    return rate() / max(rate(count) for count in range(1, machine.cores + 1))


@given(
    most=st.integers(1, 64),
    events=st.lists(
        st.one_of(
            st.floats(0.0, 128.0),  # a load
            st.tuples(st.integers(1, 512), st.floats(0.0, 10.0)),  # a step: tokens, seconds
        ),
        max_size=200,
    ),
)
def test_the_number_is_always_possible(most: int, events: list[float | tuple[int, float]]) -> None:
    controller = ThreadController(most)
    for event in events:
        if isinstance(event, tuple):
            assert 1 <= controller.count(event[0]) <= most
            controller.took(*event)
        else:
            controller.note_load(event)


def test_kinds_of_steps_have_numbers_of_their_own() -> None:
    controller = ThreadController(4)
    for _ in range(400):
        for tokens in (1, 8):
            count = controller.count(tokens)
            fast = count <= 2 if tokens == 1 else count > 2
            controller.took(tokens, 0.01 if fast else 0.02)
    assert controller.count(1) <= 2 < controller.count(8)


def test_one_thread_is_not_examined() -> None:
    controller = ThreadController(1)
    controller.note_load(3.0)
    assert controller.count(1) == 1
    controller.took(1, 0.1)
    assert controller.count(1) == 1


def test_a_load_while_idle_changes_the_next_steps() -> None:
    controller = ThreadController(4)
    assert controller.count(8) == 4
    controller.took(8, 0.01)
    assert controller.count(1) == 4
    controller.note_load(2.1)
    assert controller.count(8) == 2


def test_the_steady_number_depends_on_the_load_alone() -> None:
    controller = ThreadController(4)
    for _ in range(200):
        controller.took(1, 0.01 if controller.count(1) == 2 else 0.03)
    assert (controller.count(1), controller.steady) == (2, 4)
    controller.note_load(1.0)
    assert controller.steady == 3
    controller.note_load(9.0)
    assert controller.steady == 1
