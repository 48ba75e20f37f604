"""The timeline: a lane for each model, painted by one widget."""

from __future__ import annotations

from typing import Final

from PySide6.QtCore import QEvent, QPoint, QSize, Qt, Signal
from PySide6.QtGui import QFocusEvent, QHelpEvent, QKeyEvent, QMouseEvent, QPainter, QPaintEvent, QResizeEvent
from PySide6.QtWidgets import QAbstractButton, QSizePolicy, QToolTip, QWidget

from preheat_gui.dashboard.activity.day.painter import DayPainter
from preheat_gui.dashboard.activity.day.picture import Item, Picture, PlacedLane, draw_up
from preheat_gui.dashboard.activity.day.scene import DayScene, LaneScene
from preheat_gui.dashboard.activity.day.words import item_words, lane_words
from preheat_gui.dashboard.painting import LooksOf
from preheat_gui.widgets import named, shows_ring, theme

_LEAST_PX: Final = 320
_STEPS: Final = {Qt.Key.Key_Left: -1, Qt.Key.Key_Right: 1}
_LANES: Final = {Qt.Key.Key_Up: -1, Qt.Key.Key_Down: 1}
_ENDS: Final = {Qt.Key.Key_Home: 0, Qt.Key.Key_End: -1}
_ENTER: Final = (Qt.Key.Key_Return, Qt.Key.Key_Enter)


class LaneHandle(QAbstractButton):
    """A lane for keys and screen readers. It paints nothing. Left and right go through what is on it."""

    stepped = Signal(str, int)  # Go on to the next (1) or previous (-1) thing on the lane
    ends_wanted = Signal(str, int)  # Go to the first (0) or last (-1) one
    moved = Signal(str, int)  # Go to the next or previous lane
    focus_changed = Signal(str, bool)  # It got or lost the focus

    def __init__(self, key: str, parent: QWidget) -> None:
        super().__init__(parent)
        self.key = key
        self.setObjectName(f"lane_{key}")
        self.setAttribute(Qt.WidgetAttribute.WA_TransparentForMouseEvents)

    def paintEvent(self, event: QPaintEvent) -> None:  # noqa: N802
        """Paint nothing: the timeline does."""

    def focusInEvent(self, event: QFocusEvent) -> None:  # noqa: N802
        self.focus_changed.emit(self.key, True)
        super().focusInEvent(event)

    def focusOutEvent(self, event: QFocusEvent) -> None:  # noqa: N802
        self.focus_changed.emit(self.key, False)
        super().focusOutEvent(event)

    def keyPressEvent(self, event: QKeyEvent) -> None:  # noqa: N802
        key = Qt.Key(event.key())
        if key in _STEPS:
            self.stepped.emit(self.key, _STEPS[key])
        elif key in _LANES:
            self.moved.emit(self.key, _LANES[key])
        elif key in _ENDS:
            self.ends_wanted.emit(self.key, _ENDS[key])
        elif key in _ENTER:
            self.click()
        else:
            super().keyPressEvent(event)


class Timeline(QWidget):
    """Shows a scene. What the pointer or the keyboard points to is explained."""

    explained = Signal(str)  # What is pointed to, in words; empty for nothing
    model_chosen = Signal(str)  # The user wants to see this model
    lane_focused = Signal(QWidget)  # The keyboard went to this lane

    def __init__(self) -> None:
        super().__init__()
        named(self, "day_timeline", self.tr("Timeline"))
        self._scene = DayScene()
        self._lanes: dict[str, LaneScene] = {}
        self._picture: Picture | None = None
        self._looks = LooksOf(self)
        self._handles: dict[str, LaneHandle] = {}
        self._hovered = self._focused = self._pointed = ""
        self._current: Item | None = None
        self.setMouseTracking(True)
        self.setCursor(Qt.CursorShape.ArrowCursor)
        self.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Expanding)
        theme().changed.connect(self._draw_up)

    def show_scene(self, scene: DayScene) -> None:
        if scene != self._scene or self._picture is None:
            self._scene = scene
            self._lanes = {lane.model_id: lane for lane in scene.lanes}
            self._draw_up()

    @property
    def most_height(self) -> int:
        """The height that it has a use for."""
        return self._picture.most_height if self._picture is not None else 0

    def sizeHint(self) -> QSize:  # noqa: N802
        return QSize(_LEAST_PX, self._picture.least_height if self._picture is not None else 0)

    def minimumSizeHint(self) -> QSize:  # noqa: N802
        return self.sizeHint()

    def resizeEvent(self, event: QResizeEvent) -> None:  # noqa: N802
        super().resizeEvent(event)
        self._draw_up()

    def changeEvent(self, event: QEvent) -> None:  # noqa: N802
        super().changeEvent(event)
        if event.type() in (QEvent.Type.ApplicationFontChange, QEvent.Type.LocaleChange):
            self._draw_up()

    def focusInEvent(self, event: QFocusEvent) -> None:  # noqa: N802
        """Pass the focus on to the lane that Tab stops at."""
        stop = next((each for each in self._handles.values() if each.focusPolicy() is Qt.FocusPolicy.TabFocus), None)
        if stop is not None:
            stop.setFocus(event.reason())

    def paintEvent(self, event: QPaintEvent) -> None:  # noqa: N802
        if self._picture is not None:
            painting = DayPainter(QPainter(self), self._looks(), dark=theme().dark)
            ring = self._focused if shows_ring(self._handles.get(self._focused)) else ""
            painting.paint(self._picture, event.region(), hovered=self._hovered, ringed=ring, current=self._current)

    def mouseMoveEvent(self, event: QMouseEvent) -> None:  # noqa: N802
        at = event.position().toPoint()
        lane = self._lane_at(at)
        self._hover(lane.model_id if lane is not None else "")
        on_name = lane is not None and self._picture is not None and at.x() < self._picture.left
        self.setCursor(Qt.CursorShape.PointingHandCursor if on_name else Qt.CursorShape.ArrowCursor)
        self._point_to(lane, lane.item_at(at.x()) if lane is not None and not on_name else None)

    def mouseReleaseEvent(self, event: QMouseEvent) -> None:  # noqa: N802
        at = event.position().toPoint()
        lane = self._lane_at(at)
        if lane is not None and self._picture is not None and at.x() < self._picture.left:
            self.model_chosen.emit(lane.model_id)

    def leaveEvent(self, event: QEvent) -> None:  # noqa: N802
        super().leaveEvent(event)
        self._hover("")
        self._point_to(None, None)

    def event(self, event: QEvent) -> bool:
        if isinstance(event, QHelpEvent) and event.type() == QEvent.Type.ToolTip:
            self._show_tooltip(event.pos(), event.globalPos())
            return True
        return super().event(event)

    def _show_tooltip(self, at: QPoint, on_screen: QPoint) -> None:
        lane = self._lane_at(at)
        item = lane.item_at(at.x()) if lane is not None else None
        if lane is None or self._picture is None:
            QToolTip.hideText()
        elif at.x() < self._picture.left:
            QToolTip.showText(on_screen, lane.model_id, self, lane.rect)
        elif item is not None:
            QToolTip.showText(on_screen, self._words(lane.model_id, item), self, item.rect)
        else:
            QToolTip.hideText()

    def _draw_up(self) -> None:
        before, width = self._picture, max(self.width(), _LEAST_PX)
        self._picture = draw_up(self._scene, width, self.height(), self._looks())
        if before is None or before.least_height != self._picture.least_height:
            self.updateGeometry()
        self._place_handles(self._picture)
        self._find_current()
        self.update()

    def _find_current(self) -> None:
        """Point to the same thing as before, if it is still there."""
        lane, current = self._placed(self._pointed), self._current
        items = lane.items if lane is not None and current is not None else ()
        self._current = next((item for item in items if current is not None and item.key == current.key), None)
        if lane is not None and self._current is not None:
            self.explained.emit(self._words(lane.model_id, self._current))
        else:
            self._pointed = ""

    def _place_handles(self, picture: Picture) -> None:
        shown = {lane.model_id for lane in picture.lanes}
        for key in self._handles.keys() - shown:
            gone = self._handles.pop(key)
            gone.hide()
            gone.deleteLater()
        focus = next((key for key, handle in self._handles.items() if handle.hasFocus()), None)
        for place, lane in enumerate(picture.lanes):
            handle = self._handles.get(lane.model_id) or self._add_handle(lane.model_id)
            handle.setGeometry(lane.rect)
            if not handle.hasFocus():
                handle.setAccessibleDescription(lane_words(self._lanes[lane.model_id]))
            # Tab stops once in the timeline: at the lane that has the focus, or at the first one.
            stops = lane.model_id == focus or (focus is None and place == 0)
            handle.setFocusPolicy(Qt.FocusPolicy.TabFocus if stops else Qt.FocusPolicy.NoFocus)

    def _add_handle(self, key: str) -> LaneHandle:
        handle = self._handles[key] = LaneHandle(key, self)
        handle.setAccessibleName(key)
        handle.focus_changed.connect(self._on_focus)
        handle.stepped.connect(self._step)
        handle.ends_wanted.connect(self._go_to_end)
        handle.moved.connect(self._move)
        handle.clicked.connect(self._on_clicked)
        handle.show()
        self._put_in_order(handle)
        return handle

    def _put_in_order(self, handle: LaneHandle) -> None:
        """Let Tab reach the handle here: new widgets come last in their window."""
        # Qt orders only widgets that Tab stops at.
        self.setFocusPolicy(Qt.FocusPolicy.TabFocus)
        handle.setFocusPolicy(Qt.FocusPolicy.TabFocus)
        self.setTabOrder(self, handle)
        self.setFocusPolicy(Qt.FocusPolicy.NoFocus)

    def _lane_at(self, at: QPoint) -> PlacedLane | None:
        lanes = self._picture.lanes if self._picture is not None else ()
        return next((lane for lane in lanes if lane.rect.contains(at)), None)

    def _placed(self, key: str) -> PlacedLane | None:
        lanes = self._picture.lanes if self._picture is not None else ()
        return next((lane for lane in lanes if lane.model_id == key), None)

    def _words(self, key: str, item: Item) -> str:
        return item_words(item, self._lanes[key], self._scene.until)

    def _hover(self, key: str) -> None:
        if key != self._hovered:
            before, self._hovered = self._hovered, key
            self._update_lanes(before, key)

    def _point_to(self, lane: PlacedLane | None, item: Item | None) -> None:
        if item is self._current and (lane is None or lane.model_id == self._pointed):
            return
        before, self._pointed = self._pointed, lane.model_id if lane is not None and item is not None else ""
        self._current = item
        self.explained.emit(self._words(lane.model_id, item) if lane is not None and item is not None else "")
        self._update_lanes(before, self._pointed)

    def _update_lanes(self, *keys: str) -> None:
        for lane in self._picture.lanes if self._picture is not None else ():
            if lane.model_id in keys:
                self.update(lane.rect)

    # Keyboard

    def _on_focus(self, key: str, has_it: bool) -> None:
        before, self._focused = self._focused, key if has_it else ""
        if has_it:
            for each, handle in self._handles.items():
                handle.setFocusPolicy(Qt.FocusPolicy.TabFocus if each == key else Qt.FocusPolicy.NoFocus)
        else:
            self._point_to(None, None)
        self._update_lanes(before, key)

    def _on_clicked(self) -> None:
        self.model_chosen.emit(self._focused)

    def _step(self, key: str, step: int) -> None:
        lane = self._placed(key)
        items = lane.items if lane is not None else []
        place = (-1 if step > 0 else len(items)) if self._current not in items else items.index(self._current)
        place += step
        if 0 <= place < len(items):
            self._go_to(key, items[place])

    def _go_to_end(self, key: str, place: int) -> None:
        lane = self._placed(key)
        if lane is not None and lane.items:
            self._go_to(key, lane.items[place])

    def _go_to(self, key: str, item: Item) -> None:
        self._point_to(self._placed(key), item)
        self._handles[key].setAccessibleDescription(self._words(key, item))

    def _move(self, key: str, step: int) -> None:
        keys = [lane.model_id for lane in self._picture.lanes] if self._picture is not None else []
        place = keys.index(key) + step
        if 0 <= place < len(keys):
            handle = self._handles[keys[place]]
            handle.setFocusPolicy(Qt.FocusPolicy.TabFocus)
            handle.setFocus(Qt.FocusReason.OtherFocusReason)
            self.lane_focused.emit(handle)
