"""A running Preheat keeps its records, whatever the system's clock does."""

from __future__ import annotations

import sqlite3
import sys
import time
from contextlib import closing, suppress
from pathlib import Path

import pytest

from running_preheat import Preheat, running_preheat, wait_until

DAY_S = 86_400.0
HISTORY_DAYS = 30

pytestmark = pytest.mark.skipif(sys.platform != "linux", reason="libfaketime")


class Clock:
    """The clock of processes that are started from now on, and while they run."""

    def __init__(self, folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        self._path = folder / "clock"
        self.set(0)
        (library,) = Path("/usr/lib").glob("*/faketime/libfaketimeMT.so.1")
        monkeypatch.setenv("LD_PRELOAD", str(library))
        monkeypatch.setenv("FAKETIME_TIMESTAMP_FILE", str(self._path))
        monkeypatch.setenv("FAKETIME_NO_CACHE", "1")
        monkeypatch.setenv("FAKETIME_DONT_FAKE_MONOTONIC", "1")
        # Otherwise Python's threads wait for each other by the changed clock: not at all, again and again.
        monkeypatch.setenv("FAKETIME_FORCE_MONOTONIC_FIX", "0")

    def set(self, days: int) -> None:
        """Set it this far from the real time."""
        new = self._path.with_suffix(".new")
        new.write_text(f"{days:+d}d\n" if days else "+0\n")
        new.replace(self._path)


@pytest.fixture
def clock(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Clock:
    return Clock(tmp_path, monkeypatch)


def ask(preheat: Preheat) -> None:
    model_id = preheat.status()["models"][0]["id"]
    body = {"model": model_id, "messages": [{"role": "user", "content": "hello"}], "max_tokens": 2}
    assert preheat.ask("POST", "/v1/chat/completions", body).status == 200


def recorded(home: Path) -> list[float]:
    """Return the times of all requests, as they were written; none before there is a log."""
    path = home / "data" / "usage.db"
    with suppress(sqlite3.OperationalError), closing(sqlite3.connect(f"file:{path}?mode=ro", uri=True)) as connection:
        return [at for (at,) in connection.execute("SELECT started_at FROM requests ORDER BY id")]
    return []


def test_a_clock_that_jumps_loses_no_record(clock: Clock, preheat_home: Path, scripted_folder: Path) -> None:
    options = ("--set", f"history_days={HISTORY_DAYS}", "--no-preload")
    began, asked = time.time(), 0
    with running_preheat(preheat_home, scripted_folder, options=options) as preheat:
        for days in (0, 400, 400, -365, 0, -400, 800):
            clock.set(days)
            ask(preheat)
            asked += 1
            wait_until(lambda: len(recorded(preheat_home)) == asked)  # noqa: B023 - it is called at once
    times = recorded(preheat_home)
    assert times == sorted(times)
    assert began - 1 <= times[0] <= times[-1] <= time.time() + 1
    for days in (400, -365, 0):  # from the start on
        clock.set(days)
        with running_preheat(preheat_home, scripted_folder, options=options) as preheat:
            ask(preheat)
            asked += 1
    times = recorded(preheat_home)
    assert len(times) == asked
    assert [round((at - time.time()) / DAY_S) for at in times[-3:]] == [400, -365, 0]
