"""The overview's memory: models against the limit, and the whole machine, as bars with legends."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

from PySide6.QtCore import QEvent, QPoint, QRect, QRectF, QSize, Qt
from PySide6.QtGui import QHelpEvent, QPainter, QPainterPath, QPaintEvent
from PySide6.QtWidgets import QSizePolicy, QStyle, QToolTip, QWidget

from preheat.control import EngineSnapshot, MemorySnapshot
from preheat_gui.dashboard.painting import LooksOf, draw_text
from preheat_gui.dashboard.tables import LEADING, TRAILING
from preheat_gui.widgets import GAP, GROUP_GAP, Card, RingGauge, Token, caption, named
from preheat_gui.words import format_memory, format_number, message_text

_BAR: Final = 10
_DOT: Final = 8
_CUT: Final = 2


@dataclass(frozen=True, slots=True)
class Segment:
    """A segment of the bar."""

    size: int  # In any unit that all segments share
    token: Token
    name: str
    figure: str  # The size in words
    tooltip: str = ""


class StackedBar(QWidget):
    """Shows segments in reading direction. Repaints only when they change."""

    def __init__(self) -> None:
        super().__init__()
        self._segments: tuple[Segment, ...] = ()
        self._looks = LooksOf(self)
        self.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Fixed)

    def set_segments(self, segments: Sequence[Segment]) -> None:
        if tuple(segments) == self._segments:
            return
        self._segments = tuple(segments)
        self.setAccessibleDescription(", ".join(f"{segment.name} {segment.figure}" for segment in segments))
        self.updateGeometry()
        self.update()

    def sizeHint(self) -> QSize:  # noqa: N802
        return QSize(220, _BAR + GAP + self._line_step() * len(self._segments))

    def minimumSizeHint(self) -> QSize:  # noqa: N802
        return QSize(140, self.sizeHint().height())

    def event(self, event: QEvent) -> bool:
        """Explain the segment under the mouse."""
        if event.type() == QEvent.Type.ToolTip and isinstance(event, QHelpEvent):
            QToolTip.showText(event.globalPos(), self._tooltip_at(event.pos()), self)
            return True
        return super().event(event)

    def paintEvent(self, event: QPaintEvent) -> None:  # noqa: N802
        painter, looks = QPainter(self), self._looks()
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        painter.setLayoutDirection(Qt.LayoutDirection.LayoutDirectionAuto)  # "3.0 GB" reads so in every language
        shape = QPainterPath()
        shape.addRoundedRect(QRectF(0, 0, self.width(), _BAR), _BAR / 2, _BAR / 2)
        painter.setClipPath(shape)
        for segment, rect in zip(self._segments, self._bar_rects(), strict=True):
            painter.fillRect(rect, looks.colours[segment.token])
        painter.setClipping(False)
        for segment, rect in zip(self._segments, self._line_rects(), strict=True):
            self._paint_line(painter, segment, rect)

    def _paint_line(self, painter: QPainter, segment: Segment, rect: QRect) -> None:
        looks, direction = self._looks(), self.layoutDirection()
        dot = QRect(rect.left(), rect.center().y() - _DOT // 2 + 1, _DOT, _DOT)
        painter.setPen(Qt.PenStyle.NoPen)
        painter.setBrush(looks.colours[segment.token])
        painter.drawEllipse(QStyle.visualRect(direction, rect, dot))
        painter.setFont(looks.caption)
        width = looks.caption_metrics.horizontalAdvance(segment.figure) + 2
        figure = QRect(rect.right() + 1 - width, rect.top(), width, rect.height())
        name = rect.adjusted(_DOT + GAP, 0, -width - GROUP_GAP, 0)
        text = looks.caption_metrics.elidedText(segment.name, Qt.TextElideMode.ElideMiddle, name.width())
        painter.setPen(looks.colours[Token.TEXT])
        draw_text(painter, direction, QStyle.visualRect(direction, rect, name), LEADING, text)
        painter.setPen(looks.colours[Token.MUTED])
        draw_text(painter, direction, QStyle.visualRect(direction, rect, figure), TRAILING, segment.figure)

    def _bar_rects(self) -> list[QRect]:
        whole = QRect(0, 0, self.width(), _BAR)
        total = sum(segment.size for segment in self._segments) or 1
        rects, begin = [], 0
        for segment in self._segments:
            end = begin + segment.size
            left, right = round(begin * whole.width() / total), round(end * whole.width() / total)
            rect = QRect(left, 0, max(0, right - left - (_CUT if end < total else 0)), _BAR)
            rects.append(QStyle.visualRect(self.layoutDirection(), whole, rect))
            begin = end
        return rects

    def _line_rects(self) -> list[QRect]:
        step = self._line_step()
        lines = range(len(self._segments))
        return [QRect(0, _BAR + GAP + line * step, self.width(), step - GAP // 2) for line in lines]

    def _line_step(self) -> int:
        return self._looks().caption_metrics.height() + GAP // 2

    def _tooltip_at(self, at: QPoint) -> str:
        for rects in (self._bar_rects(), self._line_rects()):
            for segment, rect in zip(self._segments, rects, strict=True):
                if rect.contains(at):
                    return segment.tooltip or f"{segment.name}: {segment.figure}"
        return ""


_GB: Final = 10**9
_GAUGE_PX: Final = 300
_COMPACT_GAUGE_PX: Final = 152
_GAUGE_STRETCH, _GAP_STRETCH = 4, 1
_STEP: Final = 2 * 10**7
_MAX_ROWS: Final = 5  # The smallest of more models than this share the last line


class MemoryCard(Card):
    """A gauge, the loaded models, and the machine."""

    def __init__(self) -> None:
        super().__init__(self.tr("Memory"))
        self.setObjectName("memory")
        self._gauge = named(RingGauge(), "memory_gauge")
        self._gauge.setMaximumHeight(_GAUGE_PX)
        self._models_title = caption(self.tr("In memory"))
        self._models = named(StackedBar(), "memory_models", self.tr("Models in memory"))
        self._machine_title = caption(self.tr("This machine"))
        self._machine = named(StackedBar(), "memory_machine", self.tr("Memory of this machine"))
        self.body.addWidget(self._gauge, _GAUGE_STRETCH)
        self.body.addStretch(_GAP_STRETCH)
        self.body.addWidget(self._models_title)
        self.body.addWidget(self._models)
        self.body.addSpacing(GAP)
        self.body.addWidget(self._machine_title)
        self.body.addWidget(self._machine)
        self.body.addStretch(1)

    def set_compact(self, on: bool) -> None:
        """Give the gauge a fixed height, with the rest right under it, for small windows."""
        self._gauge.setMinimumHeight(_COMPACT_GAUGE_PX if on else 0)
        self._gauge.setMaximumHeight(_COMPACT_GAUGE_PX if on else _GAUGE_PX)
        gauge = self.body.indexOf(self._gauge)
        self.body.setStretch(gauge, 0 if on else _GAUGE_STRETCH)
        self.body.setStretch(gauge + 1, 0 if on else _GAP_STRETCH)

    def render_memory(self, snapshot: EngineSnapshot, limit_setting: str) -> None:
        """Show a snapshot's memory; ``limit_setting`` is the limit as the user wrote it."""
        memory = snapshot.memory
        used = memory.used_bytes + snapshot.prefixes.memory_bytes
        share = used / memory.limit_bytes if memory.limit_bytes else None
        limit = format_memory(memory.limit_bytes)
        self._gauge.set_value(share, format_number(used / _GB, 1), "GB")
        self._gauge.set_caption(self.tr("of {limit} limit").format(limit=limit))
        tooltip = self.tr(
            "The most memory that loaded models and kept prompts may use: {limit} (set to {setting}). "
            "Prompts make room for models, and the least recently used models for others."
        )
        self._gauge.setToolTip(tooltip.format(limit=limit, setting=limit_setting))
        self._models_title.setText(self.tr("In memory") if used else self.tr("No models in memory"))
        self._models.setVisible(used > 0)
        self._models.set_segments(self._model_segments(snapshot))
        for widget in (self._machine, self._machine_title):
            widget.setVisible(memory.total_bytes > 0)
        self._machine_title.setText(self.tr("This machine, {total}").format(total=format_memory(memory.total_bytes)))
        self._machine.set_segments(self._machine_segments(memory, snapshot.prefixes.memory_bytes))

    def _model_segments(self, snapshot: EngineSnapshot) -> list[Segment]:
        loaded = sorted(
            (model for model in snapshot.models if model.resident_bytes), key=lambda one: -one.resident_bytes
        )
        segments = [
            _segment(model.resident_bytes, Token.ACCENT, model.model_id, message_text(model.reason))
            for model in loaded[:_MAX_ROWS]
        ]
        if others := sum(model.resident_bytes for model in loaded[_MAX_ROWS:]):
            name = self.tr("{count} more").format(count=len(loaded) - _MAX_ROWS)
            segments.append(_segment(others, Token.ACCENT, name))
        prompts = snapshot.prefixes.memory_bytes
        segments += self._prompt_segments(prompts)
        free = snapshot.memory.limit_bytes - sum(model.resident_bytes for model in loaded) - prompts
        if segments and free > 0:
            tooltip = self.tr("Available for more models.")
            segments.append(_segment(free, Token.TRACK, self.tr("Still available"), tooltip))
        return segments

    def _prompt_segments(self, size: int) -> list[Segment]:
        tooltip = self.tr("Computed prompts, for apps that send them again. They make room for models.")
        return [_segment(size, Token.STANDBY, self.tr("Kept prompts"), tooltip)] if size >= _STEP else []

    def _machine_segments(self, memory: MemorySnapshot, prompts: int) -> list[Segment]:
        free = min(memory.available_bytes, memory.total_bytes)
        others = max(0, memory.total_bytes - free - memory.used_bytes - prompts)
        keep = self.tr("Preheat always leaves {size} of it to other apps.")
        keep = keep.format(size=format_memory(memory.keep_free_bytes))
        return [
            _segment(
                memory.used_bytes, Token.ACCENT, self.tr("Preheat's models"), self.tr("Memory of the loaded models.")
            ),
            *self._prompt_segments(prompts),
            _segment(others, Token.MUTED, self.tr("Other apps"), self.tr("Memory of everything else on this machine.")),
            _segment(free, Token.TRACK, self.tr("Free"), keep),
        ]


def _segment(size: int, token: Token, name: str, tooltip: str = "") -> Segment:
    # In steps that a bar can show: a difference of a few bytes repaints nothing.
    return Segment(size // _STEP, token, name, format_memory(size), tooltip)
