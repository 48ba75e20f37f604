from __future__ import annotations

import time

import pytest

from preheat.inference.worker.bindings import llama
from preheat.inference.worker.llama_model import LlamaModel
from preheat.inference.worker.threads import OtherLoad, StepThreads
from preheat.inference.worker.threads.load import ProcessorTimes, read_times


class FakeMachine:
    """A clock and counts that advance together."""

    def __init__(self, reading_s: float = 0.0) -> None:
        self.now = 1000.0
        self.times = ProcessorTimes(5000.0, 7.0)
        self.reads = 0
        self._reading_s = reading_s
        self.load = OtherLoad(self._read, lambda: self.now)

    def _read(self) -> ProcessorTimes:
        self.reads += 1
        self.now += self._reading_s
        return self.times

    def advance(self, seconds: float, *, own: float = 1.0, others: float = 0.0) -> None:
        self.now += seconds
        self.times = ProcessorTimes(self.times.all_s + (own + others) * seconds, self.times.own_s + own * seconds)


def test_the_load_is_that_of_other_programs() -> None:
    machine = FakeMachine()
    assert machine.load.cores() is None
    machine.advance(0.2, own=1.7, others=0.8)
    assert machine.load.cores() == pytest.approx(0.8)
    machine.advance(0.05, others=2.0)
    assert machine.load.cores() is None
    machine.advance(0.15, others=0.0)
    assert machine.load.cores() == pytest.approx(0.5)


def test_the_time_without_steps_does_not_count() -> None:
    machine = FakeMachine()
    machine.load.cores()
    machine.advance(100.0, own=0.0, others=2.0)
    assert machine.load.cores() is None
    machine.advance(0.07, others=0.0)
    assert machine.load.cores() == pytest.approx(0.0)


def test_slow_counts_are_read_rarely() -> None:
    machine = FakeMachine(reading_s=0.01)
    for _ in range(100):
        machine.load.cores()
        machine.advance(0.09)
    assert 3 <= machine.reads <= 6


def test_this_machine_counts() -> None:
    before = read_times()
    end = time.process_time() + 0.05
    while time.process_time() < end:
        pass
    after = read_times()
    assert after.own_s - before.own_s >= 0.05
    assert after.all_s > before.all_s or after.all_s == pytest.approx(before.all_s, abs=0.1)


def thread_counts(model: LlamaModel) -> tuple[int, int]:
    return llama.llama_n_threads(model.ctx), llama.llama_n_threads_batch(model.ctx)


def test_a_busy_machine_gets_fewer_threads(narrow_llama: LlamaModel) -> None:
    machine = FakeMachine()
    before = thread_counts(narrow_llama)
    threads = StepThreads(narrow_llama.ctx, 7, follows=True, load=machine.load)
    threads.prepare(1)
    threads.took(1, 0.1)
    machine.advance(0.2, others=1.0)
    threads.prepare(1, seeded=True)
    assert thread_counts(narrow_llama) == (6, 6)
    StepThreads(narrow_llama.ctx, 3, follows=False, load=machine.load).prepare(1)
    assert thread_counts(narrow_llama) == (6, 6)
    llama.llama_set_n_threads(narrow_llama.ctx, *before)
