"""Small files, atomic writes, locks between processes, and reads into the page cache."""

from __future__ import annotations

import hashlib
import mmap
import os
import stat
import subprocess
import sys
import threading
from pathlib import Path

import pytest

from preheat.files import (
    BUFFER_BYTES,
    FileLock,
    check_regular,
    copy_hashed,
    page_in,
    read_json,
    read_small_file,
    resident_pages,
    resident_share,
    seems_resident,
    sha256_of,
    write_all,
    write_atomic,
)

MB = BUFFER_BYTES
HOLDER = """
import sys
from pathlib import Path
from preheat.files import FileLock

lock = FileLock(Path(sys.argv[1]))
lock.acquire(1)
print("held", flush=True)
sys.stdin.read()
"""


posix = pytest.mark.skipif(sys.platform == "win32", reason="no pipes and devices among the files")


def test_a_small_file_is_read_up_to_its_limit(tmp_path: Path) -> None:
    path = tmp_path / "file"
    path.write_bytes(b"x" * 100)
    assert read_small_file(path, 100) == b"x" * 100
    with pytest.raises(OSError, match="it is larger than 99 B"):
        read_small_file(path, 99)
    with pytest.raises(FileNotFoundError):
        read_small_file(tmp_path / "missing")
    with pytest.raises(IsADirectoryError):
        read_small_file(tmp_path)


@posix
@pytest.mark.parametrize("device", ["/dev/zero", "/dev/null", "pipe"])
def test_pipes_and_devices_are_neither_read_nor_replaced_nor_locked(tmp_path: Path, device: str) -> None:
    path = tmp_path / "file"
    if device == "pipe":
        os.mkfifo(path)
    else:
        path.symlink_to(device)
    before = path.stat()
    with pytest.raises(OSError, match="it is not a regular file"):
        read_small_file(path)
    with pytest.raises(OSError, match="it is not a regular file"):
        check_regular(path)
    with pytest.raises(OSError, match="it is not a regular file"):
        write_atomic(path.resolve(), "text")
    with pytest.raises(OSError, match="it is not a regular file"):
        FileLock(path).acquire()
    assert path.stat() == before


@pytest.mark.parametrize("text", ["", "{", "[" * 100_000, '{"a": ' * 50_000, "1" + "0" * 5000, "\udcff"])
def test_what_is_no_json_is_a_value_error(tmp_path: Path, text: str) -> None:
    path = tmp_path / "file.json"
    path.write_bytes(text.encode(errors="surrogateescape"))
    with pytest.raises(ValueError, match=r"Expecting|nested|digits|decode"):
        read_json(path)


def test_a_lock_that_is_never_released_is_an_error(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("preheat.files.LOCK_S", 0.05)
    with FileLock(tmp_path / "lock"), pytest.raises(OSError, match="another program"), FileLock(tmp_path / "lock"):
        pass


@pytest.mark.parametrize("durable", [True, False])
def test_a_write_replaces_the_whole_file(tmp_path: Path, durable: bool) -> None:
    path = tmp_path / "new" / "file"
    write_atomic(path, "a long text", durable=durable)
    write_atomic(path, b"short", durable=durable)
    assert path.read_bytes() == b"short"
    assert list(path.parent.iterdir()) == [path]


@pytest.mark.skipif(sys.platform == "win32", reason="no modes there")
def test_an_existing_file_keeps_its_mode(tmp_path: Path) -> None:
    path = tmp_path / "file"
    write_atomic(path, "x", mode=0o600)
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    path.chmod(0o640)
    write_atomic(path, "y", mode=0o600)
    assert stat.S_IMODE(path.stat().st_mode) == 0o640


def test_a_failed_write_leaves_the_old_file_alone(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = tmp_path / "file"
    path.write_text("old")

    def full(_handle: int) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(os, "fsync", full)
    with pytest.raises(OSError, match="No space left"):
        write_atomic(path, "new")
    assert path.read_text() == "old"
    assert list(tmp_path.iterdir()) == [path]


def test_a_copy_has_the_sum_of_its_source(tmp_path: Path) -> None:
    content = os.urandom(2 * MB + 123)
    source, target, seen = tmp_path / "source", tmp_path / "target", list[int]()
    source.write_bytes(content)
    expected = hashlib.sha256(content).hexdigest()
    with source.open("rb") as old, target.open("wb") as new:
        assert copy_hashed(old.fileno(), new.fileno(), seen.append) == sha256_of(target) == expected
    assert target.read_bytes() == content
    assert seen == [MB, MB, 123]


def test_a_nearly_full_disk_accepts_parts(monkeypatch: pytest.MonkeyPatch) -> None:
    written = bytearray()

    def write(_handle: int, content: memoryview) -> int:
        written.extend(content[:3])
        return len(content[:3])

    monkeypatch.setattr(os, "write", write)
    write_all(1, memoryview(b"12345678"))
    assert written == b"12345678"


def test_a_lock_has_one_holder(tmp_path: Path) -> None:
    first, second = FileLock(tmp_path / "new" / "lock"), FileLock(tmp_path / "new" / "lock")
    assert first.acquire()
    assert not second.acquire(0.1)
    first.release()
    first.release()
    with second:
        assert not first.acquire()
    assert first.acquire()
    first.release()


def test_a_lock_ends_with_its_holder(tmp_path: Path) -> None:
    path = tmp_path / "lock"
    with subprocess.Popen(
        [sys.executable, "-c", HOLDER, str(path)], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    ) as holder:
        assert holder.stdout is not None
        assert holder.stdout.readline() == "held\n"
        lock = FileLock(path)
        assert not lock.acquire()
        holder.kill()
        assert lock.acquire(60)
        lock.release()


def test_a_lock_needs_a_folder(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    with pytest.raises(OSError, match="file"):
        FileLock(tmp_path / "file" / "lock").acquire()


@pytest.mark.skipif(sys.platform == "win32", reason="flock is POSIX")
def test_a_file_system_without_locks_lets_everyone_in(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    import fcntl

    def unsupported(_file: object, _flags: int) -> None:
        raise OSError(95, "Operation not supported")

    monkeypatch.setattr(fcntl, "flock", unsupported)
    lock = FileLock(tmp_path / "lock")
    assert lock.acquire()
    lock.release()


def make_file(path: Path, size: int) -> Path:
    path.write_bytes(os.urandom(MB) * (size // MB) + b"\1" * (size % MB))
    drop(path)
    return path


def drop(path: Path, start: int = 0, length: int = 0) -> None:
    with path.open("rb") as file:
        os.fsync(file.fileno())  # dirty pages cannot be dropped
        os.posix_fadvise(file.fileno(), start, length, os.POSIX_FADV_DONTNEED)


@pytest.fixture
def model_file(tmp_path: Path) -> Path:
    return make_file(tmp_path / "model.gguf", 8 * MB + 12_345)


def test_progress_is_in_bytes_and_reaches_the_end(tmp_path: Path) -> None:
    first, second = make_file(tmp_path / "part1.gguf", 2 * MB + 12_345), make_file(tmp_path / "part2.gguf", 5000)
    seen: list[int] = []
    result = page_in([first, second], seen.append)
    assert seen == [MB, 2 * MB, 2 * MB + 12_345, 2 * MB + 17_345]
    assert result.complete


def test_an_empty_file_is_in_memory(tmp_path: Path) -> None:
    empty = tmp_path / "empty.gguf"
    empty.touch()
    assert page_in([empty]).complete
    assert resident_pages(empty) is None
    assert resident_share([empty]) is None
    assert not seems_resident(empty)


def test_a_missing_file_is_an_error(tmp_path: Path) -> None:
    with pytest.raises(FileNotFoundError):
        page_in([tmp_path / "none.gguf"])
    assert resident_share([tmp_path / "none.gguf"]) is None
    assert resident_share([]) is None


def test_a_system_that_does_not_tell(model_file: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sys, "platform", "win32")
    assert resident_pages(model_file) is None
    assert page_in([model_file]).read_bytes == model_file.stat().st_size


if sys.platform == "linux":

    def test_dropped_pages_come_back(model_file: Path) -> None:
        pages = resident_pages(model_file)
        assert pages is not None
        assert len(pages) == -(-model_file.stat().st_size // mmap.PAGESIZE)
        assert pages.count(1) < len(pages) // 2
        assert not seems_resident(model_file)
        page_in([model_file])
        assert resident_pages(model_file) == b"\1" * len(pages)
        assert seems_resident(model_file)

    def test_only_missing_pages_are_read(model_file: Path) -> None:
        assert page_in([model_file]).complete
        assert resident_share([model_file]) == 1.0
        assert page_in([model_file], budget_bytes=0).complete
        assert page_in([model_file]).read_bytes == 0
        drop(model_file, 4 * MB, 2 * MB)
        assert 0 < page_in([model_file]).read_bytes <= 3 * MB
        assert resident_share([model_file]) == 1.0

    def test_the_budget_is_not_exceeded(model_file: Path) -> None:
        result = page_in([model_file], budget_bytes=5 * MB)
        assert not result.complete
        assert 0 < result.read_bytes <= 5 * MB

    def test_it_stops_between_two_chunks(model_file: Path) -> None:
        stop = threading.Event()
        result = page_in([model_file], lambda done: stop.set() if done > 3 * MB else None, stop=stop)
        assert not result.complete
        assert result.read_bytes <= 4 * MB

    def test_a_stop_ends_a_pause(model_file: Path) -> None:
        stop = threading.Event()
        stop.set()
        assert page_in([model_file], stop=stop, pause=True).read_bytes == 0
        assert page_in([model_file], pause=True).complete
