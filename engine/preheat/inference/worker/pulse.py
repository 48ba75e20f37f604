"""Signs of progress of the worker's threads, for the engine's pings."""

from __future__ import annotations

import itertools
from collections.abc import Iterator
from contextlib import contextmanager


class Heartbeat:
    """Progress of one piece of work. One thread writes, any may read."""

    def __init__(self) -> None:
        self.beats = 0
        self.busy = False

    def beat(self) -> bool:
        """Mark progress. Returns False, so that it can be llama.cpp's question whether to abort."""
        self.beats += 1
        return False


class Pulse:
    """The work of a worker: decoding, and requests in preparation."""

    def __init__(self) -> None:
        self.decode = Heartbeat()
        self._works: dict[int, tuple[str, Heartbeat]] = {}
        self._ids = itertools.count(1)

    @contextmanager
    def work(self, kind: str, heartbeat: Heartbeat) -> Iterator[None]:
        """Count a piece of work while the block runs. Any thread.

        Args:
            kind: A key of ``liveness.LIMITS``.
            heartbeat: The progress of this piece.
        """
        work_id = next(self._ids)
        self._works[work_id] = kind, heartbeat
        try:
            yield
        finally:
            del self._works[work_id]

    def busy(self) -> list[tuple[str, int, int]]:
        """Return kind, id and beats of each piece of work in progress. Any thread."""
        decoding = [("decode", 0, self.decode.beats)] if self.decode.busy else []
        works = [(kind, work_id, heartbeat.beats) for work_id, (kind, heartbeat) in list(self._works.items())]
        return [*decoding, *works]
