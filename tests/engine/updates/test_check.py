from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import pytest

from preheat.clock import Ticks
from preheat.messages import msg
from preheat.updates import DAY_S, Known, NoUpdateAddressError, Release, UpdateCheck, UpdateCheckError
from preheat.updates.fetch import UpdateUnreachableError

NEW = Release("9.1", "https://example.org/get")
HOUR_S = 3600.0


@dataclass
class World:
    """A clock that may jump, a counter that does not, and a server."""

    path: Path
    wall: float = 1_800_000_000.0
    seconds: float = 1000.0
    boot: str = "boot"
    answer: Release | Exception = NEW
    asked: int = 0

    def check(self, address: str = "https://example.org/newest") -> UpdateCheck:
        """Return a check as after a restart."""
        return UpdateCheck(
            address, self.path, lambda: self.wall, lambda: Ticks(self.seconds, self.boot), lambda _: self.fetch()
        )

    def fetch(self) -> Release:
        self.asked += 1
        if isinstance(self.answer, Exception):
            raise self.answer
        return self.answer

    def pass_time(self, seconds: float) -> None:
        self.wall += seconds
        self.seconds += seconds


@pytest.fixture
def world(tmp_path: Path) -> World:
    return World(tmp_path / "data" / "update.json")


def test_one_question_a_day_over_restarts(world: World) -> None:
    assert world.check().known() == Known()
    assert world.check().check_if_due() == Known(world.wall, world.wall, NEW)
    checked_at = world.wall
    world.pass_time(DAY_S - 1)
    assert world.check().check_if_due() == Known(checked_at, checked_at, NEW)
    assert world.asked == 1
    world.pass_time(1)
    world.check().check_if_due()
    assert world.asked == 2


def test_the_user_may_ask_again_after_a_minute(world: World) -> None:
    world.check().check_if_due(now=True)
    world.pass_time(59)
    world.check().check_if_due(now=True)
    assert world.asked == 1
    world.pass_time(1)
    world.check().check_if_due(now=True)
    assert world.asked == 2


@pytest.mark.parametrize("jump_s", [-1e9, 1e9, -HOUR_S, 2 * DAY_S])
def test_a_clock_that_jumps_brings_no_second_question(world: World, jump_s: float) -> None:
    world.check().check_now()
    world.wall += jump_s
    assert world.check().due_in_s() == DAY_S
    world.pass_time(DAY_S)
    assert world.check().due_in_s() == 0


def test_after_a_boot_with_a_clock_in_the_past_a_day_counts_from_there(world: World) -> None:
    world.check().check_now()
    world.boot, world.seconds = "next boot", 10.0
    world.wall -= 1e9
    assert world.check().due_in_s() == DAY_S
    world.pass_time(DAY_S)
    assert world.check().due_in_s() == 0
    assert world.check().known().newer == NEW


def test_the_same_or_an_older_version_is_no_news(world: World) -> None:
    world.answer = Release("0.0.1", "https://example.org/get")
    assert world.check().check_now() == Known(world.wall, world.wall, None)


def test_an_answer_of_no_use_counts_and_keeps_what_was_known(world: World) -> None:
    world.check().check_now()
    answered_at = world.wall
    world.pass_time(DAY_S)
    world.answer = UpdateCheckError(msg("update_check_failed", reason=msg("update_too_slow")))
    with pytest.raises(UpdateCheckError):
        world.check().check_if_due()
    assert world.check().check_if_due() == Known(world.wall, answered_at, NEW)
    assert world.asked == 2


def test_after_a_failure_the_user_need_not_wait_a_day(world: World) -> None:
    world.answer = UpdateCheckError(msg("update_check_failed", reason=msg("update_too_slow")))
    with pytest.raises(UpdateCheckError):
        world.check().check_if_due(for_user=True)
    world.answer = NEW
    checked_at = world.wall
    assert world.check().check_if_due(for_user=True) == Known(checked_at)
    world.pass_time(60)
    assert world.check().check_if_due() == Known(checked_at)
    assert world.check().check_if_due(for_user=True) == Known(world.wall, world.wall, NEW)
    assert world.check().check_if_due(for_user=True).answered_at == world.wall
    assert world.asked == 2


def test_no_connection_does_not_count(world: World) -> None:
    world.answer = UpdateUnreachableError(msg("update_check_failed", reason="offline"))
    for _ in range(2):
        with pytest.raises(UpdateUnreachableError):
            world.check().check_if_due()
    assert not world.path.exists()
    world.answer = NEW
    world.check().check_if_due()
    known = world.check().known()
    world.pass_time(DAY_S)
    world.answer = UpdateUnreachableError(msg("update_check_failed", reason="offline"))
    with pytest.raises(UpdateUnreachableError):
        world.check().check_if_due()
    assert world.check().known() == known
    assert world.check().due_in_s() == 0


def test_a_build_without_an_address_says_so(world: World) -> None:
    with pytest.raises(NoUpdateAddressError, match="no address"):
        world.check(address="").check_if_due()
    assert not world.path.exists()


@pytest.mark.parametrize(
    "damage",
    [
        lambda content: "",
        lambda content: "[]",
        lambda content: content.replace("https://", "javascript://"),
        lambda content: content.replace('"9.1"', '"new"'),
        lambda content: content.replace("checked_at", "asked"),
        lambda content: json.dumps({**json.loads(content), "ticks": "x"}),
    ],
)
def test_a_damaged_file_is_ignored(world: World, damage: Callable[[str], str]) -> None:
    world.check().check_now()
    world.path.write_text(damage(world.path.read_text()))
    assert world.check().known() == Known()
    assert world.check().due_in_s() == 0


def test_without_a_writable_folder_the_process_remembers(world: World) -> None:
    world.path.parent.write_text("a file")
    check = world.check()
    assert check.check_if_due() == check.check_if_due() == Known(world.wall, world.wall, NEW)
    assert world.asked == 1
