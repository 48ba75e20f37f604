"""Sends requests like an application and records arrival times. Both servers are measured by the same code."""

from __future__ import annotations

import asyncio
import base64
import json
import time
from array import array
from collections.abc import Mapping, Sequence
from contextlib import AsyncExitStack
from dataclasses import dataclass
from typing import Any

from benchmarks.http_client import Connection

Chat = list[dict[str, Any]]


class LoadError(Exception):
    """An answer cannot be used as a sample."""


@dataclass(frozen=True, slots=True)
class Answer:
    """One streamed answer. Times are from ``time.perf_counter``; token counts are from the reported usage."""

    sent_at: float
    first_at: float  # arrival of the first text; headers and empty chunks do not count
    ended_at: float  # arrival of the last chunk
    prompt_tokens: int
    completion_tokens: int
    accepted_tokens: int = 0  # those that were drafted

    @property
    def ttft_s(self) -> float:
        return self.first_at - self.sent_at


@dataclass(frozen=True, slots=True)
class Streams:
    """Answers streamed at the same time."""

    answers: tuple[Answer, ...]

    @property
    def tokens_per_s(self) -> float:
        """All tokens ÷ the time from sending the requests to the end of the last answer."""
        return self.tokens / (max(a.ended_at for a in self.answers) - min(a.sent_at for a in self.answers))

    @property
    def decode_tokens_per_s(self) -> float:
        """The sum of what each answer decoded per second after its first token."""
        return sum((a.completion_tokens - 1) / (a.ended_at - a.first_at) for a in self.answers)

    @property
    def tokens(self) -> int:
        return sum(answer.completion_tokens for answer in self.answers)

    @property
    def ttfts_s(self) -> tuple[float, ...]:
        return tuple(answer.ttft_s for answer in self.answers)


async def chat(
    connection: Connection, model: str, messages: Chat, max_tokens: int, *, seed: int | None = None
) -> Answer:
    """Stream the answer to a chat at temperature 0; see ``_stream``."""
    body = {"messages": messages} if seed is None else {"messages": messages, "seed": seed}
    return await _stream(connection, "/v1/chat/completions", model, body, max_tokens)


async def complete(connection: Connection, model: str, prompt: str, max_tokens: int) -> Answer:
    """Stream the continuation of a text at temperature 0; see ``_stream``."""
    return await _stream(connection, "/v1/completions", model, {"prompt": prompt}, max_tokens)


async def _stream(
    connection: Connection, path: str, model: str, prompt: Mapping[str, object], max_tokens: int
) -> Answer:
    """Stream one answer.

    Raises:
        LoadError: There was no text, or no usage at the end.
        HttpError: The server refused.
    """
    body = {
        "model": model,
        **prompt,
        "max_tokens": max_tokens,
        "temperature": 0,
        "stream": True,
        "stream_options": {"include_usage": True},
    }
    await connection.connect()
    first_at, usage = 0.0, None
    sent_at = ended_at = time.perf_counter()
    async for data in connection.events(path, body):
        ended_at = time.perf_counter()
        if data == b"[DONE]":
            continue
        event = json.loads(data)
        if "error" in event:
            raise LoadError(f"{model}: error in the stream: {data.decode(errors='replace')[:500]}")
        usage = event.get("usage") or usage
        if not first_at and any(
            choice.get("text") or choice.get("delta", {}).get("content") for choice in event["choices"]
        ):
            first_at = ended_at
    if not first_at or not usage:
        raise LoadError(f"{model}: a stream ended without text or without usage")
    details = usage.get("completion_tokens_details", {})
    return Answer(
        sent_at,
        first_at,
        ended_at,
        usage["prompt_tokens"],
        usage["completion_tokens"],
        details.get("accepted_prediction_tokens", 0),
    )


async def chats(port: int, model: str, prompts: Sequence[Chat], max_tokens: int) -> Streams:
    """Stream the answers to all prompts at the same time, each on its own connection.

    Raises:
        LoadError: An answer is shorter than ``max_tokens``; answers of different lengths cannot be compared.
    """
    async with AsyncExitStack() as stack:
        connections = [await stack.enter_async_context(Connection(port)) for _ in prompts]
        tasks = [
            chat(connection, model, prompt, max_tokens) for connection, prompt in zip(connections, prompts, strict=True)
        ]
        answers = tuple(await asyncio.gather(*tasks))
    short = [answer.completion_tokens for answer in answers if answer.completion_tokens != max_tokens]
    if short:
        raise LoadError(f"{model}: {len(short)} answers have {short} tokens instead of {max_tokens}")
    return Streams(answers)


async def embed(connection: Connection, model: str, texts: Sequence[str]) -> tuple[float, tuple[array[float], ...]]:
    """Embed texts in one request, in base64 like the ``openai`` client; return the seconds and the vectors.

    The seconds do not include decoding the vectors.
    """
    body = {"model": model, "input": list(texts), "encoding_format": "base64"}
    await connection.connect()
    sent_at = time.perf_counter()
    answer = await connection.post("/v1/embeddings", body)
    took_s = time.perf_counter() - sent_at
    if len(answer["data"]) != len(texts):
        raise LoadError(f"{model}: {len(answer['data'])} vectors for {len(texts)} texts")
    items = sorted(answer["data"], key=lambda item: int(item["index"]))
    return took_s, tuple(array("f", base64.b64decode(item["embedding"])) for item in items)


@dataclass(frozen=True, slots=True)
class EmbeddingRun:
    """Texts embedded by several clients at the same time."""

    texts: int
    duration_s: float
    latencies_s: tuple[float, ...]  # latency of each request

    @property
    def texts_per_s(self) -> float:
        return self.texts / self.duration_s


async def embed_concurrently(port: int, model: str, batches: Sequence[Sequence[str]], clients: int) -> EmbeddingRun:
    """Embed each batch in one request; every client sends its next request after an answer."""
    waiting = list(batches)[::-1]
    latencies: list[float] = []

    async def client(connection: Connection) -> None:
        while waiting:
            took_s, _ = await embed(connection, model, waiting.pop())
            latencies.append(took_s)

    async with AsyncExitStack() as stack:
        connections = [await stack.enter_async_context(Connection(port)) for _ in range(clients)]
        started_at = time.perf_counter()
        await asyncio.gather(*(client(connection) for connection in connections))
        duration_s = time.perf_counter() - started_at
    return EmbeddingRun(sum(map(len, batches)), duration_s, tuple(latencies))
