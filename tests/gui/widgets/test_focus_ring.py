"""The ring of focus: for keys, not for the pointer."""

from __future__ import annotations

from PySide6.QtCore import Qt
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QLineEdit, QListWidget, QPushButton, QWidget
from pytestqt.qtbot import QtBot

from preheat_gui.widgets import Theme, shows_ring, vbox


def test_the_ring_follows_keys_and_hides_for_the_pointer(qtbot: QtBot, theme: Theme) -> None:
    window, one, two, rows = QWidget(), QPushButton("one"), QPushButton("two"), QListWidget()
    rows.addItems(["first", "second"])
    vbox(QLineEdit(), one, two, rows, parent=window)
    qtbot.addWidget(window)
    QWidget.setTabOrder(one, two)
    with qtbot.waitActive(window):
        window.show()
        window.activateWindow()
    native = window.windowHandle()
    one.setFocus()
    qtbot.wait(1)
    QTest.mouseClick(native, Qt.MouseButton.LeftButton, pos=one.geometry().center())
    assert not shows_ring(one)
    QTest.keyClick(native, Qt.Key.Key_Shift)
    assert not shows_ring(one)
    QTest.keyClick(native, Qt.Key.Key_Tab)
    assert two.hasFocus()
    qtbot.waitUntil(lambda: shows_ring(two))
    rows.setFocus()
    qtbot.waitUntil(lambda: shows_ring(rows))
    QTest.mouseClick(native, Qt.MouseButton.LeftButton, pos=rows.geometry().center())
    assert not shows_ring(rows)
    QTest.keyClick(native, Qt.Key.Key_Down)
    assert shows_ring(rows)


def test_a_list_may_be_destroyed_while_it_has_the_focus(qtbot: QtBot, theme: Theme) -> None:
    window, rows = QWidget(), QListWidget()
    vbox(rows, QLineEdit(), parent=window)
    qtbot.addWidget(window)
    with qtbot.waitActive(window):
        window.show()
        window.activateWindow()
    rows.setFocus()
    QTest.keyClick(window.windowHandle(), Qt.Key.Key_Down)
    with qtbot.waitSignal(rows.destroyed):
        rows.deleteLater()
    QTest.keyClick(window.windowHandle(), Qt.Key.Key_Tab)
