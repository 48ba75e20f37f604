"""The parts of the band that take focus, keys and pointers, and that screen readers see. They paint nothing."""

from __future__ import annotations

from typing import Final

from PySide6.QtCore import QEvent, QPoint, Qt, Signal
from PySide6.QtGui import (
    QContextMenuEvent,
    QEnterEvent,
    QFocusEvent,
    QKeyEvent,
    QMouseEvent,
    QPaintEvent,
    QWheelEvent,
)
from PySide6.QtWidgets import QAbstractButton, QApplication, QSlider, QWidget

from preheat_gui.widgets import focused_by_keyboard

_STEPS: Final = {Qt.Key.Key_Left: -1, Qt.Key.Key_Right: 1, Qt.Key.Key_Up: -1, Qt.Key.Key_Down: 1}
_ENTER: Final = (Qt.Key.Key_Return, Qt.Key.Key_Enter)


class BlockHandle(QAbstractButton):
    """A block. Enter, Space and a click open its menu; F and Delete act as on the page of models."""

    menu_requested = Signal(str, QPoint)  # Its key, and where in global coordinates
    moved = Signal(str, int)  # The user wants the focus on another block: -1 the previous one, 1 the next one
    ends_wanted = Signal(int)  # Likewise the first block (0) or the last one (-1)
    favourite_pressed = Signal(str)
    unload_pressed = Signal(str)
    hovered = Signal(str, bool)  # The pointer came or left
    focus_changed = Signal(str, bool)  # It has the keyboard focus

    def __init__(self, key: str, parent: QWidget) -> None:
        super().__init__(parent)
        self.key = key
        self.setObjectName(f"block_{key}")
        self.setCursor(Qt.CursorShape.PointingHandCursor)
        self.clicked.connect(self._on_clicked)

    def paintEvent(self, event: QPaintEvent) -> None:  # noqa: N802
        """Paint nothing: the band does."""

    def enterEvent(self, event: QEnterEvent) -> None:  # noqa: N802
        self.hovered.emit(self.key, True)
        super().enterEvent(event)

    def leaveEvent(self, event: QEvent) -> None:  # noqa: N802
        self.hovered.emit(self.key, False)
        super().leaveEvent(event)

    def focusInEvent(self, event: QFocusEvent) -> None:  # noqa: N802
        self.focus_changed.emit(self.key, focused_by_keyboard(event))
        super().focusInEvent(event)

    def focusOutEvent(self, event: QFocusEvent) -> None:  # noqa: N802
        self.focus_changed.emit("", False)
        super().focusOutEvent(event)

    def keyPressEvent(self, event: QKeyEvent) -> None:  # noqa: N802
        key = Qt.Key(event.key())
        if key in _STEPS:
            self.moved.emit(self.key, _STEPS[key])
        elif key in (Qt.Key.Key_Home, Qt.Key.Key_End):
            self.ends_wanted.emit(0 if key == Qt.Key.Key_Home else -1)
        elif key in _ENTER:
            self.click()
        elif key == Qt.Key.Key_F and not event.modifiers():
            self.favourite_pressed.emit(self.key)
        elif key == Qt.Key.Key_Delete:
            self.unload_pressed.emit(self.key)
        else:
            super().keyPressEvent(event)

    def contextMenuEvent(self, event: QContextMenuEvent) -> None:  # noqa: N802
        self.menu_requested.emit(self.key, event.globalPos())

    def _on_clicked(self) -> None:
        self.menu_requested.emit(self.key, self.mapToGlobal(self.rect().bottomLeft()))


class LimitHandle(QSlider):
    """The limit, in percent of all memory. Dragged, or changed by keys: Enter applies, Escape keeps the present one."""

    drag_moved = Signal(int)  # The pointer's place, in the band's coordinates
    stepped = Signal(int)  # Keys chose this percentage
    committed = Signal()  # Apply what is shown
    cancelled = Signal()
    touched = Signal()  # The user is about to change it
    focus_changed = Signal(bool)  # It has the keyboard focus

    def __init__(self, parent: QWidget) -> None:
        super().__init__(Qt.Orientation.Horizontal, parent)
        self.setObjectName("hearth_limit")
        self.setRange(1, 100)
        self.setPageStep(10)
        self.setFocusPolicy(Qt.FocusPolicy.StrongFocus)
        self._pressed_at: int | None = None
        self._dragging = False
        self.valueChanged.connect(self._on_value)

    @property
    def held(self) -> bool:
        """Whether the pointer holds it."""
        return self._dragging

    def show_value(self, percent: int) -> None:
        """Show the present limit."""
        self.blockSignals(True)
        self.setValue(percent)
        self.blockSignals(False)

    def paintEvent(self, event: QPaintEvent) -> None:  # noqa: N802
        """Paint nothing: the band does."""

    def wheelEvent(self, event: QWheelEvent) -> None:  # noqa: N802
        event.ignore()  # scrolling a page must not change a setting

    def mousePressEvent(self, event: QMouseEvent) -> None:  # noqa: N802
        if event.button() is Qt.MouseButton.LeftButton and self.isEnabled():
            self._pressed_at = self._place(event)
            self.touched.emit()

    def mouseMoveEvent(self, event: QMouseEvent) -> None:  # noqa: N802
        if self._pressed_at is None:
            return
        x = self._place(event)
        if self._dragging or abs(x - self._pressed_at) >= QApplication.startDragDistance() // 2:
            self._dragging = True
            self.drag_moved.emit(x)

    def mouseReleaseEvent(self, event: QMouseEvent) -> None:  # noqa: N802
        dragged, self._dragging, self._pressed_at = self._dragging, False, None
        if dragged:
            self.committed.emit()

    def keyPressEvent(self, event: QKeyEvent) -> None:  # noqa: N802
        if event.key() == Qt.Key.Key_Escape:
            self._dragging, self._pressed_at = False, None
            self.cancelled.emit()
        elif event.key() in _ENTER:
            self.committed.emit()
        else:
            super().keyPressEvent(event)

    def focusInEvent(self, event: QFocusEvent) -> None:  # noqa: N802
        self.focus_changed.emit(focused_by_keyboard(event))
        super().focusInEvent(event)

    def focusOutEvent(self, event: QFocusEvent) -> None:  # noqa: N802
        self.focus_changed.emit(False)
        if not self._dragging:
            self.cancelled.emit()
        super().focusOutEvent(event)

    def _on_value(self, percent: int) -> None:
        self.touched.emit()
        self.stepped.emit(percent)

    def _place(self, event: QMouseEvent) -> int:
        return int(self.mapToParent(event.position().toPoint()).x())
