"""The first token of a long prompt that was answered before: after an unload, a crash, another model's visit, a login.

llama-server's router computes such a prompt again, whatever has happened since. Preheat's own hot repeat is the best
possible time.
"""

from __future__ import annotations

import asyncio
import os
import shutil
import signal
import tempfile
import time
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager, contextmanager
from itertools import pairwise
from pathlib import Path
from statistics import median
from typing import Any, Final

from benchmarks.bench import Bench
from benchmarks.figures import Figure, Label, Target, ratio_at_most, value_at_most
from benchmarks.http_client import Connection
from benchmarks.load import Chat, chat, complete
from benchmarks.load_options import load_options
from benchmarks.prompts import Prompts, unique_text
from benchmarks.servers import (
    SERVE,
    Server,
    free_port,
    preheat_environment,
    running,
    wait_until_hot,
)
from preheat.inference import Chat as EngineChat
from preheat.inference import GenerateRequest, Role, Sampling, text_message
from preheat.inference.client import WorkerClient
from preheat.inference.prefixes import PrefixOptions

_WORDS: Final = 3900
"""Words of the system prompt: some 4,000 tokens."""

_MEMORY_LIMIT: Final = "2000MiB"
"""Holds one of the random models, like the router's ``--models-max 1``."""

_HOT_REPEATS: Final = 5
_STORE_S: Final = 6.0
"""Idle time in which prompts are stored, in seconds."""

_SHORT_PROMPTS: Final = 20
_SHORT_WORDS: Final = 450
_SHORT_CONTEXT: Final = 768
"""Holds one of the short prompts: next to others, cells are in another order, and sums in their last bits different."""

_COMPARED_TOKENS: Final = 16

_OF_SERVER: Final = ratio_at_most(0.05)
_OF_REPEAT: Final = ratio_at_most(1.5)
_AFTER_LOGIN: Final = ratio_at_most(1.2)
_GAP_MS: Final = 100.0


class _Asker:
    """Asks questions about the same long text."""

    def __init__(self, bench: Bench) -> None:
        self._bench = bench
        self._text = unique_text(4711, _WORDS)
        self._prompts = Prompts(9)

    def messages(self) -> Chat:
        """Return the known prompt."""
        return [{"role": "system", "content": self._text}, {"role": "user", "content": "What is this about?"}]

    async def first_token_s(self, server: Server) -> float:
        """Return the time to the first token of the answer to the known prompt."""
        async with Connection(server.port) as connection:
            answer = await chat(connection, server.model_name(self._bench.small_model), self.messages(), 4)
        return answer.ttft_s

    async def visit(self, server: Server) -> None:
        """Let the other model take the place."""
        async with Connection(server.port) as connection:
            model = server.model_name(self._bench.large_model)
            await complete(connection, model, self._prompts.texts(1, words=2)[0], max_tokens=2)

    async def command(self, server: Server, command: str) -> None:
        """Load or unload Preheat's model."""
        model = server.model_name(self._bench.small_model)
        async with Connection(server.port) as connection:
            await connection.post(f"/preheat/v1/models/{model}/{command}", {})


async def measure(bench: Bench) -> list[Figure]:
    """Return the figures of all situations, of equality and of other streams' gaps."""
    asker = _Asker(bench)
    theirs = await _llama_server(bench, asker)
    figures = await _situations(bench, asker, theirs)
    return [*figures, *await _worker_figures(bench)]


async def _situations(bench: Bench, asker: _Asker, theirs: dict[str, float]) -> list[Figure]:
    unloaded, crashed, visited, hot, login = [], [], [], [], []
    with _home() as home:
        settings = bench.settings(memory_limit=_MEMORY_LIMIT)
        async with _serving(bench, home, settings) as server:
            bench.say("Preheat computes the prompt, and stores it")
            for _ in range(2):
                await asker.first_token_s(server)
            for _ in range(_HOT_REPEATS):
                hot.append(await asker.first_token_s(server))
            await asyncio.sleep(_STORE_S)
            for _ in range(bench.rounds):
                bench.say("Preheat after an unload and a load, and after another model's visit")
                await asker.command(server, "unload")
                await asker.command(server, "load")
                unloaded.append(await asker.first_token_s(server))
                await asker.visit(server)
                visited.append(await asker.first_token_s(server))
            await asyncio.sleep(_STORE_S)
            os.kill(server.pid, signal.SIGKILL)
        for _ in range(bench.rounds):
            bench.say("Preheat after it was killed")
            async with _serving(bench, home, settings) as server:
                crashed.append(await asker.first_token_s(server))
                await asyncio.sleep(1)
                os.kill(server.pid, signal.SIGKILL)
        settings = bench.settings(bench.small_model, memory_limit=_MEMORY_LIMIT)
        for _ in range(bench.rounds):
            bench.say("Preheat after a login")
            async with _serving(bench, home, settings) as server:
                await wait_until_hot(server, bench.small_model)
                login.append(await asker.first_token_s(server))
    name = "first token of a known prompt of 4,000 tokens after"
    repeat = median(hot)
    figures: list[Figure] = []
    for situation, samples in (("unload and load", unloaded), ("a crash", crashed), ("another model's visit", visited)):
        figures.append(_figure(f"{name} {situation}", samples, theirs[situation], _OF_SERVER))
        if situation == "unload and load":
            figures.append(_figure("the same against Preheat's own hot repeat", samples, repeat, _OF_REPEAT))
    return [*figures, _figure(f"{name} login, against the own hot repeat", login, repeat, _AFTER_LOGIN)]


def _figure(name: str, samples: list[float], other: float, target: Target) -> Figure:
    return Figure(name, "s", tuple(samples), (other,), target)


async def _llama_server(bench: Bench, asker: _Asker) -> dict[str, float]:
    """Return the times of llama-server's router."""
    found = {}
    with bench.router() as server:
        bench.say("llama-server computes the prompt, twice")
        await asker.first_token_s(server)
        await asker.visit(server)
        found["another model's visit"] = await asker.first_token_s(server)
        await asker.visit(server)
        async with Connection(server.port) as connection:  # the load is not part of it
            await complete(connection, server.model_name(bench.small_model), "quiet rivers", max_tokens=1)
        found["unload and load"] = await asker.first_token_s(server)
    with bench.router() as server:
        bench.say("llama-server after a restart")
        found["a crash"] = await asker.first_token_s(server)
    return found


@contextmanager
def _home() -> Iterator[Path]:
    home = Path(tempfile.mkdtemp(prefix="preheat-bench-"))
    try:
        yield home
    finally:
        shutil.rmtree(home, ignore_errors=True)


@asynccontextmanager
async def _serving(bench: Bench, home: Path, settings: dict[str, str]) -> AsyncIterator[Server]:
    """Run Preheat with a home that outlives it."""
    port = free_port()
    environment = preheat_environment(home, {**settings, "port": str(port)})
    with running(Label.PREHEAT, SERVE, port, environment, home) as server:
        yield server


async def _worker_figures(bench: Bench) -> list[Figure]:
    """Return what one worker shows: equal answers, and the gaps of a stream beside saves and restores."""
    with _home() as home:
        folder = str(home / "prompts")
        worker = await _worker(bench.chat_model, bench, folder, _SHORT_CONTEXT)
        bench.say("Answers with computed prompts")
        requests = [_short(number) for number in range(_SHORT_PROMPTS)]
        computed = []
        for request in requests:
            computed.append(await _text(worker, request))
            await worker.save_prefixes(30, hands_over=True)
        await worker.close()
        worker = await _worker(bench.chat_model, bench, folder, _SHORT_CONTEXT)
        bench.say("Answers with restored prompts")
        restored = [await _text(worker, request) for request in requests]
        await worker.close()
        equal = sum(text == other for (text, _), (other, _) in zip(computed, restored, strict=True))
        reused = sum(cached > _SHORT_WORDS for _, cached in restored)
        figures = [
            Figure(
                f"answers of {_COMPARED_TOKENS} tokens at temperature 0 that differ, restored against computed",
                "",
                (float(_SHORT_PROMPTS - equal),),
                target=value_at_most(0),
                note=f"{reused} of {_SHORT_PROMPTS} restored",
            )
        ]
        return [*figures, *await _gaps(bench, home)]


def _short(number: int) -> GenerateRequest:
    messages = (
        text_message(Role.SYSTEM, unique_text(100 + number, _SHORT_WORDS)),
        text_message(Role.USER, "Tell me about it."),
    )
    return GenerateRequest(
        chat=EngineChat(messages=messages), sampling=Sampling(temperature=0), max_tokens=_COMPARED_TOKENS
    )


async def _worker(model: Path, bench: Bench, folder: str, context_length: int) -> WorkerClient:
    worker = await WorkerClient.spawn()
    prefixes = PrefixOptions(folder, "", 1 << 30)
    options = load_options(model, threads=bench.threads, context_length=context_length, probe=True, prefixes=prefixes)
    await worker.load(options, lambda _: None, lambda: None)
    return worker


async def _text(worker: WorkerClient, request: GenerateRequest) -> tuple[str, int]:
    text, cached = "", 0
    async for chunk in worker.generate(request):
        text += chunk.text
        cached = chunk.usage.cached_tokens if chunk.usage is not None else cached
    return text, cached


async def _gaps(bench: Bench, home: Path) -> list[Figure]:
    """Return the longest gaps of a stream while a prompt of more than 200 MB is saved, and restored."""
    bench.say("A stream while a prompt is saved and restored")
    folder = str(home / "gaps")
    prompt = GenerateRequest(prompt=unique_text(5, _WORDS), sampling=Sampling(temperature=0), max_tokens=1)
    worker = await _worker(bench.large_model, bench, folder, 8192)
    await _text(worker, prompt)

    async def save() -> int:
        return await worker.save_prefixes(60)

    saving, saved = await _gap_during(worker, save)
    await worker.close()
    worker = await _worker(bench.large_model, bench, folder, 8192)

    async def restore() -> int:
        return (await _text(worker, prompt))[1]

    restoring, tokens = await _gap_during(worker, restore)
    await worker.close()
    name = "longest gap of a stream above its median gap while"
    return [
        Figure(f"{name} {saved / 1e6:.0f} MB are saved", "ms", (saving,), target=value_at_most(_GAP_MS)),
        Figure(f"{name} {tokens} tokens are restored", "ms", (restoring,), target=value_at_most(_GAP_MS)),
    ]


async def _gap_during(worker: WorkerClient, work: Any) -> tuple[float, int]:
    """Return the longest gap of a stream above its median, in ms, while something is done; and what that returned."""
    times: list[float] = []
    ends: list[float] = []

    async def stream() -> None:
        request = GenerateRequest(prompt="1, 2, 3, 4, 5,", sampling=Sampling(temperature=0), max_tokens=600)
        async for _ in worker.generate(request):
            times.append(time.perf_counter())

    async def wait_and_work() -> int:
        while len(times) < 20:
            await asyncio.sleep(0.01)
        done: int = await work()
        ends.append(time.perf_counter())
        return done

    streaming = asyncio.create_task(stream())
    done = await wait_and_work()
    while len([moment for moment in times if moment > ends[0]]) < 20 and not streaming.done():
        await asyncio.sleep(0.01)
    streaming.cancel()
    await asyncio.gather(streaming, return_exceptions=True)
    gaps = [later - earlier for earlier, later in pairwise(times)]
    return (max(gaps) - median(gaps)) * 1000, done
