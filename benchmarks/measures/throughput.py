"""Tokens per second and TTFT of one hot model with several concurrent streams."""

from __future__ import annotations

from pathlib import Path
from typing import Final

from benchmarks.bench import Bench
from benchmarks.figures import Figure, Samples, ratio_at_least
from benchmarks.load import chats
from benchmarks.prompts import Prompts
from benchmarks.servers import Server, wait_until_hot

SMALL_MODEL_LIMIT: Final = 0.98
"""For the model whose steps are the shortest."""

THROUGHPUT_LIMIT: Final = 0.95
_SLOTS: Final = 16
"""With the default of 4, further streams would wait in a queue."""


async def measure(bench: Bench) -> list[Figure]:
    """Stream answers of equal length: 1, 4, 8 and 16 streams of the 135 M model, 1 and 4 of the 0.6 GB model."""
    small = bench.small_model
    return [
        *await _measure_model(bench, "135 M", bench.chat_model, (1, 4, 8, 16), max_tokens=96),
        *await _measure_model(bench, "0.6 GB", small, (1, 4), max_tokens=32),
        *await _measure_model(bench, "0.6 GB, repack = on", small, (1, 4), max_tokens=32, repack="on"),
    ]


async def _measure_model(
    bench: Bench, label: str, path: Path, stream_counts: tuple[int, ...], max_tokens: int, repack: str = "off"
) -> list[Figure]:
    figures = []
    with bench.pair(path, parallel=_SLOTS, repack=repack) as (mine, theirs):
        for server in (mine, theirs):
            await wait_until_hot(server, path)
            await chats(server.port, server.model_name(path), Prompts(seed=2).chats(2), max_tokens)
        prompts = Prompts()
        for count in stream_counts:
            bench.say(f"{count} streams of {label}")
            figures += await _measure_count(bench, mine, theirs, path, label, prompts, count, max_tokens)
    return figures


async def _measure_count(
    bench: Bench, mine: Server, theirs: Server, path: Path, label: str, prompts: Prompts, count: int, max_tokens: int
) -> list[Figure]:
    rates, ttfts = Samples(), Samples()
    for pair in bench.turns(mine, theirs):
        round_prompts = prompts.chats(count)
        for server in pair:
            streams = await chats(server.port, server.model_name(path), round_prompts, max_tokens)
            rates.add(server.label, streams.tokens_per_s)
            ttfts.add(server.label, *(ttft_s * 1000 for ttft_s in streams.ttfts_s))
    limit = SMALL_MODEL_LIMIT if path == bench.chat_model else THROUGHPUT_LIMIT
    streams_text = "1 stream" if count == 1 else f"{count} streams"
    return [
        rates.figure(f"throughput, {streams_text}, {label}", "tok/s", ratio_at_least(limit)),
        ttfts.figure(f"TTFT at {streams_text}, {label}", "ms"),
    ]
