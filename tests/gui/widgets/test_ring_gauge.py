"""The gauge: what it shows, how it moves, that it is still, and what a screen reader hears."""

from __future__ import annotations

import pytest
from PySide6.QtCore import QObject
from PySide6.QtGui import QColor, QImage, QPaintEvent
from PySide6.QtWidgets import QApplication
from pytestqt.qtbot import QtBot

from children import running
from preheat_gui.widgets import RingGauge, Theme, Token


class Counting(RingGauge):
    """Counts its paintings."""

    paints = 0

    def paintEvent(self, event: QPaintEvent) -> None:  # noqa: N802 - Qt's name
        self.paints += 1
        super().paintEvent(event)


@pytest.fixture
def gauge(qtbot: QtBot, theme: Theme) -> Counting:
    widget = Counting("of 8 GB used")
    qtbot.addWidget(widget)
    widget.resize(200, 220)
    return widget


def count_of(image: QImage, colour: QColor) -> int:
    return sum(
        image.pixelColor(x, y).rgb() == colour.rgb() for x in range(image.width()) for y in range(image.height())
    )


def test_new_values_ease_in(gauge: Counting, qtbot: QtBot) -> None:
    with qtbot.waitExposed(gauge):
        gauge.show()
    gauge.set_value(0.5, "4.0", "GB")
    assert gauge.shown_share < 0.5
    qtbot.waitUntil(lambda: gauge.shown_share == 0.5)
    seen = []
    gauge.set_value(1.0, "8.0", "GB")
    while gauge.shown_share != 1.0:
        seen.append(gauge.shown_share)
        qtbot.wait(5)
    assert seen == sorted(seen)


def test_nothing_eases_with_reduced_motion(gauge: Counting, qtbot: QtBot, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(Theme, "reduce_motion", True)
    gauge.show()
    gauge.set_value(0.5, "4.0", "GB")
    assert gauge.shown_share == 0.5


def test_a_hidden_gauge_does_not_animate(gauge: Counting) -> None:
    gauge.set_value(0.5, "4.0", "GB")
    assert gauge.shown_share == 0.5


def test_an_idle_gauge_does_not_paint(gauge: Counting, qtbot: QtBot) -> None:
    gauge.show()
    gauge.set_value(0.5, "4.0", "GB")
    qtbot.waitUntil(lambda: gauge.shown_share == 0.5)
    qtbot.waitUntil(lambda: not running(gauge))
    QApplication.processEvents()
    before = gauge.paints
    for _ in range(5):
        gauge.set_value(0.5, "4.0", "GB")
    assert not running(gauge)
    QApplication.processEvents()
    assert gauge.paints == before


def test_a_screen_reader_hears_the_value(gauge: Counting) -> None:
    gauge.set_value(0.4, "4.2", "GB")
    assert gauge.accessibleName() == "of 8 GB used: 4.2 GB"
    gauge.set_caption("used")
    assert gauge.accessibleName() == "used: 4.2 GB"


def test_the_value_has_its_colour_and_length(gauge: Counting, theme: Theme) -> None:
    gauge.set_value(0.5, "4.0", "GB")
    image = gauge.grab().toImage()
    value, free = (count_of(image, theme.colour(token)) for token in (Token.ACCENT, Token.TRACK))
    assert value == pytest.approx(free, rel=0.25)


def test_values_out_of_range_stay_in_the_ring(gauge: Counting) -> None:
    gauge.set_value(1.7, "9.9", "GB")
    assert gauge.shown_share == 1.0
    gauge.set_value(-1.0, "0", "GB")
    assert gauge.shown_share == 0.0


def test_an_unknown_value_is_an_empty_ring(gauge: Counting, theme: Theme) -> None:
    gauge.set_value(0.7, "70", "%")
    gauge.set_value(None, "—")
    assert gauge.shown_share == 0.0
    assert count_of(gauge.grab().toImage(), theme.colour(Token.ACCENT)) == 0


def test_the_overlay_follows_its_window(qtbot: QtBot, theme: Theme) -> None:
    gauge = RingGauge("used")
    gauge.show()
    gauge.set_value(1.0, "8.0")
    motion = gauge.findChild(QObject)
    assert motion is not None
    with qtbot.waitSignal(motion.destroyed):
        gauge.deleteLater()


def test_it_follows_the_theme(gauge: Counting, theme: Theme, qtbot: QtBot) -> None:
    gauge.show()
    gauge.set_value(1.0, "8.0")
    qtbot.waitUntil(lambda: gauge.shown_share == 1.0)
    before = gauge.paints
    theme.choose("dark")
    try:
        qtbot.waitUntil(lambda: gauge.paints > before)
        assert count_of(gauge.grab().toImage(), theme.colour(Token.ACCENT)) > 0
    finally:
        theme.choose("light")
