"""Marks the widget with the focus for the style sheet, while the keyboard is in use. GUI thread."""

from __future__ import annotations

from typing import Final

from PySide6.QtCore import QEvent, QObject, Qt, QTimer, Slot
from PySide6.QtGui import QFocusEvent, QGuiApplication, QKeyEvent
from PySide6.QtWidgets import QApplication, QWidget

PROPERTY: Final = "keyboard"  # True while the ring is shown
_VIEWPORT: Final = "qt_scrollarea_viewport"  # Qt's name of what lists and tables paint on
_BY_KEYS: Final = (
    Qt.FocusReason.TabFocusReason,
    Qt.FocusReason.BacktabFocusReason,
    Qt.FocusReason.ShortcutFocusReason,
)
_PRESSES: Final = (QEvent.Type.MouseButtonPress, QEvent.Type.MouseButtonDblClick, QEvent.Type.TouchBegin)
_MODIFIERS: Final = (Qt.Key.Key_Shift, Qt.Key.Key_Control, Qt.Key.Key_Alt, Qt.Key.Key_Meta, Qt.Key.Key_AltGr)


class FocusRing(QObject):
    """Follows the focus, and whether a key or a pointer was used last, as ``:focus-visible`` does in browsers.

    It filters the events of native windows: a filter for the application would slow down every event. It keeps no
    widget, and touches none at once: one that gets or loses the focus may be in its destructor.
    """

    def __init__(self, app: QApplication) -> None:
        super().__init__(app)
        self.by_keyboard = False  # A key was used last
        self._later = QTimer(self)
        self._later.setSingleShot(True)
        self._later.timeout.connect(self._follow)
        app.focusChanged.connect(self._on_focus)

    def eventFilter(self, watched: QObject, event: QEvent) -> bool:  # noqa: N802 - Qt's name
        """Show the ring after a key, and hide it after a press of the pointer."""
        kind = event.type()
        if kind == QEvent.Type.KeyPress:
            if not (isinstance(event, QKeyEvent) and event.key() in _MODIFIERS):
                self._use(by_keyboard=True)
        elif kind in _PRESSES:
            self._use(by_keyboard=False)
        return False

    @Slot()
    def _on_focus(self) -> None:
        self._later.start(0)

    def _follow(self) -> None:
        window = QGuiApplication.focusWindow()
        if window is not None:
            window.installEventFilter(self)  # once, also if it was already
        self._mark()

    def _use(self, *, by_keyboard: bool) -> None:
        if by_keyboard != self.by_keyboard:
            self.by_keyboard = by_keyboard
            self._mark()

    def _mark(self) -> None:
        """Mark the widget with the focus. Others may keep their mark: the style sheet looks at both."""
        widget = QApplication.focusWidget()
        if widget is None or shows_ring(widget) == self.by_keyboard:
            return
        widget.setProperty(PROPERTY, self.by_keyboard)
        widget.style().unpolish(widget)
        widget.style().polish(widget)
        for part in (widget, widget.findChild(QWidget, _VIEWPORT, Qt.FindChildOption.FindDirectChildrenOnly)):
            if part is not None:
                QWidget.update(part)


def focused_by_keyboard(event: QFocusEvent) -> bool:
    """Return whether a widget that paints its ring itself shows it after this event."""
    app = QApplication.instance()
    ring = app.findChild(FocusRing) if app is not None else None
    return event.reason() in _BY_KEYS or (ring is not None and ring.by_keyboard)


def shows_ring(widget: QWidget | None) -> bool:
    """Return whether a widget with the focus shows its ring, for those that paint it themselves."""
    return widget is not None and widget.property(PROPERTY) is True
