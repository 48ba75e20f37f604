"""The memory limit: a slider, an exact entry, and the hit rate of each limit, computed by the engine."""

from __future__ import annotations

from typing import Final

from PySide6.QtCore import QLineF, QPointF, QRectF, QSize, Qt
from PySide6.QtGui import QColor, QPainter, QPainterPath, QPaintEvent, QPen, QShowEvent
from PySide6.QtWidgets import QComboBox, QLabel, QLineEdit, QSizePolicy, QSlider, QWidget

from preheat.control import LimitPoint
from preheat.settings import Settings, Size
from preheat_gui.bridge import CurveState, EngineBridge, LimitCurve, PreviewQuestion, point_at
from preheat_gui.settings_dialog.declarations import Declaration
from preheat_gui.settings_dialog.editors import Editor, set_width
from preheat_gui.widgets import GAP, Token, caption, caption_font, hbox, named, set_role, text_label, theme, vbox
from preheat_gui.words import (
    BYTES,
    PERCENT,
    format_duration,
    format_memory,
    limit_text,
    limit_unit,
    percent,
    preview_words,
)

INSET: Final = 8  # Horizontal inset of the plot: half a slider's handle, to align with the slider above
_HEIGHT: Final = 128
_FILL_ALPHA: Final = 40
_DOT: Final = 4.0


class CurveView(QWidget):
    """Plots the hit rate, 0 to 100 %, over the memory limit, 0 to all memory."""

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setObjectName("limit_curve")
        self.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Fixed)
        self._points: tuple[LimitPoint, ...] = ()
        self._state = CurveState.COMPUTING
        self._total_bytes = 0
        self._limit_bytes = 0
        self._words = ""
        theme().changed.connect(self.update)

    def sizeHint(self) -> QSize:  # noqa: N802 - Qt's name
        return QSize(30 * GAP, _HEIGHT)

    def show_curve(self, state: CurveState, points: tuple[LimitPoint, ...], total_bytes: int, words: str) -> None:
        """Draw a curve, or ``words`` if there is none."""
        self._state, self._points, self._total_bytes, self._words = state, points, total_bytes, words
        self.update()

    def set_limit(self, limit_bytes: int) -> None:
        if limit_bytes != self._limit_bytes:
            self._limit_bytes = limit_bytes
            self.update()

    def paintEvent(self, event: QPaintEvent) -> None:  # noqa: N802
        painter = QPainter(self)
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        painter.setFont(caption_font())
        plot = QRectF(self.rect()).adjusted(INSET, painter.fontMetrics().height(), -INSET, -1)
        self._draw_grid(painter, plot)
        if self._state is CurveState.READY:
            self._draw_curve(painter, plot)
            self._draw_marker(painter, plot)
        else:
            painter.setPen(theme().colour(Token.MUTED))
            flags = Qt.AlignmentFlag.AlignCenter | Qt.TextFlag.TextWordWrap
            painter.drawText(plot.adjusted(GAP, 0, -GAP, 0), flags, self._words)

    def _draw_grid(self, painter: QPainter, plot: QRectF) -> None:
        painter.setPen(QPen(theme().colour(Token.LINE), 1))
        # Without a curve there is text in the middle, which a line would strike through.
        for share in (0.0, 0.5, 1.0) if self._state is CurveState.READY else (0.0, 1.0):
            y = round(plot.bottom() - share * plot.height()) + 0.5
            painter.drawLine(QLineF(plot.left(), y, plot.right(), y))
        if self._state is not CurveState.READY:
            return
        painter.setPen(theme().colour(Token.MUTED))
        painter.setLayoutDirection(Qt.LayoutDirection.LeftToRight)  # keeps the percent sign after the number
        side = Qt.AlignmentFlag.AlignRight if self._mirrored else Qt.AlignmentFlag.AlignLeft
        height = painter.fontMetrics().height()
        for share in (0.5, 1.0):
            top = plot.bottom() - share * plot.height() - height
            painter.drawText(QRectF(plot.left(), top, plot.width(), height), side, f"{share * 100:.0f} %")

    def _draw_curve(self, painter: QPainter, plot: QRectF) -> None:
        accent = theme().colour(Token.ACCENT)
        line = QPainterPath(self._place(plot, 0, 0.0))
        for point in self._points:
            line.lineTo(self._place(plot, point.limit_bytes, point.preload_hit_rate))
        area = QPainterPath(line)
        area.lineTo(self._place(plot, self._points[-1].limit_bytes, 0.0))
        area.closeSubpath()
        faint = QColor(accent)
        faint.setAlpha(_FILL_ALPHA)
        painter.fillPath(area, faint)
        painter.strokePath(line, QPen(accent, 2))

    def _draw_marker(self, painter: QPainter, plot: QRectF) -> None:
        point = point_at(self._points, self._limit_bytes)
        if point is None:
            return
        place = self._place(plot, min(self._limit_bytes, self._total_bytes), point.preload_hit_rate)
        text = theme().colour(Token.TEXT)
        painter.setPen(QPen(text, 1, Qt.PenStyle.DashLine))
        painter.drawLine(QLineF(place.x(), plot.top(), place.x(), plot.bottom()))
        painter.setPen(QPen(theme().colour(Token.CARD), 2))
        painter.setBrush(text)
        painter.drawEllipse(place, _DOT + 1, _DOT + 1)

    def _place(self, plot: QRectF, limit_bytes: int, rate: float) -> QPointF:
        share = limit_bytes / self._total_bytes if self._total_bytes else 0.0
        x = plot.right() - share * plot.width() if self._mirrored else plot.left() + share * plot.width()
        return QPointF(x, plot.bottom() - rate * plot.height())

    @property
    def _mirrored(self) -> bool:
        return self.layoutDirection() == Qt.LayoutDirection.RightToLeft


_STEPS: Final = 1000
_ENTRY_CHARACTERS: Final = 10


class LimitEditor(Editor):
    """Edits ``memory_limit``."""

    is_flat = False

    def __init__(
        self,
        declaration: Declaration,
        settings: Settings,  # The settings for the curve
        total_bytes: int,  # This machine's memory
        curve: LimitCurve,
        bridge: EngineBridge,
        parent: QWidget | None = None,
    ) -> None:
        super().__init__(parent)
        self._bridge = bridge
        self._preview = PreviewQuestion(bridge, self)
        self._preview.changed.connect(self._show_outcome)
        bridge.snapshot_changed.connect(self._on_snapshot)
        self._previewed: object = None  # What the latest preview was asked for
        self._settings = settings
        self._total_bytes = total_bytes
        self._curve = curve
        self._curve.changed.connect(self._show_curve)
        self._make_widgets(declaration)
        self._show_curve()

    def text(self) -> str:
        return self._entry.text()

    def set_text(self, text: str) -> None:
        if text != self._entry.text():
            self._entry.setText(text)
        self._update()

    def take_settings(self, settings: Settings) -> None:
        """Recompute the curve for new settings."""
        self._settings = settings
        if self.isVisible():
            self._curve.start(settings, self._total_bytes)

    def showEvent(self, event: QShowEvent) -> None:  # noqa: N802 - Qt's name
        super().showEvent(event)
        self._curve.start(self._settings, self._total_bytes)
        self._on_snapshot()

    def _make_widgets(self, declaration: Declaration) -> None:
        self._entry = named(QLineEdit(self), f"field_{declaration.name}")
        self._entry.textEdited.connect(self._typed)
        set_width(self._entry, _ENTRY_CHARACTERS)
        self._unit = named(QComboBox(self), "limit_unit", self.tr("Unit of the memory limit"))
        self._unit.addItem(self.tr("percent"), PERCENT)
        self._unit.addItem(self.tr("bytes"), BYTES)
        self._unit.activated.connect(self._unit_chosen)
        self._amount = named(QLabel(self), "limit_amount")
        set_role(self._amount, "muted")
        self._slider = named(QSlider(Qt.Orientation.Horizontal, self), "limit_slider", declaration.label)
        self._slider.setRange(1, _STEPS)
        self._slider.setSingleStep(_STEPS // 100)
        self._slider.setPageStep(_STEPS // 10)
        self._slider.valueChanged.connect(self._slid)
        self._view = CurveView(self)
        self._words = text_label("", "limit_words", self)
        self._outcome = text_label("", "limit_outcome", self)
        self._used = named(caption("", self), "limit_used")
        entry = hbox(self._entry, self._unit, self._amount, None)
        vbox(entry, self._slider, self._view, self._words, self._outcome, self._used, parent=self)
        self.setFocusProxy(self._entry)

    def _limit_bytes(self) -> int | None:
        try:
            return Size(self._entry.text()).resolve(self._total_bytes)
        except ValueError:
            return None

    def _typed(self, text: str) -> None:
        self._update()
        self.edited.emit(text)

    def _slid(self, value: int) -> None:
        text = limit_text(value / _STEPS, self._total_bytes, self._unit.currentData(), snap=self._slider.isSliderDown())
        if text != self._entry.text():
            self._entry.setText(text)
            self._update(move_slider=False)
            self.edited.emit(text)

    def _unit_chosen(self) -> None:
        limit = self._limit_bytes()
        if limit is not None and self._unit.currentData() != limit_unit(self._entry.text()):
            text = limit_text(limit / self._total_bytes, self._total_bytes, self._unit.currentData(), snap=False)
            self._entry.setText(text)
            self._update()
            self.edited.emit(text)

    def _update(self, *, move_slider: bool = True) -> None:
        """Update everything else from the entry, if it holds a size."""
        limit = self._limit_bytes()
        if limit is None:
            self._amount.clear()
            return
        self._unit.setCurrentIndex(self._unit.findData(limit_unit(self._entry.text())))
        share = limit / self._total_bytes
        # The entry says the one, this the other.
        in_percent = limit_unit(self._entry.text()) == PERCENT
        words = self.tr("{limit} of {total}") if in_percent else self.tr("{percent} % of {total}")
        total = format_memory(self._total_bytes)
        self._amount.setText(words.format(limit=format_memory(limit), total=total, percent=f"{share * 100:.0f}"))
        if move_slider:
            self._slider.blockSignals(True)
            self._slider.setValue(round(share * _STEPS))
            self._slider.blockSignals(False)
        self._view.set_limit(limit)
        self._show_figures(limit)
        self._ask_preview()

    def _show_curve(self) -> None:
        words = {
            CurveState.COMPUTING: self.tr("Calculating the hit rate for other limits…"),
            CurveState.TOO_LITTLE: self.tr("After a few days of use, this shows what more memory would bring."),
            CurveState.FAILED: self.tr("The hit rate for other limits could not be calculated. See the log."),
        }.get(self._curve.state, "")
        self._view.show_curve(self._curve.state, self._curve.points, self._total_bytes, words)
        self._view.setAccessibleName(words or self.tr("Hit rate by memory limit"))
        limit = self._limit_bytes()
        if limit is not None:
            self._show_figures(limit)

    def _show_figures(self, limit_bytes: int) -> None:
        point = point_at(self._curve.points, limit_bytes) if self._curve.state is CurveState.READY else None
        self._words.setVisible(point is not None)
        if point is None:
            self._words.clear()
            return
        words = self.tr("{rate} ready when asked, {waited} of waiting per week")
        rate, waited = percent(point.preload_hit_rate), format_duration(point.waited_s)
        self._words.setText(words.format(rate=rate, waited=waited))

    def _on_snapshot(self, _snapshot: object = None) -> None:
        if not self.isVisible():
            return
        snapshot = self._bridge.snapshot
        loaded = sum(model.resident_bytes > 0 for model in snapshot.models)
        many = self.tr("In use now: {used}, by {count} models")
        words = self.tr("In use now: {used}, by 1 model") if loaded == 1 else many
        self._used.setText(words.format(used=format_memory(snapshot.memory.used_bytes), count=loaded))
        self._ask_preview()

    def _ask_preview(self) -> None:
        """Preview the entered limit, unless that was done and nothing has changed."""
        limit, snapshot = self._limit_bytes(), self._bridge.snapshot
        loaded = tuple((model.model_id, model.state) for model in snapshot.models if model.resident_bytes)
        key = (limit, snapshot.memory.limit_bytes, snapshot.favourites, loaded)
        if limit is not None and self.isVisible() and key != self._previewed:
            self._previewed = key
            self._preview.ask(limit)

    def _show_outcome(self) -> None:
        preview = self._preview.preview
        words = preview_words(preview) if preview is not None else ""
        self._outcome.setText(words)
        self._outcome.setVisible(bool(words))
