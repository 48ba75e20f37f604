"""A small curve over time. pyqtgraph is imported when the first one is shown."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Final

from PySide6.QtCore import QEvent, QPoint, QPointF, QSize, Qt
from PySide6.QtGui import QColor, QFontMetrics, QMouseEvent, QShowEvent
from PySide6.QtWidgets import QSizePolicy, QToolTip, QVBoxLayout, QWidget

from preheat_gui.dashboard.overview.plot_library import plot_library
from preheat_gui.widgets import Token, caption_font, theme

_FILL_ALPHA: Final = 36
_FEW_POINTS: Final = 12  # Up to this number, points get dots: a line alone does not show them
_HEADROOM: Final = 1.06
_LABEL_AIR: Final = 12


@dataclass(frozen=True, slots=True)
class Point:
    """A point of a curve and its tooltip."""

    x: float
    y: float
    tooltip: str


@dataclass(frozen=True, slots=True)
class Series:
    """The contents of a curve."""

    points: tuple[Point, ...]
    begin: float  # Left end of the x axis; ``end`` is the right one
    end: float
    top: float  # Highest y value; the axis starts at 0
    x_ticks: tuple[tuple[float, str], ...]
    y_ticks: tuple[tuple[float, str], ...]  # Values with labels, each with a hairline
    summary: str  # The curve in words, for screen readers


class Curve(QWidget):
    """Shows one series. Repaints only for a new series or theme, and under the mouse."""

    def __init__(self, name: str) -> None:
        super().__init__()
        self._series: Series | None = None
        self._plot: Any = None
        self._line: Any = None
        self._marker: Any = None
        self._hairlines: list[Any] = []
        self._hovered: Point | None = None
        self.setAccessibleName(name)
        self.setMouseTracking(True)
        self.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Expanding)
        layout = QVBoxLayout(self)
        layout.setContentsMargins(0, 0, 0, 0)
        theme().changed.connect(self._restyle)

    @property
    def series(self) -> Series | None:
        """The series that is shown."""
        return self._series

    @property
    def is_drawn(self) -> bool:
        """Whether the plot has been created."""
        return self._plot is not None

    def set_series(self, series: Series) -> None:
        """Show this."""
        if series == self._series:
            return
        self._series = series
        self.setAccessibleDescription(series.summary)
        self._draw()

    def sizeHint(self) -> QSize:  # noqa: N802
        return QSize(280, 120)

    def minimumSizeHint(self) -> QSize:  # noqa: N802
        return QSize(140, 84)

    def showEvent(self, event: QShowEvent) -> None:  # noqa: N802
        super().showEvent(event)
        if self._plot is None:
            plot_library().request(self._make_plot)

    def changeEvent(self, event: QEvent) -> None:  # noqa: N802
        super().changeEvent(event)
        if event.type() == QEvent.Type.ApplicationFontChange:
            self._restyle()

    def mouseMoveEvent(self, event: QMouseEvent) -> None:  # noqa: N802
        point = self._nearest(event.position())
        if point is not self._hovered:
            self._hovered = point
            self._mark()
        if point is not None:
            QToolTip.showText(event.globalPosition().toPoint() + QPoint(0, 12), point.tooltip, self)

    def leaveEvent(self, event: QEvent) -> None:  # noqa: N802
        super().leaveEvent(event)
        self._hovered = None
        self._mark()

    def _make_plot(self) -> None:
        if self._plot is not None:
            return
        pg = plot_library().module
        plot = pg.PlotWidget(self)
        # This widget handles the mouse: a plot would keep the wheel from the page.
        plot.setAttribute(Qt.WidgetAttribute.WA_TransparentForMouseEvents)
        plot.setFocusPolicy(Qt.FocusPolicy.NoFocus)
        plot.getPlotItem().setLayoutDirection(Qt.LayoutDirection.LeftToRight)  # time runs to the right everywhere
        plot.setMouseEnabled(x=False, y=False)
        plot.setMenuEnabled(False)
        plot.hideButtons()
        plot.getViewBox().disableAutoRange()
        plot.getViewBox().setDefaultPadding(0.0)
        self._line = plot.plot([], [], fillLevel=0.0, symbolSize=5, pxMode=True)
        self._marker = plot.plot([], [], pen=None, symbol="o", symbolSize=9)
        for side in ("left", "bottom"):
            plot.getAxis(side).setStyle(tickLength=0, tickTextOffset=6)
        self._plot = plot
        layout = self.layout()
        assert layout is not None
        layout.addWidget(plot)
        self._restyle()

    def _restyle(self) -> None:
        if self._plot is None:
            return
        pg, colour = plot_library().module, theme().colour
        self._plot.setBackground(colour(Token.CARD))
        accent = colour(Token.ACCENT)
        fill = QColor(accent)
        fill.setAlpha(_FILL_ALPHA)
        self._line.setPen(pg.mkPen(accent, width=1.5))
        self._line.setFillBrush(pg.mkBrush(fill))
        for item, ground in ((self._line, accent), (self._marker, colour(Token.CARD))):
            item.setSymbolBrush(pg.mkBrush(ground))
            item.setSymbolPen(pg.mkPen(accent, width=1.5))
        for side in ("left", "bottom"):
            axis = self._plot.getAxis(side)
            axis.setPen(pg.mkPen(None))
            axis.setTickPen(pg.mkPen(None))
            axis.setTextPen(pg.mkPen(colour(Token.MUTED)))
            axis.setStyle(tickFont=caption_font())
        self._draw()

    def _draw(self) -> None:
        series = self._series
        if self._plot is None or series is None:
            return
        self._plot.setRange(
            xRange=(series.begin, series.end), yRange=(0.0, (series.top or 1.0) * _HEADROOM), padding=0.0
        )
        self._plot.getAxis("bottom").setTicks([list(series.x_ticks)])
        self._plot.getAxis("left").setTicks([list(series.y_ticks)])
        # At least as wide as a percentage, so that curves under each other are aligned.
        metrics = QFontMetrics(caption_font())
        labels = ("100 %", *(label for _, label in series.y_ticks))
        self._plot.getAxis("left").setWidth(max(map(metrics.horizontalAdvance, labels)) + _LABEL_AIR)
        self._draw_hairlines(series)
        self._line.setSymbol("o" if len(series.points) <= _FEW_POINTS else None)
        self._line.setData([point.x for point in series.points], [point.y for point in series.points])
        self._hovered = None
        self._mark()

    def _draw_hairlines(self, series: Series) -> None:
        pg = plot_library().module
        for line in self._hairlines:
            self._plot.removeItem(line)
        pen = pg.mkPen(theme().colour(Token.LINE), width=1)
        self._hairlines = [pg.InfiniteLine(pos=y, angle=0, pen=pen) for y, _ in series.y_ticks]
        for line in self._hairlines:
            line.setZValue(-10)
            self._plot.addItem(line)

    def _mark(self) -> None:
        if self._marker is not None:
            points = [] if self._hovered is None else [self._hovered]
            self._marker.setData([point.x for point in points], [point.y for point in points])

    def _nearest(self, at: QPointF) -> Point | None:
        if self._plot is None or self._series is None or not self._series.points:
            return None
        scene = self._plot.mapToScene(self._plot.mapFromParent(at.toPoint()))
        x = self._plot.getViewBox().mapSceneToView(scene).x()
        return min(self._series.points, key=lambda point: abs(point.x - x))
