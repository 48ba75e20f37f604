"""Room for new files: limits, other processes, full disks."""

from __future__ import annotations

import errno
import os
import stat
import subprocess
import sys
import time
from pathlib import Path

import pytest

from preheat.inference.prefixes import (
    Block,
    Limits,
    NoRoomError,
    files_in,
    locked,
    make_private,
    next_key,
    read_block,
    read_day,
    read_limits,
    remove_abandoned,
    root_key,
    write_block,
    write_limits,
)

MODEL = b"a model"
CELLS = bytes(10_000)


def a_block(number: int, parent: bytes = b"", *, seconds: float = 1.0) -> Block:
    start = 256 if parent else 0
    tokens = (number, 2, 3)
    parent = parent or root_key(MODEL)
    return Block(MODEL, next_key(parent, tokens), parent, start, tokens, False, seconds, 0.0)


@pytest.fixture
def tier(tmp_path: Path) -> Path:
    folder = tmp_path / "tier"
    make_private(folder)
    return folder


def taken(tier: Path) -> int:
    return sum(file.n_bytes for file in files_in(tier))


def test_without_limits_everything_is_written(tmp_path: Path) -> None:
    path = write_block(tmp_path / "model", a_block(1), CELLS)
    assert read_limits(tmp_path) is None
    assert [path.name for path in tmp_path.iterdir()] == ["model"]
    assert read_block(path, MODEL) is not None


def test_what_is_worth_least_makes_room(tier: Path) -> None:
    write_limits(tier, Limits(32_000, durable=False))
    kept = write_block(tier / "one", a_block(1, seconds=9.0), CELLS)
    dropped = write_block(tier / "two", a_block(2, seconds=0.1), CELLS)
    write_block(tier / "one", a_block(3), CELLS)
    new = write_block(tier / "one", a_block(4), CELLS)
    assert kept.exists()
    assert new.exists()
    assert not dropped.exists()
    assert taken(tier) <= 32_000


def test_what_is_worth_less_than_all_others_is_not_written(tier: Path) -> None:
    write_limits(tier, Limits(15_000, durable=False))
    kept = write_block(tier / "model", a_block(1, seconds=9.0), CELLS)
    with pytest.raises(NoRoomError) as caught:
        write_block(tier / "model", a_block(2, seconds=0.1), CELLS)
    assert caught.value.full
    assert caught.value.errno == errno.ENOSPC
    with pytest.raises(NoRoomError):
        write_block(tier / "model", a_block(3, seconds=1e9), bytes(20_000))
    assert list((tier / "model").iterdir()) == [kept]


def test_a_block_does_not_push_out_the_ones_before_it(tier: Path) -> None:
    write_limits(tier, Limits(15_000, durable=False))
    first = a_block(1, seconds=0.1)
    kept = write_block(tier / "model", first, CELLS)
    with pytest.raises(NoRoomError):
        write_block(tier / "model", a_block(2, first.key, seconds=9.0), CELLS)
    assert kept.exists()


def test_a_full_tier_that_evicts_nothing(tier: Path) -> None:
    write_limits(tier, Limits(15_000, evicts=False, durable=False))
    write_block(tier / "model", a_block(1, seconds=0.1), CELLS)
    with pytest.raises(NoRoomError):
        write_block(tier / "model", a_block(2, seconds=9.0), CELLS)


def test_nothing_is_written_for_now(tier: Path) -> None:
    write_limits(tier, Limits(10**9, writable=False))
    with pytest.raises(NoRoomError) as caught:
        write_block(tier / "model", a_block(1), CELLS)
    assert not caught.value.full


def test_no_more_is_written_a_day_than_allowed(tier: Path) -> None:
    write_limits(tier, Limits(10**9, daily_bytes=25_000, durable=False))
    for number in range(2):
        write_block(tier / "model", a_block(number), CELLS).unlink()
    with pytest.raises(NoRoomError) as caught:
        write_block(tier / "model", a_block(3), CELLS)
    assert not caught.value.full
    assert 20_000 < read_day(tier).written_bytes <= 25_000


def test_the_day_does_not_end_when_the_clock_is_set(tier: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    write_limits(tier, Limits(10**9, daily_bytes=15_000, durable=False))
    write_block(tier / "model", a_block(1), CELLS)
    now = time.time()
    for jump in (3 * 86_400, -30 * 86_400, 0):
        monkeypatch.setattr(time, "time", lambda jump=jump: now + jump)
        with pytest.raises(NoRoomError):
            write_block(tier / "model", a_block(2), CELLS)


@pytest.mark.parametrize("text", ["", "{", "[]", '{"max_bytes": "much"}', '{"unknown": 1}', "null"])
def test_unreadable_limits_allow_nothing(text: str, tier: Path) -> None:
    (tier / "limits.json").write_text(text, encoding="utf-8")
    with pytest.raises(NoRoomError):
        write_block(tier / "model", a_block(1), CELLS)


def test_damaged_files_go_first_and_foreign_ones_stay(tier: Path) -> None:
    write_limits(tier, Limits(25_000, durable=False))
    kept, damaged = (write_block(tier / "model", a_block(number), CELLS) for number in (1, 2))
    os.truncate(damaged, 9_000)
    foreign = [tier / "model" / "notes.txt", tier / "notes.txt", tier / "model" / "mine.prefix"]
    for path in foreign:
        path.write_bytes(bytes(50_000))
    write_block(tier / "model", a_block(3, seconds=0.01), CELLS)
    assert kept.exists()
    assert not damaged.exists()
    assert all(path.exists() for path in foreign)


def test_a_full_disk_leaves_nothing_over(tier: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    write_limits(tier, Limits(10**9, daily_bytes=10**9))
    kept = write_block(tier / "model", a_block(1), CELLS)
    before = read_day(tier).written_bytes

    def full(handle: int, offset: int, length: int) -> None:
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    monkeypatch.setattr(os, "posix_fallocate", full)
    with pytest.raises(OSError, match="No space left"):
        write_block(tier / "model", a_block(2), CELLS)
    assert list((tier / "model").iterdir()) == [kept]
    assert read_day(tier).written_bytes == before


def test_a_file_system_that_reserves_nothing(tier: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def unknown(handle: int, offset: int, length: int) -> None:
        raise OSError(errno.EOPNOTSUPP, os.strerror(errno.EOPNOTSUPP))

    monkeypatch.setattr(os, "posix_fallocate", unknown)
    write_limits(tier, Limits(10**9))
    assert read_block(write_block(tier / "model", a_block(1), CELLS), MODEL) is not None


WRITER = """
import sys, time
from pathlib import Path
from preheat.inference.prefixes import Block, NoRoomError, next_key, root_key, write_block
tier, first = Path(sys.argv[1]), int(sys.argv[2])
print("ready", flush=True)
sys.stdin.readline()
for number in range(first, first + 60):
    tokens = (number,)
    block = Block(b"a model", next_key(root_key(b"a model"), tokens), root_key(b"a model"), 0, tokens, False, 1.0, 0.0)
    try:
        write_block(tier / f"model-{number % 3}", block, bytes(10_000))
    except NoRoomError:
        pass
"""


def test_two_processes_keep_one_budget(tier: Path) -> None:
    """Also with the files that are being written: it is looked at while they work."""
    write_limits(tier, Limits(100_000, daily_bytes=900_000, durable=False))
    writers = [
        subprocess.Popen(
            [sys.executable, "-c", WRITER, str(tier), str(first)], stdin=subprocess.PIPE, stdout=subprocess.PIPE
        )
        for first in (0, 1000)
    ]
    for writer in writers:
        assert writer.stdout is not None
        writer.stdout.readline()
    for writer in writers:
        assert writer.stdin is not None
        writer.stdin.write(b"\n")
        writer.stdin.close()
    while any(writer.poll() is None for writer in writers):
        with locked(tier):  # otherwise a file could be counted before and after it was removed for another
            assert taken(tier) <= 100_000
    for writer in writers:
        assert writer.wait() == 0
        assert writer.stdout is not None
        writer.stdout.close()
    assert taken(tier) > 50_000
    assert not any(file.temporary for file in files_in(tier))
    assert 800_000 < read_day(tier).written_bytes <= 900_000


SLOW_WRITER = """
import os, sys
from pathlib import Path
from preheat.inference.prefixes.removal import Candidate
from preheat.inference.prefixes.writing import new_file
with new_file(Path(sys.argv[1]), Candidate(b"k", b"p", True, 1000, 1.0, 0.0)):
    print("writing", flush=True)
    sys.stdin.readline()
"""


def test_unfinished_files_go_when_their_writer_has_ended(tier: Path) -> None:
    write_limits(tier, Limits(10**6, durable=False))
    path = tier / "model" / f"{'0' * 32}.prefix"
    writer = subprocess.Popen(
        [sys.executable, "-c", SLOW_WRITER, str(path)], stdin=subprocess.PIPE, stdout=subprocess.PIPE
    )
    assert writer.stdin is not None
    assert writer.stdout is not None
    writer.stdout.readline()
    with locked(tier):
        remove_abandoned(tier)
    assert [file.temporary for file in files_in(tier)] == [True], "it is in use"
    writer.kill()
    writer.wait()
    writer.stdin.close()
    writer.stdout.close()
    with locked(tier):
        remove_abandoned(tier)
    assert list(files_in(tier)) == []


def test_a_link_is_no_folder(tier: Path, tmp_path: Path) -> None:
    write_limits(tier, Limits(10**6))
    (tmp_path / "elsewhere").mkdir()
    (tier / "model").symlink_to(tmp_path / "elsewhere")
    with pytest.raises(NotADirectoryError):
        write_block(tier / "model", a_block(1), CELLS)
    assert list((tmp_path / "elsewhere").iterdir()) == []


def test_only_the_user_may_read_anything(tier: Path) -> None:
    before = os.umask(0)
    try:
        write_limits(tier, Limits(10**6, daily_bytes=10**6))
        write_block(tier / "model", a_block(1), CELLS)
    finally:
        os.umask(before)
    modes = {path.name: stat.S_IMODE(path.stat().st_mode) for path in [tier, *tier.rglob("*")]}
    assert {name: mode for name, mode in modes.items() if mode & 0o077} == {}
