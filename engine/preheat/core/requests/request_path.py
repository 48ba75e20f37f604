"""A request's way through the engine: its place in the queue, its context, its hot model and its record."""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field

from preheat.core.contexts import ContextKeeper
from preheat.core.devices.care import DeviceCare
from preheat.core.prompts import ModelPrompts
from preheat.core.requests.lease import Lease, PendingRequest
from preheat.core.requests.live import LiveRequests
from preheat.core.requests.queue_limit import QueueLimit
from preheat.errors import InsufficientMemoryError
from preheat.inference import Priority
from preheat.models import ModelFile
from preheat.preload import PreloadContext, Preloader, PreloadPlanner
from preheat.residency import ResidencyExecutor, parallel_requests
from preheat.usage import PreloadCounters, UsageTracker


@dataclass(slots=True)
class RequestPath:
    """Leads requests to their models. Engine's loop only."""

    residency: ResidencyExecutor
    planner: PreloadPlanner
    preloads: PreloadContext
    preloader: Preloader
    contexts: ContextKeeper
    prompts: ModelPrompts
    usage: UsageTracker
    counters: PreloadCounters
    device_care: DeviceCare
    on_change: Callable[[], None]  # called when one begins, advances or ends; often
    live: LiveRequests = field(init=False)  # the open ones
    _queue: QueueLimit = field(init=False, default_factory=QueueLimit)

    def __post_init__(self) -> None:
        self.live = LiveRequests(self.on_change)

    @asynccontextmanager
    async def lease(
        self,
        model: ModelFile,
        client: str,
        priority: Priority,
        keep_alive_s: float | None,
        context_length: int | None,
        *,
        arrived_at: float,
        started_at: float,
    ) -> AsyncIterator[Lease]:
        """Make a model hot, and keep it from being evicted while the block runs; see ``Engine.lease``.

        Args:
            arrived_at: Monotonic time of the request's arrival.
            started_at: The same as Unix time.
        """
        self._check_queue(model, client)
        renewed = context_length is not None and self.contexts.require(model, context_length)
        self.planner.request_arrived(model.model_id, client, started_at)
        self.preloads.awaits_use = False
        await self.device_care.settle(model)
        claim = self.residency.request(model, client, priority, renewed=renewed)
        self.counters.count_request(claim.outcome, claim.saved_s)
        answer = self.device_care.request_arrived()
        arrival = PendingRequest(model.model_id, client, arrived_at, started_at, claim.outcome, claim.saved_s, answer)
        try:
            with self.live.request(client, model.model_id, started_at, claim.outcome) as request:
                try:
                    while True:
                        try:
                            hot = await claim.hot()
                            break
                        except InsufficientMemoryError as error:
                            if not self.contexts.load_failed(model, error, context_length or 0):
                                raise
                        claim.release()
                        await self.device_care.settle(model)
                        claim = self.residency.request(model, client, priority)
                finally:
                    arrival.waited()
                request.waiting = False
                self.usage.request_granted(model.model_id, started_at)
                arrival.lease = lease = Lease(model.model_id, hot, arrived_at, request.wrote_token, client)
                self.on_change()
                yield lease
        finally:
            answered = arrival.lease is not None and arrival.lease.answered
            claim.release(answered=answered, keep_alive_s=keep_alive_s)
            # Later: the client gets the end of its answer first.
            asyncio.get_running_loop().call_soon(self._ended, arrival)

    def _check_queue(self, model: ModelFile, client: str) -> None:
        model_id, settings = model.model_id, self.contexts.effective
        record = self.residency.records.get(model_id)
        active = 0 if record is None else record.active_requests
        if active < settings.max_queue:  # as nearly always: the rest need not be counted
            return
        self._queue.check(
            model_id,
            active=active,
            own=self.live.count(client, model_id),
            parallel=parallel_requests(model, settings.for_model(model_id)),
            max_queue=settings.max_queue,
        )

    def _ended(self, arrival: PendingRequest) -> None:
        if arrival.lease is not None and arrival.lease.answered:
            self._queue.ended(arrival.model_id, time.monotonic() - arrival.arrived_at - arrival.wait_s)
        if arrival.lease is not None and not arrival.lease.info.embeddings:
            self.counters.count_tokens(arrival.lease.usages)
        record = arrival.record()
        self.usage.request_ended(record)
        self.device_care.request_ended(arrival.answer, record)
        hot = self.residency.worker_pid(record.model_id) is not None
        self.prompts.request_ended(record, hot=hot)
        self.preloader.request_ended()
        self.on_change()
