"""The thread that keeps stored prompts."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator

import pytest

from bug_watch import BugWatch
from preheat.prefixes import PrefixKeeper, PrefixStore
from preheat.settings import Settings
from tests.engine.application import eventually
from tests.engine.prefixes.places import GB, Place, a_block, save

Start = Callable[..., PrefixKeeper]


@pytest.fixture
def start(place: Place) -> Iterator[Start]:
    """Start keepers that look only when they are asked to."""
    keepers: list[PrefixKeeper] = []

    def make(store: PrefixStore, on_change: Callable[[], None] = lambda: None, *, idle: bool = True) -> PrefixKeeper:
        keeper = PrefixKeeper(store, lambda: idle, interval_s=3600.0)
        keeper.on_change = on_change
        keepers.append(keeper)
        keeper.start()
        return keeper

    yield make
    for keeper in keepers:
        keeper.close(10.0)


@pytest.mark.parametrize("idle", [True, False])
def test_saved_prompts_move_to_the_disk(idle: bool, place: Place, start: Start) -> None:
    changed, store = threading.Event(), place.store()
    keeper = start(store, changed.set, idle=idle)
    first = a_block(1)
    for block in (first, a_block(2, first)):
        save(store, block)
    keeper.nudge()
    assert changed.wait(10)
    eventually(lambda: len(place.on_disk()) == 2 and place.in_memory() == [], "both moved")
    eventually(lambda: keeper.figures.written_today_bytes > 200_000, "the figures")
    assert keeper.contents()[0].prompts == 1
    assert keeper.clear("chat") > 200_000
    eventually(lambda: keeper.figures.disk_bytes == 0, "the figures")


def test_what_was_saved_last_moves_at_the_end(place: Place, start: Start) -> None:
    store = place.store()
    keeper = start(store)
    for number in range(5):
        save(store, a_block(number))
    keeper.close(10.0)
    assert len(place.on_disk()) == 5
    assert list(place.memory.iterdir()) == []
    assert keeper.options("chat") is None


def test_the_end_does_not_wait_for_a_slow_disk(place: Place, start: Start, monkeypatch: pytest.MonkeyPatch) -> None:
    store = place.store()
    keeper = start(store)
    release = threading.Event()
    monkeypatch.setattr(store, "move", lambda _file: not release.wait(10))
    save(store, a_block(1))
    keeper.close(0.05)
    assert list(place.memory.iterdir()) == []
    release.set()


def test_a_smaller_allowance_and_new_settings_apply_at_once(place: Place, start: Start) -> None:
    store = place.store(Settings(prefix_cache="memory"))
    keeper = start(store)
    for number in range(5):
        save(store, a_block(number))
    keeper.allow(5 * 10**5)
    eventually(lambda: store.memory_bytes <= 250_000, "less memory")
    assert keeper.memory_bytes > 0
    keeper.apply_settings(Settings(prefix_cache="off"))
    eventually(lambda: store.memory_bytes == 0, "no memory")
    keeper.allow(GB)
    assert keeper.options("chat") is None
    assert keeper.look().mode == "off"


def test_a_load_has_its_memory_at_once(place: Place) -> None:
    """The keeper's thread may wait for the processor for long."""
    store = place.store(Settings(prefix_cache="memory"))
    keeper = PrefixKeeper(store, lambda: True)
    keeper.give_way(0.0)  # nothing is known yet
    keeper.allow(GB)
    keeper.look()
    for number in range(5):
        save(store, a_block(number))
    taken = keeper.memory_bytes
    keeper.give_way(0.0)
    assert keeper.memory_bytes == taken > 250_000
    keeper.allow(250_000)
    keeper.give_way(0.0)
    assert 0 < keeper.memory_bytes <= 250_000
    store.close()


def test_a_bug_ends_no_limits(place: Place, start: Start, monkeypatch: pytest.MonkeyPatch, bugs: BugWatch) -> None:
    store = place.store()
    keeper = start(store)
    with monkeypatch.context() as patch:
        failed = threading.Event()

        def fail() -> None:
            failed.set()
            raise RuntimeError("a bug")

        patch.setattr(store, "waiting", fail)
        keeper.nudge()
        assert failed.wait(10)
    save(store, a_block(1))
    keeper.nudge()
    eventually(lambda: len(place.on_disk()) == 1, "the next look")
    assert bugs.take()
