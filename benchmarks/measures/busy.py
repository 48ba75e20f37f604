"""Decoding while other programs use the processor, and many streams, with each server's defaults."""

from __future__ import annotations

import asyncio
import subprocess
import sys
from collections.abc import Iterator, Sequence
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import Final

from benchmarks.bench import Bench
from benchmarks.figures import Figure, Label, Samples, ratio_at_least
from benchmarks.load import chats
from benchmarks.prompts import Prompts
from benchmarks.servers import Server, wait_until_hot

OF_BEST_QUIET: Final = 0.98
OF_BEST_BUSY: Final = 0.9
OF_LLAMA_SERVER_BUSY: Final = 2.0
OF_LLAMA_SERVER_STREAMS: Final = 0.98

_BUSY: Final = "while True: pass"
_SETTLED_S: Final = 1.0
"""Time after a change of the load in which the number of threads may adapt."""


async def measure(bench: Bench) -> list[Figure]:
    """Stream one answer next to 0, 1 and 2 busy processes; then 8 and 16 streams on a quiet machine."""
    return [
        *await _measure_load(bench, "135 M", bench.chat_model, max_tokens=96),
        *await _measure_load(bench, "0.6 GB", bench.small_model, max_tokens=32),
        *await _measure_streams(bench),
    ]


async def _measure_load(bench: Bench, label: str, path: Path, max_tokens: int) -> list[Figure]:
    """Compare ``threads = auto`` with each fixed number and with llama-server."""
    figures = []
    with ExitStack() as stack:
        mine = stack.enter_context(bench.preheat(path, threads=None))
        theirs = stack.enter_context(bench.single(path, threads=None))
        fixed = [stack.enter_context(bench.preheat(path, threads=count)) for count in _counts(bench)]
        for server in (mine, theirs, *fixed):
            await wait_until_hot(server, path)
            await _rate(server, path, Prompts(seed=2), max_tokens)
        prompts = Prompts()
        for others in (0, 1, 2):
            bench.say(f"{label} next to {others} busy processes")
            figures += await _measure_next_to(bench, others, mine, theirs, fixed, path, label, prompts, max_tokens)
    return figures


def _counts(bench: Bench) -> range:
    return range(1, bench.threads + 1)


async def _measure_next_to(
    bench: Bench,
    others: int,
    mine: Server,
    theirs: Server,
    fixed: Sequence[Server],
    path: Path,
    label: str,
    prompts: Prompts,
    max_tokens: int,
) -> list[Figure]:
    rates: dict[Server, list[float]] = {server: [] for server in (mine, theirs, *fixed)}
    with _busy(others):
        await _rate_for(mine, path, prompts, max_tokens, _SETTLED_S)
        for turn in range(bench.rounds):
            servers = list(rates)
            for server in servers if turn % 2 == 0 else reversed(servers):
                rates[server].append(await _rate(server, path, prompts, max_tokens))
    best = max(fixed, key=lambda server: sum(rates[server]))
    name = f"decode, {_next_to(others)}, {label}"
    limit = ratio_at_least(OF_BEST_BUSY if others else OF_BEST_QUIET)
    return [
        _compared(rates[mine], rates[best]).figure(
            f"{name}, against the best fixed number", "tok/s", limit, f"{fixed.index(best) + 1} threads"
        ),
        _compared(rates[mine], rates[theirs]).figure(
            f"{name}, against llama-server", "tok/s", ratio_at_least(OF_LLAMA_SERVER_BUSY) if others else None
        ),
    ]


def _compared(mine: Sequence[float], others: Sequence[float]) -> Samples:
    samples = Samples()
    samples.add(Label.PREHEAT, *mine)
    samples.add(Label.LLAMA_SERVER, *others)
    return samples


def _next_to(others: int) -> str:
    return ("quiet machine", "1 busy process", "2 busy processes")[others]


async def _rate(server: Server, path: Path, prompts: Prompts, max_tokens: int) -> float:
    """Return the tokens per second of one answer, from its first token on."""
    streams = await chats(server.port, server.model_name(path), prompts.chats(1), max_tokens)
    (answer,) = streams.answers
    return (answer.completion_tokens - 1) / (answer.ended_at - answer.first_at)


async def _rate_for(server: Server, path: Path, prompts: Prompts, max_tokens: int, seconds: float) -> None:
    """Stream answers for some seconds."""
    loop = asyncio.get_running_loop()
    end = loop.time() + seconds
    while loop.time() < end:
        await _rate(server, path, prompts, max_tokens)


async def _measure_streams(bench: Bench) -> list[Figure]:
    """Compare Preheat's defaults with llama-server's, which gets as many slots as there are streams."""
    figures = []
    path = bench.chat_model
    for count in (8, 16):
        bench.say(f"{count} streams, defaults")
        rates = Samples()
        with (
            bench.preheat(path, threads=None, parallel=None) as mine,
            bench.single(path, threads=None, parallel=count) as theirs,
        ):
            prompts = Prompts()
            for server in (mine, theirs):
                await wait_until_hot(server, path)
                await chats(server.port, server.model_name(path), prompts.chats(2), 32)
            for pair in bench.turns(mine, theirs):
                round_prompts = prompts.chats(count)
                for server in pair:
                    streams = await chats(server.port, server.model_name(path), round_prompts, 64)
                    rates.add(server.label, streams.tokens_per_s)
        figures.append(
            rates.figure(f"throughput, {count} streams, defaults", "tok/s", ratio_at_least(OF_LLAMA_SERVER_STREAMS))
        )
    return figures


@contextmanager
def _busy(count: int) -> Iterator[None]:
    """Run processes that compute all the time."""
    running = [subprocess.Popen([sys.executable, "-c", _BUSY]) for _ in range(count)]
    try:
        yield
    finally:
        for process in running:
            process.kill()
            process.wait()
