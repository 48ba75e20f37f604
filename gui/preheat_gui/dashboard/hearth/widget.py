"""The band of memory: models as blocks as wide as their memory, the limit, and the running requests."""

from __future__ import annotations

import math
from collections.abc import Iterator
from typing import Final

from PySide6.QtCore import QEvent, QPoint, QRect, QSize, Qt, Signal
from PySide6.QtGui import QFocusEvent, QMouseEvent, QPainter, QPaintEvent, QRegion, QResizeEvent
from PySide6.QtWidgets import QSizePolicy, QWidget

from preheat_gui.dashboard.hearth.handles import BlockHandle, LimitHandle
from preheat_gui.dashboard.hearth.layout import Axis, Block, Kind
from preheat_gui.dashboard.hearth.painter import HearthPainter
from preheat_gui.dashboard.hearth.picture import Picture, Words, axis_of, draw_up
from preheat_gui.dashboard.hearth.scene import MORE, PROMPTS, Scene
from preheat_gui.dashboard.painting import LooksOf
from preheat_gui.widgets import GAP, named, plain, theme

_LEAST_PX: Final = 320
_STEP_BYTES: Final = 10**8  # The least change of a limit that is written in GB
_FRAME: Final = QRect(-4, -4, 8, 8)  # What an outline adds to a block


class Hearth(QWidget):
    """Shows a scene. Repaints only what changed.

    Its blocks and the limit are children without looks of their own: they take focus and keys, and screen readers see
    them.
    """

    menu_requested = Signal(str, QPoint)  # A block's key, and where in global coordinates
    favourite_pressed = Signal(str)  # A model_id; ``unload_pressed`` likewise
    unload_pressed = Signal(str)
    model_hovered = Signal(str)  # The model that the pointer is on; empty for none
    limit_touched = Signal()  # The user is about to move the limit
    limit_moved = Signal(float, bool)  # It would be this share of all memory; whether the pointer moved it
    limit_committed = Signal()
    limit_cancelled = Signal()

    def __init__(self, *, legend: bool = True) -> None:
        """Show a legend below the band, or leave that to a list of models with their signs."""
        super().__init__()
        named(self, "hearth", self.tr("Memory"))
        self._legend = legend
        self._scene = Scene()
        self._axis: Axis | None = None  # While the limit moves, as it was before
        self._words = Words("", ("",))
        self._picture: Picture | None = None
        self._looks = LooksOf(self)
        self._drawn_for = 0
        self._hovered = self._focused = ""
        self._locked = ""
        self._line_focused = False
        self._blocks: dict[str, BlockHandle] = {}
        self._limit = LimitHandle(self)
        self._limit.setAccessibleName(self.tr("Memory limit"))
        self.setMouseTracking(True)
        policy = QSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Fixed)
        policy.setHeightForWidth(True)
        self.setSizePolicy(policy)
        self._connect_limit()
        theme().changed.connect(self.update)

    def show_scene(self, scene: Scene, words: Words, *, moving: bool = False) -> None:
        """Show a scene; ``moving``: its limit is not the present one."""
        if moving and self._axis is None and self._picture is not None:
            self._axis = self._picture.axis
        elif not moving:
            self._axis = None
        if (scene, words) != (self._scene, self._words) or self._picture is None:
            self._scene, self._words = scene, words
            self._draw_up()

    def highlight(self, model_id: str) -> None:
        """Mark a model's block, because the pointer is on it elsewhere; empty for none."""
        if model_id != self._hovered:
            self._hovered, before = model_id, self._hovered
            self._update_keys(before, model_id)

    def set_locked(self, why: str) -> None:
        """Keep the limit from being moved, for a reason; empty if it can be."""
        if why != self._locked or not self._limit.toolTip():
            self._locked = why
            self._limit.setEnabled(not why)
            self._limit.setToolTip(why or self.tr("Drag to change the memory limit"))
            self._limit.setCursor(Qt.CursorShape.ArrowCursor if why else Qt.CursorShape.SplitHCursor)
            self.update()

    def sizeHint(self) -> QSize:  # noqa: N802
        width = max(self.width(), _LEAST_PX)
        return QSize(width, self.heightForWidth(width))

    def minimumSizeHint(self) -> QSize:  # noqa: N802
        return QSize(_LEAST_PX, self.heightForWidth(max(self.width(), _LEAST_PX)))

    def hasHeightForWidth(self) -> bool:  # noqa: N802
        return True

    def heightForWidth(self, width: int) -> int:  # noqa: N802
        if self._picture is not None and width == self.width():
            return self._picture.height
        return self._picture_of(width).height

    def resizeEvent(self, event: QResizeEvent) -> None:  # noqa: N802
        super().resizeEvent(event)
        self._draw_up()

    def event(self, event: QEvent) -> bool:
        if event.type() == QEvent.Type.ApplicationFontChange:
            self._draw_up()
        return super().event(event)

    def paintEvent(self, event: QPaintEvent) -> None:  # noqa: N802
        if self._picture is None:
            return
        painter = QPainter(self)
        painting = HearthPainter(painter, self._looks(), dark=theme().dark, moving=not theme().reduce_motion)
        painting.paint(
            self._picture,
            event.region(),
            hovered=self._hovered,
            focused=self._focused,
            locked=bool(self._locked),
            line=self._line_focused,
        )

    def mouseMoveEvent(self, event: QMouseEvent) -> None:  # noqa: N802
        self._hover(self._key_at(event.position().toPoint()))

    def mouseReleaseEvent(self, event: QMouseEvent) -> None:  # noqa: N802
        key = self._key_at(event.position().toPoint())
        if key in self._blocks:
            self.menu_requested.emit(key, event.globalPosition().toPoint())

    def focusInEvent(self, event: QFocusEvent) -> None:  # noqa: N802
        """Pass the focus on to the block where Tab stops."""
        super().focusInEvent(event)
        self._pass_focus(event.reason())

    def leaveEvent(self, event: QEvent) -> None:  # noqa: N802
        super().leaveEvent(event)
        self._hover("")

    # Drawing

    def _draw_up(self) -> None:
        before, now = self._picture, self._picture_of(self.width())
        busy = any(block.kind in (Kind.LOADING, Kind.UNLOADING) for block in now.blocks)
        if before is not None and busy and before.band.top() == now.band.top() and self._drawn_for == self.width():
            now = now._replace(height=max(before.height, now.height))  # while models come and go, nothing below moves
        self._drawn_for = self.width()
        if before == now:
            return
        self._picture = now
        self._place_handles(now)
        if before is None or before.height != now.height:
            self.updateGeometry()
        self.update(_changed(before, now, self.rect()))

    def _picture_of(self, width: int) -> Picture:
        axis = self._axis or axis_of(self._scene, width)
        return draw_up(self._scene, axis, width, self._looks(), self._words, legend=self._legend)

    def _update_keys(self, *keys: str) -> None:
        if self._picture is None:
            return
        for block in self._picture.blocks:
            if block.key in keys:
                self.update(_around(self._picture.block_rect(block)))
        for row in self._picture.rows:
            if row.key in keys:
                self.update(row.rect)

    # Blocks

    def _place_handles(self, picture: Picture) -> None:
        shown = {block.key for block in picture.blocks}
        for key in self._blocks.keys() - shown:
            gone = self._blocks.pop(key)
            gone.hide()
            gone.deleteLater()
        focus = next((key for key, handle in self._blocks.items() if handle.hasFocus()), None)
        for place, block in enumerate(picture.blocks):
            handle = self._blocks.get(block.key) or self._add_block(block.key)
            facts = picture.facts[block.key]
            handle.setGeometry(picture.block_rect(block))
            if handle.accessibleDescription() != facts.description or not handle.accessibleName():
                handle.setAccessibleName(facts.name)
                handle.setAccessibleDescription(facts.description)
                handle.setToolTip(plain(f"{facts.name}\n{facts.description}"))
            # Tab stops once in the band: at the block that has the focus, or at the first one.
            stops = block.key == focus or (focus is None and place == 0)
            handle.setFocusPolicy(Qt.FocusPolicy.StrongFocus if stops else Qt.FocusPolicy.ClickFocus)
        if self.window().focusWidget() is self:  # A block that had the focus is gone, or there was none
            self._pass_focus(Qt.FocusReason.OtherFocusReason)
        self._limit.setGeometry(picture.line_rect)
        self._limit.raise_()
        if not self._limit.held and self._scene.total_bytes:
            self._limit.setSingleStep(max(math.ceil(100 * _STEP_BYTES / self._scene.total_bytes), 1))
            self._limit.show_value(min(round(100 * self._scene.limit_bytes / self._scene.total_bytes), 100))
            self._limit.setAccessibleDescription(self._words.limit[0])

    def _add_block(self, key: str) -> BlockHandle:
        handle = self._blocks[key] = BlockHandle(key, self)
        handle.hovered.connect(self._on_handle)
        handle.focus_changed.connect(self._on_focus)
        handle.moved.connect(self._move_focus)
        handle.ends_wanted.connect(self._focus_end)
        if key not in (PROMPTS, MORE):
            handle.menu_requested.connect(self.menu_requested)
            handle.favourite_pressed.connect(self.favourite_pressed)
            handle.unload_pressed.connect(self.unload_pressed)
        handle.show()
        self.setTabOrder(handle, self._limit)
        return handle

    def _on_handle(self, key: str, inside: bool) -> None:
        self._hover(key if inside else "")

    def _hover(self, key: str) -> None:
        if key != self._hovered:
            self.highlight(key)
            self.model_hovered.emit(key)

    def _on_focus(self, key: str, by_keyboard: bool) -> None:
        before, self._focused = self._focused, key if by_keyboard else ""
        self._update_keys(before, self._focused)
        if key:
            for each, handle in self._blocks.items():
                stops = Qt.FocusPolicy.StrongFocus if each == key else Qt.FocusPolicy.ClickFocus
                handle.setFocusPolicy(stops)

    def _move_focus(self, key: str, step: int) -> None:
        keys = [block.key for block in self._shown()]
        place = keys.index(key) + step
        if 0 <= place < len(keys):
            self._focus_block(keys[place])

    def _focus_end(self, place: int) -> None:
        self._focus_block([block.key for block in self._shown()][place])

    def _focus_block(self, key: str) -> None:
        self._blocks[key].setFocus(Qt.FocusReason.OtherFocusReason)

    def _pass_focus(self, reason: Qt.FocusReason) -> None:
        stops = (handle for handle in self._blocks.values() if handle.focusPolicy() is Qt.FocusPolicy.StrongFocus)
        if (handle := next(stops, None)) is not None:
            handle.setFocus(reason)

    def _shown(self) -> Iterator[Block]:
        return iter(self._picture.blocks if self._picture is not None else ())

    def _key_at(self, at: QPoint) -> str:
        """Return the model of the legend's row, or of the chip, at a place; empty for none."""
        if self._picture is None:
            return ""
        chips = (each.chip.key for each in self._picture.chips if self._picture.chip_rect(each).contains(at))
        return next((row.key for row in self._picture.rows if row.rect.contains(at)), next(chips, ""))

    # The limit

    def _connect_limit(self) -> None:
        self._limit.touched.connect(self.limit_touched)
        self._limit.drag_moved.connect(self._on_drag)
        self._limit.stepped.connect(self._on_step)
        self._limit.committed.connect(self.limit_committed)
        self._limit.cancelled.connect(self.limit_cancelled)
        self._limit.focus_changed.connect(self._on_line_focus)

    def _on_drag(self, x: int) -> None:
        if self._picture is not None and self._scene.total_bytes:
            self.limit_moved.emit(self._picture.axis.bytes_at(x) / self._scene.total_bytes, True)

    def _on_step(self, percent: int) -> None:
        self.limit_moved.emit(percent / 100, False)

    def _on_line_focus(self, by_keyboard: bool) -> None:
        self._line_focused = by_keyboard
        if self._picture is not None:
            self.update(_around(self._picture.line_rect))


def _changed(before: Picture | None, now: Picture, whole: QRect) -> QRegion:
    """Return what looks different: some blocks or chips, or else everything."""
    if before is None or _skeleton(before) != _skeleton(now):
        return QRegion(whole)
    region = QRegion()
    for old, new in zip(before.blocks, now.blocks, strict=True):
        if old != new or before.facts[old.key] != now.facts[new.key]:
            region += _around(now.block_rect(new))
    for row_before, row in zip(before.rows, now.rows, strict=True):
        if row_before != row or before.facts[row.key] != now.facts[row.key]:
            region += row.rect
    if before.chips != now.chips:
        region += now.sparks
        for chip_before, chip in zip(before.chips, now.chips, strict=True):
            if chip_before != chip:
                region += now.chip_rect(chip)
    if before.free != now.free:
        region += before.free_rect.united(now.free_rect)
    if (before.used, before.limit) != (now.used, now.limit):
        region += QRect(0, now.used_rect.top(), whole.width(), now.used_rect.height() + GAP)
    return region


def _skeleton(picture: Picture) -> object:
    """Return what moves everything."""
    blocks = tuple((block.key, block.kind, block.x, block.width) for block in picture.blocks)
    chips = tuple((placed.chip.client, placed.x, placed.width, placed.target_x) for placed in picture.chips)
    return blocks, chips, picture.line_x, picture.hint, len(picture.rows), picture.limit_rect, picture.height


def _around(rect: QRect) -> QRect:
    return rect.adjusted(_FRAME.left(), _FRAME.top(), _FRAME.width(), _FRAME.height())
