from __future__ import annotations

from pathlib import Path

import pytest
from PySide6.QtCore import Qt
from PySide6.QtGui import QDesktopServices, QGuiApplication
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QApplication, QCheckBox, QComboBox, QLineEdit, QPlainTextEdit, QPushButton, QWidget
from pytestqt.qtbot import QtBot

from children import child, running
from fake_bridge import FakeBridge
from preheat.log import log_file
from preheat_gui.dashboard.log import page as log_page
from preheat_gui.dashboard.log.page import LogPage

HEAD = "2026-11-22T02:06:28+0000"


def write(*messages: str, level: str = "INFO") -> None:
    log_file().parent.mkdir(parents=True, exist_ok=True)
    with log_file().open("a", encoding="utf-8") as file:
        file.writelines(f"{HEAD} {level:<7} preheat.core.engine: {message}\n" for message in messages)


def text(page: LogPage) -> str:
    return child(page, QPlainTextEdit, "log_text").toPlainText()


def make(qtbot: QtBot, bridge: FakeBridge) -> LogPage:
    page = LogPage(bridge)
    qtbot.addWidget(page)
    page.resize(720, 480)
    page.show()
    page.activate()
    return page


@pytest.fixture
def page(qtbot: QtBot, bridge: FakeBridge, theme: object) -> LogPage:
    write("first", "second")
    write("too little room", level="WARNING")
    page = make(qtbot, bridge)
    qtbot.waitUntil(lambda: "room" in text(page))
    return page


def test_the_log_is_read_only_while_shown(page: LogPage, qtbot: QtBot) -> None:
    write("third")
    qtbot.waitUntil(lambda: "third" in text(page))
    page.deactivate()
    write("fourth")
    assert not running(page)
    QApplication.processEvents()
    assert "fourth" not in text(page)
    page.activate()
    qtbot.waitUntil(lambda: "fourth" in text(page))


def test_a_missing_file_is_not_an_error(qtbot: QtBot, bridge: FakeBridge, theme: object) -> None:
    page = make(qtbot, bridge)
    empty = child(page, QWidget, "log_empty")
    qtbot.waitUntil(lambda: empty.accessibleName() == "The log is empty")
    write("first")
    qtbot.waitUntil(lambda: "first" in text(page))
    assert not empty.isVisible()


def test_an_unreadable_log_shows_the_reason(qtbot: QtBot, bridge: FakeBridge, theme: object) -> None:
    log_file().mkdir(parents=True)
    page = make(qtbot, bridge)
    empty = child(page, QWidget, "log_empty")
    qtbot.waitUntil(lambda: empty.accessibleName() == "The log can't be read")
    assert "irectory" in empty.accessibleDescription()


def test_levels_and_words_filter_lines(page: LogPage, qtbot: QtBot) -> None:
    with qtbot.waitSignal(page.memory_changed):
        child(page, QComboBox, "log_level").setCurrentText("Warnings and errors")
    assert text(page).splitlines() == [f"{HEAD} WARNING preheat.core.engine: too little room"]
    child(page, QLineEdit, "log_search").setText("nowhere")
    assert child(page, QWidget, "log_empty").isVisible()
    assert child(page, QWidget, "log_empty").accessibleName() == "Nothing matches"
    QTest.mouseClick(child(page, QPushButton, "empty_state_button"), Qt.MouseButton.LeftButton)
    assert len(text(page).splitlines()) == 3


def test_new_lines_are_filtered_too(page: LogPage, qtbot: QtBot) -> None:
    child(page, QLineEdit, "log_search").setText("room")
    write("other", "more room")
    qtbot.waitUntil(lambda: "more room" in text(page))
    assert "other" not in text(page)


def test_the_level_is_remembered(page: LogPage) -> None:
    page.remember({"log_level": "30"})
    assert page.memory() == {"log_level": "30"}
    page.remember({"log_level": "nonsense"})
    assert page.memory() == {"log_level": "30"}


def test_it_stays_at_the_end_until_the_user_scrolls_up(page: LogPage, qtbot: QtBot) -> None:
    follow = child(page, QCheckBox, "log_follow")
    bar = child(page, QPlainTextEdit, "log_text").verticalScrollBar()
    write(*(f"line {number}" for number in range(200)))
    qtbot.waitUntil(lambda: "line 199" in text(page))
    assert bar.maximum() > 0
    assert bar.value() == bar.maximum()
    bar.setValue(10)
    assert not follow.isChecked()
    write("and more")
    qtbot.waitUntil(lambda: "and more" in text(page))
    assert bar.value() == 10
    follow.click()
    assert bar.value() == bar.maximum()
    bar.setValue(10)
    bar.setValue(bar.maximum())
    assert follow.isChecked()


def test_copies_the_selection_or_everything(page: LogPage, qtbot: QtBot) -> None:
    copy = child(page, QPushButton, "log_copy")
    QTest.mouseClick(copy, Qt.MouseButton.LeftButton)
    assert QGuiApplication.clipboard().text() == text(page)
    view = child(page, QPlainTextEdit, "log_text")
    cursor = view.textCursor()
    cursor.setPosition(0)
    cursor.setPosition(view.document().findBlockByNumber(1).position() + 4, cursor.MoveMode.KeepAnchor)
    view.setTextCursor(cursor)
    QTest.mouseClick(copy, Qt.MouseButton.LeftButton)
    assert QGuiApplication.clipboard().text() == text(page)[: len(text(page).splitlines()[0]) + 5]


def test_the_folder_opens_with_or_without_a_file(page: LogPage, qtbot: QtBot, monkeypatch: pytest.MonkeyPatch) -> None:
    shown: list[Path] = []
    opened: list[str] = []
    monkeypatch.setattr(log_page, "reveal", lambda path, parent: shown.append(path))
    monkeypatch.setattr(QDesktopServices, "openUrl", lambda url: opened.append(url.toLocalFile()))
    folder = child(page, QPushButton, "log_folder")
    QTest.mouseClick(folder, Qt.MouseButton.LeftButton)
    assert shown == [log_file()]
    log_file().unlink()
    QTest.mouseClick(folder, Qt.MouseButton.LeftButton)
    assert opened == [str(log_file().parent)]


def test_the_last_five_thousand_lines_are_shown(page: LogPage, qtbot: QtBot) -> None:
    write(*(f"line {number}" for number in range(6000)))
    qtbot.waitUntil(lambda: "line 5999" in text(page))
    assert child(page, QPlainTextEdit, "log_text").blockCount() == 5000
    repaints: list[object] = []
    child(page, QPlainTextEdit, "log_text").document().contentsChange.connect(lambda *change: repaints.append(change))
    child(page, QLineEdit, "log_search").setText("line")
    assert len(repaints) <= 2
