"""What each protocol adds to a worker: latency, many streams at once, and memory over many requests."""

from __future__ import annotations

import asyncio
import json
import time
from collections.abc import AsyncIterator, Callable
from dataclasses import dataclass
from pathlib import Path
from statistics import median
from typing import Any, Final

from benchmarks.bench import Bench
from benchmarks.figures import Figure, value_at_most
from benchmarks.http_client import Connection, HttpError
from benchmarks.load_options import load_options
from benchmarks.processes import tree_memory
from benchmarks.servers import Server, wait_until_hot
from preheat.inference import Chat, GenerateRequest, Role, Sampling, text_message
from preheat.inference.client import WorkerClient

FIRST_TOKEN_LIMIT_MS: Final = 3.0
TOKEN_LIMIT_MS: Final = 0.3
STREAMS: Final = 64
REQUESTS: Final = 2000
GROWTH_LIMIT_MB: Final = 16.0

_TOKENS: Final = 40
_WARM_UPS: Final = 5
_SAMPLES: Final = 12
_QUESTION: Final = "Count from 1 to 100, separated by commas."
_MB: Final = 1e6


@dataclass(frozen=True, slots=True)
class Family:
    """One protocol: its endpoint, the body of a greedy chat, and the text in a line of its stream."""

    path: str
    body: Callable[[str, str, int], dict[str, Any]]
    text_of: Callable[[dict[str, Any]], str]


def _openai(model: str, question: str, tokens: int) -> dict[str, Any]:
    messages = [{"role": "user", "content": question}]
    return {"model": model, "messages": messages, "max_tokens": tokens, "temperature": 0, "stream": True}


def _responses(model: str, question: str, tokens: int) -> dict[str, Any]:
    return {"model": model, "input": question, "max_output_tokens": tokens, "temperature": 0, "stream": True}


def _ollama(model: str, question: str, tokens: int) -> dict[str, Any]:
    messages = [{"role": "user", "content": question}]
    return {"model": model, "messages": messages, "options": {"num_predict": tokens, "temperature": 0}}


def _openai_text(event: dict[str, Any]) -> str:
    return "".join(choice["delta"].get("content") or "" for choice in event.get("choices", ()))


def _responses_text(event: dict[str, Any]) -> str:
    return str(event["delta"]) if event.get("type") == "response.output_text.delta" else ""


def _anthropic_text(event: dict[str, Any]) -> str:
    return str(event["delta"].get("text", "")) if event.get("type") == "content_block_delta" else ""


def _ollama_text(event: dict[str, Any]) -> str:
    return str(event.get("message", {}).get("content", ""))


FAMILIES: Final = {
    "OpenAI chat": Family("/v1/chat/completions", _openai, _openai_text),
    "OpenAI Responses": Family("/v1/responses", _responses, _responses_text),
    "Anthropic": Family("/v1/messages", _openai, _anthropic_text),
    "Ollama": Family("/api/chat", _ollama, _ollama_text),
}


@dataclass(frozen=True, slots=True)
class Times:
    """Seconds of one answer."""

    first_s: float
    token_s: float  # each further piece of text


async def measure(bench: Bench) -> list[Figure]:
    """Send the same chat to a worker and through each protocol, in turns; then many at once, and many in a row."""
    model = bench.chat_model
    worker = await _load(bench, model)
    try:
        with bench.preheat(model) as server:
            await wait_until_hot(server, model)
            figures = await _latencies(bench, worker, server, model)
            figures.append(await _many_streams(bench, server, model))
            figures.append(await _growth(bench, server, model))
    finally:
        await worker.close()
    return figures


async def _load(bench: Bench, model: Path) -> WorkerClient:
    worker = await WorkerClient.spawn()
    options = load_options(model, threads=bench.threads, gpu_layers=-1, probe=True, warm_prefix=True)
    await worker.load(options, lambda _: None, lambda: None)
    return worker


async def _latencies(bench: Bench, worker: WorkerClient, server: Server, model: Path) -> list[Figure]:
    bench.say("Latency that each protocol adds")
    added: dict[str, list[Times]] = {name: [] for name in FAMILIES}
    for number in range(_WARM_UPS + _SAMPLES * bench.rounds):
        direct = await _direct(worker, f"{_QUESTION} ({number} a)")
        for letter, (name, family) in zip("bcde", FAMILIES.items(), strict=True):
            # Another question of the same length: the answer to the same one would begin from the cache.
            question = f"{_QUESTION} ({number} {letter})"
            through = await _through(server, family, server.model_name(model), question)
            if number >= _WARM_UPS:
                added[name].append(Times(through.first_s - direct.first_s, through.token_s - direct.token_s))
    figures = []
    for name, times in added.items():
        first = median(each.first_s for each in times) * 1000
        token = median(each.token_s for each in times) * 1000
        figures.append(Figure(f"{name}: first token", "ms", (first,), target=value_at_most(FIRST_TOKEN_LIMIT_MS)))
        figures.append(Figure(f"{name}: each token", "ms", (token,), target=value_at_most(TOKEN_LIMIT_MS)))
    return figures


async def _direct(worker: WorkerClient, question: str) -> Times:
    request = GenerateRequest(
        chat=Chat(messages=(text_message(Role.USER, question),)), max_tokens=_TOKENS, sampling=Sampling(temperature=0)
    )

    async def texts() -> AsyncIterator[str]:
        async for chunk in worker.generate(request):
            yield chunk.text

    return await _timed(texts())


async def _through(server: Server, family: Family, model: str, question: str) -> Times:
    async with Connection(server.port) as connection:
        return await _timed(_texts(connection, family, model, question, _TOKENS))


async def _texts(connection: Connection, family: Family, model: str, question: str, tokens: int) -> AsyncIterator[str]:
    async for line in connection.lines(family.path, family.body(model, question, tokens)):
        data = line.removeprefix(b"data: ")
        if data.startswith(b"{"):
            event = json.loads(data)
            if event.get("error"):
                raise HttpError(f"{family.path}: {event['error']}")
            yield family.text_of(event)


async def _timed(texts: AsyncIterator[str]) -> Times:
    began = time.perf_counter()
    arrivals = [time.perf_counter() async for text in texts if text]
    return Times(arrivals[0] - began, (arrivals[-1] - arrivals[0]) / (len(arrivals) - 1))


async def _many_streams(bench: Bench, server: Server, model: Path) -> Figure:
    bench.say(f"{STREAMS} streams at once")

    async def one(number: int) -> bool:
        family = list(FAMILIES.values())[number % len(FAMILIES)]
        async with Connection(server.port) as connection:
            pieces = _texts(connection, family, server.model_name(model), f"{_QUESTION} ({number})", _TOKENS)
            return bool("".join([piece async for piece in pieces]))

    results = await asyncio.gather(*map(one, range(STREAMS)), return_exceptions=True)
    failures = sum(result is not True for result in results)
    return Figure(f"{STREAMS} streams: failures", "", (failures,), target=value_at_most(0))


async def _growth(bench: Bench, server: Server, model: Path) -> Figure:
    """Return how much the memory of all processes grows, after a tenth of the requests for warming up."""
    bench.say(f"Memory over {REQUESTS} requests")
    before = 0
    families = list(FAMILIES.values())
    async with Connection(server.port) as connection:
        for number in range(REQUESTS + REQUESTS // 10):
            if number == REQUESTS // 10:
                before = tree_memory(server.pid).rss
            family = families[number % len(families)]
            texts = _texts(connection, family, server.model_name(model), f"Say {number % 50}", 2)
            async for _ in texts:
                pass
    growth = (tree_memory(server.pid).rss - before) / _MB
    return Figure(f"growth over {REQUESTS} requests", "MB", (growth,), target=value_at_most(GROWTH_LIMIT_MB))
