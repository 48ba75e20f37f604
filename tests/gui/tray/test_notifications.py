"""What is worth a notification, what is not, and where a click leads."""

from __future__ import annotations

import time
from typing import Any

import pytest
from PySide6.QtCore import QObject, Signal
from pytestqt.qtbot import QtBot

from fake_bridge import GB, FakeBridge, download, model, snapshot
from preheat.errors import EngineStoppedError
from preheat.messages import msg, verbatim
from preheat.models.downloads import DownloadState
from preheat.residency import Action, DecisionRecord, EvictionReason, State
from preheat_gui.tray.notifications import LOGIN_S, QUIET_S, Notifications


class FakeTray(QObject):
    """Remembers what it was to show."""

    messageClicked = Signal()  # noqa: N815 - Qt's name

    def __init__(self) -> None:
        super().__init__()
        self.shown: list[tuple[str, str]] = []

    def showMessage(self, title: str, text: str, icon: object) -> None:  # noqa: N802
        self.shown.append((title, text))

    @property
    def titles(self) -> list[str]:
        return [title for title, _ in self.shown]


class Clock:
    now = 100.0

    def __call__(self) -> float:
        return self.now


@pytest.fixture
def tray(qapp: object) -> FakeTray:
    return FakeTray()


@pytest.fixture
def clock() -> Clock:
    return Clock()


def watch(bridge: FakeBridge, tray: Any, clock: Clock, *, at_login: bool = False) -> Notifications:
    return Notifications(bridge, tray, at_login=at_login, parent=bridge, clock=clock)


def favourites(*states: State, **values: Any) -> Any:
    return snapshot(*(model(f"m{number}", state, favourite=True) for number, state in enumerate(states)), **values)


# Favourites after the login


def test_favourites_are_announced_once_after_the_login(bridge: FakeBridge, tray: FakeTray, clock: Clock) -> None:
    watch(bridge, tray, clock, at_login=True)
    bridge.publish(favourites(State.COLD, State.COLD))
    bridge.publish(favourites(State.HOT, State.LOADING, round_progress=0.5))
    assert tray.shown == []
    bridge.publish(favourites(State.HOT, State.HOT))
    assert tray.shown == [("Your favourites are ready", "m0 and m1")]
    bridge.publish(favourites(State.COLD, State.COLD))
    bridge.publish(favourites(State.HOT, State.HOT))
    assert len(tray.shown) == 1


def test_the_number_of_ready_favourites_is_announced(bridge: FakeBridge, tray: FakeTray, clock: Clock) -> None:
    watch(bridge, tray, clock, at_login=True)
    bridge.publish(favourites(State.HOT, State.COLD))
    assert tray.shown == [("1 of 2 favourites are ready", "m0")]


def test_without_login_or_favourites_there_is_no_announcement(bridge: FakeBridge, tray: FakeTray, clock: Clock) -> None:
    watch(bridge, tray, clock)
    bridge.publish(favourites(State.HOT))
    watch(bridge, tray, clock, at_login=True)
    bridge.publish(snapshot(model("a", State.HOT)))
    assert tray.shown == []


def test_long_after_the_login_there_is_no_announcement(bridge: FakeBridge, tray: FakeTray, clock: Clock) -> None:
    watch(bridge, tray, clock, at_login=True)
    clock.now += LOGIN_S + 1
    bridge.publish(favourites(State.HOT))
    clock.now = 100.0
    bridge.publish(favourites(State.HOT))
    assert tray.shown == []


def test_a_favourite_without_room_is_announced_once(
    bridge: FakeBridge, tray: FakeTray, clock: Clock, qtbot: QtBot
) -> None:
    watch(bridge, tray, clock)
    crowded = snapshot(model("a", State.HOT, favourite=True), model("b", favourite=True, expected_bytes=6 * GB))
    bridge.publish(snapshot(model("a", State.HOT, favourite=True), model("b")))
    bridge.publish(crowded)
    assert tray.shown == [
        ("A favourite has no room", "No room for b. All favourites need 9.0 GB, and the limit is 8.0 GB.")
    ]
    with qtbot.waitSignal(bridge.view_requested) as clicked:
        tray.messageClicked.emit()
    assert clicked.args == ["settings", "memory_limit=58%"]
    bridge.publish(snapshot(model("a", State.HOT, favourite=True), model("b")))
    bridge.publish(crowded)
    assert len(tray.shown) == 1


def test_a_favourite_without_room_at_the_start_is_no_news(bridge: FakeBridge, tray: FakeTray, clock: Clock) -> None:
    watch(bridge, tray, clock)
    bridge.publish(snapshot())
    bridge.publish(snapshot(model("b", favourite=True, expected_bytes=9 * GB)))
    assert tray.shown == []


# Failures


def test_a_failed_load_is_announced(bridge: FakeBridge, tray: FakeTray, clock: Clock, qtbot: QtBot) -> None:
    watch(bridge, tray, clock)
    bridge.publish(snapshot(model("mistral-7b", State.LOADING)))
    bridge.publish(snapshot(model("mistral-7b", State.FAILED, error="the file ends early")))
    [(title, text)] = tray.shown
    assert title == "mistral-7b did not load"
    assert text == "The file ends early. Click for details."
    with qtbot.waitSignal(bridge.view_requested) as clicked:
        tray.messageClicked.emit()
    assert clicked.args == ["models", "mistral-7b"]


def test_a_notification_does_not_change_a_models_name(
    german: None, bridge: FakeBridge, tray: FakeTray, clock: Clock
) -> None:
    watch(bridge, tray, clock)
    bridge.publish(snapshot(model("mistral-7b", State.LOADING)))
    kept = msg("no_room_made_until", model="mistral-7b", until="17:00")
    bridge.publish(snapshot(model("mistral-7b", State.FAILED, error=kept)))
    [(_, text)] = tray.shown
    assert text.startswith("mistral-7b wird nicht geladen")


def test_a_crashed_worker_is_announced(bridge: FakeBridge, tray: FakeTray, clock: Clock) -> None:
    watch(bridge, tray, clock)
    bridge.publish(snapshot(model("mistral-7b", State.HOT)))
    bridge.publish(snapshot(model("mistral-7b", State.FAILED, error="it was killed")))
    assert tray.titles == ["mistral-7b crashed"]


def test_the_same_failure_is_not_repeated(bridge: FakeBridge, tray: FakeTray, clock: Clock) -> None:
    watch(bridge, tray, clock)
    for pause, shown in ((0.0, 1), (QUIET_S - 1, 1), (2.0, 2)):
        clock.now += pause
        bridge.publish(snapshot(model("a", State.LOADING), model("b", State.HOT)))
        bridge.publish(snapshot(model("a", State.FAILED), model("b", State.HOT)))
        assert len(tray.shown) == shown
    bridge.publish(snapshot(model("a", State.FAILED), model("b", State.FAILED)))
    assert tray.titles[-1] == "b crashed"


def test_an_old_failure_is_not_announced(bridge: FakeBridge, tray: FakeTray, clock: Clock) -> None:
    watch(bridge, tray, clock)
    bridge.publish(snapshot(model("a", State.FAILED)))
    assert tray.shown == []


# Memory pressure


def evicted(model_id: str, why: EvictionReason = EvictionReason.PRESSURE, at: float | None = None) -> DecisionRecord:
    return DecisionRecord(
        time.time() + 1 if at is None else at, model_id, Action.EVICT, verbatim("short"), cause=why.value
    )


def lose(bridge: FakeBridge, *names: str, pressure: str = "memory is short") -> None:
    bridge.publish(snapshot(*(model(name, State.HOT) for name in names)))
    bridge.publish(snapshot(*(model(name, State.UNLOADING) for name in names), pressure=pressure))


def test_evictions_under_pressure_are_announced(bridge: FakeBridge, tray: FakeTray, clock: Clock, qtbot: QtBot) -> None:
    watch(bridge, tray, clock)
    bridge.answer_with(decisions=[evicted("a"), evicted("b"), evicted("c", EvictionReason.USER)])
    lose(bridge, "a", "b")
    assert tray.titles == ["a and b were unloaded"]
    with qtbot.waitSignal(bridge.view_requested) as clicked:
        tray.messageClicked.emit()
    assert clicked.args == ["activity", ""]


def test_pressure_is_announced_rarely(bridge: FakeBridge, tray: FakeTray, clock: Clock) -> None:
    watch(bridge, tray, clock)
    bridge.answer_with(decisions=[evicted("a")])
    lose(bridge, "a")
    lose(bridge, "a")
    assert tray.titles == ["a was unloaded"]
    clock.now += QUIET_S + 1
    lose(bridge, "a")  # already announced
    assert tray.titles == ["a was unloaded"]
    bridge.answer_with(decisions=[evicted("b", at=time.time() + 60)])
    lose(bridge, "b")
    assert tray.titles == ["a was unloaded", "b was unloaded"]


def test_other_evictions_are_not_announced(bridge: FakeBridge, tray: FakeTray, clock: Clock) -> None:
    watch(bridge, tray, clock)
    bridge.answer_with(decisions=[evicted("a", EvictionReason.KEEP_ALIVE), evicted("a", at=5.0)])
    lose(bridge, "a")
    lose(bridge, "a", pressure="")
    assert tray.shown == []


def test_a_question_that_fails_is_asked_again_next_time(bridge: FakeBridge, tray: FakeTray, clock: Clock) -> None:
    watch(bridge, tray, clock)
    bridge.answer_with(decisions=EngineStoppedError("The engine has ended"))
    lose(bridge, "a")
    assert tray.shown == []
    bridge.answer_with(decisions=[evicted("a")])
    lose(bridge, "a")
    assert tray.titles == ["a was unloaded"]


def test_one_question_at_a_time(bridge: FakeBridge, tray: FakeTray, clock: Clock) -> None:
    watch(bridge, tray, clock)
    lose(bridge, "a")
    lose(bridge, "a")
    assert bridge.open_questions == 1
    bridge.answer_with(decisions=[evicted("a")])
    assert tray.titles == ["a was unloaded"]


def test_the_user_can_switch_them_off(bridge: FakeBridge, tray: FakeTray, clock: Clock) -> None:
    bridge.publish_settings(bridge.settings.model_copy(update={"notifications": False}))
    watch(bridge, tray, clock, at_login=True)
    bridge.publish(favourites(State.HOT, State.LOADING))
    bridge.publish(favourites(State.HOT, State.FAILED))
    bridge.answer_with(decisions=[evicted("m0")])
    lose(bridge, "m0")
    assert tray.shown == []


# Downloads


def test_finished_and_failed_downloads_are_announced(
    bridge: FakeBridge, tray: FakeTray, clock: Clock, qtbot: QtBot
) -> None:
    watch(bridge, tray, clock)
    bridge.publish(snapshot(downloads=(download("a"), download("b"), download("old", DownloadState.DONE))))
    assert tray.shown == []
    bridge.publish(snapshot(downloads=(download("a", DownloadState.DONE), download("b", DownloadState.FAILED))))
    assert tray.shown == [
        ("Qwen/Qwen3-8B-GGUF:Q4_K_M downloaded", "It is ready to use."),
        ("Download of Qwen/Qwen3-8B-GGUF:Q4_K_M failed", "The hub has no such file any more. Choose another size."),
    ]
    with qtbot.waitSignal(bridge.view_requested) as asked:
        tray.messageClicked.emit()
    assert asked.args == ["downloads", ""]
    bridge.publish(snapshot(downloads=(download("a", DownloadState.DONE), download("b"))))
    assert len(tray.shown) == 2


def test_downloads_of_earlier_runs_are_not_announced(bridge: FakeBridge, tray: FakeTray, clock: Clock) -> None:
    watch(bridge, tray, clock)
    bridge.publish(snapshot())
    bridge.publish(snapshot(downloads=(download("a", DownloadState.DONE), download("b", DownloadState.FAILED))))
    assert tray.shown == []
