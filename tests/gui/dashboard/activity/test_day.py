"""Your day: places, words, keys, and another limit."""

from __future__ import annotations

from dataclasses import replace
from itertools import pairwise
from typing import Any

import pytest
from PySide6.QtCore import QEvent, QPoint, QPointF, Qt
from PySide6.QtGui import QImage, QMouseEvent
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QLabel, QPushButton, QSlider, QWidget
from pytestqt.qtbot import QtBot

from children import child
from fake_bridge import FakeBridge, model, snapshot
from preheat.control import (
    Action,
    Day,
    DayRequest,
    DecisionRecord,
    Lane,
    LimitCurve,
    LimitPoint,
    LimitPreview,
    MemorySnapshot,
    PlannedStay,
    RecentRequest,
    State,
    Stay,
)
from preheat.errors import EngineError, UnsupportedOperationError
from preheat.messages import msg
from preheat.models import SignBook
from preheat_gui.dashboard.activity.day.picture import draw_up
from preheat_gui.dashboard.activity.day.scene import gather
from preheat_gui.dashboard.activity.day.widget import LaneHandle, Timeline
from preheat_gui.dashboard.activity.day.words import item_words, lane_words, summary
from preheat_gui.dashboard.activity.page import ActivityPage
from preheat_gui.dashboard.painting import LooksOf

GB = 10**9
HOUR = 3600.0
NOW = 1_800_000_000.0 // HOUR * HOUR
UNLOADED = DecisionRecord(NOW - 6 * HOUR, "chat", Action.EVICT, msg("shutdown"), 5 * GB)
LOADED = DecisionRecord(NOW - 3 * HOUR, "chat", Action.LOAD, msg("load_requested"), 5 * GB, 1.5)
CHAT = Lane(
    "chat",
    (Stay(NOW - 9 * HOUR, NOW - 6 * HOUR, ended=UNLOADED), Stay(NOW - 3 * HOUR, NOW, loaded=LOADED)),
    (
        DayRequest(NOW - 8 * HOUR, True, 0.0, "editor"),
        DayRequest(NOW - 3 * HOUR, False, 1.5, "notes"),
        DayRequest(NOW - 2 * HOUR, True, 0.0, ""),
        DayRequest(NOW - 2 * HOUR + 1, True, 0.0, "editor"),
    ),
)
WHY = msg("used_mostly", uses=12, part=msg("weekday_mornings"))
PLAN = (
    PlannedStay("chat", NOW, NOW + 12 * HOUR),
    PlannedStay("mail", NOW + 2 * HOUR, NOW + 12 * HOUR, loads=True, why=WHY, usual_at=NOW + 3 * HOUR),
)
DAY = Day(NOW - 24 * HOUR, NOW, (CHAT,), NOW + 12 * HOUR, PLAN)


@pytest.fixture
def page(qtbot: QtBot, bridge: FakeBridge, theme: object) -> ActivityPage:
    page = ActivityPage(bridge)
    qtbot.addWidget(page)
    page.resize(800, 560)
    page.show()
    return page


@pytest.fixture
def day_page(page: ActivityPage, bridge: FakeBridge) -> ActivityPage:
    memory = MemorySnapshot(8 * GB, 5 * GB, 9 * GB, 5 * GB, total_bytes=20 * GB)
    bridge.publish(replace(snapshot(model("chat", State.HOT)), memory=memory))
    bridge.answer_with(get_day=DAY)
    page.activate()
    return page


def test_a_lane_has_bands_dots_and_the_plan(qapp: object, theme: Any) -> None:
    picture = draw_up(gather(DAY, SignBook()), 900, 400, LooksOf(theme)())
    chat, mail = picture.lanes
    assert (chat.model_id, mail.model_id) == ("chat", "mail")
    assert [item.ready for item in chat.dots] == [True, False, True]
    assert len(chat.dots[2].requests) == 2  # they would cover each other
    assert all(item.rect.right() <= picture.now_x + 1 for item in chat.bands)
    assert mail.plan[0].rect.left() > picture.now_x
    assert len(mail.labels) == 1
    assert chat.item_at(chat.dots[1].rect.center().x()) == chat.dots[1]
    assert chat.item_at(chat.bands[0].rect.right() - 3) == chat.bands[0]
    assert chat.item_at(picture.left + 1) is None
    shown = [tick.rect for tick in picture.ticks if tick.text]
    assert all(one.right() <= other.left() for one, other in pairwise(shown))


@pytest.mark.parametrize("width", [330, 620, 2000])
@pytest.mark.parametrize("lanes", [0, 1, 40])
def test_everything_is_inside_at_any_size(qapp: object, theme: Any, width: int, lanes: int) -> None:
    day = replace(DAY, lanes=tuple(replace(CHAT, model_id=f"{number}-{'long' * 20}") for number in range(lanes)))
    picture = draw_up(gather(day, SignBook()), width, 300, LooksOf(theme)())
    assert picture.least_height >= picture.top + 38 * lanes
    for lane in picture.lanes:
        assert lane.name_rect.right() < picture.left
        assert all(item.rect.right() <= width and item.rect.left() >= picture.left - 5 for item in lane.items)


def test_what_is_pointed_to_is_explained(qapp: object, theme: Any) -> None:
    scene = gather(DAY, SignBook())
    chat, mail = draw_up(scene, 900, 400, LooksOf(theme)()).lanes
    lane = scene.lanes[0]
    waited = item_words(chat.dots[1], lane, DAY.until)
    assert "notes: waited 1.5 s, because the model was not in memory." in waited
    assert "unloaded chat" in waited.lower()  # when and why it left before
    assert "editor: the model was ready." in item_words(chat.dots[0], lane, DAY.until)
    assert "2 requests, the model was ready." in item_words(chat.dots[2], lane, DAY.until)
    assert item_words(chat.bands[1], lane, DAY.until).startswith("In memory from ")
    planned = item_words(mail.plan[0], scene.lanes[1], DAY.until)
    assert "before you usually start at" in planned
    assert "weekday mornings" in planned
    assert lane_words(lane) == "3 of 4 requests found it ready."
    assert summary(scene) == "3 of 4 requests found their model ready (75 %). Waiting for models: 1.5 s in all."


def test_another_limit_changes_dots(qapp: object, theme: Any) -> None:
    outcomes = {("chat", NOW - 3 * HOUR): True, ("chat", NOW - 8 * HOUR): False}
    scene = gather(DAY, SignBook(), outcomes)
    assert scene.ready == (3, 4)
    chat, _ = draw_up(scene, 900, 400, LooksOf(theme)()).lanes
    assert [(item.ready, item.changed) for item in chat.dots] == [(False, True), (True, True), (True, False)]
    words = [item_words(item, scene.lanes[0], DAY.until) for item in chat.dots[:2]]
    assert "it would have had to load" in words[0]
    assert "would have been ready" in words[1]


def test_keys_go_through_a_lane_and_between_lanes(day_page: ActivityPage, qtbot: QtBot) -> None:
    day_page.take_focus(Qt.FocusReason.TabFocusReason)
    first, second = (child(day_page, LaneHandle, f"lane_{name}") for name in ("chat", "mail"))
    assert first.hasFocus()
    assert first.accessibleName() == "chat"
    assert first.accessibleDescription() == "3 of 4 requests found it ready."
    explained = child(day_page, QLabel, "day_explained")
    QTest.keyClick(first, Qt.Key.Key_Right)
    assert explained.text().startswith("In memory from ")
    QTest.keyClick(first, Qt.Key.Key_End)
    assert first.accessibleDescription() == explained.text() == "Stays in memory unless another model needs the room."
    QTest.keyClick(first, Qt.Key.Key_Home)
    QTest.keyClick(first, Qt.Key.Key_Left)  # there is nothing before
    assert explained.text().startswith("In memory from ")
    QTest.keyClick(first, Qt.Key.Key_Down)
    assert second.hasFocus()
    assert first.focusPolicy() is Qt.FocusPolicy.NoFocus
    assert "Loads at" in second.accessibleDescription()
    QTest.keyClick(second, Qt.Key.Key_Tab)
    assert child(day_page, QSlider, "trial_slider").hasFocus()
    QTest.keyClick(day_page.window(), Qt.Key.Key_Tab, Qt.KeyboardModifier.ShiftModifier)
    assert second.hasFocus()
    with qtbot.waitSignal(day_page.page_requested) as asked:
        QTest.keyClick(second, Qt.Key.Key_Return)
    assert asked.args == ["models", "mail"]


def test_a_refresh_keeps_what_is_pointed_to(day_page: ActivityPage) -> None:
    timeline, lane = child(day_page, Timeline, "day_timeline"), child(day_page, LaneHandle, "lane_chat")
    lane.setFocus(Qt.FocusReason.TabFocusReason)
    QTest.keyClick(lane, Qt.Key.Key_Right)
    QTest.keyClick(lane, Qt.Key.Key_Right)
    explained = child(day_page, QLabel, "day_explained")
    before = explained.text()
    assert "the model was ready" in before
    timeline.show_scene(gather(replace(DAY, begin=DAY.begin + 300, now=NOW + 300), SignBook()))
    assert explained.text() == before
    QTest.keyClick(lane, Qt.Key.Key_Left)
    assert explained.text().startswith("In memory from ")


def test_the_pointer_explains_and_leaves(day_page: ActivityPage) -> None:
    timeline = child(day_page, Timeline, "day_timeline")
    explained = child(day_page, QLabel, "day_explained")
    lane = child(day_page, LaneHandle, "lane_mail").geometry()
    at = QPointF(timeline.width() - 30, lane.center().y())
    nobody, none = Qt.MouseButton.NoButton, Qt.KeyboardModifier.NoModifier
    move = QMouseEvent(QEvent.Type.MouseMove, at, timeline.mapToGlobal(at), nobody, nobody, none)
    timeline.mouseMoveEvent(move)
    assert "Loads at" in explained.text()
    assert explained.isVisible()
    timeline.leaveEvent(QEvent(QEvent.Type.Leave))
    assert not explained.isVisible()
    image = timeline.grab().toImage().convertToFormat(QImage.Format.Format_RGB32)
    assert len({image.pixel(QPoint(x, lane.center().y())) for x in range(image.width())}) > 3


def test_the_slider_recolours_the_dots_and_changes_nothing(day_page: ActivityPage, bridge: FakeBridge) -> None:
    slider, words = child(day_page, QSlider, "trial_slider"), child(day_page, QLabel, "trial_words")
    assert slider.value() == 8  # of 20 steps
    points = tuple(LimitPoint(step * GB, 0.5, 70.0, "0011" if step < 16 else "1111") for step in range(1, 21))
    recent = tuple(RecentRequest("chat", request.at) for request in CHAT.requests)
    bridge.answer_with(replay_limits=LimitCurve(14.0, 400, points, recent))
    bridge.answer_with(preview_limit=lambda limit: LimitPreview(limit, (), (), (), (), ()))
    slider.setValue(4)
    assert words.text() == "With 4.0 GB, 2 of 4 requests would have found their model ready; 3 did."
    slider.setValue(16)
    assert words.text() == "With 16.0 GB, 4 of 4 requests would have found their model ready; 3 did."
    assert not bridge.commands
    QTest.keyClick(slider, Qt.Key.Key_Escape)
    assert slider.value() == 8
    assert not child(day_page, QPushButton, "trial_back").isVisible()
    slider.setValue(16)
    QTest.mouseClick(child(day_page, QPushButton, "trial_apply"), Qt.MouseButton.LeftButton)
    assert bridge.commands == [("change_settings", {"memory_limit": "80%"})]


def test_without_a_history_it_says_what_will_appear(page: ActivityPage, bridge: FakeBridge) -> None:
    page.activate()
    empty = child(page, QWidget, "day_empty")
    assert empty.accessibleName() == "One moment"
    bridge.answer_with(get_day=Day(NOW - 24 * HOUR, NOW, ()))
    assert empty.isVisible()
    assert empty.accessibleName() == "Nothing yet"


def test_without_figures_it_says_why(page: ActivityPage, bridge: FakeBridge) -> None:
    bridge.answer_with(get_day=UnsupportedOperationError("Figures are not kept", hint="Set history_days"))
    page.activate()
    assert child(page, QWidget, "day_empty").accessibleName() == "Figures are not kept"


def test_a_failure_can_be_tried_again(page: ActivityPage, bridge: FakeBridge) -> None:
    bridge.answer_with(get_day=EngineError("It is locked"))
    page.activate()
    empty = child(page, QWidget, "day_empty")
    assert empty.accessibleName() == "Activity is not available"
    bridge.answer_with(get_day=DAY)
    QTest.mouseClick(child(empty, QPushButton, "empty_state_button"), Qt.MouseButton.LeftButton)
    assert child(page, Timeline, "day_timeline").isVisible()


def test_a_pause_is_said_where_nothing_is_planned(qapp: object) -> None:
    held = replace(DAY, plan=(), hold=msg("preload_paused"))
    assert summary(gather(held, SignBook()), held).endswith("Nothing will be preloaded: paused until you resume it.")
