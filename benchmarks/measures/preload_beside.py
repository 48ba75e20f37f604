"""The effect of a preload on requests: a small hot model answers while a large one is loading."""

from __future__ import annotations

import asyncio
import json
import math
import time
from collections.abc import Mapping
from enum import StrEnum
from typing import Any, Final

from benchmarks.bench import Bench
from benchmarks.figures import Figure, ratio_at_most
from benchmarks.http_client import Connection
from benchmarks.load import complete
from benchmarks.page_cache import can_drop, drop, warm
from benchmarks.prompts import Prompts
from benchmarks.servers import Server, ServerError, preheat, wait_until_hot

RATIO_LIMIT: Final = 1.15
_SAMPLES_A_ROUND: Final = 4
_TOKENS: Final = 8
_BEGUN: Final = 0.05
_REST_S: Final = 1.2
_TIMEOUT_S: Final = 60.0
_POLL_S: Final = 0.002


class Phase(StrEnum):
    """State of the preload when the request arrives."""

    READING = "its file is read from disk"
    MAKING = "it is made of a file in the page cache"
    WARMING = "it is probed"

    def is_on(self, model: Mapping[str, Any]) -> bool:
        """Return whether a model's status shows this phase."""
        if self is Phase.WARMING:
            return bool(model["state"] == "warming")
        return bool(model["state"] == "loading" and (model["progress"] or 0.0) >= _BEGUN)


async def measure(bench: Bench) -> list[Figure]:
    """Time short answers alternately without and during a preload of the 1.1 GB model."""
    settings = bench.settings()
    del settings["favourites"]  # a variable would override commands
    figures: list[Figure] = []
    with preheat(settings) as server:
        async with Connection(server.port) as connection:
            bed = _Bed(bench, server, connection)
            await bed.prepare()
            for phase in Phase:
                if phase is not Phase.READING or can_drop():
                    figures += await bed.figures(phase)
    return figures


class _Bed:
    """A hot small model, and a large one that is preloaded and unloaded."""

    def __init__(self, bench: Bench, server: Server, connection: Connection) -> None:
        self._bench = bench
        self._server = server
        self._connection = connection
        self._prompts = Prompts()
        self._small = server.model_name(bench.chat_model)
        self._large = server.model_name(bench.large_model)

    async def prepare(self) -> None:
        """Load and warm up the small model."""
        await self._control(self._small, "favourite")
        await wait_until_hot(self._server, self._bench.chat_model)
        await self._answer_ms()

    async def figures(self, phase: Phase) -> list[Figure]:
        """Return the median and the 95th percentile of both."""
        self._bench.say(f"Answers while a model is preloaded: {phase}")
        alone: list[float] = []
        during: list[float] = []
        for turn in range(self._bench.rounds * _SAMPLES_A_ROUND):
            if turn % 2 == 0:
                alone.append(await self._answer_alone_ms())
            during.append(await self._answer_during_ms(phase))
            if turn % 2 == 1:
                alone.append(await self._answer_alone_ms())
        name = f"answer of {_TOKENS} tokens while a 1.1 GB model is preloaded: {phase}"
        return [
            Figure(name, "ms", tuple(during), tuple(alone), ratio_at_most(RATIO_LIMIT)),
            Figure("its 95th percentile", "ms", (p95(during),), (p95(alone),)),
        ]

    async def _answer_ms(self) -> float:
        """Return the time of one answer of the small model, on an open connection."""
        answer = await complete(self._connection, self._small, self._prompts.texts(1)[0], _TOKENS)
        return (answer.ended_at - answer.sent_at) * 1000

    async def _answer_alone_ms(self) -> float:
        # The idle time that a preload waits for, which is also enough to start a new spare worker.
        await asyncio.sleep(_REST_S)
        return await self._answer_ms()

    async def _answer_during_ms(self, phase: Phase) -> float:
        """Preload the large model, time an answer during the preload, and unload the model."""
        if phase is Phase.READING:
            drop(self._bench.large_model)
        else:
            warm(self._bench.large_model)
        await self._control(self._large, "favourite")
        await self._until(phase)
        took_ms = await self._answer_ms()
        await wait_until_hot(self._server, self._bench.large_model)
        await self._control(self._large, "unfavourite")
        await self._control(self._large, "unload")
        return took_ms

    async def _until(self, phase: Phase) -> None:
        deadline = time.monotonic() + _TIMEOUT_S
        while time.monotonic() < deadline:
            _, content = await self._connection.get("/preheat/v1/status")
            large = next(model for model in json.loads(content)["models"] if model["id"] == self._large)
            if phase.is_on(large):
                return
            if large["state"] in ("hot", "failed"):
                raise ServerError(f"the preload was over before a request could be sent: {large}")
            await asyncio.sleep(_POLL_S)
        raise ServerError(f"no preload began within {_TIMEOUT_S:.0f} s")

    async def _control(self, model_id: str, command: str) -> None:
        await self._connection.post(f"/preheat/v1/models/{model_id}/{command}", {})


def p95(values: list[float]) -> float:
    """Return the 95th percentile, by nearest rank."""
    return sorted(values)[math.ceil(0.95 * len(values)) - 1]
