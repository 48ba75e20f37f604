"""A slider that shows what another memory limit would have changed in the last day."""

from __future__ import annotations

from typing import Final

from PySide6.QtCore import Qt, Signal
from PySide6.QtGui import QEnterEvent, QFocusEvent, QKeyEvent, QMouseEvent, QWheelEvent
from PySide6.QtWidgets import QLabel, QPushButton, QSlider, QWidget

from preheat_gui.bridge import CurveState, EngineBridge
from preheat_gui.dashboard.activity.day.scene import Outcomes
from preheat_gui.dashboard.hearth.limit_change import LimitChange
from preheat_gui.widgets import GAP, caption, hbox, named, vbox
from preheat_gui.words import format_memory, format_number

_STEP: Final = 5  # Percent between two replayed limits


class _Slider(QSlider):
    """Does not scroll with the wheel; Escape goes back to the present limit."""

    touched = Signal()  # The user is about to move it
    cancelled = Signal()

    def wheelEvent(self, event: QWheelEvent) -> None:  # noqa: N802
        event.ignore()  # scrolling the page must not change it

    def mousePressEvent(self, event: QMouseEvent) -> None:  # noqa: N802
        self.touched.emit()
        super().mousePressEvent(event)

    def focusInEvent(self, event: QFocusEvent) -> None:  # noqa: N802
        self.touched.emit()
        super().focusInEvent(event)

    def keyPressEvent(self, event: QKeyEvent) -> None:  # noqa: N802
        if event.key() == Qt.Key.Key_Escape:
            self.cancelled.emit()
        else:
            super().keyPressEvent(event)


class LimitTrial(QWidget):
    """Chooses a limit to look at; nothing changes until it is applied."""

    changed = Signal()  # ``outcomes`` may have changed

    def __init__(self, bridge: EngineBridge) -> None:
        super().__init__()
        self._bridge = bridge
        self._change = LimitChange(bridge, self)
        self._label = named(QLabel(), "trial_limit")
        self._slider = named(_Slider(Qt.Orientation.Horizontal), "trial_slider", self.tr("Memory limit"))
        self._words = named(caption(), "trial_words")
        self._apply = named(QPushButton(self.tr("&Use this limit")), "trial_apply")
        self._back = named(QPushButton(self.tr("&Back")), "trial_back")
        self._counts = (0, 0, 0)
        self._build()
        bridge.snapshot_changed.connect(self._on_snapshot)
        self._render()

    @property
    def outcomes(self) -> Outcomes | None:
        """What the requests of the last day would have found; None for what they found."""
        limit, curve = self._change.limit_bytes, self._change.curve
        if limit is None or curve.state is not CurveState.READY:
            return None
        return curve.outcomes_at(limit)

    def enterEvent(self, event: QEnterEvent) -> None:  # noqa: N802
        super().enterEvent(event)
        self._change.touch()  # it takes seconds, which pass until the slider is moved

    def show_counts(self, would_be_ready: int, were_ready: int, requests: int) -> None:
        """Say how many requests would have found their model ready, and how many did."""
        self._counts = would_be_ready, were_ready, requests
        self._render()

    def reset(self) -> None:
        """Go back to the present limit."""
        self._change.cancel()

    def _build(self) -> None:
        self._slider.setRange(1, 100 // _STEP)
        self._slider.setPageStep(2)
        self._slider.setMinimumWidth(120)
        self._words.setWordWrap(True)
        widest = self.tr("Memory limit: {limit}").format(limit="888.8 GB")
        self._label.setMinimumWidth(self._label.fontMetrics().horizontalAdvance(widest))
        # With or without the buttons, nothing moves.
        self._label.setMinimumHeight(self._apply.sizeHint().height())
        self._slider.touched.connect(self._change.touch)
        self._slider.cancelled.connect(self._change.cancel)
        self._slider.valueChanged.connect(self._on_value)
        self._apply.clicked.connect(self._change.commit)
        self._back.clicked.connect(self._change.cancel)
        self._change.changed.connect(self._on_changed)
        row = hbox(self._label, (self._slider, 1), self._back, self._apply, spacing=GAP)
        vbox(row, self._words, spacing=GAP // 2, parent=self)

    def _on_value(self, step: int) -> None:
        if self._change.curve.state is not CurveState.READY:
            self._change.touch()  # otherwise what is known counts until the pointer returns
        self._change.move(step * _STEP / 100, False)

    def _on_changed(self) -> None:
        self._render()
        self.changed.emit()

    def _on_snapshot(self) -> None:
        if self.isVisible():
            self._change.settle()
            if self._change.limit_bytes is None:
                self._render()

    def _render(self) -> None:
        memory, change = self._bridge.snapshot.memory, self._change
        tried, locked = change.limit_bytes, change.locked
        limit = memory.limit_bytes if tried is None else tried
        self._label.setText(self.tr("Memory limit: {limit}").format(limit=format_memory(limit)))
        self._slider.setEnabled(not locked)
        self._slider.setToolTip(locked or self.tr("Shows what another limit would have changed"))
        if tried is None and memory.total_bytes:
            self._slider.blockSignals(True)
            self._slider.setValue(max(round(100 / _STEP * limit / memory.total_bytes), 1))
            self._slider.blockSignals(False)
        self._apply.setVisible(tried is not None and tried != memory.limit_bytes)
        self._back.setVisible(tried is not None)
        words = locked or self._what_if(tried)
        self._words.setText(words)
        self._slider.setAccessibleDescription(f"{self._label.text()}. {words}")

    def _what_if(self, tried: int | None) -> str:
        would, were, requests = self._counts
        if tried is None:
            return self.tr("Move the slider to see what another limit would have changed.")
        match self._change.curve.state:
            case CurveState.COMPUTING:
                return self.tr("Calculating…")
            case CurveState.TOO_LITTLE:
                return self.tr("What it would have changed appears after a few days of use.")
            case CurveState.FAILED:
                return self.tr("What it would have changed could not be calculated.")
        text = self.tr("With {limit}, {would} of {count} requests would have found their model ready; {were} did.")
        figures = {"would": would, "count": requests, "were": were}
        return text.format(limit=format_memory(tried), **{name: format_number(n) for name, n in figures.items()})
