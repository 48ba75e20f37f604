"""Folders are watched, or looked at from time to time if there are many."""

from __future__ import annotations

import threading
from pathlib import Path

import pytest

from preheat.models import watch
from preheat.models.watch import Watch

LIMIT_S = 30.0


@pytest.mark.parametrize("largest", [2000, 1], ids=["watched", "polled"])
def test_a_new_file_is_reported(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, largest: int) -> None:
    monkeypatch.setattr(watch, "MAX_FOLDERS", largest)
    monkeypatch.setattr(watch, "LARGE_POLL_S", 0.05)
    (tmp_path / "folder").mkdir()
    model = tmp_path / "folder" / "model.gguf"
    began, seen = threading.Event(), threading.Event()

    def on_change() -> None:
        began.set()
        if model.exists():
            seen.set()

    watching = Watch(tmp_path, on_change)
    try:
        assert began.wait(LIMIT_S)
        model.touch()
        assert seen.wait(LIMIT_S)
    finally:
        watching.stop()


def test_a_large_tree_is_not_watched(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(watch, "MAX_FOLDERS", 1)
    monkeypatch.setattr(watch, "LARGE_POLL_S", 0.01)
    monkeypatch.setattr("watchfiles.watch", lambda *_, **__: pytest.fail("it is watched"))
    (tmp_path / "folder").mkdir()
    looks = threading.Semaphore(0)
    watching = Watch(tmp_path, looks.release)
    try:
        assert all(looks.acquire(timeout=LIMIT_S) for _ in range(3))
    finally:
        watching.stop()
