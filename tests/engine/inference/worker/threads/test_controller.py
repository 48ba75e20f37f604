from __future__ import annotations

from itertools import groupby

import pytest
from hypothesis import given, settings
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
        counts = simulate(MACHINES[name], lambda _, load=others: load, 30.0).counts(10.0, 30.0)
        assert len(list(groupby(counts))) < 40


@settings(max_examples=40, deadline=None)
@given(
    cores=st.sampled_from([2, 4, 8, 16]),
    serial_s=st.floats(0.003, 0.3),
    bandwidth_cores=st.sampled_from([2.0, 4.0, 64.0]),
    shared_factor=st.floats(1.2, 6.0),
    period_s=st.floats(0.05, 5.0),
    load=st.floats(0.0, 3.0),
    seed=st.integers(0, 1000),
)
def test_bursts_cost_little(
    cores: int, serial_s: float, bandwidth_cores: float, shared_factor: float, period_s: float, load: float, seed: int
) -> None:
    """Never much slower than the best fixed number, whatever the others do."""
    machine = Machine(cores, serial_s, bandwidth_cores, shared_factor=shared_factor)
    others = lambda at: load if int(at / period_s) % 2 else 0.0  # noqa: E731
    rate = simulate(machine, others, 20.0, seed=seed).rate(2.0, 20.0)
    fixed = max(fixed_rate(machine, count, load) for count in range(1, cores + 1))
    assert rate > 0.75 * fixed


def fixed_rate(machine: Machine, count: int, load: float) -> float:
    """Steps per second with a number of threads while half of the time is quiet."""
    return (1 / machine.step_s(count, 0.0) + 1 / machine.step_s(count, load)) / 2


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
