from __future__ import annotations

import logging
import sqlite3
import subprocess
import sys
import threading
from collections.abc import Iterator
from pathlib import Path

import pytest

from preheat.inference import LoadStages
from preheat.messages import Message, msg, verbatim
from preheat.residency import Action, DecisionRecord, Outcome
from preheat.usage import RequestRecord, SizeRecord, UsageLog
from preheat.usage import log as usage_log
from preheat.usage.file import open_writer
from preheat.usage.records import SavedRows
from tests.engine.usage.passing import Time

NOW = 1_760_000_000.0


class Clock:
    """A clock that only moves when it is set."""

    def __init__(self, now: float = NOW) -> None:
        self.now = now

    def __call__(self) -> float:
        return self.now


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "data" / "usage.db"


@pytest.fixture
def log(path: Path) -> Iterator[UsageLog]:
    """A log without its thread: ``write_pending`` writes."""
    log = UsageLog(path, clock=Clock(), monotonic=Clock(0.0))
    yield log
    log.close()


def request(number: int = 0, model: str = "a", outcome: Outcome = Outcome.HIT) -> RequestRecord:
    return RequestRecord(model, NOW - 100 + number, outcome, wait_s=number, client=str(number))


def size(context_length: int = 4096, *, modified_at: float = 1.5) -> SizeRecord:
    return SizeRecord("/m/a.gguf", 100, modified_at, context_length, "f16", 250, 0.5, NOW)


def recorded(log: UsageLog) -> list[RequestRecord]:
    return list(log.requests_between(0, NOW * 2))


def test_what_is_recorded_comes_back(log: UsageLog) -> None:
    again = msg("worker_ended", reason=msg("shutdown"))
    asked = RequestRecord(
        "a",
        NOW - 5,
        Outcome.LATE_HIT,
        0.25,
        0.5,
        100,
        20,
        "editor/1.0",
        1.5,
        1,
        2,
        3,
        4.5,
        7,
        5,
        "0a" * 16,
        80,
        0.5,
        again,
    )
    assert asked.tokens_per_s == 38.0
    without_answer = RequestRecord("b", NOW - 4, Outcome.MISS, 2.0)
    done = DecisionRecord(NOW - 3, "b", Action.EVICT, verbatim("made room for a"), 900, 0.1, "request", 60.0, True)
    log.record(asked)
    log.record(without_answer)
    stages = LoadStages(0.5, 0.25, 0.1, 0.9)
    loaded = DecisionRecord(NOW - 2, "b", Action.LOAD, verbatim("asked"), 900, 1.0, stages=stages)
    log.record(done)
    log.record(loaded)
    log.record(size())
    assert log.write_pending()
    assert recorded(log) == [asked, without_answer]
    assert log.decisions() == (loaded, done)
    assert log.sizes() == {size().key: size()}
    assert log.warning is None


@pytest.mark.parametrize(
    "reason",
    [
        verbatim("made room for a"),
        verbatim("{not JSON"),
        msg("room_for_request", model="qwen\u00e9-8b"),
        msg("worker_ended", reason=msg("shutdown")),
    ],
    ids=["an earlier version's", "like JSON", "with parameters", "nested"],
)
def test_reasons_come_back_as_codes(log: UsageLog, reason: Message) -> None:
    log.record(DecisionRecord(NOW, "a", Action.EVICT, reason))
    assert log.write_pending()
    assert [decision.reason for decision in log.decisions()] == [reason]


def test_a_reason_too_long_for_json_is_kept_as_text(log: UsageLog) -> None:
    log.record(DecisionRecord(NOW, "a", Action.EVICT, msg("room_for_request", model="m" * 3000)))
    assert log.write_pending()
    assert log.decisions()[0].reason == verbatim(f"made room for {'m' * 3000}"[:500])


def test_nothing_is_opened_before_something_is_recorded(path: Path, log: UsageLog) -> None:
    assert recorded(log) == []
    assert log.stats().total.span.requests == 0
    assert not path.exists()


def test_the_file_is_its_owner_s_alone(path: Path, log: UsageLog) -> None:
    log.record(request())
    log.write_pending()
    assert {file.stat().st_mode & 0o077 for file in path.parent.iterdir()} == {0}


def test_requests_between_excludes_the_end_and_is_in_order(log: UsageLog) -> None:
    for number in (5, 1, 4, 2, 3):
        log.record(request(number, outcome=list(Outcome)[number % 3]))
    log.write_pending()
    between = log.requests_between(NOW - 100 + 2, NOW - 100 + 5)
    assert [record.wait_s for record in between] == [2, 3, 4]


def test_an_iterator_sees_one_moment(log: UsageLog) -> None:
    for number in range(3):
        log.record(request(number))
    log.write_pending()
    iterator = log.requests_between(0, NOW)
    next(iterator)
    log.record(request(3))
    log.write_pending()
    assert len(list(iterator)) == 2
    assert len(recorded(log)) == 4


def test_decisions_are_the_newest_first(log: UsageLog) -> None:
    for number in range(10):
        log.record(DecisionRecord(NOW + number // 2, "ab"[number % 2], Action.LOAD, verbatim(str(number))))
    log.write_pending()
    assert [decision.why for decision in log.decisions(3)] == ["9", "8", "7"]
    assert [decision.why for decision in log.decisions(3, model="a")] == ["8", "6", "4"]
    assert [decision.why for decision in log.decisions(since=NOW + 4)] == ["9", "8"]
    assert log.decisions(model="nobody") == ()


def test_a_changed_file_s_sizes_are_forgotten(log: UsageLog) -> None:
    for record in (size(4096), size(8192), size(8192)):
        log.record(record)
    log.write_pending()
    assert len(log.sizes()) == 2
    log.record(size(4096, modified_at=2.5))
    log.write_pending()
    assert list(log.sizes().values()) == [size(4096, modified_at=2.5)]


def test_saved_rows_know_which_requests_came_later(log: UsageLog) -> None:
    log.record(request(0))
    log.save_rows("popularity", [("a", 1.0, NOW, None, True, ("b", "c"))])
    log.record(request(1))
    log.write_pending()
    saved = log.saved_rows("popularity")
    assert saved.rows == (("a", 1.0, NOW, None, True, ("b", "c")),)
    assert [record.client for record in log.requests_after(saved.mark)] == ["1"]
    assert log.saved_rows("clients") == SavedRows()


def test_saved_rows_replace_those_before(log: UsageLog) -> None:
    log.save_rows("popularity", [("a", 1), ("b", 2)])
    log.write_pending()
    log.save_rows("popularity", [("c", 3)])
    log.record(request(1))
    log.save_rows("popularity", [("d", 4), ("c", 5)])
    log.record(request(2))
    log.write_pending()
    saved = log.saved_rows("popularity")
    assert saved.rows == (("d", 4), ("c", 5))
    assert [record.client for record in log.requests_after(saved.mark)] == ["2"]


def test_a_mark_outlives_the_requests_before_it(path: Path) -> None:
    time = Time(NOW)
    log = UsageLog(path, clock=time.clock, ticks=time.ticks)
    log.record(request(0))
    log.save_rows("popularity", [])
    log.write_pending()
    time.let_pass(log, 95)
    assert recorded(log) == []  # folded
    log.record(request(1))
    log.write_pending()
    mark = log.saved_rows("popularity").mark
    assert [record.client for record in log.requests_after(mark)] == ["1"]
    log.close()


def test_the_thread_writes_by_itself(path: Path) -> None:
    log = UsageLog(path, clock=Clock())
    log.start()
    for number in range(5000):
        log.record(request(number))
    assert log.flush(60)
    assert len(recorded(log)) == 5000
    log.record(request(5000))
    log.close()
    assert [file.name for file in path.parent.iterdir()] == ["usage.db"]  # closed in order
    assert len(recorded(log)) == 5001


def test_closing_writes_without_the_thread(path: Path) -> None:
    log = UsageLog(path, clock=Clock())
    log.record(request())
    log.close()
    assert len(recorded(log)) == 1


def test_recording_never_waits_for_the_disk(path: Path) -> None:
    entered, leave = threading.Event(), threading.Event()

    def slow_opener(path: Path) -> sqlite3.Connection:
        entered.set()
        assert leave.wait(60)
        return open_writer(path)

    log = UsageLog(path, clock=Clock(), opener=slow_opener)
    log.start()
    log.record(request(0))
    assert entered.wait(60)
    for number in range(1, 100):
        log.record(request(number))  # the writer is stuck all the while
    assert not log.flush(0)
    assert len(recorded(log)) == 100  # from memory, since there is no file yet
    leave.set()
    assert log.flush(60)
    log.close()
    assert len(recorded(log)) == 100


def test_memory_is_bounded_and_the_newest_are_kept(
    path: Path, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    monkeypatch.setattr(usage_log, "MAX_PENDING", 10)
    broken = True

    def opener(path: Path) -> sqlite3.Connection:
        if broken:
            raise PermissionError(13, "Permission denied")
        return open_writer(path)

    log = UsageLog(path, clock=Clock(), opener=opener)
    for number in range(25):
        log.record(request(number))
    assert not log.write_pending()
    assert log.dropped == 15
    broken = False
    with caplog.at_level(logging.INFO):
        assert log.write_pending()
    assert "15 records were lost" in caplog.text
    assert [record.client for record in recorded(log)] == [str(number) for number in range(15, 25)]
    log.close()


def test_what_is_dropped_while_it_is_written_is_not_lost(path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(usage_log, "MAX_PENDING", 4)
    log: UsageLog

    def opener(path: Path) -> sqlite3.Connection:
        for number in (4, 5):
            log.record(request(number))
        return open_writer(path)

    log = UsageLog(path, clock=Clock(), opener=opener)
    for number in range(4):
        log.record(request(number))
    assert log.write_pending()
    assert [record.client for record in recorded(log)] == [str(number) for number in range(6)]
    assert log.dropped == 0
    log.close()


@pytest.mark.parametrize(
    "bad",
    [
        RequestRecord("m\udcff", float("nan"), Outcome.HIT, float("inf"), float("nan"), -5, 2**70, "c\udcff\0" * 99),
        RequestRecord("", -1e300, Outcome.MISS, -3.0, -1.0, saved_s=float("nan")),
        RequestRecord("m" * 5000, 1e300, Outcome.MISS),
        DecisionRecord(
            float("-inf"), "m\udcff", Action.FAIL, verbatim("w\ud800" * 5000), 2**80, float("inf"), idle_s=-2.0
        ),
        SizeRecord("/\udcff", 2**90, float("nan"), -1, "f16", 2**64, float("inf"), float("nan")),
    ],
)
def test_no_value_makes_a_batch_fail(path: Path, bad: RequestRecord | DecisionRecord | SizeRecord) -> None:
    log = UsageLog(path, clock=Clock(), history_days=10**6)
    log.record(bad)
    log.record(request())
    assert log.write_pending()
    stats = log.stats()
    assert stats.total.span.requests == 1 + isinstance(bad, RequestRecord)
    assert stats.total.span.failures == isinstance(bad, DecisionRecord)
    assert len(log.decisions()) == isinstance(bad, DecisionRecord)
    assert len(log.sizes()) == isinstance(bad, SizeRecord)
    log.close()


def test_the_client_is_shortened(log: UsageLog) -> None:
    log.record(RequestRecord("a", NOW, Outcome.HIT, client="x" * 1000))
    log.write_pending()
    assert recorded(log)[0].client == "x" * 64


def test_any_thread_may_read(log: UsageLog) -> None:
    log.record(request())
    log.write_pending()
    counts: list[int] = []
    threads = [threading.Thread(target=lambda: counts.append(log.stats().total.span.requests)) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert counts == [1] * 8


ENGINE = """
import sys
from pathlib import Path
from preheat.usage.log import UsageLog
from preheat.usage.records import Outcome, RequestRecord

log = UsageLog(Path(sys.argv[1]), clock=lambda: 1e9)
log.start()
print("ready", flush=True)
sys.stdin.readline()
for number in range(300):
    log.record(RequestRecord(sys.argv[2], 1e9 + number * 60, Outcome.HIT))
    if number % 10 == 0:
        log.flush(60)
        log.stats()
assert log.flush(60)
log.close()
print(log.dropped, log.warning)
"""


def test_two_engines_share_one_file(path: Path) -> None:
    engines = [
        subprocess.Popen(
            [sys.executable, "-c", ENGINE, str(path), model],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
        )
        for model in "ab"
    ]
    for engine in engines:
        assert engine.stdout
        assert engine.stdout.readline() == "ready\n"
    for engine in engines:
        assert engine.stdin
        engine.stdin.write("go\n")
        engine.stdin.flush()
    for engine in engines:
        out, _ = engine.communicate(timeout=120)
        assert (out, engine.returncode) == ("0 None\n", 0)
    log = UsageLog(path, clock=Clock())
    stats = log.stats()
    assert {model: figures.span.hits for model, figures in stats.models.items()} == {"a": 300, "b": 300}
    assert len(recorded(log)) == 600
    with sqlite3.connect(path) as connection:
        assert connection.execute("PRAGMA integrity_check").fetchone() == ("ok",)
    connection.close()
    log.close()
