"""Reading files into the page cache."""

from __future__ import annotations

import mmap
import os
import sys
from pathlib import Path

import pytest

from preheat.page_cache import CHUNK_BYTES, page_in, resident_pages


def make_file(path: Path, size: int) -> Path:
    path.write_bytes(os.urandom(1 << 16) * (size >> 16) + b"\1" * (size % (1 << 16)))
    with path.open("rb") as file:
        os.fsync(file.fileno())  # dirty pages cannot be dropped
    return path


def drop(path: Path) -> None:
    with path.open("rb") as file:
        os.posix_fadvise(file.fileno(), 0, 0, os.POSIX_FADV_DONTNEED)


@pytest.fixture
def model_file(tmp_path: Path) -> Path:
    return make_file(tmp_path / "model.gguf", 2 * CHUNK_BYTES + 12_345)


def test_progress_is_in_bytes_and_reaches_the_end(model_file: Path, tmp_path: Path) -> None:
    other = make_file(tmp_path / "part2.gguf", 5000)
    sizes = [model_file.stat().st_size, 5000]
    told: list[int] = []
    page_in([model_file, other], told.append)
    assert told == [CHUNK_BYTES, 2 * CHUNK_BYTES, sizes[0], sum(sizes)]


def test_an_empty_file_is_in_memory(tmp_path: Path) -> None:
    empty = tmp_path / "empty.gguf"
    empty.touch()
    page_in([empty], lambda _done: None)
    assert resident_pages(empty) is None


def test_a_missing_file_is_an_error(tmp_path: Path) -> None:
    with pytest.raises(FileNotFoundError):
        page_in([tmp_path / "none.gguf"], lambda _done: None)


if sys.platform == "linux":

    def test_dropped_pages_come_back(model_file: Path) -> None:
        drop(model_file)
        pages = resident_pages(model_file)
        assert pages is not None
        assert len(pages) == -(-model_file.stat().st_size // mmap.PAGESIZE)
        assert pages.count(1) < len(pages) // 2
        page_in([model_file], lambda _done: None)
        assert resident_pages(model_file) == b"\1" * len(pages)

    def test_only_what_is_missing_is_read(model_file: Path) -> None:
        page_in([model_file], lambda _done: None)
        before = _bytes_read()
        page_in([model_file], lambda _done: None)
        assert _bytes_read() - before < CHUNK_BYTES

    def _bytes_read() -> int:
        """What this process has asked for in reads so far, from the cache or not."""
        lines = Path("/proc/self/io").read_text().splitlines()
        return next(int(line.split()[1]) for line in lines if line.startswith("rchar"))
