"""What the planner knows of the user's habits follows the log, the settings and the models on disk."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path

import pytest

from preheat.core.habits import HabitKeeper
from preheat.preload import PolicySettings, PreloadPlanner
from preheat.preload.foresight import Expert
from preheat.residency import Outcome
from preheat.settings import Settings
from preheat.usage import RequestRecord, UsageLog, UsageTracker, WakeRecord

NOW = 1_760_000_000.0


class Known:
    """A keeper with a log of a client that wakes before each request."""

    def __init__(self, log: UsageLog | None) -> None:
        self.now = NOW
        self.usage = UsageTracker(Settings(), log, clock=lambda: self.now)
        self.planner = PreloadPlanner(self.usage, PolicySettings())
        self.changed = asyncio.Event()
        self.keeper = HabitKeeper(Settings(), self.usage, self.planner, self.changed.set, lambda: self.now)

    def apply(self, settings: Settings) -> None:
        self.usage.apply_settings(settings)
        self.keeper.apply_settings(settings)

    def clients_speak(self) -> bool:
        """Return whether there is something to say about the client that just woke."""
        self.planner.client_woke("editor", "", NOW)
        return Expert.CLIENT in self.planner.chances(NOW).weights


@pytest.fixture
def log(tmp_path: Path) -> Iterator[UsageLog]:
    log = UsageLog(tmp_path / "usage.db", clock=lambda: NOW)
    for number in range(20):
        at = NOW - 90_000 + number * 4000
        log.record(WakeRecord(at, "editor"))
        log.record(RequestRecord("ab"[number % 2], at + 5, Outcome.HIT, client="editor"))
    assert log.write_pending()
    yield log
    log.close()


async def test_habits_are_known_after_the_start(log: UsageLog) -> None:
    known = Known(log)
    assert not known.planner.chances(NOW).models
    await known.keeper.open()
    assert set(known.planner.chances(NOW).models) == {"a", "b"}
    assert known.clients_speak()


async def test_without_a_log_what_was_seen_is_kept() -> None:
    known = Known(None)
    await known.keeper.open()
    known.planner.request_arrived("a", "", NOW)
    running = asyncio.create_task(known.keeper.run())
    known.apply(Settings(popularity_half_life=1.0))
    await known.changed.wait()
    assert set(known.planner.chances(NOW).models) == {"a"}
    running.cancel()


async def test_habits_are_recalled_when_a_setting_says_what_counts(log: UsageLog) -> None:
    known = Known(log)
    await known.keeper.open()
    running = asyncio.create_task(known.keeper.run())
    known.apply(Settings(wake_with_clients=False))
    await known.changed.wait()
    known.changed.clear()
    known.apply(Settings(wake_with_clients=False, popularity_half_life=0.01))
    known.planner.request_arrived("c", "", NOW)  # while they are recalled
    await known.changed.wait()
    assert "c" in known.planner.chances(NOW).models
    known.apply(Settings())
    assert not known.clients_speak()
    known.changed.clear()
    await known.changed.wait()
    assert known.clients_speak()
    running.cancel()
    with suppress(asyncio.CancelledError):
        await running


async def test_a_wake_is_no_sign_any_more_once_the_setting_says_so(log: UsageLog) -> None:
    known = Known(log)
    await known.keeper.open()
    running = asyncio.create_task(known.keeper.run())
    assert known.clients_speak()
    known.apply(Settings(wake_with_clients=False))
    await known.changed.wait()
    assert Expert.CLIENT not in known.planner.chances(NOW).weights
    running.cancel()


async def test_habits_are_recalled_after_the_clock_was_a_year_ahead(log: UsageLog) -> None:
    known = Known(log)
    await known.keeper.open()
    usual = known.planner.chances(NOW).usual
    known.now += 365 * 86_400.0
    known.planner.request_arrived("c", "", known.now)
    assert known.planner.chances(NOW).usual["c"] > 0.8  # as if all else were long past
    running = asyncio.create_task(known.keeper.run())
    known.apply(Settings())  # it looks at the clock
    await asyncio.sleep(0)
    known.now = NOW
    known.apply(Settings())
    await known.changed.wait()
    assert known.planner.chances(NOW).usual == usual
    running.cancel()


async def test_new_models_are_expected_but_not_a_new_folder_of_them() -> None:
    known = Known(None)
    keeper = known.keeper
    keeper.files_scanned(["a", "b"])
    assert not known.planner.chances(NOW).models  # they were there before
    keeper.files_scanned(["a", "b", "new"])
    assert known.planner.chances(NOW).models["new"] > 0.5
    keeper.files_scanned(["a"])
    known.planner.request_arrived("used", "", NOW - 60)
    keeper.files_scanned(["a", "used"])  # its disk was away
    assert "used" not in known.planner.chances(NOW).announced
    again = Known(None)
    again.keeper.files_scanned([])
    again.keeper.files_scanned([f"model-{number}" for number in range(100)])
    assert not again.planner.chances(NOW).models
    again.keeper.files_scanned([])
    again.keeper.files_scanned(["model-5"])  # its folder was away
    assert not again.planner.chances(NOW).models
