"""Kills and stops workers and the engine at random points under load, and checks what must hold throughout.

- Each request ends exactly once: with an answer, an error that has a code, or, if its engine was killed, a closed
  connection.
- No process outlives a killed engine.
- The engine's memory, descriptors and threads do not grow.
- Log and database can be read, without a bug in the log; settings and favourites stay.
"""

from __future__ import annotations

import contextlib
import random
import signal
import sqlite3
import time
from collections import Counter
from contextlib import closing
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final

import psutil

from bug_watch import bugs_of
from processes import resume, suspend, workers_of
from running_preheat import CHAT, EMBEDDING, Preheat, running_preheat, wait_until
from tests.faults.load import Clients, Endings

SETTINGS: Final = f'favourites = ["{EMBEDDING}", "{CHAT}"]\ncontext_length = 2048\nkeep_free = "0B"\n'

_CLIENTS: Final = 4
_ORPHANS_END_S: Final = 10.0
_MOST_ADDED_BYTES: Final = 150 << 20
_MOST_ADDED_DESCRIPTORS: Final = 25
_MOST_ADDED_THREADS: Final = 25


@dataclass
class KillingReport:
    """What happened. ``problems`` must be empty."""

    endings: Endings = field(default_factory=Endings)
    faults: Counter[str] = field(default_factory=Counter)
    added_bytes: int = 0
    added_descriptors: int = 0
    added_threads: int = 0

    @property
    def problems(self) -> list[str]:
        return self.endings.problems

    def __str__(self) -> str:
        faults = ", ".join(f"{count} x {fault}" for fault, count in sorted(self.faults.items()))
        grown = (
            f"+{self.added_bytes / 1e6:.0f} MB, +{self.added_descriptors} descriptors, +{self.added_threads} threads"
        )
        return f"{faults}; {self.endings}; engine at most {grown}"


def kill_at_random(home: Path, models: Path, *, seconds: float, seed: int) -> KillingReport:
    """Run the campaign for some time.

    Args:
        home: An empty PREHEAT_HOME.
        models: A folder with both starter models.
        seed: Decides what is asked and killed. When is decided by the machine, too.
    """
    dice, report = random.Random(seed), KillingReport()
    home.mkdir(exist_ok=True)
    settings = home / "settings.toml"
    settings.write_text(SETTINGS)
    ends_at = time.monotonic() + seconds
    while time.monotonic() < ends_at and not report.problems:
        with running_preheat(home, models) as preheat:
            _one_engine(preheat, dice, min(ends_at, time.monotonic() + max(30.0, seconds / 8)), report)
        _check_files(home, report)
    if settings.read_text() != SETTINGS:
        report.problems.append("the settings have changed")
    return report


def _one_engine(preheat: Preheat, dice: random.Random, ends_at: float, report: KillingReport) -> None:
    """Inject faults into one engine until it is killed or the time is over."""
    preheat.wait_hot(EMBEDDING, CHAT)
    engine = psutil.Process(preheat.process.pid)
    before = engine.memory_info().rss, engine.num_fds(), engine.num_threads()
    with Clients(preheat.port, _CLIENTS, dice.randrange(1 << 30), report.endings) as clients:
        while time.monotonic() < ends_at and not report.problems:
            time.sleep(0.3 + 2.5 * dice.random())
            with contextlib.suppress(psutil.NoSuchProcess, IndexError):
                _inject_fault(dice, engine, report)
        report.added_bytes = max(report.added_bytes, engine.memory_info().rss - before[0])
        if dice.random() < 0.5:
            clients.engine_killed = True
            _kill_engine(engine, preheat, report)
    if engine.is_running() and engine.status() != psutil.STATUS_ZOMBIE:
        _check_growth(engine, before, report)
        favourites = [model["id"] for model in preheat.status()["models"] if model["favourite"]]
        if sorted(favourites) != sorted([CHAT, EMBEDDING]):
            report.problems.append(f"favourites are {favourites}")


def _inject_fault(dice: random.Random, engine: psutil.Process, report: KillingReport) -> None:
    fault = dice.choice(["worker killed", "worker stopped", "worker stopped for good", "engine stopped", "all stopped"])
    worker = dice.choice(workers_of(engine.pid))
    report.faults[fault] += 1
    match fault:
        case "worker killed":
            worker.send_signal(signal.SIGKILL)
        case "worker stopped for good":
            worker.suspend()
        case "worker stopped":
            worker.suspend()
            time.sleep(2 * dice.random())
            worker.resume()
        case "engine stopped":
            engine.suspend()
            time.sleep(3 * dice.random())
            engine.resume()
        case "all stopped":  # as by Ctrl-Z, or in a frozen container
            stopped = [engine, *engine.children(recursive=True)]
            suspend(stopped)
            time.sleep(3 * dice.random())
            resume(stopped)


def _kill_engine(engine: psutil.Process, preheat: Preheat, report: KillingReport) -> None:
    report.faults["engine killed"] += 1
    children = engine.children(recursive=True)
    resume(children)  # a stopped one cannot notice
    engine.kill()
    preheat.process.wait()
    _, left = psutil.wait_procs(children, _ORPHANS_END_S)
    report.endings.problems += [f"{child} has outlived its engine" for child in left]


def _check_growth(engine: psutil.Process, before: tuple[int, int, int], report: KillingReport) -> None:
    """Compare the figures with those at the start, once the workers are back."""
    with contextlib.suppress(AssertionError):  # reported below
        wait_until(lambda: engine.num_fds() <= before[1] + _MOST_ADDED_DESCRIPTORS)
    added = engine.memory_info().rss - before[0], engine.num_fds() - before[1], engine.num_threads() - before[2]
    report.added_descriptors = max(report.added_descriptors, added[1])
    report.added_threads = max(report.added_threads, added[2])
    limits = (_MOST_ADDED_BYTES, _MOST_ADDED_DESCRIPTORS, _MOST_ADDED_THREADS)
    if any(value > limit for value, limit in zip(added, limits, strict=True)):
        report.problems.append(f"the engine has grown by {added} bytes, descriptors, threads")


def _check_files(home: Path, report: KillingReport) -> None:
    report.endings.problems += bugs_of(home)
    for database in home.rglob("*.db"):
        with closing(sqlite3.connect(database)) as connection:
            [[state]] = connection.execute("PRAGMA integrity_check").fetchall()
        if state != "ok":
            report.problems.append(f"{database.name}: {state}")
