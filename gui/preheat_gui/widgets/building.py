"""Short forms for building windows."""

from __future__ import annotations

from collections.abc import Callable
from typing import TypeVar

from PySide6.QtCore import QObject, Qt, QTimer, SignalInstance
from PySide6.QtGui import QKeySequence, QShortcut
from PySide6.QtWidgets import (
    QBoxLayout,
    QHBoxLayout,
    QLabel,
    QLayout,
    QPushButton,
    QStackedWidget,
    QVBoxLayout,
    QWidget,
)

from preheat_gui.widgets.theme import GAP, set_role

ObjectT = TypeVar("ObjectT", bound=QObject)
# A part of a row or column; a number is a space in pixels, None stretches. In a tuple, with its stretch factor.
Item = QWidget | QLayout | int | None | tuple[QWidget | QLayout | None, int]


def hbox(*items: Item, parent: QWidget | None = None, spacing: int = GAP, margin: int = 0) -> QHBoxLayout:
    """Return a row of widgets and layouts; without ``parent``, to be added to another layout."""
    layout = QHBoxLayout()
    _fill(layout, items, parent, spacing, margin)
    return layout


def vbox(*items: Item, parent: QWidget | None = None, spacing: int = GAP, margin: int = 0) -> QVBoxLayout:
    """Return a column; see ``hbox``."""
    layout = QVBoxLayout()
    _fill(layout, items, parent, spacing, margin)
    return layout


def _fill(layout: QBoxLayout, items: tuple[Item, ...], parent: QWidget | None, spacing: int, margin: int) -> None:
    layout.setContentsMargins(margin, margin, margin, margin)
    layout.setSpacing(spacing)
    if parent is not None:
        parent.setLayout(layout)
    for item in items:
        part, stretch = item if isinstance(item, tuple) else (item, 0)
        if isinstance(part, QWidget):
            layout.addWidget(part, stretch)
        elif isinstance(part, QLayout):
            layout.addLayout(part, stretch)
        elif part is None:
            layout.addStretch(stretch)
        else:
            layout.addSpacing(part)


def named(widget: ObjectT, name: str, accessible_name: str = "", tooltip: str = "") -> ObjectT:
    """Return an object after giving it an object name, and a widget its accessible name and tooltip."""
    widget.setObjectName(name)
    if isinstance(widget, QWidget):
        if accessible_name:
            widget.setAccessibleName(accessible_name)
        if tooltip:
            widget.setToolTip(tooltip)
    return widget


def button(
    text: str, name: str, on_clicked: Callable[..., object] | SignalInstance | None, parent: QWidget, *, role: str = ""
) -> QPushButton:
    """Return a push button that Return does not press by default."""
    made = named(QPushButton(text, parent), name)
    made.setAutoDefault(False)
    if on_clicked is not None:
        made.clicked.connect(on_clicked)
    if role:
        set_role(made, role)
    return made


def text_label(text: str, name: str, parent: QWidget) -> QLabel:
    """Return a label of plain text that wraps."""
    made = named(QLabel(text, parent), name)
    made.setTextFormat(Qt.TextFormat.PlainText)
    made.setWordWrap(True)
    return made


def stacked(*widgets: QWidget) -> QStackedWidget:
    """Return a stack of widgets that shows the first one."""
    made = QStackedWidget()
    for widget in widgets:
        made.addWidget(widget)
    return made


def shortcut(
    keys: QKeySequence.StandardKey | Qt.Key, parent: QWidget, slot: Callable[..., object] | SignalInstance
) -> QShortcut:
    """Return a shortcut that works while ``parent`` is visible, wherever the focus is in its window."""
    made = QShortcut(QKeySequence(keys), parent)
    made.activated.connect(slot)
    return made


def timer(parent: QObject, interval_ms: int, slot: Callable[..., object], *, repeat: bool = False) -> QTimer:
    """Return a timer that is not running yet."""
    made = QTimer(parent)
    made.setInterval(interval_ms)
    made.setSingleShot(not repeat)
    made.timeout.connect(slot)
    return made
