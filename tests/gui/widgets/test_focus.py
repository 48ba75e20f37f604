"""The focus stays in place when its widget is hidden, disabled or replaced."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from PySide6.QtCore import Qt
from PySide6.QtWidgets import QApplication, QHBoxLayout, QPushButton, QWidget
from pytestqt.qtbot import QtBot

from preheat_gui.widgets import KeepsFocus, give_focus


class Window(KeepsFocus, QWidget):
    """Three buttons, of which the second and the third share a place."""

    def __init__(self) -> None:
        super().__init__()
        row = QHBoxLayout(self)  # the first one grows when the second one is hidden
        self.first, self.second, self.third = (QPushButton(text, self) for text in ("First", "Second", "Third"))
        for button in (self.first, self.second):
            row.addWidget(button)
        self.third.hide()

    def exchange(self) -> None:
        """Put the third button in the second one's place."""
        self.second.hide()
        self.third.setGeometry(self.second.geometry())
        self.third.show()


@pytest.fixture
def window(qtbot: QtBot) -> Iterator[Window]:
    window = Window()
    with qtbot.waitExposed(window):
        window.show()
    window.second.setFocus()
    yield window
    window.deleteLater()


def focused(window: QWidget) -> QWidget | None:
    QApplication.processEvents()
    return window.focusWidget()


def test_a_button_that_disables_itself_gets_the_focus_back(window: Window) -> None:
    window.second.setEnabled(False)
    assert focused(window) is window  # neither button: another press of the key does nothing
    window.second.setEnabled(True)
    assert focused(window) is window.second


def test_a_hidden_button_leaves_the_focus_to_what_replaces_it(window: Window) -> None:
    window.exchange()
    assert focused(window) is window.third


def test_the_user_moves_the_focus_on(qtbot: QtBot, window: Window) -> None:
    window.second.hide()
    assert focused(window) is window
    window.first.setFocus()
    window.second.show()
    assert focused(window) is window.first


def test_a_widget_gets_the_focus_when_it_becomes_available(window: Window) -> None:
    window.second.setEnabled(False)
    give_focus(window, (window.second, window.third), Qt.FocusReason.OtherFocusReason)
    assert focused(window) is window
    window.third.show()
    assert focused(window) is window.third
    give_focus(window, (window.first,), Qt.FocusReason.OtherFocusReason)
    assert focused(window) is window.first
