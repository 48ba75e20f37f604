"""Names, roles, the order of Tab, and contrast computed from pixels, in every window and on every page."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import pairwise

import numpy as np
import pytest
from PySide6.QtCore import QEvent, QPoint, QRect, Qt
from PySide6.QtGui import QAccessible, QColor, QImage
from PySide6.QtWidgets import (
    QAbstractButton,
    QApplication,
    QCheckBox,
    QComboBox,
    QLabel,
    QLineEdit,
    QPlainTextEdit,
    QPushButton,
    QScrollArea,
    QWidget,
)
from pytestqt.qtbot import QtBot

from fake_bridge import FakeBridge, download, model, snapshot
from preheat.control import DownloadState, State
from preheat.settings import Group
from preheat_gui.app.about import AboutDialog
from preheat_gui.app.welcome import FoundModels, WelcomeDialog
from preheat_gui.dashboard import DashboardWindow
from preheat_gui.dashboard.navigation import PAGES
from preheat_gui.settings_dialog import ModelSettingsDialog, SettingsDialog
from preheat_gui.widgets import Theme, WindowState, apply_theme, contrast

LEAST_CONTRAST = 4.5
HIGH_CONTRAST = 7.0
MANY = 150  # texts in all windows, at least
SAME_LINE_PX = 16
NO_ROLE = (QAccessible.Role.NoRole, QAccessible.Role.Client, QAccessible.Role.Pane)
Shown = tuple[str, QWidget]

SNAPSHOT = snapshot(
    model("qwen3-4b", State.HOT, favourite=True),
    model("gemma-3-4b"),
    model("broken", State.FAILED),
    model("arriving", State.LOADING),
    downloads=(download(), download("d2", DownloadState.PAUSED)),
)


@pytest.fixture(params=["light", "dark", "light-high", "dark-high"])
def look(qapp: QApplication, request: pytest.FixtureRequest) -> Iterator[Theme]:
    """A theme, with or without more contrast; the windows of a test are gone when it ends."""
    choice, _, high = request.param.partition("-")
    theme = apply_theme(qapp, choice)
    preferences = Qt.ContrastPreference
    theme.follow_contrast(preferences.HighContrast if high else preferences.NoPreference)
    yield theme
    QApplication.sendPostedEvents(None, QEvent.Type.DeferredDelete)  # a style is slow to change in many windows
    theme.follow_contrast(preferences.NoPreference)
    apply_theme(qapp, "light")


class NoLoginItem:
    """An entry that is not there."""

    def is_on(self) -> bool:
        return False

    def switch(self, on: bool) -> None:
        """Change nothing."""


class Windows:
    """All windows."""

    def __init__(self, qtbot: QtBot, bridge: FakeBridge) -> None:
        bridge.publish(SNAPSHOT)
        self._dashboard, self._settings = DashboardWindow(bridge), SettingsDialog(bridge)
        self._dashboard.resize(1100, 800)
        self._settings.resize(760, 1000)
        welcome = WelcomeDialog(WindowState(), make_login_item=NoLoginItem)
        welcome.set_found(FoundModels(bridge), len(SNAPSHOT.models))
        self._others = (ModelSettingsDialog(bridge, "qwen3-4b"), AboutDialog(), welcome)
        for window in (self._dashboard, self._settings, *self._others):
            qtbot.addWidget(window)
            window.show()

    def pages(self) -> Iterator[Shown]:
        """Show every page in turn."""
        for page in PAGES:
            self._dashboard.show_page(page.key)
            yield _settled(page.key, self._dashboard)
        for group in Group:
            self._settings.show_page(group)
            yield _settled(f"settings {group}", self._settings)
        for window in self._others:
            yield _settled(window.objectName(), window)


def _settled(name: str, window: QWidget) -> Shown:
    for _ in range(3):  # layouts follow each other
        QApplication.processEvents()
    return name, window


def test_tab_goes_down_the_pages_to_what_has_a_name_and_a_role(qtbot: QtBot, bridge: FakeBridge, theme: Theme) -> None:
    wrong = []
    windows = Windows(qtbot, bridge)
    for name, window in windows.pages():
        stops = tab_stops(window)
        for widget in stops:
            seen = QAccessible.queryAccessibleInterface(widget)
            # AT-SPI knows a combo box by its value, and finds this name through a relation.
            named = widget.accessibleName() if isinstance(widget, QComboBox) else seen.text(QAccessible.Text.Name)
            if not named or (seen.role() in NO_ROLE and not isinstance(widget, QScrollArea)):
                wrong.append((name, widget.objectName(), named))
        for before, after in pairwise(stops):
            above, below = place_of(before, window), place_of(after, window)
            new_column = below.left() >= above.right()  # from a list of pages into a page
            if below.bottom() < above.top() - SAME_LINE_PX and not new_column:
                wrong.append((name, before.objectName(), after.objectName()))
    assert wrong == []


def test_texts_have_contrast(look: Theme, qtbot: QtBot, bridge: FakeBridge) -> None:
    windows = Windows(qtbot, bridge)
    texts = [(name, *found) for name, window in windows.pages() for found in contrasts(window)]
    assert len(texts) > MANY
    least = HIGH_CONTRAST if look.high_contrast else LEAST_CONTRAST
    assert [(name, text, round(found, 1)) for name, text, found in texts if found < least] == []


def tab_stops(window: QWidget) -> list[QWidget]:
    """Return the widgets where Tab stops, in its order."""
    stops: list[QWidget] = []
    widget = window.nextInFocusChain()
    while widget is not None and widget is not window:
        takes_tab = bool(widget.focusPolicy() & Qt.FocusPolicy.TabFocus) and widget.focusProxy() is None
        if takes_tab and widget.isVisible() and widget.isEnabled():
            stops.append(widget)
        widget = widget.nextInFocusChain()
    return stops


def place_of(widget: QWidget, window: QWidget) -> QRect:
    return QRect(widget.mapTo(window, QPoint()), widget.size())


def contrasts(window: QWidget) -> Iterator[tuple[str, float]]:
    """Yield the texts of widgets that can be seen as a whole, and the contrast of their pixels."""
    picture = window.grab().toImage().convertToFormat(QImage.Format.Format_RGB32)
    pixels = np.frombuffer(memoryview(picture.constBits()), np.uint32).reshape(picture.height(), -1)
    ratio = picture.devicePixelRatio()
    widgets: list[QWidget] = window.findChildren(QWidget)
    for widget in widgets:
        text = _text_of(widget)
        if not text or not widget.isVisible() or not widget.isEnabled():
            continue
        if widget.visibleRegion().boundingRect() != widget.rect():  # scrolled out of sight
            continue
        place = place_of(widget, window).adjusted(2, 2, -2, -2)
        left, top, right, bottom = (
            round(edge * ratio) for edge in (place.left(), place.top(), place.right(), place.bottom())
        )
        found, counts = np.unique(pixels[top : bottom + 1, left : right + 1], return_counts=True)
        if len(found) < 2:
            continue
        ground = QColor(int(found[counts.argmax()]))
        yield text, max(contrast(QColor(int(colour)), ground) for colour in found)


def _text_of(widget: QWidget) -> str:
    if isinstance(widget, QComboBox):
        return widget.currentText()
    if isinstance(widget, QLineEdit):
        return widget.text() or widget.placeholderText()
    if isinstance(widget, QPlainTextEdit):
        return widget.toPlainText() or widget.placeholderText()
    if isinstance(widget, QLabel | QPushButton | QCheckBox | QAbstractButton):
        return widget.text()
    return ""
