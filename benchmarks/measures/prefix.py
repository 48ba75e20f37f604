"""The first token of a long prompt that was answered before: after an unload, a crash, another model's visit, a login.

llama-server's router computes such a prompt again, whatever has happened since: it is measured once in each situation,
because that takes a minute. Preheat's own hot repeat is the best possible time.

Requests do not follow each other at once: after an answer, and after a model was loaded, a user reads for some seconds.
"""

from __future__ import annotations

import asyncio
import os
import shutil
import signal
import tempfile
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager, contextmanager
from pathlib import Path
from statistics import median
from typing import Final

from benchmarks.bench import Bench
from benchmarks.figures import Figure, Label, Target, ratio_at_most
from benchmarks.http_client import Connection
from benchmarks.load import Chat, chat, complete
from benchmarks.measures.prefix_worker import worker_figures
from benchmarks.prompts import Prompts, unique_text
from benchmarks.servers import SERVE, Server, free_port, preheat_environment, running, wait_until_hot

WORDS: Final = 3900
"""Words of the system prompt: some 4,000 tokens."""

_MEMORY_LIMIT: Final = "2000MiB"
"""Holds one of the random models, like the router's ``--models-max 1``."""

_HOT_REPEATS: Final = 3
_STORE_S: Final = 6.0
"""Idle time in which prompts are stored, in seconds."""

_READ_S: Final = 2.5
"""Pause between an answer and the next request, in seconds. Preheat starts a spare worker in it."""

_MOST_ROUNDS: Final = 3
"""A round of all situations takes 35 s."""

_OF_SERVER: Final = ratio_at_most(0.05)
_OF_REPEAT: Final = ratio_at_most(1.5)
_AFTER_LOGIN: Final = ratio_at_most(1.2)

_NAME: Final = "first token of a known prompt of 4,000 tokens after"


class _Asker:
    """Asks questions about the same long text."""

    def __init__(self, bench: Bench) -> None:
        self._bench = bench
        self._text = unique_text(4711, WORDS)
        self._prompts = Prompts(9)

    async def first_token_s(self, server: Server) -> float:
        """Return the time to the first token of the answer to the known prompt."""
        messages: Chat = [
            {"role": "system", "content": self._text},
            {"role": "user", "content": "What is this about?"},
        ]
        async with Connection(server.port) as connection:
            answer = await chat(connection, server.model_name(self._bench.small_model), messages, 4)
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


class _Times:
    """Preheat's samples by situation, in seconds. Each one is reported as soon as it is there."""

    def __init__(self, bench: Bench) -> None:
        self._say = bench.say
        self._samples: dict[str, list[float]] = {}

    def add(self, situation: str, seconds: float) -> None:
        self._samples.setdefault(situation, []).append(seconds)
        self._say(f"Preheat {situation}: {seconds * 1000:.0f} ms")

    def figure(self, situation: str, other: float, target: Target, against: str = "") -> Figure:
        return Figure(f"{_NAME} {situation}{against}", "s", tuple(self._samples[situation]), (other,), target)

    @property
    def repeat(self) -> float:
        """Time of the hot repeat."""
        return median(self._samples[_HOT])


_HOT: Final = "its last use, hot"
_UNLOADED: Final = "an unload and a load"
_VISITED: Final = "another model's visit"
_CRASHED: Final = "a crash, asked as soon as the port is open"
_RESTORED: Final = "a crash, asked when the model is back"
_LOGIN: Final = "a login"


async def measure(bench: Bench) -> list[Figure]:
    """Return the figures of all situations, of equality and of other streams' gaps."""
    asker, times = _Asker(bench), _Times(bench)
    await _preheat(bench, asker, times)
    visited, restarted = await _llama_server(bench, asker)
    figures = []
    for situation, theirs in (
        (_UNLOADED, min(visited, restarted)),
        (_CRASHED, restarted),
        (_RESTORED, restarted),
        (_VISITED, visited),
    ):
        figures.append(times.figure(situation, theirs, _OF_SERVER))
        figures.append(times.figure(situation, times.repeat, _OF_REPEAT, ", against the own hot repeat"))
    figures.append(times.figure(_LOGIN, times.repeat, _AFTER_LOGIN, ", against the own hot repeat"))
    return [*figures, *await worker_figures(bench)]


async def _preheat(bench: Bench, asker: _Asker, times: _Times) -> None:
    """Measure all situations of Preheat."""
    rounds = min(bench.rounds, _MOST_ROUNDS)
    with _home() as home:
        settings = bench.settings(memory_limit=_MEMORY_LIMIT)
        async with _serving(home, settings) as server:
            bench.say("Preheat computes the prompt, and stores it")
            for _ in range(2):
                await asker.first_token_s(server)
            await asyncio.sleep(_STORE_S)
            for _ in range(_HOT_REPEATS):
                times.add(_HOT, await asker.first_token_s(server))
                await asyncio.sleep(_READ_S)
            for _ in range(rounds):
                await asker.command(server, "unload")
                await asker.command(server, "load")
                await asyncio.sleep(_READ_S)
                times.add(_UNLOADED, await asker.first_token_s(server))
                await asyncio.sleep(_READ_S)
                times.add(_HOT, await asker.first_token_s(server))
                await asker.visit(server)
                await asyncio.sleep(_READ_S)
                times.add(_VISITED, await asker.first_token_s(server))
                await asyncio.sleep(_READ_S)
            os.kill(server.pid, signal.SIGKILL)
        for _ in range(rounds):
            async with _serving(home, settings) as server:
                times.add(_CRASHED, await asker.first_token_s(server))
                await asyncio.sleep(1)
                os.kill(server.pid, signal.SIGKILL)
            await _ask_when_hot(bench, asker, times, home, settings, _RESTORED)
        for _ in range(rounds):
            login = bench.settings(bench.small_model, memory_limit=_MEMORY_LIMIT)
            await _ask_when_hot(bench, asker, times, home, login, _LOGIN)


async def _ask_when_hot(
    bench: Bench, asker: _Asker, times: _Times, home: Path, settings: dict[str, str], situation: str
) -> None:
    """Start Preheat, ask once it has preloaded the model, and kill it."""
    async with _serving(home, settings) as server:
        await wait_until_hot(server, bench.small_model)
        await asyncio.sleep(_READ_S)
        times.add(situation, await asker.first_token_s(server))
        await asyncio.sleep(1)
        os.kill(server.pid, signal.SIGKILL)


async def _llama_server(bench: Bench, asker: _Asker) -> tuple[float, float]:
    """Return the times of llama-server's router: after another model's visit, and after a restart."""
    found = []
    for visited in (True, False):
        with bench.router() as server:
            if visited:
                await asker.visit(server)
                await asyncio.sleep(_READ_S)
            found.append(await asker.first_token_s(server))
        bench.say(f"llama-server after {_VISITED if visited else 'a restart'}: {found[-1]:.1f} s")
    return found[0], found[1]


@contextmanager
def _home() -> Iterator[Path]:
    home = Path(tempfile.mkdtemp(prefix="preheat-bench-"))
    try:
        yield home
    finally:
        shutil.rmtree(home, ignore_errors=True)


@asynccontextmanager
async def _serving(home: Path, settings: dict[str, str]) -> AsyncIterator[Server]:
    """Run Preheat with a home that outlives it."""
    port = free_port()
    environment = preheat_environment(home, {**settings, "port": str(port)})
    with running(Label.PREHEAT, SERVE, port, environment, home) as server:
        yield server
