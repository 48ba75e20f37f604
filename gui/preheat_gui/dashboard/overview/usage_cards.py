"""The overview's figures of what preloading saves, each with a curve."""

from __future__ import annotations

from typing import Final

from PySide6.QtCore import Qt
from PySide6.QtWidgets import QBoxLayout, QWidget

from preheat_gui.dashboard.cells import NOTHING
from preheat_gui.dashboard.overview.curves import Curve, Series
from preheat_gui.dashboard.overview.periods import Period, PeriodFigures, hit_rate_series, time_saved_series
from preheat_gui.dashboard.parts import align_to_start
from preheat_gui.widgets import GAP, GROUP_GAP, Card, Item, RingGauge, caption, figure, named, stacked, vbox
from preheat_gui.words import format_duration, format_number, percent

_SIDE_PX: Final = 160
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
        """Put the curve next to the figure instead of under it, aligned with the other cards' curves."""
        directions = QBoxLayout.Direction
        self._side.setMinimumWidth(_SIDE_PX if on else 0)
        self._side.setMaximumWidth(_SIDE_PX if on else _MAX_PX)
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
            align_to_start(label)
        self._fill_side(None, self._figure, self._unit, None, spacing=0)

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
