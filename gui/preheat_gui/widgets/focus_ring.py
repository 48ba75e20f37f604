"""Marks the widget with the focus for the style sheet, while the keyboard is in use. GUI thread."""

from __future__ import annotations

from typing import Final

from PySide6.QtCore import QEvent, QObject, Qt
from PySide6.QtGui import QKeyEvent
from PySide6.QtWidgets import QAbstractScrollArea, QApplication, QWidget

PROPERTY: Final = "keyboard"  # True while the ring is shown
_KEYS: Final = (QEvent.Type.KeyPress, QEvent.Type.ShortcutOverride)  # A shortcut's key is only the latter
_PRESSES: Final = (QEvent.Type.MouseButtonPress, QEvent.Type.MouseButtonDblClick, QEvent.Type.TouchBegin)
_MODIFIERS: Final = (Qt.Key.Key_Shift, Qt.Key.Key_Control, Qt.Key.Key_Alt, Qt.Key.Key_Meta, Qt.Key.Key_AltGr)


class FocusRing(QObject):
    """Follows the focus, and whether a key or a pointer was used last, as ``:focus-visible`` does in browsers.

    It filters the events of the widget with the focus only: a filter for the application would slow down every event.
    """

    def __init__(self, app: QApplication) -> None:
        super().__init__(app)
        self._by_keyboard = False
        app.focusChanged.connect(self._on_focus)

    def eventFilter(self, watched: QObject, event: QEvent) -> bool:  # noqa: N802 - Qt's name
        """Show the ring after a key, and hide it after a press of the pointer."""
        kind = event.type()
        if kind in _KEYS:
            if not (isinstance(event, QKeyEvent) and event.key() in _MODIFIERS):
                self._use(by_keyboard=True)
        elif kind in _PRESSES:
            self._use(by_keyboard=False)
        return False

    def _on_focus(self, old: QWidget | None, new: QWidget | None) -> None:
        for widget in _parts(old):
            widget.removeEventFilter(self)
        for widget in _parts(new):
            widget.installEventFilter(self)
        if QApplication.mouseButtons() != Qt.MouseButton.NoButton:
            self._by_keyboard = False
        self._mark(old, False)
        self._mark(new, self._by_keyboard)

    def _use(self, *, by_keyboard: bool) -> None:
        if by_keyboard != self._by_keyboard:
            self._by_keyboard = by_keyboard
            self._mark(QApplication.focusWidget(), by_keyboard)

    def _mark(self, widget: QWidget | None, on: bool) -> None:
        if widget is None or shows_ring(widget) == on:
            return
        widget.setProperty(PROPERTY, on)
        widget.style().unpolish(widget)
        widget.style().polish(widget)
        for part in _parts(widget):
            part.update()


def shows_ring(widget: QWidget | None) -> bool:
    """Return whether a widget with the focus shows its ring, for those that paint it themselves."""
    return widget is not None and widget.property(PROPERTY) is True


def _parts(widget: QWidget | None) -> tuple[QWidget, ...]:
    """Return the widget and what gets its pointer events."""
    if isinstance(widget, QAbstractScrollArea):
        return widget, widget.viewport()
    return () if widget is None else (widget,)
