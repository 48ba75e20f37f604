"""The open requests, for snapshots: client, model, and speed of the answer."""

from __future__ import annotations

import itertools
import time
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass

from preheat.core.snapshots.snapshot import RequestSnapshot
from preheat.residency import Outcome
from preheat.usage import Counts


@dataclass(slots=True)
class LiveRequest:
    """One open request. Engine's loop only."""

    request_id: int
    client: str
    model_id: str
    arrived_at: float
    outcome: Outcome
    on_change: Callable[[], None]
    clock: Callable[[], float]
    waiting: bool = True  # its model is not hot yet
    tokens: int = 0
    first_at: float = 0.0
    latest_at: float = 0.0

    def wrote_token(self) -> None:
        """Count a token of its answer. Takes a microsecond."""
        self.latest_at = self.clock()
        if not self.tokens:
            self.first_at = self.latest_at
        self.tokens += 1
        self.on_change()

    def snapshot(self) -> RequestSnapshot:
        took_s = self.latest_at - self.first_at
        speed = (self.tokens - 1) / took_s if took_s > 0 else None
        return RequestSnapshot(
            self.request_id, self.client, self.model_id, self.arrived_at, self.waiting, self.tokens, speed
        )


class LiveRequests:
    """All open requests. Engine's loop only.

    Args:
        on_change: Called when one begins or advances; often.
    """

    def __init__(self, on_change: Callable[[], None], *, clock: Callable[[], float] = time.monotonic) -> None:
        self._on_change = on_change
        self._clock = clock
        self._ids = itertools.count(1)
        self._live: dict[int, LiveRequest] = {}

    @contextmanager
    def request(self, client: str, model_id: str, arrived_at: float, outcome: Outcome) -> Iterator[LiveRequest]:
        """Keep a request open while the block runs; ``arrived_at`` is Unix time."""
        request_id = next(self._ids)
        request = LiveRequest(request_id, client, model_id, arrived_at, outcome, self._on_change, self._clock)
        self._live[request_id] = request
        self._on_change()
        try:
            yield request
        finally:
            del self._live[request_id]

    def count(self, client: str, model_id: str) -> int:
        """Return how many of a client's requests for a model are open."""
        return sum((request.client, request.model_id) == (client, model_id) for request in self._live.values())

    def counts(self) -> Counts:
        """Return how the open requests found their models."""
        outcomes = Counter(request.outcome for request in self._live.values())
        return Counts(outcomes[Outcome.HIT], outcomes[Outcome.LATE_HIT], outcomes[Outcome.MISS])

    def snapshots(self) -> tuple[RequestSnapshot, ...]:
        """Return them, the oldest first."""
        return tuple(request.snapshot() for request in self._live.values())
