"""Simulated machines: how long a step takes with a number of threads, next to other programs."""

from __future__ import annotations

import random
from collections.abc import Callable
from dataclasses import dataclass

from preheat.inference.worker.threads import ThreadController

SAMPLE_S = 0.15


@dataclass(frozen=True)
class Machine:
    """A processor and a model.

    Attributes:
        cores: Equal cores.
        serial_s: One step's time with one thread.
        bandwidth_cores: Threads that saturate the memory; more of them bring nothing.
        barrier_s: Time at barriers that each thread adds to a step.
        shared_factor: How many times longer a step takes when a thread shares its core with another program.
        noise: Spread of the times.
    """

    cores: int = 2
    serial_s: float = 0.013
    bandwidth_cores: float = 64.0
    barrier_s: float = 0.0002
    shared_factor: float = 3.0
    noise: float = 0.08

    def step_s(self, threads: int, others: float, chance: random.Random | None = None) -> float:
        """Return a step's time; without ``chance``, the average."""
        alone = self.serial_s / min(threads, self.bandwidth_cores) + self.barrier_s * (threads - 1)
        crowded = max(0.0, min(1.0, threads + others - self.cores))
        factor = 1 + (self.shared_factor - 1) * crowded
        waits = 0.1 * crowded if threads > 1 else 0.0  # the others' turns are longer than a step
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
    tokens: int = 1,
    seed: int = 1,
    sees_load: bool = True,
    fixed: int | None = None,
) -> Run:
    """Run steps for some seconds next to a load, in cores, that depends on the time; ``fixed`` threads if given."""
    chance = random.Random(seed)
    controller = ThreadController(machine.cores)
    run = Run([])
    at, sampled_at, load_s = 0.0, 0.0, 0.0
    while at < seconds:
        if sees_load and fixed is None and at - sampled_at >= SAMPLE_S:
            controller.note_load(max(0.0, load_s / (at - sampled_at) + chance.gauss(0.0, 0.07)))
            sampled_at, load_s = at, 0.0
        count = fixed or controller.count(tokens)
        took = machine.step_s(count, others(at), chance)
        if fixed is None:
            controller.took(tokens, took)
        at += took
        # A program that shares a core with a thread gets half of it.
        wanted, free = others(at), machine.cores - count
        load_s += took * (min(wanted, free) + max(0.0, wanted - free) * 0.6)
        run.steps.append((at, count, took))
    return run
