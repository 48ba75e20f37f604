from __future__ import annotations

import time

import pytest

from preheat.inference.worker.bindings import llama
from preheat.inference.worker.llama_model import LlamaModel
from preheat.inference.worker.threads import Load, LoadMeter, StepThreads
from preheat.inference.worker.threads.load import busy_s


class FakeMachine:
    """A clock and counts that advance together."""

    def __init__(self, reading_s: float = 0.0) -> None:
        self.now, self.busy_s, self.own_s = 1000.0, 5000.0, 7.0
        self.reads = 0
        self._reading_s = reading_s
        self.meter = LoadMeter(self._read, lambda: self.own_s, lambda: self.now)

    def _read(self) -> float:
        self.reads += 1
        self.now += self._reading_s
        return self.busy_s

    def advance(self, seconds: float, *, own: float = 1.0, others: float = 0.0) -> None:
        self.now += seconds
        self.own_s += own * seconds
        self.busy_s += (own + others) * seconds

    def step(self, seconds: float, *, own: float = 2.0, others: float = 0.0) -> Load | None:
        """Advance by a step with two threads; return the load before it."""
        load = self.meter.begin()
        self.advance(seconds, own=own, others=others)
        self.meter.end(2)
        return load


def test_the_load_is_that_of_other_programs() -> None:
    machine = FakeMachine()
    assert machine.step(0.1, own=1.3, others=0.7) is None
    assert machine.step(0.1, own=1.5, others=0.5) == pytest.approx(Load(0.7, 0.7, 0.1))
    assert machine.step(0.1, own=1.7, others=0.3) is None
    assert machine.step(0.1) == pytest.approx(Load(0.4, 0.4, 0.2))


def test_only_time_in_steps_can_be_missing() -> None:
    machine = FakeMachine()
    loads = []
    for _ in range(12):
        loads.append(machine.step(0.005))
        machine.advance(0.01, own=0.0, others=1.5)
    (load,) = filter(None, loads)
    assert load.others == pytest.approx(1.0)
    assert load.missing == pytest.approx(0.0)


def test_the_time_without_steps_does_not_count() -> None:
    machine = FakeMachine()
    machine.step(0.01)
    machine.advance(100.0, own=0.0, others=2.0)
    assert machine.step(0.07) is None
    assert machine.step(0.07) == pytest.approx(Load(0.0, 0.0, 0.07), abs=1e-9)


def test_slow_counts_are_read_rarely() -> None:
    machine = FakeMachine(reading_s=0.01)
    for _ in range(100):
        machine.step(0.09)
    assert 3 <= machine.reads <= 6


def test_this_machine_counts() -> None:
    before, own_before = busy_s(), time.process_time()
    while time.process_time() < own_before + 0.05:
        pass
    assert busy_s() > before or busy_s() == pytest.approx(before, abs=0.1)


def thread_counts(model: LlamaModel) -> tuple[int, int]:
    return llama.llama_n_threads(model.ctx), llama.llama_n_threads_batch(model.ctx)


def test_a_busy_machine_gets_fewer_threads(narrow_llama: LlamaModel) -> None:
    machine = FakeMachine()
    before = thread_counts(narrow_llama)
    threads = StepThreads(narrow_llama.ctx, 7, follows=True, meter=machine.meter)
    for _ in range(2):
        threads.begin()
        machine.advance(0.2, own=6.0, others=1.0)
        threads.end()
    assert thread_counts(narrow_llama) == (6, 6)
    StepThreads(narrow_llama.ctx, 3, follows=False, meter=machine.meter).begin()
    assert thread_counts(narrow_llama) == (6, 6)
    llama.llama_set_n_threads(narrow_llama.ctx, *before)
