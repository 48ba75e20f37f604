"""Making room for other programs: from asking until the memory of a 0.6 GB model is really free."""

from __future__ import annotations

import asyncio
import os
import sys
import time
from collections.abc import Awaitable
from dataclasses import dataclass
from typing import Final

import psutil

from benchmarks.bench import Bench
from benchmarks.figures import Figure, value_at_most
from benchmarks.http_client import Connection
from benchmarks.load import chat
from benchmarks.processes import tree
from benchmarks.prompts import Prompts
from benchmarks.servers import Server, ServerError, preheat, wait_until_hot

LIMIT_MS: Final = 300.0
PROMPT_WORDS: Final = 200

_REST_S: Final = 4.0
"""After the last answer: the model is idle."""

_TIMEOUT_S: Final = 30.0


@dataclass(frozen=True, slots=True)
class _Freed:
    """Milliseconds from asking until the answer, and until the worker held nothing; and what became available then.

    Attributes:
        gained: Growth of the system's available memory ÷ the memory that the worker did not share with a file. Other
            programs change it, too.
    """

    answered_ms: float
    free_ms: float
    gained: float


async def measure(bench: Bench) -> list[Figure]:
    """Ask for all memory, with mapped and with repacked weights, at rest and right after an answer."""
    figures: list[Figure] = []
    for repack, words in (("off", "mapped"), ("on", "repacked")):
        bench.say(f"Room made by a model with {words} weights")
        with preheat(bench.settings(bench.small_model, repack=repack)) as server:
            idle = [await _make_room(bench, server, _REST_S) for _ in range(bench.rounds)]
            after = [await _make_room(bench, server, 0.0) for _ in range(bench.rounds)]
        name = f"asked → the memory of a 0.6 GB model is free, {words} weights"
        figures += [
            Figure(f"{name}, idle", "ms", tuple(each.free_ms for each in idle), (), value_at_most(LIMIT_MS)),
            Figure("the same, asked → answered", "ms", tuple(each.answered_ms for each in idle)),
            Figure("available memory gained ÷ what the worker held", "", tuple(each.gained for each in idle)),
            Figure(f"{name}, right after an answer", "ms", tuple(each.free_ms for each in after)),
        ]
    return figures


async def _make_room(bench: Bench, server: Server, rest_s: float) -> _Freed:
    """Use the model, rest, make room, and let the model return."""
    await wait_until_hot(server, bench.small_model)
    async with Connection(server.port) as connection:
        prompt = Prompts().chat(words=PROMPT_WORDS)
        await chat(connection, server.model_name(bench.small_model), prompt, max_tokens=8)
        await asyncio.sleep(rest_s)
        worker = max(tree(server.pid), key=lambda process: process.memory_info().rss)
        memory = worker.memory_info()
        available = psutil.virtual_memory().available
        asking = _timed(connection.post("/preheat/v1/make-room", {}))
        try:
            free_ms, answered_ms = await asyncio.wait_for(asyncio.gather(_timed(_end_of(worker)), asking), _TIMEOUT_S)
        except TimeoutError:
            raise ServerError(f"process {worker.pid} still has its memory after {_TIMEOUT_S:.0f} s") from None
        gained = (psutil.virtual_memory().available - available) / (memory.rss - memory.shared)
        await connection.post("/preheat/v1/make-room/end", {})
    return _Freed(answered_ms, free_ms, gained)


async def _timed(work: Awaitable[object]) -> float:
    """Return how long it takes, in milliseconds."""
    began = time.perf_counter()
    await work
    return (time.perf_counter() - began) * 1000


async def _end_of(process: psutil.Process) -> None:
    """Wait until the process has given its memory back: its last thread does when it ends.

    Other figures are early. Its memory reads as 0 before its pages are free, and it counts as a zombie from the end of
    its first thread on, 150 ms before the last one on a busy machine.
    """
    if sys.platform != "linux":
        await asyncio.to_thread(process.wait)
        return
    loop, ended = asyncio.get_running_loop(), asyncio.Event()
    descriptor = os.pidfd_open(process.pid)
    try:
        loop.add_reader(descriptor, ended.set)
        await ended.wait()
    finally:
        loop.remove_reader(descriptor)
        os.close(descriptor)
