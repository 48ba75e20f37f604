"""Runs the benchmarks: ``python -m benchmarks``."""

from __future__ import annotations

import asyncio
import logging
import platform
import sys
import time
from datetime import UTC, datetime
from pathlib import Path
from typing import Annotated, Any, Final

import psutil
import typer
from rich.console import Console
from rich.logging import RichHandler

from benchmarks.bench import Bench
from benchmarks.figures import Figure
from benchmarks.llama_server import BuildError, installed_version
from benchmarks.measures import COMPARED, MEASURES
from benchmarks.report import COMPARED as BOTH_SERVERS
from benchmarks.report import count_missed, table, write_json
from preheat import paths
from preheat._version import __version__

CHAT_FILE: Final = "SmolLM2-135M-Instruct.Q4_1.gguf"
EMBEDDING_FILE: Final = "all-MiniLM-L6-v2.Q8_0.gguf"

BUSY_LIMIT: Final = 0.1
"""Share of the processors that other programs may use without a warning."""

console = Console()


def run(
    only: Annotated[list[str] | None, typer.Option(help=f"Run only this measure: {', '.join(MEASURES)}.")] = None,
    rounds: Annotated[int, typer.Option(min=1, help="Number of rounds of each measure.")] = 5,
    json: Annotated[Path | None, typer.Option(help="Output file for all figures and samples.")] = None,
    starter_models: Annotated[Path | None, typer.Option(help="Folder of the starter models.")] = None,
) -> None:
    """Compare Preheat with llama-server, with the same inference code, files, threads, context length and slots."""
    logging.basicConfig(level=logging.INFO, format="%(message)s", handlers=[RichHandler(console=console)])
    logging.getLogger("gguf").setLevel(logging.WARNING)
    chosen = only or list(MEASURES)
    if unknown := [name for name in chosen if name not in MEASURES]:
        raise typer.BadParameter(f"unknown measure {unknown[0]}; choose from {', '.join(MEASURES)}")
    cache = paths.cache_dir() / "benchmarks"
    path = json or cache / "figures.json"
    bench = _prepare(cache, starter_models or paths.models_dir(), rounds)
    machine = _machine(bench)
    if machine["busy_before"] > BUSY_LIMIT:
        _say(f"Other programs use {machine['busy_before']:.0%} of the processors; the figures will be noisy.")
    measures: dict[str, list[Figure]] = {}
    started_at = time.perf_counter()
    for name in chosen:
        with console.status(name):
            try:
                measures[name] = asyncio.run(MEASURES[name](bench))
            except BuildError as error:
                _fail(str(error))
        console.print(table(name, measures[name], COMPARED.get(name, BOTH_SERVERS)))
        write_json(path, machine, measures)  # after each measure, so that an interrupted run keeps its results
    targets, missed = count_missed(measures)
    took_min = (time.perf_counter() - started_at) / 60
    console.print(f"{targets - missed} of {targets} targets met, in {took_min:.1f} minutes. All samples: {path}")


def _prepare(cache: Path, starter_models: Path, rounds: int) -> Bench:
    """Check the starter models; llama-server and the random models are made by the first measure that uses them."""
    chat_model, embedding_model = starter_models / CHAT_FILE, starter_models / EMBEDDING_FILE
    for path in (chat_model, embedding_model):
        if not path.is_file():
            _fail(f"{path} is missing; `make bench` downloads it")
    threads = psutil.cpu_count(logical=False) or psutil.cpu_count() or 1
    return Bench(cache, chat_model, embedding_model, threads, rounds, say=_say)


def _machine(bench: Bench) -> dict[str, Any]:
    """Describe the machine and the versions."""
    return {
        "taken_at": datetime.now(UTC).isoformat(timespec="seconds"),
        "preheat": __version__,
        "llama_cpp_python": installed_version(),
        "python": platform.python_version(),
        "system": platform.platform(),
        "processors": psutil.cpu_count(),
        "busy_before": psutil.cpu_percent(interval=2) / 100,
        "threads": bench.threads,
        "memory_bytes": psutil.virtual_memory().total,
        "rounds": bench.rounds,
    }


def _say(text: str) -> None:
    console.print(text, style="dim", highlight=False)


def _fail(message: str) -> None:
    console.print(message, style="red", markup=False)
    sys.exit(1)


if __name__ == "__main__":
    typer.run(run)
