"""The open requests, for snapshots: client, model, and speed of the answer."""

from __future__ import annotations

import itertools
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager

from preheat.core.snapshot import RequestSnapshot


class LiveRequest:
    """One open request. Engine's loop only.

    Attributes:
        waiting: Its model is not hot yet.
    """

    def __init__(
        self,
        request_id: int,
        client: str,
        model_id: str,
        arrived_at: float,
        on_change: Callable[[], None],
        clock: Callable[[], float],
    ) -> None:
        self._request_id = request_id
        self._client = client
        self._model_id = model_id
        self._arrived_at = arrived_at
        self._on_change = on_change
        self._clock = clock
        self._tokens = 0
        self._first_at = 0.0
        self._latest_at = 0.0
        self.waiting = True

    def wrote_token(self) -> None:
        """Count a token of its answer. Takes a microsecond."""
        self._latest_at = self._clock()
        if not self._tokens:
            self._first_at = self._latest_at
        self._tokens += 1
        self._on_change()

    def snapshot(self) -> RequestSnapshot:
        took_s = self._latest_at - self._first_at
        return RequestSnapshot(
            self._request_id,
            self._client,
            self._model_id,
            self._arrived_at,
            self.waiting,
            self._tokens,
            (self._tokens - 1) / took_s if took_s > 0 else None,
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
    def request(self, client: str, model_id: str, arrived_at: float) -> Iterator[LiveRequest]:
        """Keep a request open while the block runs.

        Args:
            arrived_at: Unix time.
        """
        request_id = next(self._ids)
        request = LiveRequest(request_id, client, model_id, arrived_at, self._on_change, self._clock)
        self._live[request_id] = request
        self._on_change()
        try:
            yield request
        finally:
            del self._live[request_id]

    def snapshots(self) -> tuple[RequestSnapshot, ...]:
        """Return them, the oldest first."""
        return tuple(request.snapshot() for request in self._live.values())
