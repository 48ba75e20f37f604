"""Embeddings over HTTP: latency of a short text with and without the cache, and texts per second."""

from __future__ import annotations

from array import array
from typing import Final

from benchmarks.bench import Bench
from benchmarks.figures import Figure, Samples, ratio_at_least, value_at_most
from benchmarks.http_client import Connection
from benchmarks.load import LoadError, embed, embed_concurrently
from benchmarks.prompts import Prompts
from benchmarks.servers import Server, wait_until_hot

WARM_LIMIT_MS: Final = 10.0
CACHED_LIMIT_MS: Final = 2.0
SINGLE_LIMIT: Final = 0.95
_REQUESTS: Final = 40
_RUNS: Final = ((1, 1, 150), (1, 8, 300), (32, 1, 10), (32, 8, 24))
"""Texts per request, clients, requests per round."""


async def measure(bench: Bench) -> list[Figure]:
    """Embed different short texts, the same ones again, and many at a time."""
    prompts = Prompts()
    model = bench.embedding_model
    with bench.pair(model, embeddings=True) as (mine, theirs):
        for server in (mine, theirs):
            await wait_until_hot(server, model)
        await _check_agreement(bench, mine, theirs, prompts)
        figures = await _latencies(bench, mine, theirs, prompts)
        for batch, clients, requests in _RUNS:
            bench.say(f"Embeddings, {batch} per request, {clients} clients")
            figures += await _throughput(bench, mine, theirs, prompts, batch, clients, requests)
    return figures


async def _check_agreement(bench: Bench, mine: Server, theirs: Server, prompts: Prompts) -> None:
    """Warm up both servers, and check that their embeddings agree."""
    texts = prompts.texts(32)
    vectors = []
    for server in (mine, theirs):
        async with Connection(server.port) as connection:
            vectors.append((await embed(connection, server.model_name(bench.embedding_model), texts))[1])
    lowest = min(similarity(one, other) for one, other in zip(*vectors, strict=True))
    if lowest < 0.999:
        raise LoadError(f"the servers' embeddings of one text differ: cosine {lowest:.4f}")


def similarity(one: array[float], other: array[float]) -> float:
    """Return the cosine of the angle between two vectors."""
    norms = (sum(x * x for x in one) * sum(y * y for y in other)) ** 0.5
    return float(sum(x * y for x, y in zip(one, other, strict=True)) / norms)


async def _latencies(bench: Bench, mine: Server, theirs: Server, prompts: Prompts) -> list[Figure]:
    bench.say("Embedding latency")
    warm, again = Samples(), Samples()
    for pair in bench.turns(mine, theirs):
        texts = prompts.texts(_REQUESTS)
        for server in pair:
            name = server.model_name(bench.embedding_model)
            async with Connection(server.port) as connection:
                for samples in (warm, again):
                    for text in texts:
                        took_s, _ = await embed(connection, name, [text])
                        samples.add(server.label, took_s * 1000)
    return [
        warm.figure("embedding a short text, MiniLM", "ms", value_at_most(WARM_LIMIT_MS)),
        again.figure("the same text again", "ms", value_at_most(CACHED_LIMIT_MS), note="Preheat's from its cache"),
    ]


async def _throughput(
    bench: Bench, mine: Server, theirs: Server, prompts: Prompts, batch: int, clients: int, requests: int
) -> list[Figure]:
    rates, latencies = Samples(), Samples()
    for pair in bench.turns(mine, theirs):
        batches = [prompts.texts(batch) for _ in range(requests)]
        for server in pair:
            run = await embed_concurrently(server.port, server.model_name(bench.embedding_model), batches, clients)
            rates.add(server.label, run.texts_per_s)
            latencies.add(server.label, *(latency_s * 1000 for latency_s in run.latencies_s))
    what = f"{batch} a request, {clients} client{'s' if clients > 1 else ''}"
    return [
        rates.figure(f"embeddings, {what}", "texts/s", ratio_at_least(SINGLE_LIMIT) if batch == 1 else None),
        latencies.figure(f"latency of a request, {what}", "ms"),
    ]
