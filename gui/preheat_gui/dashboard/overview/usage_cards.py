"""The overview's two figures of what preloading brings, each with its course."""

from __future__ import annotations

from typing import Final

from PySide6.QtCore import QCoreApplication, Qt
from PySide6.QtWidgets import QBoxLayout, QStackedWidget, QVBoxLayout, QWidget

from preheat_gui.dashboard.looks import at_start
from preheat_gui.dashboard.models.cells import NOTHING
from preheat_gui.dashboard.overview.curves import Curve, Series
from preheat_gui.dashboard.overview.periods import Period, PeriodFigures
from preheat_gui.dashboard.overview.series import hit_rate_series, time_saved_series
from preheat_gui.widgets import GAP, GROUP_GAP, Card, RingGauge, ScaledLabel, caption, figure
from preheat_gui.words import format_duration, format_number, percent

_SIDE_PX: Final = 160
_ANY_PX: Final = 16_777_215  # Qt's QWIDGETSIZE_MAX


class _CurveCard(Card):
    """A figure beside or over its curve; without points, a sentence in the curve's place."""

    def __init__(self, title: str, curve_name: str, parent: QWidget | None) -> None:
        super().__init__(title, parent)
        self._side = QWidget()
        self.figure_side = QVBoxLayout(self._side)
        self.figure_side.setContentsMargins(0, 0, 0, 0)
        self.figure_side.setSpacing(GAP)
        self.curve = Curve(curve_name)
        self._nothing = caption()
        self._nothing.setAlignment(Qt.AlignmentFlag.AlignCenter)
        self._stack = QStackedWidget()
        self._stack.addWidget(self._nothing)
        self._stack.addWidget(self.curve)
        self._layout = QBoxLayout(QBoxLayout.Direction.LeftToRight)
        self._layout.setSpacing(GROUP_GAP)
        self._layout.addWidget(self._side)
        self._layout.addWidget(self._stack, 1)
        self.body.addLayout(self._layout, 1)

    def set_side_by_side(self, on: bool) -> None:
        """Put the curve beside the figure, instead of under it; the curves of all cards then begin alike."""
        directions = QBoxLayout.Direction
        self._side.setMinimumWidth(_SIDE_PX if on else 0)
        self._side.setMaximumWidth(_SIDE_PX if on else _ANY_PX)
        self._layout.setDirection(directions.LeftToRight if on else directions.TopToBottom)

    def show_series(self, series: Series, *, worth_it: bool) -> None:
        """Show the curve if it is worth it."""
        self.curve.set_series(series)
        self._stack.setCurrentWidget(self.curve if worth_it else self._nothing)

    def say(self, words: str) -> None:
        """Put these words in the curve's place, when it has nothing to show."""
        self._nothing.setText(words)


class HitRateCard(_CurveCard):
    """How many requests found their model ready."""

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(self.tr("Ready when asked"), self.tr("Preload hit rate over time"), parent)
        self.setObjectName("hit_rate")
        self._gauge = RingGauge(parent=self)
        self._gauge.setObjectName("hit_rate_gauge")
        self._gauge.setToolTip(
            self.tr(
                "The preload hit rate: of all requests, those whose model was ready when they came. "
                "The others had to wait for a load."
            )
        )
        self.figure_side.addWidget(self._gauge, 1)

    def render_figures(self, figures: PeriodFigures, *, ever: bool) -> None:
        """Show a period; ``ever`` tells whether there was any request in the whole history."""
        rate = figures.preload_hit_rate
        if rate is None:
            self._gauge.set_value(None, NOTHING)
            self._gauge.set_caption(_no_requests(figures.period))
        else:
            self._gauge.set_value(rate, percent(rate))
            words = self.tr("{hits} of {requests} requests")
            self._gauge.set_caption(
                words.format(hits=format_number(figures.hits), requests=format_number(figures.requests))
            )
        never = self.tr("Your hit rate appears after the first requests.")
        self.say(self.tr("No requests in this time.") if ever else never)
        self.show_series(hit_rate_series(figures), worth_it=rate is not None)

    def render_nothing(self, words: str) -> None:
        """Show that there are no figures, and why."""
        self._gauge.set_value(None, NOTHING)
        self._gauge.set_caption("")
        self.say(words)


class TimeSavedCard(_CurveCard):
    """How long nobody had to wait."""

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(self.tr("Time saved"), self.tr("Time saved over time"), parent)
        self.setObjectName("time_saved")
        self._figure: ScaledLabel = figure(NOTHING)
        self._figure.setObjectName("time_saved_figure")
        self._words = caption()
        tooltip = self.tr(
            "Load times that requests did not have to wait for. Counted only where another server would have "
            "unloaded the model: for the first request after a preload, and after five minutes without one."
        )
        self.figure_side.addStretch(1)
        for label in (self._figure, self._words):
            label.setToolTip(tooltip)
            at_start(label)
            self.figure_side.addWidget(label)
        self.figure_side.setSpacing(0)
        self.figure_side.addStretch(1)

    def render_figures(self, figures: PeriodFigures, *, ever: bool) -> None:
        """Show a period; ``ever`` tells whether there was any request in the whole history."""
        self._figure.setText(format_duration(figures.saved_s))
        self._words.setText(
            {
                Period.TODAY: self.tr("not waited today"),
                Period.WEEK: self.tr("not waited in the last 7 days"),
                Period.QUARTER: self.tr("not waited in the last 90 days"),
            }[figures.period]
        )
        never = self.tr("What preloading saves appears after the first requests.")
        self.say(self.tr("Nothing was saved in this time.") if ever else never)
        self.show_series(time_saved_series(figures), worth_it=figures.saved_s > 0)

    def render_nothing(self, words: str) -> None:
        """Show that there are no figures, and why."""
        self._figure.setText(NOTHING)
        self._words.setText("")
        self.say(words)


def _no_requests(period: Period) -> str:
    return {
        Period.TODAY: QCoreApplication.translate("Usage", "no requests today"),
        Period.WEEK: QCoreApplication.translate("Usage", "no requests in 7 days"),
        Period.QUARTER: QCoreApplication.translate("Usage", "no requests in 90 days"),
    }[period]
