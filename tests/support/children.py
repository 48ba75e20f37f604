"""Finds widgets by name, and types in them."""

from __future__ import annotations

from typing import TypeVar

from PySide6.QtCore import QAbstractAnimation, QObject, Qt, QTimer
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QWidget

T = TypeVar("T", bound=QObject)


def child(parent: QObject, kind: type[T], name: str) -> T:
    """Return the descendant with this object name; fail the test if there is none."""
    found = parent.findChild(kind, name)
    assert found is not None, f"there is no {name}"
    return found


def running(parent: QObject) -> list[QObject]:
    """Return the timers and animations that run in it."""
    timers = [timer for timer in parent.findChildren(QTimer) if timer.isActive()]
    animations = parent.findChildren(QAbstractAnimation)
    return [*timers, *(each for each in animations if each.state() is QAbstractAnimation.State.Running)]


def type_text(widget: QWidget, text: str) -> None:
    """Press the keys of a text."""
    QTest.keyClicks(widget, text)


def press_key(widget: QWidget, key: Qt.Key) -> None:
    """Press one key."""
    QTest.keyClick(widget, key)
