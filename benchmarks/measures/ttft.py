"""TTFT of hot models, one request at a time."""

from __future__ import annotations

from pathlib import Path
from typing import Final

from benchmarks.bench import Bench
from benchmarks.figures import Figure, Samples, ratio_at_most
from benchmarks.http_client import Connection
from benchmarks.load import Chat, chat
from benchmarks.prompts import LONG_WORDS, Prompts
from benchmarks.servers import Server, wait_until_hot

TTFT_LIMIT: Final = 1.05
_SEED: Final = 7
_WARM_UPS: Final = 3


async def measure(bench: Bench) -> list[Figure]:
    """Send the same prompts to both servers alternately: short ones, and long ones that are nearly all prefill."""
    figures = await _measure_model(bench, "135 M", bench.chat_model, short=10, long=2)
    figures += await _measure_model(bench, "0.6 GB", bench.small_model, short=3)
    return figures + await _measure_model(bench, "0.6 GB, repack = on", bench.small_model, short=3, repack="on")


async def _measure_model(
    bench: Bench, label: str, path: Path, short: int, long: int = 0, repack: str = "off"
) -> list[Figure]:
    """Take samples with short and with long prompts."""
    bench.say(f"Hot TTFT of {label}")
    with bench.pair(path, repack=repack) as (mine, theirs):
        for server in (mine, theirs):
            await wait_until_hot(server, path)
        prompts = Prompts()
        await _alternate(mine, theirs, path, prompts.chats(_WARM_UPS), Samples())
        figures = [await _figure(bench, mine, theirs, path, f"hot TTFT, short prompt, {label}", prompts, short)]
        name = f"hot TTFT, short prompt, {label}, with a seed"
        figures.append(await _figure(bench, mine, theirs, path, name, prompts, short, seed=_SEED))
        if long:
            name = f"hot TTFT, prompt of {LONG_WORDS} words, {label}"
            figures.append(await _figure(bench, mine, theirs, path, name, prompts, long, words=LONG_WORDS))
    return figures


async def _figure(
    bench: Bench,
    mine: Server,
    theirs: Server,
    path: Path,
    name: str,
    prompts: Prompts,
    count: int,
    words: int = 6,
    seed: int | None = None,
) -> Figure:
    samples = Samples()
    for pair in bench.turns(mine, theirs):
        await _alternate(*pair, path, prompts.chats(count, words), samples, seed)
    return samples.figure(name, "ms", ratio_at_most(TTFT_LIMIT))


async def _alternate(
    first: Server, second: Server, path: Path, prompts: list[Chat], samples: Samples, seed: int | None = None
) -> None:
    """Send each prompt to both servers, and add their TTFTs in milliseconds to ``samples``."""
    for prompt in prompts:
        for server in (first, second):
            async with Connection(server.port) as connection:
                answer = await chat(connection, server.model_name(path), prompt, max_tokens=4, seed=seed)
            samples.add(server.label, answer.ttft_s * 1000)
