"""Simulated machines: how long a step takes with a number of threads, next to other programs."""

from __future__ import annotations

import random
from collections.abc import Callable
from dataclasses import dataclass

from preheat.inference.worker.threads import Load, ThreadCount

SAMPLE_S = 0.15

_TAKEN = 0.7
"""Part of a core that another program takes from a thread. It is more than half: the thread often sleeps."""


@dataclass(frozen=True)
class Machine:
    """A processor and a model.

    Attributes:
        cores: Equal cores.
        serial_s: One step's time with one thread.
        barrier_s: Time at barriers that each thread adds to a step.
        shared_factor: How many times longer a step takes when a thread shares its core with another program.
        noise: Spread of the times.
    """

    cores: int = 2
    serial_s: float = 0.013
    barrier_s: float = 0.0002
    shared_factor: float = 3.0
    noise: float = 0.08

    def step_s(self, threads: int, others: float, chance: random.Random | None = None) -> float:
        """Return a step's time; without ``chance``, the average."""
        if threads == 1:  # no barriers, only the others' turns
            alone = self.serial_s * max(1.0, (1 + others) / self.cores)
            return alone if chance is None else alone * chance.lognormvariate(0.0, self.noise)
        alone = self.serial_s / threads + self.barrier_s * (threads - 1)
        crowded = max(0.0, min(1.0, threads + others - self.cores))
        factor = 1 + (self.shared_factor - 1) * crowded
        waits = 0.1 * crowded  # the others' turns are longer than a step
        if chance is None:
            return alone * factor * (1 + 1.5 * waits)
        if chance.random() < waits:
            factor *= 2.5
        return alone * factor * chance.lognormvariate(0.0, self.noise)

    def best(self, others: float) -> int:
        """Return the fastest number of threads."""
        return min(range(1, self.cores + 1), key=lambda count: self.step_s(count, others))


@dataclass
class Run:
    """What a simulated run brought."""

    steps: list[tuple[float, int, float]]  # end, number of threads, duration

    def rate(self, begin: float, end: float) -> float:
        """Return the steps per second."""
        took = [seconds for at, _, seconds in self.steps if begin <= at < end]
        return len(took) / sum(took)

    def counts(self, begin: float, end: float) -> list[int]:
        """Return the numbers of threads used."""
        return [count for at, count, _ in self.steps if begin <= at < end]


def simulate(
    machine: Machine,
    others: Callable[[float], float],
    seconds: float,
    *,
    seed: int = 1,
    fixed: int | None = None,
) -> Run:
    """Run steps for some seconds next to a load, in cores, that depends on the time; ``fixed`` threads if given."""
    chance = random.Random(seed)
    threads = ThreadCount(machine.cores)
    run = Run([])
    at = sampled_at = others_s = missing_s = 0.0
    while at < seconds:
        if (elapsed := at - sampled_at) >= SAMPLE_S:
            load = max(others_s / elapsed + chance.gauss(0.0, 0.07), 0.0)
            threads.note(Load(load, missing_s / elapsed, elapsed))
            sampled_at, others_s, missing_s = at, 0.0, 0.0
        count = fixed or threads.value
        took = machine.step_s(count, others(at), chance)
        wanted, free = others(at), machine.cores - count
        taken = max(0.0, wanted - free) * _TAKEN
        others_s += took * (min(wanted, free) + taken)
        missing_s += took * min(taken, count)
        at += took
        run.steps.append((at, count, took))
    return run
