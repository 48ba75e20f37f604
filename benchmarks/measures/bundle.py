"""The bundle that ``make package`` builds, next to the source tree: starts of server, tray and worker, and size."""

from __future__ import annotations

import subprocess
import sys
import time
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Final

import psutil

from benchmarks.bench import Bench
from benchmarks.figures import Figure, ratio_at_most, value_at_most
from benchmarks.servers import preheat
from benchmarks.trays import screen, tray

if TYPE_CHECKING:
    from virtual_screen import Screen

FOLDER: Final = Path(__file__).resolve().parents[2] / "dist" / "preheat"

PORT_LIMIT_S: Final = 0.5
ICON_LIMIT_S: Final = 1.0
WORKER_LIMIT_S: Final = 0.12
SIZE_LIMIT_MB: Final = 245.0
RATIO_LIMIT: Final = 1.25

_WORKER_PAUSE_S: Final = 0.2
"""A worker has finished its start this long after its first frame."""

_SOURCE: Final = (sys.executable, "-m")


async def measure(bench: Bench) -> list[Figure]:
    """Start the bundle and the source tree by turns; without a bundle, say so."""
    program = FOLDER / "preheat"
    if not program.exists():
        bench.say("There is no bundle to measure. Build it first: make package")
        return []
    own: tuple[str, ...] = (str(program),)
    with screen() as desktop:
        icons = _by_turns(
            bench.rounds,
            lambda: _icon_s(bench, desktop, (f"{program}-tray",)),
            lambda: _icon_s(bench, desktop, (*_SOURCE, "preheat", "tray")),
        )
    ports = _by_turns(
        bench.rounds,
        lambda: _port_s(bench, (*own, "serve")),
        lambda: _port_s(bench, (*_SOURCE, "preheat", "serve")),
    )
    workers = _by_turns(
        bench.rounds,
        lambda: _worker_s((*own, "--worker")),
        lambda: _worker_s((*_SOURCE, "preheat.inference.worker")),
    )
    size = sum(path.stat().st_size for path in FOLDER.rglob("*") if path.is_file() and not path.is_symlink())
    return [
        *_figures("process start to the open port", *ports, PORT_LIMIT_S),
        *_figures("process start to the tray's icon", *icons, ICON_LIMIT_S),
        *_figures("processor time of a worker until it can load", *workers, WORKER_LIMIT_S),
        Figure("size without models", "MB", (size / 1e6,), (), value_at_most(SIZE_LIMIT_MB)),
    ]


def _by_turns(
    rounds: int, mine: Callable[[], float], theirs: Callable[[], float]
) -> tuple[tuple[float, ...], tuple[float, ...]]:
    """Return the samples of both; the first start of each, which reads the disk, is not counted."""
    mine(), theirs()
    pairs = [(mine(), theirs()) for _ in range(rounds)]
    return tuple(own for own, _ in pairs), tuple(other for _, other in pairs)


def _figures(name: str, own: tuple[float, ...], source: tuple[float, ...], limit_s: float) -> list[Figure]:
    return [
        Figure(name, "s", own, source, value_at_most(limit_s)),
        Figure("the same, as a ratio", "s", own, source, ratio_at_most(RATIO_LIMIT)),
    ]


def _port_s(bench: Bench, command: Sequence[str]) -> float:
    with preheat(bench.settings(preload="false"), command) as server:
        return server.opened_at - server.started_at


def _icon_s(bench: Bench, desktop: Screen, command: Sequence[str]) -> float:
    with tray(desktop, bench.settings(preload="false"), "--login", command=command) as running:
        return running.icon_s


def _worker_s(command: Sequence[str]) -> float:
    """Return the processor time that a worker uses until it waits for a model, in seconds."""
    process = subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL)
    assert process.stdout is not None
    with process:
        process.stdout.read(1)
        time.sleep(_WORKER_PAUSE_S)
        times = psutil.Process(process.pid).cpu_times()
        process.kill()
    return times.user + times.system
