"""The pause survives a restart; a broken file only loses the pause."""

from __future__ import annotations

import math
from pathlib import Path

import pytest

from preheat.core.persistent_state import PersistentState


@pytest.mark.parametrize("until", [None, 1_000_000.5, math.inf])
def test_the_pause_is_saved(tmp_path: Path, until: float | None) -> None:
    path = tmp_path / "new" / "state.json"
    PersistentState(path).paused_until = 5.0
    PersistentState(path).paused_until = until
    assert PersistentState(path).paused_until == until
    assert [file.name for file in path.parent.iterdir()] == ["state.json"]


def test_without_a_file_nothing_is_paused(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    assert PersistentState(tmp_path / "state.json").paused_until is None
    assert not caplog.records


@pytest.mark.parametrize(
    "text", ["", "{", "[]", "null", '{"paused_until": true}', '{"paused_until": "later"}', "{}", "\0\xff"]
)
def test_a_broken_file_is_no_pause(tmp_path: Path, text: str) -> None:
    path = tmp_path / "state.json"
    path.write_text(text, encoding="latin-1")
    assert PersistentState(path).paused_until is None


def test_an_unsaved_pause_lasts_until_the_end(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    (tmp_path / "file").touch()
    state = PersistentState(tmp_path / "file" / "state.json")
    state.paused_until = 7.0
    assert state.paused_until == 7.0
    assert "cannot be saved" in caplog.text
