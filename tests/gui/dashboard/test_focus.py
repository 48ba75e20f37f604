"""Every page has a place for the focus, however it was opened."""

from __future__ import annotations

from collections.abc import Callable
from typing import TypeVar

import pytest
from PySide6.QtCore import Qt
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QApplication, QLineEdit, QListWidget, QPlainTextEdit, QWidget
from pytestqt.qtbot import QtBot

from fake_bridge import FakeBridge, model, snapshot
from preheat.control import State
from preheat_gui.dashboard import DashboardWindow
from preheat_gui.dashboard.navigation import PAGES
from preheat_gui.widgets import Theme

W = TypeVar("W", bound=QWidget)

KEYS = [page.key for page in PAGES]
PLACES = {
    "overview": "block_qwen3-4b",
    "models": "models_table",
    "downloads": "downloads_search",
    "try": "try_prompt",
    "connect": "connect_programs",
}
SEARCHES = {"models": "models_filter", "downloads": "downloads_search", "log": "log_search"}


@pytest.fixture
def window(qtbot: QtBot, bridge: FakeBridge, theme: Theme) -> DashboardWindow:
    bridge.publish(snapshot(model("qwen3-4b", State.HOT), model("gemma-3-4b")))
    window = DashboardWindow(bridge)
    qtbot.addWidget(window)
    window.show()
    window.activateWindow()
    qtbot.waitUntil(lambda: QApplication.activeWindow() is window)
    return window


def by_click(window: DashboardWindow, key: str) -> None:
    navigation = the(window, QListWidget, "navigation")
    place = navigation.visualItemRect(navigation.item(KEYS.index(key))).center()
    QTest.mouseClick(navigation.viewport(), Qt.MouseButton.LeftButton, pos=place)


def by_keys(window: DashboardWindow, key: str) -> None:
    QTest.keyClick(window, Qt.Key(Qt.Key.Key_1 + KEYS.index(key)), Qt.KeyboardModifier.ControlModifier)


def by_arrows(window: DashboardWindow, key: str) -> None:
    navigation = the(window, QListWidget, "navigation")
    navigation.setFocus()
    QTest.keyClick(navigation, Qt.Key.Key_Home)
    for _ in range(KEYS.index(key)):
        QTest.keyClick(navigation, Qt.Key.Key_Down)
    assert navigation.hasFocus()
    QTest.keyClick(navigation, Qt.Key.Key_Return)


def from_elsewhere(window: DashboardWindow, key: str) -> None:
    window.show_page("log")
    window.show_page(key)


@pytest.mark.parametrize("opened", [by_click, by_keys, by_arrows, from_elsewhere])
def test_pages_take_the_focus(window: DashboardWindow, opened: Callable[[DashboardWindow, str], None]) -> None:
    window.show_page("activity")
    for key, place in PLACES.items():
        opened(window, key)
        assert (window.page, focus_of(window)) == (key, place)


def test_text_typed_after_a_click_in_the_navigation_reaches_the_prompt(window: DashboardWindow) -> None:
    by_click(window, "try")
    by_click(window, "try")  # the page is shown already
    prompt = the(window, QPlainTextEdit, "try_prompt")
    assert QApplication.focusWidget() is prompt
    QTest.keyClicks(prompt, "hello")
    assert prompt.toPlainText() == "hello"
    assert window.page == "try"


def test_letters_do_not_choose_pages(window: DashboardWindow) -> None:
    navigation = the(window, QListWidget, "navigation")
    navigation.setFocus()
    for _ in range(KEYS.index("downloads")):
        QTest.keyClick(navigation, Qt.Key.Key_Down)
    QTest.keyClick(navigation, Qt.Key.Key_L)  # not "Log"
    assert window.page == "downloads"
    assert the(window, QLineEdit, "downloads_search").text() == "l"
    navigation.setFocus()
    QTest.keyClick(navigation, Qt.Key.Key_Up)
    QTest.keyClick(navigation, Qt.Key.Key_F)  # in the table this is a command
    assert window.page == "models"


def test_a_page_without_content_keeps_the_focus_until_there_is_some(
    qtbot: QtBot, bridge: FakeBridge, theme: Theme
) -> None:
    bridge.publish(snapshot())
    window = DashboardWindow(bridge)
    qtbot.addWidget(window)
    window.show()
    window.show_page("try")
    assert focus_of(window) == "try_page"
    bridge.publish(snapshot(model("qwen3-4b")))
    assert focus_of(window) == "try_prompt"


def test_ctrl_f_finds_the_pages_search_from_everywhere(window: DashboardWindow) -> None:
    for key, place in SEARCHES.items():
        window.show_page(key)
        for name in ("navigation", "settings_button"):
            the(window, QWidget, name).setFocus()
            QTest.keyClick(window, Qt.Key.Key_F, Qt.KeyboardModifier.ControlModifier)
            assert focus_of(window) == place


def test_a_page_shown_again_keeps_the_focus_where_the_user_put_it(window: DashboardWindow) -> None:
    window.show_page("models")
    the(window, QWidget, "models_filter").setFocus()
    window.show_page("models")
    assert focus_of(window) == "models_filter"


def focus_of(window: DashboardWindow) -> str:
    focused = window.focusWidget()
    return "" if focused is None else focused.objectName()


def the(window: DashboardWindow, kind: type[W], name: str) -> W:
    widget = window.findChild(kind, name)
    assert isinstance(widget, kind)
    return widget
