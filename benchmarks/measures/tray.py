"""The tray: start, delays of the GUI thread, memory, and processor time when idle."""

from __future__ import annotations

import asyncio
import json
import sys
import tempfile
import time
from collections.abc import Sequence
from itertools import cycle
from pathlib import Path
from typing import TYPE_CHECKING, Final

from benchmarks.bench import Bench
from benchmarks.figures import Figure, value_at_most
from benchmarks.http_client import Connection
from benchmarks.load import chat
from benchmarks.processes import Memory, tree, tree_memory
from benchmarks.prompts import Prompts
from benchmarks.trays import RunningTray, screen, tray

if TYPE_CHECKING:
    from virtual_screen import Screen

ICON_LIMIT_S: Final = 0.6
LATE_P99_LIMIT_MS: Final = 15.0
LATE_MOST_LIMIT_MS: Final = 100.0
MEMORY_LIMIT_MB: Final = 260.0
IDLE_LIMIT_PERCENT: Final = 0.5
IDLE_WINDOW_LIMIT_PERCENT: Final = 0.5

STREAMS: Final = 8
BUSY_S: Final = 20.0
IDLE_S: Final = 20.0
REST_S: Final = 5.0
"""Pause after a start, until its work is done, in seconds."""

PAGES: Final = ("overview", "models", "downloads", "activity", "try", "connect", "log")
PAGE_IDLE_S: Final = 60.0
PAGE_REST_S: Final = 2.0


async def measure(bench: Bench) -> list[Figure]:
    """Start the tray in a panel; measure its icon, its work under load, and its idle state."""
    with screen() as desktop:
        icons = [await _start(bench, desktop) for _ in range(bench.rounds)]
        bench.say(f"{STREAMS} streams while models load")
        late_ms = await _stalls(bench, desktop)
        bench.say("Idle tray")
        memory = await _idle_memory(bench, desktop)
        without = await _idle_percent(bench, desktop, "--login")
        pages = await _idle_pages(bench, desktop)
    return [
        Figure("process start to the icon, while models preload", "s", tuple(icons), (), value_at_most(ICON_LIMIT_S)),
        *_late_figures(late_ms),
        Figure(
            "memory of all its processes, no model, RSS", "MB", (memory.rss / 1e6,), (), value_at_most(MEMORY_LIMIT_MB)
        ),
        *([Figure("the same, PSS", "MB", (memory.pss / 1e6,))] if memory.pss is not None else []),
        Figure("idle, no window", "% of a core", (without,), (), value_at_most(IDLE_LIMIT_PERCENT)),
        *(
            Figure(f"idle, {page} page", "% of a core", (percent,), (), value_at_most(IDLE_WINDOW_LIMIT_PERCENT))
            for page, percent in pages.items()
        ),
    ]


async def _start(bench: Bench, desktop: Screen) -> float:
    with tray(desktop, bench.settings(bench.small_model, bench.chat_model), "--login") as running:
        await _wait_hot(running, bench.chat_model)
        return running.icon_s


async def _stalls(bench: Bench, desktop: Screen) -> list[float]:
    """Return the delays of the GUI thread's timer, in ms, with dashboard, streams, loads and unloads."""
    prompts = Prompts()
    with tempfile.NamedTemporaryFile(suffix=".ticks") as file:
        settings = bench.settings(bench.chat_model, bench.embedding_model, parallel=STREAMS)
        command = (sys.executable, "-m", "benchmarks.tray_with_heartbeat", file.name)
        with tray(desktop, settings, command=command) as running:
            await _wait_hot(running, bench.chat_model)
            await asyncio.sleep(REST_S)
            begin, end = time.time(), time.monotonic() + BUSY_S
            streams = [asyncio.create_task(_stream(running, bench.chat_model, prompts, end)) for _ in range(STREAMS)]
            await _load_by_turns(running, (bench.small_model, bench.large_model), end)
            await asyncio.gather(*streams)
            finish = time.time()
        ticks = [tuple(map(float, line.split())) for line in Path(file.name).read_text().splitlines()]
    return [late_s * 1000 for at, late_s in ticks if begin <= at <= finish]


async def _stream(running: RunningTray, model: Path, prompts: Prompts, end: float) -> None:
    async with Connection(running.port) as connection:
        while time.monotonic() < end:
            await chat(connection, model.stem.lower(), prompts.chat(), max_tokens=64)


async def _load_by_turns(running: RunningTray, models: Sequence[Path], end: float) -> None:
    async with Connection(running.port) as connection:
        for model in cycle(models):
            if time.monotonic() >= end:
                return
            for action in ("load", "unload"):
                await connection.post(f"/preheat/v1/models/{model.stem.lower()}/{action}", {})


def _late_figures(late_ms: list[float]) -> list[Figure]:
    late_ms.sort()
    p99 = late_ms[int(len(late_ms) * 0.99) - 1]
    note = f"{STREAMS} streams while models load, dashboard open, {len(late_ms)} ticks"
    return [
        Figure("interface thread late, p99", "ms", (p99,), (), value_at_most(LATE_P99_LIMIT_MS), note),
        Figure("interface thread late, most", "ms", (late_ms[-1],), (), value_at_most(LATE_MOST_LIMIT_MS), note),
    ]


async def _idle_memory(bench: Bench, desktop: Screen) -> Memory:
    with tray(desktop, bench.settings(preload="false"), "--login") as running:
        await asyncio.sleep(REST_S)
        return tree_memory(running.pid)


async def _idle_pages(bench: Bench, desktop: Screen) -> dict[str, float]:
    """Return the processor time of all processes while each of the dashboard's pages is shown, in percent of a core."""
    with tray(desktop, bench.settings(bench.chat_model, bench.embedding_model)) as running:
        await _wait_hot(running, bench.embedding_model)
        await asyncio.sleep(REST_S)
        found = {}
        for number, page in enumerate(PAGES, 1):
            desktop.key(f"ctrl+{number}")
            await asyncio.sleep(PAGE_REST_S)
            before = _processor_s(running.pid)
            await asyncio.sleep(PAGE_IDLE_S)
            found[page] = 100 * (_processor_s(running.pid) - before) / PAGE_IDLE_S
        return found


async def _idle_percent(bench: Bench, desktop: Screen, *options: str) -> float:
    """Return the processor time of all processes with two hot models, in percent of one core."""
    with tray(desktop, bench.settings(bench.chat_model, bench.embedding_model), *options) as running:
        await _wait_hot(running, bench.embedding_model)
        await asyncio.sleep(REST_S)
        before = _processor_s(running.pid)
        await asyncio.sleep(IDLE_S)
        return 100 * (_processor_s(running.pid) - before) / IDLE_S


def _processor_s(pid: int) -> float:
    times = [process.cpu_times() for process in tree(pid)]
    return sum(time.user + time.system for time in times)


async def _wait_hot(running: RunningTray, model: Path) -> None:
    model_id = model.stem.lower()
    while True:
        try:
            async with Connection(running.port) as connection:
                _, content = await connection.get("/preheat/v1/status")
        except OSError:  # the port is not open yet
            content = b'{"models": []}'
        states = {known["id"]: known["state"] for known in json.loads(content)["models"]}
        if states.get(model_id) == "hot":
            return
        await asyncio.sleep(0.05)
