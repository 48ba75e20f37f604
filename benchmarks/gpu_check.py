"""What a real GPU has to show, in four minutes: ``python -m benchmarks.gpu_check``.

Nobody has run it on a real GPU so far. ``--reduced`` takes a model of 135 M and very short answers, and works on Mesa's
lavapipe, which computes on the processor; its speed and its figure of free memory mean nothing.
"""

from __future__ import annotations

import asyncio
import json
import signal
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Annotated, Any, Final

import psutil
import typer
from rich.console import Console
from rich.table import Table

from benchmarks.gguf_files import LARGE, SMALL, ensure_model
from benchmarks.http_client import Connection, HttpError
from benchmarks.load import LoadError, complete
from benchmarks.mixed_requests import write_copies
from benchmarks.processes import tree
from benchmarks.prompts import Prompts
from benchmarks.servers import Server, ServerError, preheat, preheat_settings
from preheat import paths
from preheat.inference.processor import device_libraries, list_in_process

STARTER: Final = "SmolLM2-135M-Instruct.Q4_1.gguf"
TIMEOUT_S: Final = 120.0  # of a load, with the shaders of a driver that is used for the first time
LEAST_SPEEDUP: Final = 1.2  # of decode, over the processor

_GPUS: Final = (1, 2)  # of ``enum ggml_backend_dev_type``
_MB: Final = 1e6


@dataclass(slots=True)
class Check:
    """Runs the checks, and collects what was found."""

    folder: Path  # with two models
    device: str  # the setting ``devices``
    first: str  # a model, by id
    second: str
    layers: int  # of the first model, with its output
    tokens: int  # of an answer
    words: int  # of a prompt
    reduced: bool = False  # the device only imitates a GPU
    rows: list[tuple[str, bool | None, str]] = field(default_factory=list)
    whole_bytes: int = 0  # what the first model takes of the devices with all layers

    def note(self, name: str, passed: bool | None, found: str) -> None:
        """Add a row to the table; None for something that is only shown."""
        self.rows.append((name, passed, found))

    @contextmanager
    def server(self, **settings: str) -> Iterator[Server]:
        """Run Preheat with these settings in addition."""
        usual = preheat_settings((self.folder,), threads=None, devices=self.device, preload="false")
        with preheat({**usual, **settings}) as server:
            yield server

    async def answer(self, server: Server, model: str) -> float:
        """Let a model answer, and return its decode speed in tokens per second."""
        async with Connection(server.port) as connection:
            prompt = Prompts(seed=time.time_ns() % 10_000).texts(1, words=self.words)[0]
            answer = await asyncio.wait_for(complete(connection, model, prompt, self.tokens), TIMEOUT_S)
        return (answer.completion_tokens - 1) / max(answer.ended_at - answer.first_at, 1e-9)

    # The checks

    async def discovery(self) -> bool:
        """List the devices; return whether one is in use."""
        with self.server() as server:
            found = await get(server, "devices")
        used = [each["description"] for each in found["devices"] if each["in_use"]]
        for each in found["devices"]:
            memory = f"{each['total_bytes'] / _MB:,.0f} MB, {each['free_bytes'] / _MB:,.0f} MB free"
            self.note("device", None, f"{each['name']}: {each['description']}, {each['kind']}, {memory}")
        self.note("discovery", bool(used), ", ".join(used) or found["outcome"]["text"])
        return bool(used)

    async def speed(self) -> None:
        """Compare decode speeds of processor and device."""
        speeds = {}
        for device in ("cpu", self.device):
            with self.server(devices=device) as server:
                await self.answer(server, self.first)  # loads it, and compiles shaders
                speeds[device] = max([await self.answer(server, self.first) for _ in range(2)])
        gain = speeds[self.device] / speeds["cpu"]
        words = f"{speeds[self.device]:.1f} tokens/s, processor {speeds['cpu']:.1f}: {gain:.2f} times"
        self.note("decode", None if self.reduced else gain >= LEAST_SPEEDUP, words)

    async def layers_and_unload(self) -> None:
        """Load with no, some and all layers on the device; unload, and kill the worker."""
        taken: dict[str, int] = {}
        for name, layers in (("no", 0), ("some", self.layers // 2), ("all", -1)):
            with self.server(gpu_layers=str(layers)) as server:
                free = free_bytes()
                await self.answer(server, self.first)
                taken[name] = await self.taken(server, self.first)
                left = free_bytes()
                told = f"{taken[name] / _MB:,.0f} MB taken, the driver says {(free - left) / _MB:,.0f} MB"
                limits = sum(each["limit_bytes"] for each in (await get(server, "status"))["memory"]["devices"])
                right = taken[name] == 0 if layers == 0 else 0 < taken[name] <= limits
                self.note(f"load, {name} layers", right, told)
                if layers == -1:
                    await self._kill(server)
                    await self._unload(server, free)
        self.note("more layers take more", taken["no"] < taken["some"] < taken["all"], "")
        self.whole_bytes = taken["all"]

    async def _kill(self, server: Server) -> None:
        worker = largest(server)
        worker.send_signal(signal.SIGKILL if sys.platform != "win32" else signal.SIGTERM)
        await asyncio.to_thread(psutil.wait_procs, [worker], 10)
        try:
            await self.answer(server, self.first)
        except (HttpError, LoadError) as error:
            self.note("worker killed", False, str(error)[:200])
            return
        again = largest(server)
        self.note("worker killed", again.pid != worker.pid, "the next request loads the model again")

    async def _unload(self, server: Server, free: int) -> None:
        worker = largest(server)
        async with Connection(server.port) as connection:
            await connection.post(f"/preheat/v1/models/{self.first}/unload", {})
        left = await self.taken(server, self.first)
        missing = free - free_bytes()
        words = f"{left / _MB:,.0f} MB taken; of the free memory before the load, {missing / _MB:,.0f} MB are missing"
        self.note("unload gives back", left == 0 and not worker.is_running() and missing < 0.1 * free, words)

    async def fit(self) -> None:
        """Allow half of what the model takes: some layers have to stay in RAM."""
        limit = self.whole_bytes // 2
        with self.server(device_memory_limit=f"{limit}B") as server:
            await self.answer(server, self.first)
            taken = await self.taken(server, self.first)
        words = f"{taken / _MB:,.0f} MB taken of {limit / _MB:,.0f} MB"
        self.note("fit under half of that", taken <= limit, words)

    async def sharing(self) -> None:
        """Let two models share the device, and then let one evict the other."""
        with self.server() as server:
            for model in (self.first, self.second):
                await self.answer(server, model)
            shares = [await self.taken(server, model) for model in (self.first, self.second)]
            await asyncio.gather(*(self.answer(server, model) for model in (self.first, self.second)))
            limits = sum(each["limit_bytes"] for each in (await get(server, "status"))["memory"]["devices"])
        words = " and ".join(f"{each / _MB:,.0f} MB" for each in shares)
        self.note("two models share it", min(shares) > 0 and sum(shares) <= limits, words)
        limit = int(1.2 * self.whole_bytes)
        # A number of layers that is set by hand is not lowered to fit beside another model.
        with self.server(device_memory_limit=f"{limit}B", gpu_layers=str(self.layers)) as server:
            for model in (self.first, self.second):
                await self.answer(server, model)
            first, second = [await self.taken(server, model) for model in (self.first, self.second)]
        words = f"{first / _MB:,.0f} and {second / _MB:,.0f} MB taken of {limit / _MB:,.0f} MB"
        self.note("eviction", first == 0 < second <= limit, words)

    async def taken(self, server: Server, model: str) -> int:
        """Return what a model takes of all devices, in bytes."""
        models = (await get(server, "status"))["models"]
        found = next(each for each in models if each["id"] == model)
        return sum(share["taken_bytes"] for share in found["devices"])


async def get(server: Server, path: str) -> Any:
    """Return the answer of the control API."""
    async with Connection(server.port) as connection:
        _, content = await connection.get(f"/preheat/v1/{path}")
    return json.loads(content)


def largest(server: Server) -> psutil.Process:
    """Return the worker with the model."""
    return max(tree(server.pid)[1:], key=lambda process: process.memory_info().rss)


def free_bytes() -> int:
    """Return the free memory of all devices, as their drivers tell it to another process."""
    return sum(device.free_bytes for device in list_in_process(device_libraries()).devices if device.kind in _GPUS)


def run(
    device: Annotated[str, typer.Option(help="The setting devices: auto, or names such as Vulkan0.")] = "auto",
    reduced: Annotated[bool, typer.Option("--reduced", help="Small models and short answers, for lavapipe.")] = False,
    json_path: Annotated[Path | None, typer.Option("--json", help="Output file for the table.")] = None,
) -> None:
    """Check discovery, placement, limits, sharing, eviction, recovery and speed; the exit code says if all passed."""
    console, starter = Console(), paths.models_dir() / STARTER
    started_at = time.perf_counter()
    with tempfile.TemporaryDirectory(prefix="preheat-gpu-") as folder:
        if reduced:
            write_copies(Path(folder), {"first": 2048, "second": 1024}, starter)
            check = Check(Path(folder), device, "first", "second", layers=31, tokens=4, words=4, reduced=True)
        else:
            cache = paths.cache_dir() / "benchmarks" / "models"
            for shape in (SMALL, LARGE):
                (Path(folder) / shape.path_name).symlink_to(ensure_model(shape, starter, cache))
            first, second = (Path(shape.path_name).stem for shape in (SMALL, LARGE))
            check = Check(Path(folder), device, first, second, layers=SMALL.layers + 1, tokens=64, words=200)
        asyncio.run(_run(check, console))
    table = Table(title=f"GPU check, {time.perf_counter() - started_at:.0f} s")
    for title in ("check", "passed", "found"):
        table.add_column(title)
    for name, passed, found in check.rows:
        table.add_row(name, {None: "", True: "yes", False: "NO"}[passed], found)
    console.print(table)
    if json_path is not None:
        json_path.write_text(json.dumps(check.rows, indent=1))
    raise typer.Exit(any(passed is False for _, passed, _ in check.rows))


async def _run(check: Check, console: Console) -> None:
    if not await check.discovery():
        return
    for step in (check.layers_and_unload, check.fit, check.sharing, check.speed):
        with console.status(step.__name__):
            try:
                await step()
            except (HttpError, LoadError, ServerError, TimeoutError) as error:
                check.note(step.__name__, False, f"{type(error).__name__}: {error}"[:300])


if __name__ == "__main__":
    typer.run(run)
