"""The dashboard window: pages, keys, problems and stored state."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

import pytest
from PySide6.QtCore import Qt
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QApplication, QLineEdit, QListWidget, QPushButton
from pytestqt.qtbot import QtBot

from fake_bridge import FakeBridge, model, snapshot
from preheat.control import State
from preheat_gui.bridge import EngineBridge
from preheat_gui.dashboard import DashboardWindow
from preheat_gui.dashboard.models.view import ModelsView
from preheat_gui.dashboard.navigation import PAGES, PageSpec
from preheat_gui.dashboard.page import DashboardPage
from preheat_gui.widgets import MARGIN, Banner, Theme, WindowState
from preheat_gui.words import Kind, Problem, ProblemAction, Remedy


class QuietPage(DashboardPage):
    """Records when it is activated."""

    def __init__(self, bridge: EngineBridge) -> None:
        super().__init__(bridge, "quiet")
        self.calls: list[str] = []
        self.choice = "first"

    def activate(self) -> None:
        self.calls.append("activate")

    def deactivate(self) -> None:
        self.calls.append("deactivate")

    def memory(self) -> dict[str, str]:
        return {"choice": self.choice}

    def remember(self, memory: Mapping[str, str]) -> None:
        self.choice = memory["choice"] or self.choice


@dataclass(frozen=True, slots=True)
class QuietSpec(PageSpec):
    def make(self, bridge: EngineBridge) -> QuietPage:
        return QuietPage(bridge)


SPECS = tuple(QuietSpec(key, key.title(), "info", "", "") for key in ("one", "two", "three"))


@pytest.fixture
def state(tmp_path: Path) -> WindowState:
    return WindowState(tmp_path / "windows.json")


@pytest.fixture
def window(qtbot: QtBot, bridge: FakeBridge, theme: Theme, state: WindowState) -> DashboardWindow:
    return show(qtbot, bridge, state)


def show(qtbot: QtBot, bridge: FakeBridge, state: WindowState | None) -> DashboardWindow:
    window = DashboardWindow(bridge, state=state, pages=SPECS)
    qtbot.addWidget(window)
    window.resize(1000, 600)
    with qtbot.waitExposed(window):
        window.show()
    return window


def pages(window: DashboardWindow) -> list[QuietPage]:
    return window.findChildren(QuietPage)


def test_a_page_is_created_when_first_shown(window: DashboardWindow) -> None:
    assert (window.page, len(pages(window))) == ("one", 1)
    window.show_page("three")
    assert (window.page, len(pages(window))) == ("three", 2)
    window.show_page("one")
    assert (window.page, len(pages(window))) == ("one", 2)


def test_only_the_shown_page_is_active(window: DashboardWindow) -> None:
    window.show_page("two")
    window.hide()
    window.show()
    first, second = pages(window)
    assert first.calls == ["activate", "deactivate"]
    assert second.calls == ["activate", "deactivate", "activate"]


def test_a_minimised_window_has_no_active_page(qtbot: QtBot, window: DashboardWindow) -> None:
    window.showMinimized()
    qtbot.waitUntil(lambda: pages(window)[0].calls[-1] == "deactivate")
    window.showNormal()
    qtbot.waitUntil(lambda: pages(window)[0].calls[-1] == "activate")


def test_a_shortcut_focuses_the_pages_text_field(window: DashboardWindow) -> None:
    QTest.keyClick(window, Qt.Key.Key_2, Qt.KeyboardModifier.ControlModifier)
    page = window.findChildren(QuietPage)[-1]
    words = QLineEdit(page)
    words.show()
    page.focus_order = (words,)
    QTest.keyClick(window, Qt.Key.Key_1, Qt.KeyboardModifier.ControlModifier)
    assert not words.hasFocus()
    QTest.keyClick(window, Qt.Key.Key_2, Qt.KeyboardModifier.ControlModifier)
    assert words.hasFocus()


@pytest.mark.parametrize(("key", "page"), [(Qt.Key.Key_1, "one"), (Qt.Key.Key_2, "two"), (Qt.Key.Key_3, "three")])
def test_ctrl_and_a_number_show_a_page(window: DashboardWindow, key: Qt.Key, page: str) -> None:
    window.activateWindow()
    QTest.keyClick(window, key, Qt.KeyboardModifier.ControlModifier)
    assert window.page == page


def test_arrow_keys_walk_through_the_pages(qtbot: QtBot, window: DashboardWindow) -> None:
    navigation = window.findChild(QListWidget, "navigation")
    assert navigation is not None
    QTest.keyClick(navigation, Qt.Key.Key_Down)
    assert window.page == "two"


def test_page_and_choices_are_stored(
    qtbot: QtBot, window: DashboardWindow, bridge: FakeBridge, state: WindowState
) -> None:
    window.show_page("two")
    page = pages(window)[1]
    page.choice = "second"
    page.memory_changed.emit()
    later = show(qtbot, bridge, state)
    assert later.page == "two"
    assert [page.choice for page in pages(later)] == ["second"]


def test_a_removed_page_is_ignored(qtbot: QtBot, bridge: FakeBridge, theme: Theme, state: WindowState) -> None:
    state.remember("dashboard/page", "four")
    assert show(qtbot, bridge, state).page == "one"
    assert show(qtbot, bridge, None).page == "one"


def test_a_problem_is_shown_above_the_pages(qtbot: QtBot, window: DashboardWindow, bridge: FakeBridge) -> None:
    banner = window.findChild(Banner, "problem_banner")
    assert banner is not None
    assert not banner.isVisible()
    again = ProblemAction(Remedy.LOAD, "&Try again", "qwen3-4b")
    bridge.report_problem(Problem(Kind.LOAD_FAILED, "qwen3-4b did not load.", "Download it again.", again, "qwen3-4b"))
    assert banner.isVisible()
    assert banner.accessibleName() == "qwen3-4b did not load. Download it again."
    button = banner.findChild(QPushButton)
    assert button is not None
    button.click()
    assert bridge.commands == [("load", "qwen3-4b")]
    bridge.report_problem(None)
    assert not banner.isVisible()


def test_an_earlier_problem_is_shown(qtbot: QtBot, bridge: FakeBridge, theme: Theme) -> None:
    bridge.report_problem(Problem(Kind.DISK_FULL, "The disk is nearly full.", ""))
    banner = show(qtbot, bridge, None).findChild(Banner, "problem_banner")
    assert banner is not None
    assert banner.isVisible()


def test_the_settings_button_requests_settings(qtbot: QtBot, window: DashboardWindow) -> None:
    button = window.findChild(QPushButton, "settings_button")
    assert button is not None
    with qtbot.waitSignal(window.settings_requested):
        button.click()


def test_the_first_frame_has_margins(qtbot: QtBot, bridge: FakeBridge, theme: Theme) -> None:
    window = DashboardWindow(bridge, pages=SPECS)
    qtbot.addWidget(window)
    window.resize(1000, 600)
    with qtbot.waitExposed(window):
        window.show()
        page = pages(window)[0]
        first = page.mapTo(window, page.rect().topLeft()), page.size()  # before any event of the loop
    QApplication.processEvents()
    assert first == (page.mapTo(window, page.rect().topLeft()), page.size())
    assert first[0].y() == MARGIN


def test_a_narrow_window_drops_the_navigations_text(qtbot: QtBot, window: DashboardWindow) -> None:
    wide = pages(window)[0].width()
    window.resize(720, 480)
    QApplication.processEvents()
    navigation = window.findChild(QListWidget, "navigation")
    settings = window.findChild(QPushButton, "settings_button")
    assert navigation is not None
    assert settings is not None
    assert {navigation.item(row).text() for row in range(navigation.count())} == {""}
    assert (settings.text(), settings.accessibleName()) == ("", "Settings")
    assert wide - pages(window)[0].width() < 280
    window.resize(1000, 600)
    QApplication.processEvents()
    assert navigation.item(1).text() == "Two"


def test_it_fits_a_small_screen(window: DashboardWindow) -> None:
    assert window.minimumSizeHint().width() <= 720
    assert window.minimumSizeHint().height() <= 480


def test_a_model_is_opened_on_its_page(qtbot: QtBot, bridge: FakeBridge, theme: Theme) -> None:
    bridge.publish(snapshot(model("mistral-7b"), model("qwen3-4b", State.HOT)))
    window = DashboardWindow(bridge, pages=[page for page in PAGES if page.key in ("overview", "models")])
    qtbot.addWidget(window)
    window.resize(720, 480)
    window.show()
    window.open_model("qwen3-4b")
    view = window.findChild(ModelsView)
    assert view is not None
    assert [one.model_id for one in view.selected()] == ["qwen3-4b"]
    assert window.minimumSizeHint().width() <= 720
    assert window.minimumSizeHint().height() <= 480


def test_every_page_has_its_own_title(qtbot: QtBot) -> None:
    assert len({page.words() for page in PAGES}) == len({page.key for page in PAGES}) == len(PAGES)


def test_the_size_is_restored(qtbot: QtBot, bridge: FakeBridge, state: WindowState) -> None:
    first = DashboardWindow(bridge, state=state, pages=SPECS)
    qtbot.addWidget(first)
    first.show()
    first.resize(600, 450)
    first.close()
    again = DashboardWindow(bridge, state=state, pages=SPECS)
    qtbot.addWidget(again)
    assert (again.width(), again.height()) == (600, 450)
