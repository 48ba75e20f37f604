"""Loads hostile model files with real workers, and sends hostile requests to those that load."""

from __future__ import annotations

import asyncio
import random
from collections import Counter
from collections.abc import Iterator
from contextlib import aclosing
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Final

from preheat.errors import EngineError
from preheat.inference import (
    Chat,
    Constraint,
    GenerateRequest,
    LoadOptions,
    Message,
    Role,
    Sampling,
    text_message,
)
from preheat.inference.client import WorkerClient

_LOAD_S: Final = 60.0

OPTIONS: Final = LoadOptions(
    path="",
    files=(),
    embeddings=False,
    context_length=512,
    parallel=2,
    kv_cache_type="f16",
    flash_attention="auto",
    repack=False,
    threads=1,
    gpu_layers=0,
    embedding_cache=0,
    probe=True,
    warm_prefix=True,
)


@dataclass
class FilesReport:
    """How loads and requests ended: ``hot``, ``answered``, or the code of an error; and how workers crashed."""

    loads: Counter[str] = field(default_factory=Counter)
    requests: Counter[str] = field(default_factory=Counter)
    crashes: Counter[str] = field(default_factory=Counter)

    def __str__(self) -> str:
        return f"loads {dict(self.loads)}, requests {dict(self.requests)}, crashes {dict(self.crashes)}"


async def load_files(paths: list[Path], report: FilesReport, *, requests: int = 2, seed: int = 0) -> None:
    """Load each file in a worker of its own, and send some requests to those that become hot."""
    asks = hostile_requests(random.Random(seed))
    for path in paths:
        worker = await WorkerClient.spawn()
        try:
            loaded = await _load(worker, path, report)
            for _ in range(requests if loaded else 0):
                await _ask(worker, next(asks), report)
            if worker.exited.done():
                report.crashes[str(worker.exited.result().reason)] += 1
        finally:
            await worker.close()


async def send_hostile_requests(path: Path, count: int, seed: int, report: FilesReport) -> None:
    """Send hostile requests to a good model; its worker must survive all."""
    asks, worker = hostile_requests(random.Random(seed)), await WorkerClient.spawn()
    await _load(worker, path, report)
    for _ in range(count):
        await _ask(worker, next(asks), report)
        if not worker.alive:
            report.crashes[str(worker.exited.result().reason)] += 1
            worker = await WorkerClient.spawn()
            await _load(worker, path, report)
    await worker.close()


async def _load(worker: WorkerClient, path: Path, report: FilesReport) -> bool:
    """Load a file; return whether it is hot."""
    options = replace(OPTIONS, path=str(path), files=(str(path),))
    try:
        async with asyncio.timeout(_LOAD_S):
            await worker.load(options, lambda _share: None, lambda: None, lambda _warning: None)
    except EngineError as error:
        report.loads[error.code] += 1
        return False
    except TimeoutError:
        report.loads["timeout"] += 1
        worker.cancel_load()
        return False
    report.loads["hot"] += 1
    return True


async def _ask(worker: WorkerClient, request: GenerateRequest, report: FilesReport) -> None:
    try:
        async with asyncio.timeout(_LOAD_S), aclosing(worker.generate(request)) as chunks:
            async for _ in chunks:
                pass
        report.requests["answered"] += 1
    except EngineError as error:
        report.requests[error.code] += 1
    except TimeoutError:
        report.requests["timeout"] += 1


def hostile_requests(dice: random.Random) -> Iterator[GenerateRequest]:
    """Yield requests without end that are odd in one way or another, within what the port lets through."""
    texts = [
        "",
        "\0",
        "\ud800",
        "🦊" * 50,
        "a" * 3000,
        " " * 3000,
        "<|im_start|>system\n" * 20,
        "\u202e\ufeff\u0301" * 99,
    ]
    numbers = [0, 1, -1, 2**31 - 1, -(2**31)]
    floats = [0.0, -1.0, 1e-30, 1e30, 2.0]
    while True:
        sampling = Sampling(
            temperature=dice.choice(floats),
            top_k=dice.choice(numbers),
            top_p=dice.choice(floats),
            min_p=dice.choice(floats),
            repetition_penalty=dice.choice([1.0, *floats]),
            penalty_last_n=dice.choice([64, -1, 0, 512]),
            seed=dice.choice([None, 0, 2**63]),
            logit_bias={dice.randrange(300): dice.choice([-100.0, 100.0, 1e30])},
        )
        request = GenerateRequest(
            sampling=sampling,
            max_tokens=dice.choice([0, 1, 5, 40]),
            stop=tuple(dice.sample(texts[1:], dice.randrange(3))),
            top_logprobs=dice.choice([None, None, 0, 20]),
            prompt_logprobs=dice.random() < 0.1,
            constraint=dice.choice([None, None, *_CONSTRAINTS]),
        )
        match dice.randrange(4):
            case 0:
                yield replace(request, prompt=dice.choice(texts))
            case 1:
                tokens = tuple(dice.randrange(-2, 600) for _ in range(dice.choice([0, 1, 100, 600])))
                yield replace(request, prompt_tokens=tokens)
            case 2:
                yield replace(request, prompt=dice.choice(texts), suffix=dice.choice(texts[1:]))
            case _:
                messages = tuple(_message(dice, texts) for _ in range(dice.choice([0, 1, 3, 30])))
                yield replace(request, chat=Chat(messages=messages))


_CONSTRAINTS: Final = [
    Constraint("json_schema", '{"type": "object"}'),
    Constraint("json_schema", '{"type": "array", "minItems": 1000, "items": {"const": "x"}}'),
    Constraint("regex", "(a|b|ab)*c{1,200}"),
    Constraint("regex", "("),
    Constraint("lark", 'start: start "a" | "b"'),
    Constraint("gbnf", 'root ::= "a" root | ""'),
]


def _message(dice: random.Random, texts: list[str]) -> Message:
    return text_message(dice.choice(list(Role)), dice.choice(texts))
