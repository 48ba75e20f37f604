"""Finds widgets by name, and presses keys in them."""

from __future__ import annotations

from typing import TypeVar

from PySide6.QtCore import QObject, Qt
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QWidget

T = TypeVar("T", bound=QObject)


def child(parent: QObject, kind: type[T], name: str) -> T:
    """Return the descendant with this object name; fail the test if there is none."""
    found = parent.findChild(kind, name)
    assert found is not None, f"there is no {name}"
    return found


def type_text(widget: QWidget, text: str) -> None:
    """Press the keys of a text."""
    QTest.keyClicks(widget, text)


def press_key(widget: QWidget, key: Qt.Key) -> None:
    """Press one key."""
    QTest.keyClick(widget, key)
