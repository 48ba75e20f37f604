from __future__ import annotations

from pathlib import Path

import pytest

from benchmarks import page_cache
from benchmarks.page_cache import PageCacheError, cached_share, drop, warm


@pytest.fixture
def file(tmp_path: Path) -> Path:
    path = tmp_path / "model"
    path.write_bytes(bytes(1_000_001))
    return path


def test_a_file_that_was_read_is_in_the_page_cache(file: Path) -> None:
    warm(file)
    assert cached_share(file) == 1.0


def test_a_file_that_stays_is_an_error(file: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(page_cache, "_DROP_TIMEOUT_S", 0.0)
    monkeypatch.setattr(page_cache, "cached_share", lambda _: 0.5)
    with pytest.raises(PageCacheError, match=r"50%.*stays"):
        drop(file)


def test_dropping_ends_once_the_file_is_not_cached(file: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    shares = [0.7, 0.2, 0.0]
    monkeypatch.setattr(page_cache, "cached_share", lambda _: shares.pop(0))
    drop(file)
    assert shares == []
