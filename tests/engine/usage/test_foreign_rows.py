"""Rows that another program wrote, or a fault of the disk: they are left out, and hide no others."""

from __future__ import annotations

import contextlib
import sqlite3
from pathlib import Path

import pytest

from preheat.clock import Ticks
from preheat.inference import LoadStages
from preheat.messages import verbatim
from preheat.residency import Action, DecisionRecord, Outcome
from preheat.settings import Settings
from preheat.usage import OutcomeRow, RequestRecord, SizeRecord, UsageLog, UsageTracker, UseKind, WakeRecord

NOW = 1_760_000_000.0
FIRST, SECOND = NOW - 200, NOW - 100
OUTCOME = OutcomeRow(True, False, 0.25, True)


@pytest.fixture
def path(tmp_path: Path) -> Path:
    """A log with two records of each kind, the first of which a test changes."""
    path = tmp_path / "usage.db"
    tracker = UsageTracker(Settings(), open_log(path), clock=lambda: NOW)
    tracker.open()
    assert tracker.log is not None
    for at in (FIRST, SECOND):
        tracker.request_arrived("a", "notes", at)
        tracker.request_ended(RequestRecord("a", at, Outcome.HIT, ttft_s=0.1, client="notes"))
        tracker.decided(
            DecisionRecord(at, "a", Action.LOAD, verbatim("x"), 10, 2.0, stages=LoadStages(1.0, 0.5, 0.1, 1.0))
        )
        tracker.log.record(WakeRecord(at, "notes", "a"))
        tracker.log.record(SizeRecord(f"/{at:.0f}.gguf", 1, 1.0, 512, "f16", 10, 0.0, at))
    tracker.save_outcomes([OUTCOME, OUTCOME])
    tracker.close()
    return path


def open_log(path: Path) -> UsageLog:
    return UsageLog(path, clock=lambda: NOW, ticks=lambda: Ticks(1.0, "boot"))


def change(path: Path, *statements: str) -> None:
    with contextlib.closing(sqlite3.connect(path)) as connection, connection:
        for statement in statements:
            connection.execute(statement)


WRONG = ("'text'", "x'ff00'", "9e999", "-9e999", "-1", "1e300")


NO_NUMBER = [*WRONG, "NULL"]  # SQLite stores NaN as NULL
NO_TEXT = ["x'ff00'", "NULL"]  # and numbers as texts, in columns of texts
CHANGES = [("ttft_s", value) for value in WRONG]
CHANGES += [(name, value) for name in ("started_at", "outcome", "model", "wait_s", "decode_s") for value in NO_NUMBER]
CHANGES += [(name, value) for name in ("client", "prefix") for value in NO_TEXT]


@pytest.mark.parametrize(("column", "value"), CHANGES)
def test_requests(path: Path, column: str, value: str) -> None:
    change(path, f"UPDATE requests SET {column} = {value} WHERE id = 1")
    log = open_log(path)
    for found in (log.requests(), log.requests_after(0), log.requests_between(0, NOW)):
        assert [request.started_at for request in found] == [SECOND]
    assert [use.at for use in log.recent_uses(9) if use.kind is UseKind.REQUEST] == [SECOND]
    log.stats()


@pytest.mark.parametrize("value", WRONG)
@pytest.mark.parametrize("column", ["at", "action", "model", "seconds", "bytes", "read_s", "disk_share"])
def test_decisions(path: Path, column: str, value: str) -> None:
    change(path, f"UPDATE decisions SET {column} = {value} WHERE id = 1")
    log = open_log(path)
    assert [decision.at for decision in log.decisions()] == [SECOND]
    log.stats()


@pytest.mark.parametrize("value", WRONG)
@pytest.mark.parametrize("column", ["at", "model"])
def test_wakes(path: Path, column: str, value: str) -> None:
    change(path, f"UPDATE wakes SET {column} = {value} WHERE id = 1")
    log = open_log(path)
    assert [wake.at for wake in log.wakes_between(0, NOW)] == [SECOND]
    assert [use.at for use in log.recent_uses(9) if use.kind is UseKind.WAKE] == [SECOND]


@pytest.mark.parametrize("value", [*WRONG, "NULL", "0"])
def test_sizes(path: Path, value: str) -> None:
    change(path, f"UPDATE sizes SET resident_bytes = {value} WHERE path = '/{FIRST:.0f}.gguf'")
    assert [size.measured_at for size in open_log(path).sizes().values()] == [SECOND]


def test_a_model_without_a_name(path: Path) -> None:
    change(path, "UPDATE models SET model_id = x'ff'")
    log = open_log(path)
    assert not log.requests()
    assert not log.decisions()
    assert not log.recent_uses(9)


SAVED = (
    "{",
    "5",
    "true",
    '{"a": 1}',
    "[1]",
    "[null, null, null, null]",
    '["a", "b", "c", "d"]',
    "[[1], [2], [3], [4]]",
    "[7, 9, 0.5, 12]",
    "[true, false, NaN, true]",
    "[true, false, Infinity, true]",
    "[true, false, -3, true]",
    "[true, false, 2.0, true]",
    f"[true, false, 1{'0' * 400}, true]",
    "[" * 100_000,
)


@pytest.mark.parametrize("row", SAVED, ids=range(len(SAVED)))
@pytest.mark.parametrize("kind", ["outcomes", "popularity"])
def test_saved_rows(path: Path, kind: str, row: str) -> None:
    before = UsageTracker(Settings(), open_log(path), clock=lambda: NOW)
    before.open()
    usage = before.popularity.usage("a", NOW)
    before.close()
    change(path, f"INSERT INTO saved (kind, place, row) VALUES ('{kind}', 10000, '{row}')")
    tracker = UsageTracker(Settings(), open_log(path), clock=lambda: NOW)
    tracker.open()
    assert tracker.outcomes() == (OUTCOME, OUTCOME)
    assert tracker.popularity.usage("a", NOW) == usage
    tracker.close()


def test_counters_without_the_main_one(path: Path) -> None:
    change(path, """INSERT INTO saved (kind, place, row) VALUES ('popularity', 10000, '["b", 9, 1.0, 1.0]')""")
    tracker = UsageTracker(Settings(), open_log(path), clock=lambda: NOW)
    tracker.open()
    assert tracker.popularity.scores(NOW).keys() == {"a"}
    tracker.close()


@pytest.mark.parametrize("change_it", ["UPDATE history SET begins = 'text'", "DELETE FROM history"])
def test_the_begin_of_the_history(path: Path, change_it: str) -> None:
    change(path, change_it)
    assert open_log(path).stats().total.span.requests == 2


def test_looks(path: Path) -> None:
    change(path, "INSERT INTO looks VALUES (9e999, 'x', 'y', 5, NULL, NULL, NULL)", "UPDATE looks SET ticks = 'soon'")
    log = open_log(path)
    log.record(RequestRecord("a", NOW, Outcome.HIT))
    assert log.write_pending()
    assert len(log.requests()) == 3
    log.close()


@pytest.mark.parametrize("table", ["hours", "days"])
@pytest.mark.parametrize("value", [*WRONG, "NULL"])
def test_sums(path: Path, table: str, value: str) -> None:
    change(path, f"UPDATE {table} SET wait_s = {value}, loads = {value}")
    log = open_log(path)
    assert log.stats().total.span.requests == 2
    assert log.stats().total.span.wait_s == 0
    assert sum(bucket.counts.loads for bucket in log.history().days) in (0, 2)
