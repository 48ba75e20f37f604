"""Waiting generations, and which one is next. Pure."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator

from preheat.inference.worker.scheduling.generation import Generation


class WaitingQueue:
    """Generations without a slot. One thread only."""

    def __init__(self) -> None:
        self._waiting: list[Generation] = []  # in the order of arrival; preempted ones first
        self._turns: dict[str, int] = {}
        """When each client had its last turn, for clients with requests."""

    def __len__(self) -> int:
        return len(self._waiting)

    def __iter__(self) -> Iterator[Generation]:
        return iter(self._waiting)

    def add(self, generation: Generation) -> None:
        """Queue a new generation."""
        self._waiting.append(generation)

    def put_back(self, generation: Generation) -> None:
        """Queue a preempted generation: it is the next of its priority."""
        self._waiting.insert(0, generation)

    def remove(self, generation: Generation) -> None:
        """Remove a generation that does not wait any longer."""
        self._waiting.remove(generation)

    def admit(self, generation: Generation, number: int) -> None:
        """Remove a generation that gets a slot, the ``number``-th one to get one."""
        self._waiting.remove(generation)
        self._turns[generation.client] = number
        for other in self._waiting:
            other.passed += other.priority > generation.priority

    def forget_clients(self, running: Iterable[Generation]) -> None:
        """Forget the turns of clients without any request."""
        present = {generation.client for generation in (*running, *self._waiting)}
        self._turns = {client: turn for client, turn in self._turns.items() if client in present}

    def in_turn(self, running: Iterable[Generation]) -> list[Generation]:
        """Return the order of the next admissions.

        A higher priority goes first, then the client with the fewest running generations, then the one whose last turn
        is the longest ago, then the earlier arrival. Generations that have started continue before others start.
        """
        counts = Counter(generation.client for generation in running)
        return sorted(
            self._waiting,
            key=lambda each: (each.level, not each.started, counts[each.client], self._turns.get(each.client, 0)),
        )
