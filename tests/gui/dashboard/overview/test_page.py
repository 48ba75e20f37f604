"""The overview page."""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import Any

import pytest
from PySide6.QtCore import QEvent, QPointF, Qt
from PySide6.QtGui import QMouseEvent
from PySide6.QtWidgets import QApplication, QLabel, QPushButton, QToolTip, QWidget
from pytestqt.qtbot import QtBot

from children import running
from fake_bridge import FakeBridge, model, snapshot
from preheat.control import Counts, State, UsageBucket, UsageHistory
from preheat.errors import UnsupportedOperationError
from preheat_gui.dashboard.hearth.handles import BlockHandle
from preheat_gui.dashboard.hearth.widget import Hearth
from preheat_gui.dashboard.overview.page import OverviewPage
from preheat_gui.dashboard.overview.usage_cards import Curve
from preheat_gui.widgets import RingGauge, Theme, Token

HOUR_S, DAY_S = 3600, 86_400


def history(counts: Counts) -> UsageHistory:
    now = int(time.time())
    return UsageHistory(
        tuple(UsageBucket(now // HOUR_S * HOUR_S - back * HOUR_S, HOUR_S, counts) for back in reversed(range(48))),
        tuple(UsageBucket(now // DAY_S * DAY_S - back * DAY_S, DAY_S, counts) for back in reversed(range(90))),
    )


def used_before() -> UsageHistory:
    return UsageHistory(used().hours, (*used().days[:80], *history(Counts()).days[80:]))


def used() -> UsageHistory:
    return history(Counts(hits=9, misses=1, saved_s=60.0, text_prompt_tokens=4000, slot_tokens=2000, disk_tokens=1000))


@pytest.fixture
def page(qtbot: QtBot, bridge: FakeBridge, theme: Theme) -> OverviewPage:
    shown = OverviewPage(bridge)
    qtbot.addWidget(shown)
    shown.resize(1100, 700)
    with qtbot.waitExposed(shown):
        shown.show()
    shown.activate()
    return shown


def find(page: QWidget, kind: type[Any], name: str) -> Any:
    found = page.findChild(kind, name)
    assert found is not None
    return found


def colours_of(widget: QWidget) -> set[str]:
    picture = widget.grab().toImage()
    return {picture.pixelColor(x, y).name() for x in range(picture.width()) for y in range(0, picture.height(), 2)}


def curves(page: OverviewPage) -> list[Curve]:
    return page.findChildren(Curve)


# -- hits and time saved -----------------------------------------------------------------------------------------------


def test_figures_carry_units_and_plain_words(page: OverviewPage, bridge: FakeBridge) -> None:
    bridge.answer_with(history=used())
    assert find(page, RingGauge, "hit_rate_gauge").accessibleName() == "63 of 70 requests: 90 %"
    assert find(page, QLabel, "time_saved_figure").text() == "7 min"
    assert find(page, RingGauge, "reuse_gauge").accessibleName() == "of 28,000 tokens: 75 %"


def test_another_period_has_other_figures(qtbot: QtBot, page: OverviewPage, bridge: FakeBridge) -> None:
    bridge.answer_with(history=used())
    with qtbot.waitSignal(page.memory_changed):
        find(page, QPushButton, "period_quarter").click()
    assert find(page, RingGauge, "hit_rate_gauge").accessibleName() == "810 of 900 requests: 90 %"
    assert find(page, QLabel, "time_saved_figure").text() == "1 h 30 min"
    later = OverviewPage(bridge)
    qtbot.addWidget(later)
    later.remember(page.memory())
    assert find(later, QPushButton, "period_quarter").isChecked()
    later.remember({"overview_period": "for ever"})
    assert later.memory() == page.memory()


@pytest.mark.parametrize(
    ("answer", "words"),
    [
        (lambda: history(Counts()), "Your hit rate appears after the first requests."),
        (used_before, "No requests in this period."),
        (
            lambda: UnsupportedOperationError("No figures are kept", hint="The setting is off"),
            "No figures are kept. The setting",
        ),
    ],
)
def test_without_figures_a_sentence_is_shown(
    page: OverviewPage, bridge: FakeBridge, answer: Callable[[], Any], words: str
) -> None:
    bridge.answer_with(history=answer())
    shown = [label.text() for label in page.findChildren(QLabel) if label.isVisible()]
    assert any(text.startswith(words) for text in shown)
    assert not any(curve.isVisible() for curve in curves(page))


def test_curves_are_drawn(page: OverviewPage, bridge: FakeBridge, dark_theme: Theme) -> None:
    bridge.answer_with(history=used())
    for curve in curves(page):
        assert curve.accessibleDescription()
        assert dark_theme.colour(Token.ACCENT).name() in colours_of(curve)


def test_the_point_under_the_mouse_has_a_tooltip(qtbot: QtBot, page: OverviewPage, bridge: FakeBridge) -> None:
    bridge.answer_with(history=used())
    curve = curves(page)[0]
    at = QPointF(curve.width() - 10, 30)
    moved = QMouseEvent(
        QEvent.Type.MouseMove,
        at,
        curve.mapToGlobal(at),
        Qt.MouseButton.NoButton,
        Qt.MouseButton.NoButton,
        Qt.KeyboardModifier.NoModifier,
    )
    series = curve.series
    assert series is not None

    def shows_the_last_point() -> bool:
        QApplication.sendEvent(curve, moved)
        return QToolTip.text() == series.points[-1].tooltip

    qtbot.waitUntil(shows_the_last_point)
    QApplication.sendEvent(curve, QEvent(QEvent.Type.Leave))


# -- manners -----------------------------------------------------------------------------------------------------------


def test_a_hidden_page_follows_nothing(qtbot: QtBot, page: OverviewPage, bridge: FakeBridge) -> None:
    bridge.answer_with(history=used())
    hearth = find(page, Hearth, "hearth")
    bridge.publish(snapshot(model("qwen3-4b", State.HOT)))
    page.deactivate()
    page.deactivate()
    bridge.publish(snapshot(model("qwen3-4b", State.HOT), hits=7))
    qtbot.waitUntil(lambda: not running(page))
    QApplication.processEvents()
    assert not hearth.findChildren(BlockHandle)
    page.activate()
    assert [block.key for block in hearth.findChildren(BlockHandle)] == ["qwen3-4b"]


@pytest.mark.parametrize("width", [560, 760, 1100, 1500])
def test_nothing_is_clipped_at_any_width(qtbot: QtBot, page: OverviewPage, bridge: FakeBridge, width: int) -> None:
    bridge.answer_with(history=used())
    page.resize(width, 700)
    QApplication.processEvents()
    inside = find(page, QWidget, "hearth_card").parentWidget()
    assert inside.minimumSizeHint().width() <= page.width()
