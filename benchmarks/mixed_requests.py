"""Many requests of every kind to several models, with samples of the workers' memory."""

from __future__ import annotations

import asyncio
import random
import threading
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final

import psutil

from benchmarks.http_client import Connection
from benchmarks.prompts import unique_text

INTERVAL_S: Final = 0.1
CLIENTS: Final = 3

LONG_WORDS: Final = 1400
"""About 1,500 tokens: three full batches, most of a context of 2,048."""

_LONG_SHARE: Final = 0.06

_CONTEXT_KEY: Final = b"llama.context_length" + (4).to_bytes(4, "little")  # with its type, a 32-bit integer

_BURST: Final = 20
_REST_S: Final = 2.0
"""Long enough for the engine to become idle and preload."""


@dataclass(frozen=True, slots=True)
class Request:
    """A POST request."""

    path: str
    body: dict[str, Any]


def mixed_requests(
    count: int, chat_models: Sequence[str], embedding_model: str, words: int = LONG_WORDS
) -> list[Request]:
    """Return chats, completions and embeddings, some with long prompts. The first models are used most.

    Args:
        words: Length of a long prompt.
    """
    rng = random.Random(1)
    weights = [1 / place for place in range(1, len(chat_models) + 1)]
    requests = []
    for number in range(count):
        (model,) = rng.choices(chat_models, weights)
        text = unique_text(number, words if rng.random() < _LONG_SHARE else 8)
        writing = {"model": model, "max_tokens": rng.randint(2, 16), "temperature": 0}
        kind = rng.choices(("chat", "completion", "embedding"), (0.5, 0.3, 0.2))[0]
        if kind == "chat":
            path, body = "/v1/chat/completions", {**writing, "messages": [{"role": "user", "content": text}]}
        elif kind == "completion":
            path, body = "/v1/completions", {**writing, "prompt": text}
        else:
            texts = [unique_text(number, length) for length in (4, 40, 200)][: rng.randint(1, 3)]
            path, body = "/v1/embeddings", {"model": embedding_model, "input": texts}
        requests.append(Request(path, body))
    return requests


async def send_all(port: int, requests: Sequence[Request], clients: int = CLIENTS) -> None:
    """Send requests in bursts from several clients, with pauses; each client sends its next request after an answer.

    Raises:
        HttpError: A request failed.
    """
    for begin in range(0, len(requests), _BURST):
        await _send_burst(port, requests[begin : begin + _BURST], clients)
        await asyncio.sleep(_REST_S)


async def _send_burst(port: int, requests: Sequence[Request], clients: int) -> None:
    waiting = list(requests)[::-1]

    async def client() -> None:
        async with Connection(port) as connection:
            while waiting:
                request = waiting.pop()
                await connection.post(request.path, request.body)

    async with asyncio.TaskGroup() as group:
        for _ in range(clients):
            group.create_task(client())


@dataclass(slots=True)
class HeldMemory:
    """Total memory of the workers with a model at each sample, in bytes."""

    samples: list[int] = field(default_factory=list)

    def above(self, limit_bytes: float) -> float:
        """Return the share of the samples above a limit."""
        return sum(held > limit_bytes for held in self.samples) / len(self.samples)


@contextmanager
def sampled(pid: int, interval_s: float = INTERVAL_S) -> Iterator[HeldMemory]:
    """Sample the memory of an engine's workers in a thread while the block runs.

    Like the engine, it sums resident memory, including mapped weights; pages shared by two workers count twice. The
    spare worker has no model and is not counted.
    """
    held, ended = HeldMemory(), threading.Event()

    def sample() -> None:
        engine = psutil.Process(pid)
        with_model: set[psutil.Process] = set()
        due_at = time.monotonic()
        while not ended.is_set():
            held.samples.append(sum(_held_bytes(worker, with_model) for worker in engine.children()))
            due_at = max(due_at + interval_s, time.monotonic())
            ended.wait(due_at - time.monotonic())

    thread = threading.Thread(target=sample, name="memory sampler", daemon=True)
    thread.start()
    try:
        yield held
    finally:
        ended.set()
        thread.join()


def _held_bytes(worker: psutil.Process, with_model: set[psutil.Process]) -> int:
    with suppress(psutil.Error):
        # Reading all mappings of a large process is slow, and a worker keeps its model until it ends.
        if worker in with_model or any(mapping.path.endswith(".gguf") for mapping in worker.memory_maps()):
            with_model.add(worker)
            return int(worker.memory_info().rss)
    return 0


def write_copies(folder: Path, contexts: Mapping[str, int], starter: Path) -> None:
    """Write copies of the starter model with these trained context lengths, and so different sizes in memory."""
    content = starter.read_bytes()
    at = content.index(_CONTEXT_KEY) + len(_CONTEXT_KEY)
    for name, context in contexts.items():
        (folder / f"{name}.gguf").write_bytes(content[:at] + context.to_bytes(4, "little") + content[at + 4 :])
