"""The first request to a preloaded model compared with the following ones."""

from __future__ import annotations

import asyncio
from contextlib import AbstractContextManager
from pathlib import Path
from statistics import median
from typing import Final

from benchmarks.bench import Bench
from benchmarks.figures import Figure, Samples, value_at_most
from benchmarks.http_client import Connection
from benchmarks.load import chat
from benchmarks.prompts import Prompts
from benchmarks.servers import Server, wait_until_hot

FIRST_TO_FOLLOWING_LIMIT: Final = 1.10
_FOLLOWING: Final = 8
_SETTLE_S: Final = 1.0
"""Pause after the load, so that the end of the start does not affect a request, in seconds."""


async def measure(bench: Bench) -> list[Figure]:
    """Restart each server in every round; send a first request and some following ones."""
    figures = []
    for label, path in (("135 M", bench.chat_model), ("0.6 GB", bench.small_model)):
        bench.say(f"First requests to {label}")
        figures += await _measure_model(bench, label, path)
    return figures


async def _measure_model(bench: Bench, label: str, path: Path) -> list[Figure]:
    prompts = Prompts()
    firsts, ratios = Samples(), Samples()
    for _ in range(bench.rounds):
        starts: tuple[AbstractContextManager[Server], ...] = (bench.preheat(path), bench.single(path))
        for start in starts:
            with start as server:
                await wait_until_hot(server, path)
                await asyncio.sleep(_SETTLE_S)
                ttfts_ms = [await _ttft_ms(server, path, prompts) for _ in range(1 + _FOLLOWING)]
                firsts.add(server.label, ttfts_ms[0])
                ratios.add(server.label, ttfts_ms[0] / median(ttfts_ms[1:]))
    return [
        ratios.figure(
            f"TTFT, first request after start ÷ the following {_FOLLOWING}, {label}",
            "",
            value_at_most(FIRST_TO_FOLLOWING_LIMIT),
        ),
        firsts.figure(f"TTFT, first request after start, {label}", "ms"),
    ]


async def _ttft_ms(server: Server, path: Path, prompts: Prompts) -> float:
    async with Connection(server.port) as connection:
        answer = await chat(connection, server.model_name(path), prompts.chat(), max_tokens=4)
    return answer.ttft_s * 1000
