"""Compliance with the memory limit during requests of every kind to more models than fit."""

from __future__ import annotations

import asyncio
import json
import tempfile
from pathlib import Path
from typing import Final

from benchmarks.bench import Bench
from benchmarks.figures import Figure, value_at_most
from benchmarks.http_client import Connection
from benchmarks.mixed_requests import INTERVAL_S, HeldMemory, mixed_requests, sampled, send_all, write_copies
from benchmarks.servers import Server, preheat, preheat_settings
from preheat.models import find_models
from preheat.residency import estimate
from preheat.settings import Settings

REQUESTS: Final = 200
MOST_OF_LIMIT: Final = 1.02
CONTEXTS: Final = {"notes": 4096, "editor": 8192, "mail": 2048, "search": 6144}


async def measure(bench: Bench) -> list[Figure]:
    """Send requests to five models under a limit that holds the two largest; sample the workers' memory."""
    bench.say(f"{REQUESTS} mixed requests under a memory limit")
    with tempfile.TemporaryDirectory(prefix="preheat-bench-") as folder:
        write_copies(Path(folder), CONTEXTS, bench.chat_model)
        (Path(folder) / bench.embedding_model.name).symlink_to(bench.embedding_model)
        limit_bytes = limit_for_two(Path(folder))
        settings = preheat_settings((Path(folder),), threads=bench.threads, memory_limit=f"{limit_bytes}B")
        with preheat(settings) as server, sampled(server.pid) as held:
            await send_all(server.port, mixed_requests(REQUESTS, tuple(CONTEXTS), bench.embedding_model.stem.lower()))
            evictions, preloads = await _decisions(server)
    return _figures(held, limit_bytes, evictions, preloads)


def limit_for_two(folder: Path, settings: Settings | None = None) -> int:
    """Return the expected memory of the folder's two largest models, in bytes."""
    settings = settings or Settings(context_length=max(CONTEXTS.values()))
    sizes = sorted(estimate(model, settings).working_bytes for model in find_models([folder]))
    return sum(sizes[-2:])


async def _decisions(server: Server) -> tuple[int, int]:
    """Return the number of evictions and of preloads."""
    await asyncio.sleep(1)  # the log is written twice a second
    async with Connection(server.port) as connection:
        _, content = await connection.get("/preheat/v1/stats?since=1d")
    counts = json.loads(content)["total"]["span"]
    return counts["evictions"], counts["preloads"]


def _figures(held: HeldMemory, limit_bytes: int, evictions: int, preloads: int) -> list[Figure]:
    shares = tuple(sample / limit_bytes for sample in held.samples)
    note = f"limit {limit_bytes / 1e6:.0f} MB, {len(shares)} samples, one every {INTERVAL_S * 1000:.0f} ms"
    return [
        Figure(
            "the most that the workers held ÷ the limit", "", (max(shares),), (), value_at_most(MOST_OF_LIMIT), note
        ),
        Figure("what they held ÷ the limit", "", shares),
        Figure("samples above the limit", "%", (100 * held.above(limit_bytes),)),
        Figure("samples above the limit by more than 2 %", "%", (100 * held.above(limit_bytes * MOST_OF_LIMIT),)),
        Figure("evictions", "", (float(evictions),), note=f"{REQUESTS} requests, {preloads} preloads"),
    ]
