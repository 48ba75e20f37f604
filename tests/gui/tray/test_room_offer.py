"""When memory is offered to a program that fills the screen, and when its room ends."""

from __future__ import annotations

from typing import Any

import pytest
from PySide6.QtCore import QObject, Signal

from fake_bridge import FakeBridge, model, snapshot
from preheat.core import RoomSnapshot
from preheat.residency import State
from preheat_gui.platform import Program
from preheat_gui.tray.notifications import Notifications
from preheat_gui.tray.room_offer import AGAIN_S, LONGEST_S, RoomOffer

GAME = Program("supertuxkart", 42)
MADE = ("make_room", LONGEST_S, None)


class FakeTray(QObject):
    """Remembers what it was to show."""

    messageClicked = Signal()  # noqa: N815 - Qt's name

    def __init__(self) -> None:
        super().__init__()
        self.titles: list[str] = []

    def showMessage(self, title: str, text: str, icon: object) -> None:  # noqa: N802
        self.titles.append(title)


class Machine:
    """The program in front, the processes and the time."""

    def __init__(self) -> None:
        self.front: Program | None = None
        self.running = True
        self.now = 100.0


@pytest.fixture
def tray(qapp: object) -> FakeTray:
    return FakeTray()


@pytest.fixture
def machine() -> Machine:
    return Machine()


@pytest.fixture
def offer(bridge: FakeBridge, tray: Any, machine: Machine) -> RoomOffer:
    bridge.publish(snapshot(model("m", State.HOT)))
    notifications = Notifications(bridge, tray, at_login=False, parent=bridge)
    return RoomOffer(
        bridge,
        notifications,
        find=lambda: machine.front,
        running=lambda _: machine.running,
        clock=lambda: machine.now,
        parent=bridge,
    )


def choose(bridge: FakeBridge, value: str) -> None:
    bridge.publish_settings(bridge.settings.model_copy(update={"offer_room": value}))


def look(offer: RoomOffer, times: int = 2) -> None:
    for _ in range(times):
        offer.look()


def test_without_a_tray_room_is_made_but_not_offered(offer: RoomOffer, bridge: FakeBridge, machine: Machine) -> None:
    offer.notifications = None
    machine.front = GAME
    look(offer)
    assert bridge.commands == []
    choose(bridge, "auto")
    look(offer)
    assert bridge.commands == [MADE]


def test_room_is_offered_once_and_made_by_a_click(
    offer: RoomOffer, bridge: FakeBridge, tray: FakeTray, machine: Machine
) -> None:
    machine.front = GAME
    look(offer, 1)
    assert tray.titles == [], "it may be there for a moment only"
    look(offer, 3)
    assert (tray.titles, bridge.commands) == (["supertuxkart fills the screen"], [])
    tray.messageClicked.emit()
    assert bridge.commands == [MADE]
    bridge.publish(snapshot(model("m"), room=RoomSnapshot(0, None, 1e12)))
    machine.front = None
    look(offer, 20)
    assert bridge.commands == [MADE], "another window is in front, and the game goes on"
    machine.running = False
    look(offer)
    assert bridge.commands == [MADE, ("end_room",)]


def test_no_answer_is_a_no_for_half_a_day(offer: RoomOffer, tray: FakeTray, machine: Machine) -> None:
    machine.front = Program("")
    look(offer, 4)
    machine.now += AGAIN_S - 1
    look(offer)
    assert tray.titles == ["A game runs"]
    machine.now += 1
    look(offer)
    assert len(tray.titles) == 2


def test_room_is_made_without_a_question_only_if_the_user_wants_that(
    offer: RoomOffer, bridge: FakeBridge, tray: FakeTray, machine: Machine
) -> None:
    machine.front = Program("")
    choose(bridge, "off")
    look(offer, 3)
    assert (tray.titles, bridge.commands) == ([], [])
    choose(bridge, "auto")
    look(offer, 3)
    assert (tray.titles, bridge.commands) == ([], [MADE])
    bridge.publish(snapshot(model("m"), room=RoomSnapshot(0, None, 1e12)))
    machine.front = None
    look(offer, 5)
    assert bridge.commands == [MADE]
    look(offer, 1)
    assert bridge.commands == [MADE, ("end_room",)]


def test_room_that_the_user_has_ended_is_not_ended_again(
    offer: RoomOffer, bridge: FakeBridge, machine: Machine
) -> None:
    machine.front = GAME
    choose(bridge, "auto")
    look(offer)
    bridge.publish(snapshot(model("m", State.HOT)))
    machine.running = False
    look(offer)
    assert bridge.commands == [MADE]


def test_nothing_is_offered_while_no_model_is_in_memory(
    offer: RoomOffer, bridge: FakeBridge, tray: FakeTray, machine: Machine
) -> None:
    machine.front = GAME
    bridge.publish(snapshot(model("m")))
    look(offer, 3)
    assert tray.titles == []
