"""One request, from its arrival to the record of what became of it."""

from __future__ import annotations

import logging
import time
from dataclasses import dataclass

from preheat.core.lease import Lease
from preheat.usage import Outcome, RequestRecord

logger = logging.getLogger(__name__)


@dataclass(slots=True)
class PendingRequest:
    """A request that has arrived.

    Attributes:
        client: Who asks, shortened.
        arrived_at: Monotonic time of its arrival.
        started_at: The same as Unix time.
        outcome: How it found its model.
        saved_s: Load seconds that it was spared.
        lease: What it holds of its model; None as long as it waits, and if it never got any.
        wait_s: Seconds from its arrival to its lease.
    """

    model_id: str
    client: str
    arrived_at: float
    started_at: float
    outcome: Outcome
    saved_s: float
    lease: Lease | None = None
    wait_s: float = 0.0

    def waited(self) -> None:
        """Its wait has ended, with its model or without."""
        self.wait_s = time.monotonic() - self.arrived_at

    def record(self) -> RequestRecord:
        """Return its figures, now that it has ended."""
        lease = self.lease
        usages = lease.usages if lease is not None else []
        record = RequestRecord(
            model_id=self.model_id,
            started_at=self.started_at,
            outcome=self.outcome,
            wait_s=self.wait_s,
            ttft_s=lease.ttft_s if lease is not None else None,
            prompt_tokens=sum(usage.prompt_tokens for usage in usages),
            completion_tokens=sum(usage.completion_tokens for usage in usages),
            client=self.client,
            saved_s=self.saved_s,
        )
        logger.info(
            "request for %s: %s, waited %.3f s, %.3f s in all, %d tokens",
            record.model_id,
            record.outcome,
            record.wait_s,
            time.monotonic() - self.arrived_at,
            record.completion_tokens,
        )
        return record
