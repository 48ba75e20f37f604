"""Twenty seconds of ``killing``, for ``make test``."""

from __future__ import annotations

from pathlib import Path

from tests.faults.killing import kill_at_random

SECONDS = 20.0


def test_workers_and_engine_are_killed_and_stopped_under_load(tmp_path: Path, chat_model: Path) -> None:
    report = kill_at_random(tmp_path / "home", chat_model.parent, seconds=SECONDS, seed=11)
    assert report.problems == [], report
    assert report.endings.outcomes["answered"] > 0
    assert report.faults.total() > 3
