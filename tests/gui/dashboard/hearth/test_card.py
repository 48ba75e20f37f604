"""The overview's first card: states, menu, and the limit."""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any

import pytest
from PySide6.QtCore import QPoint
from PySide6.QtWidgets import QApplication, QLabel, QMenu, QPushButton, QWidget
from pytestqt.qtbot import QtBot

from fake_bridge import GB, FakeBridge, model, snapshot
from preheat.control import LimitCurve, LimitPoint, LimitPreview, RoomSnapshot, State
from preheat.errors import SettingsError
from preheat.messages import msg
from preheat.settings import Settings, Size
from preheat_gui.dashboard.hearth.card import HearthCard
from preheat_gui.dashboard.hearth.handles import BlockHandle, LimitHandle
from preheat_gui.dashboard.hearth.widget import Hearth
from preheat_gui.widgets import ElidedLabel, Theme

HOT = model("a", State.HOT, favourite=True)
IN_2096 = 4_000_000_000.0


@pytest.fixture
def card(qtbot: QtBot, bridge: FakeBridge, theme: Theme) -> HearthCard:
    made = HearthCard(bridge)
    qtbot.addWidget(made)
    made.resize(900, 300)
    made.show()
    bridge.snapshot_changed.connect(made.render_hearth)
    bridge.port_changed.connect(made.render_hearth)
    return made


def find(card: QWidget, kind: type[Any], name: str) -> Any:
    found = card.findChild(kind, name)
    assert found is not None
    return found


def keys(card: HearthCard) -> list[str]:
    blocks = card.findChildren(BlockHandle)
    return [block.key for block in sorted(blocks, key=lambda block: block.x()) if block.isVisible()]


def limit_words(card: HearthCard) -> str:
    return str(find(card, LimitHandle, "hearth_limit").accessibleDescription())


def menu_of(card: HearthCard, model_id: str) -> dict[str, Callable[[], None]]:
    """Open a model's menu, and return its entries."""
    find(card, Hearth, "hearth").menu_requested.emit(model_id, QPoint())
    menu = card.findChildren(QMenu, "hearth_menu")[-1]
    entries = {action.text(): action.trigger for action in menu.actions() if action.text()}
    menu.hide()
    return entries


# -- states ------------------------------------------------------------------------------------------------------------


def test_without_models_a_sentence_and_a_button(qtbot: QtBot, card: HearthCard, bridge: FakeBridge) -> None:
    bridge.publish(snapshot())
    empty = find(card, QWidget, "hearth_empty")
    assert (empty.isVisible(), empty.accessibleName()) == (True, "No models yet")
    assert not find(card, Hearth, "hearth").isVisible()
    with qtbot.waitSignal(card.page_requested) as page:
        find(empty, QPushButton, "empty_state_button").click()
    assert page.args == ["downloads", ""]


def test_before_the_engine_is_found_it_says_so(card: HearthCard, bridge: FakeBridge) -> None:
    bridge.is_open = False
    bridge.publish(snapshot())
    assert find(card, QWidget, "hearth_empty").accessibleName() == "One moment"


def test_an_engine_that_stopped_can_be_started(card: HearthCard, bridge: FakeBridge) -> None:
    bridge.publish(snapshot(HOT))
    bridge.publish_port(engine_error="the disk is full")
    empty = find(card, QWidget, "hearth_empty")
    assert empty.accessibleDescription() == "the disk is full."
    find(empty, QPushButton, "empty_state_button").click()
    assert bridge.commands == [("restart_engine",)]
    bridge.publish_port()
    assert find(card, Hearth, "hearth").isVisible()


@pytest.mark.parametrize(
    ("values", "text", "command"),
    [
        ({"paused_until": IN_2096}, "&Resume", ("resume",)),
        ({"room": RoomSnapshot(0, None, math.inf)}, "&Load them again now", ("end_room",)),
        ({"enabled": False}, "S&witch on", ("set_preloading", True)),
    ],
)
def test_the_button_resumes_or_switches_on(
    card: HearthCard, bridge: FakeBridge, values: dict[str, Any], text: str, command: tuple[Any, ...]
) -> None:
    bridge.publish(snapshot(HOT, **values))
    button = find(card, QPushButton, "hearth_button")
    assert (button.isVisible(), button.text()) == (True, text)
    button.click()
    assert bridge.commands == [command]


def test_the_button_goes_to_the_models_to_choose(qtbot: QtBot, card: HearthCard, bridge: FakeBridge) -> None:
    bridge.publish(snapshot(model("a")))
    with qtbot.waitSignal(card.page_requested) as page:
        find(card, QPushButton, "hearth_button").click()
    assert page.args == ["models", ""]
    assert find(card, ElidedLabel, "hearth_sentence").text() == "You have 1 model. Should it always be ready?"


# -- menu --------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("shown", "entry", "command"),
    [
        (HOT, "&Unload", ("unload", "a")),
        (model("a", State.LOADING), "&Cancel load", ("unload", "a")),
        (model("a", favourite=True), "&Load", ("load", "a")),
        (HOT, "&Favourite: always ready", ("set_favourite", "a", False)),
        (
            model("a", favourite=True, expected_bytes=9 * GB),
            "&Raise the limit to 58 %",
            ("change_settings", {"memory_limit": "58%"}),
        ),
    ],
)
def test_the_menu_does_what_fits_the_state(
    card: HearthCard, bridge: FakeBridge, shown: Any, entry: str, command: tuple[Any, ...]
) -> None:
    bridge.publish(snapshot(shown))
    menu_of(card, "a")[entry]()
    assert bridge.commands == [command]


def test_keys_star_and_unload(card: HearthCard, bridge: FakeBridge) -> None:
    bridge.publish(snapshot(HOT))
    hearth = find(card, Hearth, "hearth")
    hearth.favourite_pressed.emit("a")
    hearth.favourite_pressed.emit("gone")
    hearth.unload_pressed.emit("a")
    assert bridge.commands == [("set_favourite", "a", False), ("unload", "a")]


def test_why_is_answered_in_a_sentence(qtbot: QtBot, card: HearthCard, bridge: FakeBridge) -> None:
    bridge.publish(snapshot(HOT))
    bridge.answer_with(why="it is a favourite")
    entries = menu_of(card, "a")
    entries["&Why?"]()
    why = find(card, QLabel, "hearth_why")
    assert (why.isVisible(), why.text()) == (True, "a: it is a favourite.")
    with qtbot.waitSignal(card.page_requested) as page:
        menu_of(card, "a")["&Show in Models"]()
    assert page.args == ["models", "a"]
    assert not why.isVisible()


# -- the limit ---------------------------------------------------------------------------------------------------------


def test_another_limit_is_previewed_with_its_hit_rate_and_applied(card: HearthCard, bridge: FakeBridge) -> None:
    shown = (HOT, model("b", State.HOT))
    bridge.publish(snapshot(*shown))
    assert limit_words(card) == "Limit 8.0 GB of 16.0 GB"
    hearth = find(card, Hearth, "hearth")
    hearth.limit_touched.emit()
    hearth.limit_moved.emit(0.26, True)
    assert limit_words(card) == "4.2 GB: calculating the hit rate…"
    points = tuple(LimitPoint(step * 16 * GB // 20, step / 20, 120.0) for step in range(1, 21))
    bridge.answer_with(
        replay_limits=LimitCurve(7.0, 100, points),
        preview_limit=lambda limit: LimitPreview(limit, ("a",), (), ("b",), (), ()),
    )
    assert limit_words(card) == "4.2 GB: 26 % ready when asked, 2 min of waiting per week"
    assert find(card, BlockHandle, "block_b").accessibleDescription() == "Would be unloaded · 3.0 GB"
    hearth.limit_committed.emit()
    assert bridge.commands == [("change_settings", {"memory_limit": "26%"})]
    assert limit_words(card).startswith("4.2 GB")
    hearth.limit_moved.emit(0.9, True)
    bridge.publish(snapshot(HOT, limit_bytes=Size("26%").resolve(16 * GB)))
    assert limit_words(card) == "Limit 4.2 GB of 16.0 GB"
    assert keys(card) == ["a"]


def test_a_limit_is_written_as_the_user_wrote_it(card: HearthCard, bridge: FakeBridge) -> None:
    bridge.publish_settings(Settings(memory_limit=Size("8GB")))
    bridge.publish(snapshot(HOT))
    hearth = find(card, Hearth, "hearth")
    hearth.limit_moved.emit(0.38, True)
    hearth.limit_committed.emit()
    assert bridge.commands == [("change_settings", {"memory_limit": "6GB"})]


def test_keys_move_the_limit_past_round_values(card: HearthCard, bridge: FakeBridge) -> None:
    bridge.publish(snapshot(HOT))
    limit = find(card, LimitHandle, "hearth_limit")
    for _ in range(2):
        limit.triggerAction(limit.SliderAction.SliderSingleStepAdd)
    assert limit.value() == 52
    find(card, Hearth, "hearth").limit_committed.emit()
    assert bridge.commands == [("change_settings", {"memory_limit": "52%"})]


def test_the_same_limit_and_a_cancelled_one_change_nothing(card: HearthCard, bridge: FakeBridge) -> None:
    bridge.publish(snapshot(HOT))
    hearth = find(card, Hearth, "hearth")
    hearth.limit_moved.emit(0.3, True)
    hearth.limit_cancelled.emit()
    assert limit_words(card) == "Limit 8.0 GB of 16.0 GB"
    hearth.limit_moved.emit(0.5, True)
    hearth.limit_committed.emit()
    assert bridge.commands == []


def test_a_refused_limit_is_reported(qtbot: QtBot, card: HearthCard, bridge: FakeBridge) -> None:
    bridge.publish(snapshot(HOT))
    bridge.error = SettingsError(msg("text", text="The file is read-only", hint=""))
    hearth = find(card, Hearth, "hearth")
    hearth.limit_moved.emit(0.3, True)
    with qtbot.waitSignal(bridge.command_failed):
        hearth.limit_committed.emit()
    assert limit_words(card) == "Limit 8.0 GB of 16.0 GB"


def test_preloading_that_an_option_switched_off_says_so(card: HearthCard, bridge: FakeBridge) -> None:
    bridge.overridden = {"preload": "--set preload"}
    bridge.publish(snapshot(HOT, enabled=False))
    assert not find(card, QPushButton, "hearth_button").isVisible()
    assert find(card, ElidedLabel, "hearth_aside").text() == "Set by the option --set preload."


def test_an_overridden_limit_is_not_offered_as_changeable(card: HearthCard, bridge: FakeBridge) -> None:
    bridge.overridden = {"memory_limit": "PREHEAT_MEMORY_LIMIT"}
    bridge.publish(snapshot(HOT, model("b", favourite=True, expected_bytes=9 * GB)))
    limit = find(card, LimitHandle, "hearth_limit")
    assert (limit.isEnabled(), "PREHEAT_MEMORY_LIMIT" in limit.toolTip()) == (False, True)
    assert not find(card, QPushButton, "hearth_button").isVisible()
    find(card, Hearth, "hearth").limit_moved.emit(0.3, True)
    assert limit_words(card) == "Limit 8.0 GB of 16.0 GB"
    QApplication.processEvents()


def test_a_model_pointed_to_elsewhere_is_marked(qtbot: QtBot, card: HearthCard, bridge: FakeBridge) -> None:
    bridge.publish(snapshot(HOT, model("b", State.HOT)))
    hearth = find(card, Hearth, "hearth")
    plain = hearth.grab().toImage()
    bridge.model_pointed.emit("b")
    assert hearth.grab().toImage() != plain
    bridge.model_pointed.emit("")
    assert hearth.grab().toImage() == plain
    with qtbot.waitSignal(bridge.model_pointed) as pointed:
        hearth.model_hovered.emit("a")
    assert pointed.args == ["a"]
