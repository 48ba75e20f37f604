"""Resident memory with one hot model, and without a model."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Sequence
from typing import Final

from benchmarks.bench import Bench
from benchmarks.figures import Figure, Target, ratio_at_most, value_at_most
from benchmarks.http_client import Connection
from benchmarks.load import chat
from benchmarks.processes import Memory, largest_memory, tree, tree_memory
from benchmarks.prompts import Prompts
from benchmarks.servers import Server, ServerError

MODEL_LIMIT: Final = 0.75
IDLE_LIMIT_MB: Final = 180.0
_STEADY_S: Final = 1.0
_STEADY_TIMEOUT_S: Final = 30.0


async def measure(bench: Bench) -> list[Figure]:
    """Measure one server after the other, since both would share the pages of a mapped file."""
    idle, hot, whole = [], [], []
    bench.say("Memory of Preheat")
    with bench.preheat() as server:
        idle.append(await _steady(server, processes=2))  # the engine and the spare worker
        hot.append(await _with_model(bench, server))
        whole.append(tree_memory(server.pid))
    bench.say("Memory of llama-server")
    with bench.router() as server:
        idle.append(await _steady(server, processes=1))
        hot.append(await _with_model(bench, server))
        whole.append(tree_memory(server.pid))
    return [
        *_figures("the process with the hot 0.6 GB model", hot, ratio_at_most(MODEL_LIMIT)),
        *_figures("all processes, one hot 0.6 GB model", whole),
        *_figures("idle, no model", idle, value_at_most(IDLE_LIMIT_MB), note="Preheat's with its spare worker"),
    ]


async def _with_model(bench: Bench, server: Server) -> Memory:
    """Send the model a few requests; return the memory of its process afterwards."""
    prompts = Prompts()
    async with Connection(server.port) as connection:
        for _ in range(3):
            await chat(connection, server.model_name(bench.small_model), prompts.chat(), max_tokens=8)
    await _steady(server, processes=2)
    return largest_memory(server.pid)


async def _steady(server: Server, processes: int) -> Memory:
    """Return the memory of all processes once they have started and it no longer changes.

    Raises:
        ServerError: It keeps changing, or processes are missing.
    """
    deadline = time.perf_counter() + _STEADY_TIMEOUT_S
    before = tree_memory(server.pid)
    while time.perf_counter() < deadline:
        await asyncio.sleep(_STEADY_S)
        now = tree_memory(server.pid)
        if len(tree(server.pid)) >= processes and abs(now.rss - before.rss) <= 0.005 * now.rss:
            return now
        before = now
    raise ServerError(f"{server.label}: {len(tree(server.pid))} processes, or their memory still changes")


def _figures(name: str, found: Sequence[Memory], target: Target | None = None, note: str = "") -> list[Figure]:
    mine, theirs = found
    figures = [Figure(f"{name}: RSS", "MB", (mine.rss / 1e6,), (theirs.rss / 1e6,), target, note)]
    if mine.pss is not None and theirs.pss is not None:
        figures.append(Figure(f"{name}: PSS", "MB", (mine.pss / 1e6,), (theirs.pss / 1e6,)))
    return figures
