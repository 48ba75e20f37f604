"""Time from a request for a model that is not loaded to its first token, when another model must be unloaded."""

from __future__ import annotations

import asyncio
from pathlib import Path
from typing import Final

from benchmarks.bench import Bench
from benchmarks.figures import Figure, Samples, ratio_at_most
from benchmarks.http_client import Connection
from benchmarks.load import chat, complete
from benchmarks.page_cache import can_drop, drop, warm
from benchmarks.prompts import Prompts
from benchmarks.servers import Server

SWITCH_LIMIT: Final = 0.40
_MEMORY_LIMIT: Final = "2000MiB"
"""Holds one of the random models, like the router's ``--models-max 1``."""

_SETTLE_S: Final = 1.0
"""Pause before a switch, in seconds."""


async def measure(bench: Bench) -> list[Figure]:
    """Switch back and forth between the 0.6 and the 1.1 GB model."""
    small, large = bench.small_model, bench.large_model
    to_small, to_large, to_small_chat, from_disk = Samples(), Samples(), Samples(), Samples()
    prompts = Prompts()
    with bench.preheat(memory_limit=_MEMORY_LIMIT) as mine, bench.router() as theirs:
        for server in (mine, theirs):
            await _switch_s(server, large, prompts)
        for pair in bench.turns(mine, theirs):
            for server in pair:
                bench.say(f"Switches of {server.label}")
                for path, samples in ((small, to_small), (large, to_large)):
                    warm(path)
                    samples.add(server.label, await _switch_s(server, path, prompts))
                warm(small)
                to_small_chat.add(server.label, await _switch_s(server, small, prompts, is_chat=True))
                await _switch_s(server, large, prompts)
                if can_drop():
                    from_disk.add(server.label, await _switch_from_disk_s(server, small, prompts))
                    await _switch_s(server, large, prompts)
    name = "first token after a switch"
    figures = [
        to_small.figure(f"{name}, 0.6 GB, file in the page cache", "s", ratio_at_most(SWITCH_LIMIT)),
        to_small_chat.figure(
            f"{name}, 0.6 GB, file in the page cache, a chat of two words", "s", ratio_at_most(SWITCH_LIMIT)
        ),
        to_large.figure(f"{name}, 1.1 GB, file in the page cache", "s"),
    ]
    return [*figures, from_disk.figure(f"{name}, 0.6 GB, from disk", "s")] if can_drop() else figures


async def _switch_from_disk_s(server: Server, path: Path, prompts: Prompts) -> float:
    """Switch to a model that neither server has loaded, so that no process keeps its pages."""
    await asyncio.sleep(_SETTLE_S)
    drop(path)
    return await _switch_s(server, path, prompts, settle_s=0)


async def _switch_s(
    server: Server, path: Path, prompts: Prompts, settle_s: float = _SETTLE_S, *, is_chat: bool = False
) -> float:
    await asyncio.sleep(settle_s)
    model, text = server.model_name(path), prompts.texts(1, words=2)[0]
    async with Connection(server.port) as connection:
        # A few tokens: prefill is measured by ``ttft``.
        if is_chat:
            answer = await chat(connection, model, [{"role": "user", "content": text}], max_tokens=4)
        else:
            answer = await complete(connection, model, text, max_tokens=4)
    return answer.ttft_s
