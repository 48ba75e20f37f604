"""The ways in which the usage log's file can fail; none of them may reach who records or reads."""

from __future__ import annotations

import contextlib
import logging
import os
import shutil
import sqlite3
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest

from preheat.messages import Message, verbatim
from preheat.residency import Action, DecisionRecord, Outcome
from preheat.usage import RequestRecord, UsageLog
from preheat.usage.file import open_writer
from preheat.usage.log import retry_pause_s
from preheat.usage.schema import VERSION, objects_of

NOW = 1_760_000_000.0


class Clock:
    def __init__(self, now: float = NOW) -> None:
        self.now = now

    def __call__(self) -> float:
        return self.now


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "usage.db"


@pytest.fixture
def log(path: Path) -> Iterator[UsageLog]:
    log = UsageLog(path, clock=Clock())
    yield log
    log.close()


def record(log: UsageLog, count: int = 1, first: int = 0) -> None:
    for number in range(first, first + count):
        log.record(RequestRecord("a", NOW - 1000 + number, Outcome.HIT, client=str(number)))


def recorded(log: UsageLog) -> list[int]:
    return [int(request.client) for request in log.requests_between(0, NOW * 2)]


def make_log(path: Path, count: int) -> None:
    """Make a log of ``count`` requests, closed in order."""
    log = UsageLog(path, clock=Clock())
    record(log, count)
    log.close()


def read_everything(log: UsageLog) -> None:
    """Call every method that reads: none may raise, whatever the file is."""
    log.stats()
    log.stats(NOW - 3600, NOW)
    log.decisions(model="a")
    log.sizes()
    log.saved_rows("popularity")
    list(log.requests_after(0))
    list(log.requests_between(0, NOW))
    list(log.wakes_between(0, NOW))


def reason_of(log: UsageLog) -> object:
    """Return why nothing is written: a message code, or the words of the operating system."""
    assert log.warning is not None
    assert log.warning.code == "usage_not_saved"
    reason = log.warning.params["reason"]
    return reason.code if isinstance(reason, Message) else reason


def aside(path: Path) -> list[Path]:
    return sorted(path.parent.glob("usage.db.corrupt-*"))


def foreign_database(path: Path) -> None:
    with contextlib.closing(sqlite3.connect(path)) as connection:
        connection.execute("CREATE TABLE requests (id INTEGER)")


def log_without_a_table(path: Path) -> None:
    make_log(path, 3)
    with contextlib.closing(sqlite3.connect(path)) as connection:
        connection.execute("DROP TABLE hours")


def log_with_broken_pages(path: Path) -> None:
    make_log(path, 3)
    with path.open("r+b") as file:
        file.seek(4096)
        file.write(os.urandom(path.stat().st_size - 4096))


def truncated_log(path: Path) -> None:
    make_log(path, 2000)
    os.truncate(path, path.stat().st_size // 2)


DAMAGE = {
    "text": lambda path: path.write_text("not a database, and long enough to be looked at. " * 100),
    "zeros": lambda path: path.write_bytes(bytes(20_000)),
    "a few bytes": lambda path: path.write_bytes(b"SQLite"),
    "foreign": foreign_database,
    "a table less": log_without_a_table,
    "broken pages": log_with_broken_pages,
    "truncated": truncated_log,
}


@pytest.mark.parametrize("damage", DAMAGE.values(), ids=DAMAGE)
def test_a_damaged_file_is_set_aside(
    path: Path, log: UsageLog, damage: object, caplog: pytest.LogCaptureFixture
) -> None:
    assert callable(damage)
    damage(path)
    before = path.read_bytes()
    read_everything(log)
    record(log, 5)
    assert log.write_pending()
    assert recorded(log) == [0, 1, 2, 3, 4]
    (kept,) = [file for file in aside(path) if not file.name.endswith(("-wal", "-shm"))]
    assert kept.name == "usage.db.corrupt-20251009T085320Z"
    assert len(kept.read_bytes()) == len(before)
    assert log.warning is not None
    assert log.warning.params["path"] == str(kept)
    assert len([line for line in caplog.records if line.levelno >= logging.WARNING]) == 1


def test_a_second_damaged_file_gets_a_name_of_its_own(path: Path, log: UsageLog) -> None:
    for _ in range(3):
        path.unlink(missing_ok=True)
        path.write_text("no database " * 1000)
        record(log)
        assert log.write_pending()
    assert [file.name[-4:] for file in aside(path) if not file.name.endswith(("wal", "shm"))] == [
        "320Z",
        "0Z-2",
        "0Z-3",
    ]


def test_damage_that_only_a_reader_meets_is_repaired(path: Path, log: UsageLog) -> None:
    make_log(path, 5000)
    with contextlib.closing(sqlite3.connect(path)) as connection:
        (page,) = connection.execute("SELECT rootpage FROM sqlite_master WHERE name = 'decisions_by_time'").fetchone()
    record(log)
    assert log.write_pending()
    with path.open("r+b") as file:
        file.seek((page - 1) * 4096)
        file.write(b"\xff" * 4096)
    log.decisions(since=NOW)
    log.stats(NOW, NOW)
    assert log.write_pending()
    assert len(aside(path)) >= 1
    assert log.warning


def test_an_empty_file_is_a_new_log(path: Path, log: UsageLog) -> None:
    path.touch()
    record(log)
    assert log.write_pending()
    assert log.warning is None
    assert recorded(log) == [0]


def test_a_newer_version_is_left_alone(path: Path, log: UsageLog) -> None:
    make_log(path, 3)
    with contextlib.closing(sqlite3.connect(path)) as connection:
        connection.execute("PRAGMA user_version = 99")
    before = path.read_bytes()
    read_everything(log)
    assert not log.write_pending()
    record(log, 2)
    assert not log.write_pending()
    assert log.warning
    assert reason_of(log) == "usage_log_newer"
    assert recorded(log) == [0, 1]  # from memory
    assert path.read_bytes() == before
    assert not aside(path)


def test_pauses_between_tries_grow_to_a_minute() -> None:
    assert [retry_pause_s(failures) for failures in range(1, 9)] == [1, 2, 4, 8, 16, 32, 60, 60]


def test_a_locked_file_is_tried_again(
    path: Path, caplog: pytest.LogCaptureFixture, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("preheat.usage.file.WRITE_TIMEOUT_S", 0.01)
    make_log(path, 1)
    log = UsageLog(path, clock=Clock(), monotonic=Clock(0.0))
    with contextlib.closing(sqlite3.connect(path, isolation_level=None)) as other:
        other.execute("BEGIN IMMEDIATE")
        record(log, 2, first=1)
        for _ in range(3):
            assert not log.write_pending()
        assert log.warning
        assert reason_of(log) == "usage_log_locked"
        assert recorded(log) == [0]  # a writer's lock stops no reader
        read_everything(log)
        other.execute("ROLLBACK")
    assert log.write_pending()
    assert log.warning is None
    assert recorded(log) == [0, 1, 2]
    assert len([line for line in caplog.records if line.levelno >= logging.WARNING]) == 1
    log.close()


def test_a_file_locked_for_readers_too(path: Path, log: UsageLog, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("preheat.usage.file.WRITE_TIMEOUT_S", 0.01)
    monkeypatch.setattr("preheat.usage.file.READ_TIMEOUT_S", 0.01)
    make_log(path, 1)
    with contextlib.closing(sqlite3.connect(path, isolation_level=None)) as other:
        other.execute("PRAGMA locking_mode = EXCLUSIVE")
        other.execute("BEGIN EXCLUSIVE")
        record(log, 2, first=1)
        read_everything(log)
        assert recorded(log) == [1, 2]
        assert not log.write_pending()
    assert log.write_pending()
    assert recorded(log) == [0, 1, 2]


def test_a_full_disk_loses_nothing(path: Path) -> None:
    full = True

    def opener(path: Path) -> sqlite3.Connection:
        connection = open_writer(path)
        (pages,) = connection.execute("PRAGMA page_count").fetchone()
        if full:
            connection.execute(f"PRAGMA max_page_count = {pages + 2}")
        return connection

    make_log(path, 10)
    log = UsageLog(path, clock=Clock(), opener=opener)
    record(log, 5000, first=10)
    assert not log.write_pending()
    assert log.warning
    assert "disk is full" in str(log.warning)
    read_everything(log)
    assert recorded(log) == list(range(10))
    full = False
    assert log.write_pending()
    assert log.warning is None
    assert recorded(log) == list(range(5010))
    log.close()


@pytest.fixture
def unwritable(tmp_path: Path) -> Iterator[Path]:
    """A folder with a log of three requests that this process cannot write to, even if it is root."""
    # Not tmp_path: it is in a folder that only its owner may enter.
    folder = Path(tempfile.mkdtemp(prefix="preheat-test-"))
    make_log(folder / "usage.db", 3)
    (folder / "usage.db").chmod(0o444)
    folder.chmod(0o555)
    as_root = os.geteuid() == 0
    if as_root:
        os.seteuid(65534)
    try:
        yield folder
    finally:
        if as_root:
            os.seteuid(0)
        folder.chmod(0o755)
        shutil.rmtree(folder)


def test_a_folder_that_cannot_be_written_can_still_be_read(unwritable: Path) -> None:
    log = UsageLog(unwritable / "usage.db", clock=Clock())
    record(log, 2, first=3)
    assert not log.write_pending()
    assert log.warning
    read_everything(log)
    assert recorded(log) == [0, 1, 2]
    log.close()


def test_a_folder_that_cannot_be_made(unwritable: Path) -> None:
    log = UsageLog(unwritable / "data" / "usage.db", clock=Clock())
    record(log, 2)
    assert not log.write_pending()
    assert log.warning
    assert reason_of(log) == "os_eacces"
    read_everything(log)
    assert recorded(log) == [0, 1]
    log.close()


def test_a_damaged_file_that_cannot_be_set_aside(unwritable: Path) -> None:
    path = unwritable / "usage.db"
    if os.geteuid() != os.getuid():
        os.seteuid(0)
    path.chmod(0o644)
    path.write_text("no database " * 1000)
    path.chmod(0o444)
    if os.getuid() == 0:
        os.seteuid(65534)
    log = UsageLog(path, clock=Clock())
    record(log, 2)
    assert not log.write_pending()
    assert log.warning
    read_everything(log)
    assert recorded(log) == [0, 1]
    log.close()


def test_the_path_is_a_folder(path: Path, log: UsageLog) -> None:
    path.mkdir()
    record(log, 2)
    assert not log.write_pending()
    assert log.warning
    read_everything(log)
    path.rmdir()
    assert log.write_pending()
    assert recorded(log) == [0, 1]


@pytest.mark.parametrize("with_sides", [True, False])
def test_deleted_while_running(path: Path, log: UsageLog, with_sides: bool) -> None:
    record(log, 3)
    assert log.write_pending()
    for file in list(path.parent.iterdir()) if with_sides else [path]:
        file.unlink()
    record(log, 2, first=3)
    read_everything(log)
    assert log.write_pending()
    assert recorded(log) == [3, 4]
    assert log.warning
    assert log.warning.code == "usage_log_replaced"
    record(log, 1, first=5)
    assert log.write_pending()
    assert recorded(log) == [3, 4, 5]
    assert not aside(path)


def test_its_folder_deleted_while_running(tmp_path: Path) -> None:
    path = tmp_path / "data" / "usage.db"
    log = UsageLog(path, clock=Clock())
    record(log, 3)
    assert log.write_pending()
    shutil.rmtree(path.parent)
    record(log, 2, first=3)
    assert log.write_pending()
    assert recorded(log) == [3, 4]
    log.close()


def test_replaced_while_running(path: Path, log: UsageLog, tmp_path: Path) -> None:
    make_log(tmp_path / "backup.db", 7)
    record(log, 3)
    assert log.write_pending()
    (tmp_path / "backup.db").rename(path)
    record(log, 1, first=7)
    assert log.write_pending()
    log.close()
    assert recorded(log) == list(range(8))
    with contextlib.closing(sqlite3.connect(path)) as connection:
        assert connection.execute("PRAGMA integrity_check").fetchone() == ("ok",)


def test_set_aside_by_another_engine(path: Path, log: UsageLog) -> None:
    """Two engines find one file damaged: only one of them sets it aside, and both go on in the same new one."""
    path.write_text("no database " * 1000)
    other = UsageLog(path, clock=Clock())
    record(log)
    record(other, first=1)
    assert log.write_pending()
    assert other.write_pending()
    assert recorded(log) == recorded(other) == [0, 1]
    assert len([file for file in aside(path) if not file.name.endswith(("-wal", "-shm"))]) == 1
    other.close()


def test_a_clock_that_goes_backwards(path: Path) -> None:
    clock = Clock()
    log = UsageLog(path, clock=clock)
    record(log, 3)
    assert log.write_pending()
    clock.now -= 10 * 365 * 86400
    log.record(RequestRecord("a", clock.now, Outcome.MISS, wait_s=-5.0, client="9"))
    log.record(DecisionRecord(clock.now, "a", Action.LOAD, verbatim("it was asked for"), seconds=-3.0))
    assert log.write_pending()
    stats = log.stats()
    assert stats.total.span.requests == 4
    assert stats.total.last_hour.requests == 1  # what is in the future is not in the last hour
    assert stats.total.span.wait_s == stats.total.span.load_s == 0
    clock.now += 10 * 365 * 86400
    record(log, 1, first=10)
    assert log.write_pending()
    assert recorded(log) == [9, 0, 1, 2, 10]  # none of them is old
    assert log.stats().total.span.requests == 5
    log.close()


def test_the_schema_is_what_sqlite_keeps(path: Path) -> None:
    with contextlib.closing(open_writer(path)) as connection:
        found = dict(connection.execute("SELECT name, sql FROM sqlite_master WHERE sql IS NOT NULL"))
        assert {name: sql for name, sql in found.items() if name != "sqlite_sequence"} == objects_of(VERSION)
        assert connection.execute("PRAGMA journal_mode").fetchone() == ("wal",)


def test_two_engines_and_a_deleted_file(path: Path, log: UsageLog) -> None:
    """The second to notice leaves alone what the first has begun."""
    other = UsageLog(path, clock=Clock())
    for engine in (log, other):
        record(engine)
        assert engine.write_pending()
    path.unlink()
    for number, engine in enumerate((log, other, log, other)):
        record(engine, 1, first=number)
        assert engine.write_pending()
    assert recorded(log) == recorded(other) == [0, 1, 2, 3]
    other.close()
    log.close()
    assert recorded(log) == [0, 1, 2, 3]
    with contextlib.closing(sqlite3.connect(path)) as connection:
        assert connection.execute("PRAGMA integrity_check").fetchone() == ("ok",)


KILLED = """
import sys
from pathlib import Path
from preheat.usage.file import open_writer
from preheat.usage.records import Outcome, RequestRecord
from preheat.usage.table_writing import write_batch

connection = open_writer(Path(sys.argv[1]))
number = 0
while True:
    numbers = range(number, number + 7)
    write_batch(connection, [RequestRecord("a", 1e9 + n, Outcome.HIT, client=str(n)) for n in numbers])
    number += 7
    print(number, flush=True)
"""


def test_killed_in_the_middle_of_writing(path: Path) -> None:
    with subprocess.Popen([sys.executable, "-c", KILLED, str(path)], stdout=subprocess.PIPE, text=True) as engine:
        assert engine.stdout
        for _ in range(50):
            written = int(engine.stdout.readline())
        engine.kill()
        written = max([written, *(int(line) for line in engine.stdout if line.endswith("\n"))])
    log = UsageLog(path, clock=Clock(1e9))
    left = recorded(log)
    assert left == list(range(len(left)))
    assert len(left) >= written
    assert len(left) % 7 == 0
    assert log.stats().total.span.hits == len(left)
    record(log)
    assert log.write_pending()
    assert log.warning is None
    log.close()
