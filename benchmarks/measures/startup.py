"""Time from process start to the port's first answer, and to the first token."""

from __future__ import annotations

from contextlib import AbstractContextManager
from typing import Final

from benchmarks.bench import Bench
from benchmarks.figures import Figure, Samples, value_at_most
from benchmarks.http_client import Connection
from benchmarks.load import chat
from benchmarks.prompts import Prompts
from benchmarks.servers import Server, wait_until_hot

ANSWER_LIMIT_S: Final = 1.0


async def measure(bench: Bench) -> list[Figure]:
    """Start each server with the 0.6 GB model."""
    prompts = Prompts()
    answers, tokens = Samples(), Samples()
    for _ in range(bench.rounds):
        starts: tuple[AbstractContextManager[Server], ...] = (
            bench.preheat(bench.small_model),
            bench.single(bench.small_model),
        )
        for start in starts:
            with start as server:
                await wait_until_hot(server, bench.small_model)
                async with Connection(server.port) as connection:
                    name = server.model_name(bench.small_model)
                    answer = await chat(connection, name, prompts.chat(), max_tokens=1)
                answers.add(server.label, server.answer_s)
                tokens.add(server.label, answer.first_at - server.started_at)
    return [
        answers.figure(
            "process start to the port's first answer, while a model loads", "s", value_at_most(ANSWER_LIMIT_S)
        ),
        tokens.figure("process start to the first token, 0.6 GB", "s"),
    ]
