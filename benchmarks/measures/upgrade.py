"""A model that rests gets repacked weights: its speed afterwards, its memory before, and requests meanwhile."""

from __future__ import annotations

import asyncio
import json
import random
import time
from collections.abc import Sequence
from pathlib import Path
from statistics import median, quantiles
from typing import Any, Final

from benchmarks.bench import Bench
from benchmarks.figures import Figure, Samples, ratio_at_least, ratio_at_most, value_at_most
from benchmarks.http_client import Connection, HttpError
from benchmarks.load import LoadError, chat, chats
from benchmarks.processes import largest_memory
from benchmarks.prompts import Prompts
from benchmarks.servers import Server, preheat, wait_until_hot

DECODE_LIMIT: Final = 0.97
MEMORY_LIMIT: Final = 0.70
TTFT_LIMIT: Final = 1.5

_REST_S: Final = 30.0
_MAX_TOKENS: Final = 64
_EXCHANGES: Final = 20
_REQUESTS: Final = 1000
_PAUSES_S: Final = (0.0, 0.05, 0.1, 0.2)
_LONG_PAUSE_S: Final = 1.5
"""A pause in which Preheat notices that it is idle."""

_LONG_PAUSE_EACH: Final = 15
_TIMEOUT_S: Final = 300.0


async def measure(bench: Bench) -> list[Figure]:
    """Compare the 0.6 GB model after a rest, each server with its defaults; then exchange the chat model's form."""
    return [*await _after_a_rest(bench), *await _during_exchanges(bench)]


async def _after_a_rest(bench: Bench) -> list[Figure]:
    path = bench.small_model
    rates = {count: Samples() for count in (1, 4)}
    totals = Samples()
    with (
        bench.preheat(path, parallel=None, repack="auto") as mine,
        bench.single(path) as theirs,
    ):
        for server in (mine, theirs):
            await wait_until_hot(server, path)
            await chats(server.port, server.model_name(path), Prompts(seed=2).chats(3), max_tokens=8)
        before = [largest_memory(server.pid).rss / 1e6 for server in (mine, theirs)]
        bench.say(f"{_REST_S:.0f} s of rest")
        await asyncio.sleep(_REST_S)
        form = (await _model(mine, path))["form"]
        prompts = Prompts()
        for count, samples in rates.items():
            bench.say(f"{count} streams of the {form} model")
            for pair in bench.turns(mine, theirs):
                round_prompts = prompts.chats(count)
                for server in pair:
                    streams = await chats(server.port, server.model_name(path), round_prompts, _MAX_TOKENS)
                    samples.add(server.label, streams.decode_tokens_per_s)
                    if count > 1:
                        totals.add(server.label, streams.tokens_per_s)
        after = largest_memory(mine.pid).rss / 1e6
    target = ratio_at_least(DECODE_LIMIT)
    return [
        *(
            samples.figure(f"decode after {_REST_S:.0f} s of rest, {count} streams, 0.6 GB, defaults", "tok/s", target)
            for count, samples in rates.items()
        ),
        totals.figure("4 streams from the requests to the last token, prefill included", "tok/s"),
        Figure("memory of the hot 0.6 GB model before its rest", "MB", *_each(before), ratio_at_most(MEMORY_LIMIT)),
        Figure(f"the same afterwards ({form})", "MB", (after,), (before[1],)),
    ]


def _each(values: Sequence[float]) -> tuple[tuple[float], tuple[float]]:
    mine, theirs = values
    return (mine,), (theirs,)


async def _during_exchanges(bench: Bench) -> list[Figure]:
    path = bench.chat_model  # answers quickly
    ttfts: list[float] = []
    failures: list[str] = []
    exchanged = 0
    with preheat(bench.settings(path, parallel=None)) as server:
        await wait_until_hot(server, path)
        while exchanged < _EXCHANGES or len(ttfts) + len(failures) < _REQUESTS:
            wanted = "repacked" if exchanged % 2 == 0 else "mapped"
            _set_repack(server, "on" if wanted == "repacked" else "off")
            least = (exchanged + 1) * _REQUESTS // _EXCHANGES if exchanged < _EXCHANGES else _REQUESTS
            await _ask_until(server, path, wanted, least, ttfts, failures)
            exchanged += 1
            bench.say(f"{exchanged} exchanges, {len(ttfts)} requests, {len(failures)} failed")
    milliseconds = [ttft * 1000 for ttft in ttfts]
    worst = quantiles(milliseconds, n=100)[-1]
    return [
        Figure(
            f"failed of {_REQUESTS} requests during {exchanged} exchanges", "", (len(failures),), (), value_at_most(0)
        ),
        Figure("TTFT during exchanges, median", "ms", (median(milliseconds),)),
        Figure(
            "TTFT during exchanges, p99 / median", "", (worst / median(milliseconds),), (), value_at_most(TTFT_LIMIT)
        ),
    ]


def _set_repack(server: Server, value: str) -> None:
    """Write the setting to the user's file, which Preheat watches."""
    assert server.home is not None
    file = server.home / "config" / "settings.toml"
    file.parent.mkdir(parents=True, exist_ok=True)
    part = file.with_suffix(".part")
    part.write_text(f'repack = "{value}"\n')
    part.replace(file)


async def _ask_until(
    server: Server, path: Path, form: str, least: int, ttfts: list[float], failures: list[str]
) -> None:
    """Send requests until the model has this form, and as many as ``least`` have been sent in all.

    Raises:
        LoadError: It does not get that form.
    """
    prompts, pauses = Prompts(seed=len(ttfts)), random.Random(len(ttfts))
    deadline = time.perf_counter() + _TIMEOUT_S
    async with Connection(server.port) as connection:
        sent = 0
        while True:
            try:
                answer = await chat(connection, server.model_name(path), prompts.chat(), max_tokens=3)
                ttfts.append(answer.ttft_s)
            except (HttpError, LoadError) as error:
                failures.append(str(error))
            sent += 1
            if len(ttfts) + len(failures) >= least:
                model = await _model(server, path)
                if model["form"] == form and not model["changes_form"]:
                    return
                if time.perf_counter() > deadline:
                    raise LoadError(f"the model is not {form} after {_TIMEOUT_S:.0f} s: {model}")
            await asyncio.sleep(_LONG_PAUSE_S if sent % _LONG_PAUSE_EACH == 0 else pauses.choice(_PAUSES_S))


async def _model(server: Server, path: Path) -> dict[str, Any]:
    """Return Preheat's status of the model."""
    async with Connection(server.port) as connection:
        _, content = await connection.get("/preheat/v1/status")
    models: list[dict[str, Any]] = json.loads(content)["models"]
    return next(model for model in models if model["id"] == server.model_name(path))
