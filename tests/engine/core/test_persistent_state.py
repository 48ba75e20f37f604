"""The pause survives a restart; a broken file only loses the pause."""

from __future__ import annotations

import json
import math
from pathlib import Path

import pytest

from preheat.core.persistent_state import PersistentState, Room


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


@pytest.mark.parametrize("set_by_s", [-7200.0, 7200.0])
def test_what_lasts_for_a_time_lasts_as_long_when_the_clock_is_set(tmp_path: Path, set_by_s: float) -> None:
    path, now, ticks = tmp_path / "state.json", 1_000_000.0, 50.0
    state = PersistentState(path, lambda: now, lambda: ticks)
    state.paused_until, state.room = now + 600, Room(5, None, now + 900, ("a",))
    ticks += 100
    now += 100 + set_by_s
    assert state.paused_until == now + 500
    assert state.room == Room(5, None, now + 800, ("a",))
    restarted = PersistentState(path, lambda: now, lambda: ticks)
    assert restarted.paused_until is not None
    assert restarted.paused_until <= now + 600
    assert restarted.room is None or restarted.room.until <= now + 900
    state.paused_until = math.inf
    now += set_by_s
    assert state.paused_until == math.inf


def test_small_corrections_of_the_clock_move_nothing(tmp_path: Path) -> None:
    now, ticks = 1_000_000.0, 50.0
    state = PersistentState(tmp_path / "state.json", lambda: now, lambda: ticks)
    state.paused_until = 1_000_600.0
    now -= 3
    assert state.paused_until == 1_000_600.0


def test_an_unsaved_pause_lasts_until_the_end(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    (tmp_path / "file").touch()
    state = PersistentState(tmp_path / "file" / "state.json")
    state.paused_until = 7.0
    assert state.paused_until == 7.0
    assert "cannot be saved" in caplog.text


@pytest.mark.parametrize("room", [None, Room(5, None, math.inf, ("a",)), Room(0, 7, 100.0, ())])
def test_room_is_saved_beside_the_pause(tmp_path: Path, room: Room | None) -> None:
    path = tmp_path / "state.json"
    state = PersistentState(path, lambda: 50.0)
    state.paused_until = 60.0
    state.room = room
    again = PersistentState(path, lambda: 50.0)
    assert (again.room, again.paused_until) == (room, 60.0)


@pytest.mark.parametrize(
    "room",
    [
        "no",
        {},
        {"until": "resumed"},
        {"until": "resumed", "limit_bytes": -1},
        {"until": "resumed", "limit_bytes": 10**400},
        {"until": 40.0, "limit_bytes": 0},
    ],
)
def test_a_broken_or_past_room_is_none(tmp_path: Path, room: object) -> None:
    path = tmp_path / "state.json"
    path.write_text(json.dumps({"room": room}))
    assert PersistentState(path, lambda: 50.0).room is None
