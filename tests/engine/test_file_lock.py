"""A lock between processes."""

from __future__ import annotations

import subprocess
import sys
import time
from pathlib import Path

import pytest

from preheat.file_lock import FileLock

HOLDER = """
import sys
from pathlib import Path
from preheat.file_lock import FileLock

lock = FileLock(Path(sys.argv[1]))
lock.acquire(1)
print("held", flush=True)
sys.stdin.read()
"""


def test_one_holds_it_at_a_time(tmp_path: Path) -> None:
    first, second = FileLock(tmp_path / "new" / "lock"), FileLock(tmp_path / "new" / "lock")
    assert first.acquire(0)
    assert not second.acquire(0.1)
    first.release()
    first.release()
    assert second.acquire(0)
    second.release()


def test_a_holder_that_dies_lets_go(tmp_path: Path) -> None:
    path = tmp_path / "lock"
    with subprocess.Popen(
        [sys.executable, "-c", HOLDER, str(path)], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    ) as holder:
        assert holder.stdout is not None
        assert holder.stdout.readline() == "held\n"
        lock = FileLock(path)
        assert not lock.acquire(0)
        holder.kill()
        began = time.monotonic()
        assert lock.acquire(10)
        assert time.monotonic() - began < 5
        lock.release()


def test_a_folder_that_cannot_be_made_is_an_error(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    with pytest.raises(OSError, match="file"):
        FileLock(tmp_path / "file" / "lock").acquire(0)
