"""Marks the widget with the focus for the style sheet, while the keyboard is in use. GUI thread."""

from __future__ import annotations

from typing import Final

from PySide6.QtCore import QEvent, QObject, Qt, QTimer
from PySide6.QtGui import QKeyEvent
from PySide6.QtWidgets import QAbstractScrollArea, QApplication, QWidget
from shiboken6 import isValid

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
        self._watched: list[QWidget] = []  # With the focus now, or shortly before
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

    def _on_focus(self, _old: QWidget | None, new: QWidget | None) -> None:
        # The one that had the focus may be in its destructor: it is left alone until that is over.
        if self._watched:
            QTimer.singleShot(0, self._tidy)
        if QApplication.mouseButtons() != Qt.MouseButton.NoButton:
            self._by_keyboard = False
        if new is None:
            return
        for widget in _parts(new):
            widget.installEventFilter(self)
            self._watched.append(widget)
        _mark(new, self._by_keyboard)

    def _tidy(self) -> None:
        """Forget the widgets that no longer have the focus."""
        focused = QApplication.focusWidget()
        kept = _parts(focused) if focused is not None else ()
        others = [widget for widget in self._watched if isValid(widget) and widget not in kept]
        self._watched = list(kept)
        for widget in others:
            widget.removeEventFilter(self)
            _mark(widget, False)

    def _use(self, *, by_keyboard: bool) -> None:
        if by_keyboard != self._by_keyboard:
            self._by_keyboard = by_keyboard
            focused = QApplication.focusWidget()
            if focused is not None:
                _mark(focused, by_keyboard)


def _mark(widget: QWidget, on: bool) -> None:
    if shows_ring(widget) != on:
        widget.setProperty(PROPERTY, on)
        widget.style().unpolish(widget)
        widget.style().polish(widget)
        for part in _parts(widget):
            part.update()


def shows_ring(widget: QWidget | None) -> bool:
    """Return whether a widget with the focus shows its ring, for those that paint it themselves."""
    return widget is not None and widget.property(PROPERTY) is True


def _parts(widget: QWidget) -> tuple[QWidget, ...]:
    """Return the widget and what gets its pointer events."""
    return (widget, widget.viewport()) if isinstance(widget, QAbstractScrollArea) else (widget,)
