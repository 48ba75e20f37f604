from __future__ import annotations

import contextlib
import sqlite3
from pathlib import Path

import pytest

from preheat.residency import Outcome
from preheat.settings import Settings
from preheat.usage import RequestRecord, UsageLog, UsageTracker, Use, UseKind, WakeRecord
from preheat.usage.file import open_reader
from preheat.usage.schema import VERSION
from tests.engine.usage.passing import Time, look

NOW = 1_760_000_000.0
DAY_S = 86_400.0


def woken(log: UsageLog) -> list[WakeRecord]:
    return list(log.wakes_between(0.0, 2 * NOW))


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "usage.db"


@pytest.fixture
def old_log(path: Path) -> Path:
    """A version 1 log with folded days, requests, a decision, a size and counters."""
    with contextlib.closing(sqlite3.connect(path)) as connection:
        connection.executescript(Path(__file__).with_name("usage_version_1.sql").read_text(encoding="utf-8"))
    return path


def test_recorded_wakes_are_read_back(path: Path) -> None:
    log = UsageLog(path, clock=lambda: NOW)
    asked = [WakeRecord(NOW - 3, "editor/1", "a"), WakeRecord(NOW - 9, "notes/1"), WakeRecord(NOW - 1, "x" * 200)]
    for wake in asked:
        log.record(wake)
    assert woken(log) == [asked[1], asked[0], WakeRecord(NOW - 1, "x" * 64)]  # from memory
    assert log.write_pending()
    assert woken(log) == [asked[1], asked[0], WakeRecord(NOW - 1, "x" * 64)]
    assert list(log.wakes_between(NOW - 9, NOW - 3)) == [asked[1]]
    assert log.stats().total.span.requests == 0
    log.close()


def test_values_that_no_file_can_hold_fail_no_batch(path: Path) -> None:
    log = UsageLog(path, clock=lambda: 0.0)
    log.record(WakeRecord(float("nan"), "editor\udcff", "model\udcff"))
    log.record(RequestRecord("a", NOW, Outcome.HIT))
    assert log.write_pending()
    assert woken(log) == [WakeRecord(0.0, "editor?", "model?")]
    log.close()


def test_wakes_are_kept_as_long_as_requests(path: Path) -> None:
    time = Time(NOW)
    log = UsageLog(path, clock=time.clock, ticks=time.ticks, history_days=90)
    for age_days in (20, 1, 0):
        log.record(WakeRecord(NOW - age_days * DAY_S, f"{age_days}"))
    look(log)
    time.let_pass(log, 90)
    assert [wake.client for wake in woken(log)] == ["0"]
    log.record(WakeRecord(time.now, "new"))
    time.let_pass(log, 2)
    assert [wake.client for wake in woken(log)] == ["new"]
    log.close()


def test_an_old_log_is_upgraded_without_loss(old_log: Path) -> None:
    log = UsageLog(old_log, clock=lambda: NOW)
    before = log.stats(), log.decisions(), list(log.requests_between(0, NOW)), log.sizes(), log.saved_rows("popularity")
    assert before[0].total.span.requests == 11
    assert len(before[2]) == 7
    assert woken(log) == []
    log.record(WakeRecord(NOW - 5, "editor/1", "b"))
    assert log.write_pending()
    after = log.stats(), log.decisions(), list(log.requests_between(0, NOW)), log.sizes(), log.saved_rows("popularity")
    assert after == before
    assert woken(log) == [WakeRecord(NOW - 5, "editor/1", "b")]
    log.record(RequestRecord("a", NOW - 2, Outcome.HIT))
    assert log.write_pending()
    assert log.warning is None
    assert [record.started_at for record in log.requests_after(before[4].mark)] == [NOW - 1, NOW - 2]
    log.close()
    with contextlib.closing(sqlite3.connect(old_log)) as connection:
        assert connection.execute("PRAGMA user_version").fetchone() == (VERSION,)
        assert connection.execute("PRAGMA integrity_check").fetchone() == ("ok",)


def test_reading_does_not_change_an_old_log(old_log: Path) -> None:
    content = old_log.read_bytes()
    log = UsageLog(old_log, clock=lambda: NOW)
    assert log.stats().total.span.requests == 11
    assert woken(log) == []
    uses = log.recent_uses(100)
    assert (len(uses), {use.kind for use in uses}) == (7, {UseKind.REQUEST})
    assert old_log.read_bytes() == content
    with contextlib.closing(open_reader(old_log)) as connection:
        assert connection.execute("PRAGMA user_version").fetchone() == (1,)


def test_two_engines_upgrade_an_old_log(old_log: Path) -> None:
    logs = [UsageLog(old_log, clock=lambda: NOW) for _ in range(2)]
    for number, log in enumerate(logs):
        log.record(WakeRecord(NOW + number, "editor/1"))
    assert [log.write_pending() for log in logs] == [True, True]
    assert len(woken(logs[0])) == 2
    for log in logs:
        log.close()


def test_an_old_log_without_a_table_is_damaged(old_log: Path) -> None:
    with contextlib.closing(sqlite3.connect(old_log)) as connection:
        connection.execute("DROP TABLE days")
    log = UsageLog(old_log, clock=lambda: NOW)
    log.record(WakeRecord(NOW, "editor/1"))
    assert log.write_pending()
    assert log.warning
    assert log.warning.code == "usage_log_damaged"
    assert len(woken(log)) == 1
    log.close()


def test_the_tracker_records_wakes(path: Path) -> None:
    log = UsageLog(path, clock=lambda: NOW)
    tracker = UsageTracker(Settings(), log, clock=lambda: NOW)
    for second in range(100):
        tracker.client_woke("editor/1", "", NOW + second)
    tracker.request_arrived("a", "editor/1", NOW + 100)
    tracker.client_woke("editor/1", "a", NOW + 101)
    assert log.write_pending()
    assert woken(log) == [
        WakeRecord(NOW, "editor/1"),
        WakeRecord(NOW + 60, "editor/1"),
        WakeRecord(NOW + 101, "editor/1", "a"),
    ]
    log.close()


def test_wakes_are_kept_without_a_writable_file(tmp_path: Path) -> None:
    blocker = tmp_path / "file"
    blocker.touch()
    log = UsageLog(blocker / "usage.db", clock=lambda: NOW)
    tracker = UsageTracker(Settings(), log, clock=lambda: NOW)
    for number in range(6):
        tracker.request_arrived("a", "editor/1", NOW + 100 * number)
        assert tracker.client_woke("editor/1", "", NOW + 100 * number + 1)
    assert not log.write_pending()
    assert log.warning
    assert len(woken(log)) == 6


def test_a_wake_is_a_sign_with_the_setting_and_a_name() -> None:
    assert not UsageTracker(Settings()).client_woke("", "", NOW)
    assert not UsageTracker(Settings(wake_with_clients=False)).client_woke("editor/1", "", NOW)
    tracker = UsageTracker(Settings())
    assert tracker.client_woke("editor/1", "", NOW)
    assert tracker.awake(NOW + 600) == ("editor/1",)
    assert tracker.awake(NOW + 601) == ()


def test_a_model_that_was_added_or_chosen_is_no_wake(path: Path) -> None:
    log = UsageLog(path, clock=lambda: NOW)
    tracker = UsageTracker(Settings(wake_with_clients=False), log, clock=lambda: NOW)
    log.record(RequestRecord("a", NOW - 1, Outcome.HIT))
    tracker.model_chosen("a", NOW)
    tracker.model_added("b", NOW + 1)
    tracker.client_woke("editor/1", "b", NOW + 2)
    assert log.write_pending()
    signs = [WakeRecord(NOW, "", "a"), WakeRecord(NOW + 1, "", "b", added=True), WakeRecord(NOW + 2, "editor/1", "b")]
    assert woken(log) == signs
    later = Use(NOW + 3, "", "c", UseKind.REQUEST)
    assert tracker.recent([later, Use(NOW, "", "a", UseKind.CHOICE)]) == [
        Use(NOW - 1, "", "a", UseKind.REQUEST),
        Use(NOW, "", "a", UseKind.CHOICE),
        Use(NOW + 1, "", "b", UseKind.ADDITION),
        later,  # without the setting, wakes are no signs
    ]
    log.close()


def test_recent_uses_come_in_the_order_of_their_times(path: Path) -> None:
    log = UsageLog(path, clock=lambda: NOW)
    for number in range(10):
        log.record(WakeRecord(NOW + number - 0.5, "editor/1", "b" if number % 2 else ""))
        log.record(RequestRecord("a", NOW + number, Outcome.HIT, client="editor/1"))
    log.record(RequestRecord("b", NOW + 3.2, Outcome.MISS))  # it ended last
    assert log.write_pending()
    assert log.recent_uses(3) == [
        Use(NOW + 3.2, "", "b", UseKind.REQUEST),
        Use(NOW + 6.5, "editor/1", "b", UseKind.WAKE),
        Use(NOW + 7.5, "editor/1", "", UseKind.WAKE),
        Use(NOW + 8, "editor/1", "a", UseKind.REQUEST),
        Use(NOW + 8.5, "editor/1", "b", UseKind.WAKE),
        Use(NOW + 9, "editor/1", "a", UseKind.REQUEST),
    ]
    assert len(log.recent_uses(100)) == 21
    log.close()


def test_nothing_is_recent_in_an_empty_log(path: Path) -> None:
    log = UsageLog(path, clock=lambda: NOW)
    assert log.recent_uses(3) == []
    assert UsageTracker(Settings(), log).recent() == UsageTracker(Settings()).recent() == []
    log.close()
