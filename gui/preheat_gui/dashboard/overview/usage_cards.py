"""The overview's figures of what preloading saves, each with a small curve over time."""

from __future__ import annotations

from typing import Final

from PySide6.QtCore import QEvent, QLineF, QPoint, QPointF, QRectF, QSize, Qt
from PySide6.QtGui import QColor, QMouseEvent, QPainter, QPaintEvent, QPen, QPolygonF, QResizeEvent
from PySide6.QtWidgets import QBoxLayout, QSizePolicy, QToolTip, QWidget

from preheat_gui.dashboard.cells import NOTHING
from preheat_gui.dashboard.overview.periods import (
    Period,
    PeriodFigures,
    Point,
    Series,
    hit_rate_series,
    reuse_series,
    time_saved_series,
)
from preheat_gui.dashboard.painting import LooksOf
from preheat_gui.dashboard.parts import align_to_start
from preheat_gui.dashboard.tables import TRAILING
from preheat_gui.widgets import (
    GAP,
    GROUP_GAP,
    Card,
    Item,
    RingGauge,
    Token,
    caption,
    figure,
    figure_scale,
    named,
    stacked,
    theme,
    vbox,
)
from preheat_gui.words import format_duration, format_number, percent

_FILL_ALPHA: Final = 36
_FEW_POINTS: Final = 12  # Up to this number, points get dots: a line alone does not show them
_HEADROOM: Final = 1.06
_LABEL_AIR: Final = 12
_LABEL_GAP: Final = 6


class Curve(QWidget):
    """Shows one series. Repaints only for a new series or theme, and under the mouse."""

    def __init__(self, name: str) -> None:
        super().__init__()
        self.series: Series | None = None
        self._hovered: Point | None = None
        self._looks = LooksOf(self)
        self.setAccessibleName(name)
        self.setMouseTracking(True)
        self.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Expanding)
        theme().changed.connect(self.update)

    def set_series(self, series: Series) -> None:
        if series != self.series:
            self.series, self._hovered = series, None
            self.setAccessibleDescription(series.summary)
            self.update()

    def sizeHint(self) -> QSize:  # noqa: N802
        return QSize(280, 96)

    def minimumSizeHint(self) -> QSize:  # noqa: N802
        return QSize(140, 84)

    def mouseMoveEvent(self, event: QMouseEvent) -> None:  # noqa: N802
        if self.series is None or not self.series.points:
            return
        x = event.position().x()
        self._hover(min(self.series.points, key=lambda point: abs(self._place(point.x, 0.0).x() - x)))
        if self._hovered is not None:
            QToolTip.showText(event.globalPosition().toPoint() + QPoint(0, 12), self._hovered.tooltip, self)

    def leaveEvent(self, event: QEvent) -> None:  # noqa: N802
        super().leaveEvent(event)
        self._hover(None)

    def paintEvent(self, event: QPaintEvent) -> None:  # noqa: N802
        if self.series is None:
            return
        painter = QPainter(self)
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        painter.setLayoutDirection(Qt.LayoutDirection.LeftToRight)  # time runs to the right everywhere
        self._draw_axes(painter, self.series)
        self._draw_points(painter, [self._place(point.x, point.y) for point in self.series.points])

    def _draw_axes(self, painter: QPainter, series: Series) -> None:
        looks, plot = self._looks(), self._plot()
        height = looks.caption_metrics.height()
        painter.setFont(looks.caption)
        for y, label in series.y_ticks:
            at = self._place(series.begin, y).y()
            painter.setPen(QPen(looks.colours[Token.LINE], 1))
            painter.drawLine(QLineF(plot.left(), at, plot.right(), at))
            painter.setPen(looks.colours[Token.MUTED])
            top = min(max(at - height / 2, 0.0), self.height() - height)
            painter.drawText(QRectF(0, top, plot.left() - _LABEL_GAP, height), TRAILING, label)
        for x, label in series.x_ticks:
            width = looks.caption_metrics.horizontalAdvance(label) + 1
            left = min(max(self._place(x, 0.0).x() - width / 2, 0.0), self.width() - width)
            painter.drawText(
                QRectF(left, plot.bottom() + _LABEL_GAP, width, height), Qt.AlignmentFlag.AlignCenter, label
            )

    def _draw_points(self, painter: QPainter, places: list[QPointF]) -> None:
        colours = self._looks().colours
        if not places:
            return
        accent, faint = colours[Token.ACCENT], QColor(colours[Token.ACCENT])
        faint.setAlpha(_FILL_ALPHA)
        floor, line = self._plot().bottom(), QPolygonF(places)
        painter.setPen(Qt.PenStyle.NoPen)
        painter.setBrush(faint)
        painter.drawPolygon(QPolygonF([QPointF(places[0].x(), floor), *places, QPointF(places[-1].x(), floor)]))
        painter.setPen(QPen(accent, 1.5))
        painter.drawPolyline(line)
        painter.setBrush(accent)
        for place in places if len(places) <= _FEW_POINTS else ():
            painter.drawEllipse(place, 2.5, 2.5)
        if self._hovered is not None:
            painter.setBrush(colours[Token.CARD])
            painter.drawEllipse(self._place(self._hovered.x, self._hovered.y), 4.5, 4.5)

    def _plot(self) -> QRectF:
        """Return the area of the points, next to the labels."""
        metrics = self._looks().caption_metrics
        # At least as wide as a percentage, so that curves under each other are aligned.
        labels = ("100 %", *(label for _, label in self.series.y_ticks)) if self.series else ()
        left = max(map(metrics.horizontalAdvance, labels), default=0) + _LABEL_AIR
        return QRectF(self.rect()).adjusted(left, 0, -1, -metrics.height() - 2 * _LABEL_GAP)

    def _place(self, x: float, y: float) -> QPointF:
        series, plot = self.series, self._plot()
        if series is None:
            return plot.bottomLeft()
        across = (x - series.begin) / (series.end - series.begin)
        up = y / ((series.top or 1.0) * _HEADROOM)
        return QPointF(plot.left() + across * plot.width(), plot.bottom() - up * plot.height())

    def _hover(self, point: Point | None) -> None:
        if point is not self._hovered:
            self._hovered = point
            self.update()


_SIDE_PX: Final = 160
_TOP_PX: Final = 132  # Least height of a gauge above its curve
_MOST_TOP_PX: Final = 240
_MOST_CARD_PX: Final = 560  # Taller curves only look steeper
_MAX_PX: Final = 16_777_215  # Qt's QWIDGETSIZE_MAX


class _CurveCard(Card):
    """A figure next to or above its curve; without points, a sentence in the curve's place."""

    def __init__(self, title: str, curve_name: str) -> None:
        super().__init__(title)
        self._side = QWidget()
        self._curve = Curve(curve_name)
        self._note = caption()
        self._note.setAlignment(Qt.AlignmentFlag.AlignCenter)
        self._stack = stacked(self._note, self._curve)
        self._layout = QBoxLayout(QBoxLayout.Direction.LeftToRight)
        self._layout.setSpacing(GROUP_GAP)
        self._layout.addWidget(self._side)
        self._layout.addWidget(self._stack, 1)
        self.body.addLayout(self._layout, 1)

    def set_side_by_side(self, on: bool) -> None:
        """Put the curve next to the figure instead of under it; in either case aligned with the other cards' curves."""
        directions = QBoxLayout.Direction
        self._side.setMinimumWidth(_SIDE_PX if on else 0)
        self._side.setMaximumWidth(_SIDE_PX if on else _MAX_PX)
        self._side.setMinimumHeight(0 if on else _TOP_PX)
        self._side.setMaximumHeight(_MAX_PX if on else _MOST_TOP_PX)
        self.setMaximumHeight(_MAX_PX if on else _MOST_CARD_PX)
        self._layout.setStretch(0, 0 if on else 2)
        self._layout.setStretch(1, 1 if on else 3)
        self._layout.setDirection(directions.LeftToRight if on else directions.TopToBottom)

    def _fill_side(self, *parts: Item, spacing: int = GAP) -> None:
        vbox(*parts, spacing=spacing, parent=self._side)

    def _show_curve(self, series: Series, note: str, *, worth_it: bool) -> None:
        self._curve.set_series(series)
        self._note.setText(note)
        self._stack.setCurrentWidget(self._curve if worth_it else self._note)


class HitRateCard(_CurveCard):
    """The share of requests that found their model ready."""

    def __init__(self) -> None:
        super().__init__(self.tr("Ready when asked"), self.tr("Preload hit rate over time"))
        self.setObjectName("hit_rate")
        tooltip = self.tr(
            "The preload hit rate: the share of requests that found their model ready. The others waited for a load."
        )
        self._gauge = named(RingGauge(), "hit_rate_gauge", tooltip=tooltip)
        self._fill_side((self._gauge, 1))

    def render_figures(self, figures: PeriodFigures, *, ever: bool) -> None:
        """Show a period; ``ever`` is whether the history has any request."""
        rate = figures.preload_hit_rate
        if rate is None:
            no_requests = {
                Period.TODAY: self.tr("no requests today"),
                Period.WEEK: self.tr("no requests in 7 days"),
                Period.QUARTER: self.tr("no requests in 90 days"),
            }
            self._gauge.set_value(None, NOTHING)
            self._gauge.set_caption(no_requests[figures.period])
        else:
            hits, requests = format_number(figures.hits), format_number(figures.requests)
            self._gauge.set_value(rate, percent(rate))
            self._gauge.set_caption(self.tr("{hits} of {requests} requests").format(hits=hits, requests=requests))
        never = self.tr("Your hit rate appears after the first requests.")
        note = self.tr("No requests in this period.") if ever else never
        self._show_curve(hit_rate_series(figures), note, worth_it=rate is not None)

    def render_error(self, text: str) -> None:
        """Show why there are no figures."""
        self._gauge.set_value(None, NOTHING)
        self._gauge.set_caption("")
        self._note.setText(text)


class ReuseCard(_CurveCard):
    """The share of prompt tokens that were not computed again."""

    def __init__(self) -> None:
        super().__init__(self.tr("Prompts reused"), self.tr("Reused share of prompts over time"))
        self.setObjectName("reuse")
        self._gauge = named(RingGauge(), "reuse_gauge")
        self._fill_side((self._gauge, 1))

    def render_figures(self, figures: PeriodFigures, *, ever: bool) -> None:
        """Show a period; ``ever`` is whether the history has any request."""
        rate, saved = figures.prefix_cache_hit_rate, format_duration(figures.prefill_saved_s)
        tooltip = self.tr(
            "The prefix cache hit rate: the share of prompt tokens that were not computed again. Prompts that were "
            "kept in memory and on disk saved {duration} of computing."
        )
        self._gauge.setToolTip(tooltip.format(duration=saved))
        self._gauge.set_value(rate, NOTHING if rate is None else percent(rate))
        reused = self.tr("of {tokens} tokens").format(tokens=format_number(figures.prompt_tokens))
        self._gauge.set_caption(self.tr("no prompts") if rate is None else reused)
        never = self.tr("What is reused of your prompts appears after the first requests.")
        note = self.tr("No requests in this period.") if ever else never
        self._show_curve(reuse_series(figures), note, worth_it=rate is not None)

    def render_error(self, text: str) -> None:
        """Show why there are no figures."""
        self._gauge.set_value(None, NOTHING)
        self._gauge.set_caption("")
        self._note.setText(text)


class TimeSavedCard(_CurveCard):
    """The waiting that preloading saved."""

    def __init__(self) -> None:
        super().__init__(self.tr("Time saved"), self.tr("Time saved over time"))
        self.setObjectName("time_saved")
        self._figure = named(figure(NOTHING), "time_saved_figure")
        self._unit = caption()
        tooltip = self.tr(
            "Load times that requests did not wait for. Counted only where another server would have unloaded "
            "the model: for the first request after a preload, and after five idle minutes."
        )
        for label in (self._figure, self._unit):
            label.setToolTip(tooltip)
        self._fill_side(None, self._figure, self._unit, None, spacing=0)

    def set_side_by_side(self, on: bool) -> None:
        """Centre the figure above its curve, as gauges are."""
        super().set_side_by_side(on)
        for label in (self._figure, self._unit):
            if on:
                align_to_start(label)
            else:
                label.setAlignment(Qt.AlignmentFlag.AlignCenter)

    def resizeEvent(self, event: QResizeEvent) -> None:  # noqa: N802
        """Grow the figure with those in the gauges of the other cards."""
        super().resizeEvent(event)
        caption_height = self._unit.fontMetrics().height() + GAP // 2
        self._figure.set_scale(figure_scale(self._side.width(), self._side.height() - caption_height))

    def render_figures(self, figures: PeriodFigures, *, ever: bool) -> None:
        """Show a period; ``ever`` is whether the history has any request."""
        units = {
            Period.TODAY: self.tr("of waiting saved today"),
            Period.WEEK: self.tr("of waiting saved in 7 days"),
            Period.QUARTER: self.tr("of waiting saved in 90 days"),
        }
        self._figure.setText(format_duration(figures.saved_s))
        self._unit.setText(units[figures.period])
        never = self.tr("Your time saved appears after the first requests.")
        note = self.tr("No time saved in this period.") if ever else never
        self._show_curve(time_saved_series(figures), note, worth_it=figures.saved_s > 0)

    def render_error(self, text: str) -> None:
        """Show why there are no figures."""
        self._figure.setText(NOTHING)
        self._unit.setText("")
        self._note.setText(text)
