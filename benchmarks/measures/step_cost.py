"""Processor time that a token costs outside llama.cpp, in the worker and in the engine, at 8 streams."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path
from typing import Final

import psutil

from benchmarks.bench import Bench
from benchmarks.figures import Figure
from benchmarks.gguf_files import AGENT, ensure_model
from benchmarks.load import chats
from benchmarks.prompts import Prompts
from benchmarks.servers import wait_until_hot

STREAMS: Final = 8
_WORKER_TOKENS: Final = 48
_ENGINE_TOKENS: Final = 400
_TIMEOUT_S: Final = 300


async def measure(bench: Bench) -> list[Figure]:
    """Time the worker's steps in a process of its own, and the engine with a model that takes almost no time."""
    bench.say(f"Processor time a token, {STREAMS} streams")
    return [
        Figure(
            f"worker's processor time outside llama.cpp a token, {STREAMS} streams, 135 M",
            "µs",
            tuple(_worker_us(bench.chat_model) for _ in range(bench.rounds)),
        ),
        Figure(
            f"engine's processor time a token, {STREAMS} streams",
            "µs",
            await _engine_us(bench),
            note="including the system's part of each write to a client",
        ),
    ]


def _worker_us(model: Path) -> float:
    command = [sys.executable, "-m", "benchmarks.step_times", str(model), str(STREAMS), str(_WORKER_TOKENS)]
    result = subprocess.run(command, check=True, capture_output=True, timeout=_TIMEOUT_S)
    return float(json.loads(result.stdout)["outside_us"])


async def _engine_us(bench: Bench) -> tuple[float, ...]:
    model = ensure_model(AGENT, bench.chat_model, bench.small_model.parent)
    samples = []
    with bench.preheat(model, parallel=STREAMS) as server:
        await wait_until_hot(server, model)
        prompts, engine = Prompts(), psutil.Process(server.pid)
        for _ in range(bench.rounds):
            before = engine.cpu_times()
            streams = await chats(server.port, server.model_name(model), prompts.chats(STREAMS), _ENGINE_TOKENS)
            after = engine.cpu_times()
            spent_s = after.user + after.system - before.user - before.system
            samples.append(spent_s * 1e6 / streams.tokens)
    return tuple(samples)
