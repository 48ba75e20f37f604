"""The overview's memory: what models hold against the limit, and what the machine has besides."""

from __future__ import annotations

from typing import Final

from PySide6.QtWidgets import QWidget

from preheat.core.snapshot import EngineSnapshot, MemorySnapshot
from preheat_gui.dashboard.overview.stacked_bar import Part, StackedBar
from preheat_gui.widgets import GAP, Card, RingGauge, Token, caption
from preheat_gui.words import format_memory, format_number, message_text

_GB: Final = 10**9
_GAUGE_PX: Final = 300
_COMPACT_GAUGE_PX: Final = 176
_STEP: Final = 2 * 10**7
_ROWS: Final = 5
"""More models than this are summed up in the last line."""


class MemoryCard(Card):
    """A gauge, the models in memory, and the machine."""

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(self.tr("Memory"), parent)
        self.setObjectName("memory")
        self._gauge = RingGauge(parent=self)
        self._gauge.setObjectName("memory_gauge")
        self._gauge.setMaximumHeight(_GAUGE_PX)
        self._models_title = caption(self.tr("In memory"))
        self._models = StackedBar(self)
        self._models.setAccessibleName(self.tr("Models in memory"))
        self._models.setObjectName("memory_models")
        self._machine_title = caption(self.tr("This machine"))
        self._machine = StackedBar(self)
        self._machine.setAccessibleName(self.tr("Memory of this machine"))
        self._machine.setObjectName("memory_machine")
        self.body.addWidget(self._gauge, 4)
        self.body.addStretch(1)
        for widget in (self._models_title, self._models):
            self.body.addWidget(widget)
        self.body.addSpacing(GAP)
        for widget in (self._machine_title, self._machine):
            self.body.addWidget(widget)
        self.body.addStretch(1)

    def set_compact(self, on: bool) -> None:
        """Make the gauge small, so that more fits on a small window."""
        self._gauge.setMaximumHeight(_COMPACT_GAUGE_PX if on else _GAUGE_PX)

    def render_memory(self, snapshot: EngineSnapshot, limit_words: str) -> None:
        """Show a snapshot's memory; ``limit_words`` is the limit as the user has set it."""
        memory = snapshot.memory
        share = memory.used_bytes / memory.limit_bytes if memory.limit_bytes else None
        used, limit = _figure(memory.used_bytes), format_memory(memory.limit_bytes)
        self._gauge.set_value(share, used, "GB")
        self._gauge.set_caption(self.tr("of {limit} limit").format(limit=limit))
        tooltip = self.tr(
            "Models may hold {limit} together (the memory limit, set to {setting}). "
            "Those not used for longest make room for others."
        )
        self._gauge.setToolTip(tooltip.format(limit=limit, setting=limit_words))
        self._models_title.setText(self.tr("In memory") if memory.used_bytes else self.tr("No model is in memory"))
        self._models.setVisible(memory.used_bytes > 0)
        self._models.set_parts(self._model_parts(snapshot))
        self._machine.setVisible(memory.total_bytes > 0)
        self._machine_title.setVisible(memory.total_bytes > 0)
        self._machine_title.setText(self.tr("This machine, {total}").format(total=format_memory(memory.total_bytes)))
        self._machine.set_parts(self._machine_parts(memory))

    # -- private ------------------------------------------------------------------------------------------------------

    def _model_parts(self, snapshot: EngineSnapshot) -> list[Part]:
        held = sorted((model for model in snapshot.models if model.resident_bytes), key=lambda one: -one.resident_bytes)
        parts = [
            Part(
                _coarse(model.resident_bytes),
                Token.ACCENT,
                model.model_id,
                format_memory(model.resident_bytes),
                message_text(model.reason),
            )
            for model in held[:_ROWS]
        ]
        others = sum(model.resident_bytes for model in held[_ROWS:])
        if others:
            name = self.tr("{count} more").format(count=len(held) - _ROWS)
            parts.append(Part(_coarse(others), Token.ACCENT, name, format_memory(others)))
        free = snapshot.memory.limit_bytes - sum(model.resident_bytes for model in held)
        if parts and free > 0:
            tooltip = self.tr("More models can be loaded into this.")
            parts.append(Part(_coarse(free), Token.TRACK, self.tr("Left of the limit"), format_memory(free), tooltip))
        return parts

    def _machine_parts(self, memory: MemorySnapshot) -> list[Part]:
        free = min(memory.available_bytes, memory.total_bytes)
        others = max(0, memory.total_bytes - free - memory.used_bytes)
        keep = self.tr("Preheat always leaves {size} of it to other programs.")
        return [
            Part(
                _coarse(memory.used_bytes),
                Token.ACCENT,
                self.tr("Preheat's models"),
                format_memory(memory.used_bytes),
                self.tr("What the models in memory hold."),
            ),
            Part(
                _coarse(others),
                Token.MUTED,
                self.tr("Other programs"),
                format_memory(others),
                self.tr("What everything else on this machine holds."),
            ),
            Part(
                _coarse(free),
                Token.TRACK,
                self.tr("Free"),
                format_memory(free),
                keep.format(size=format_memory(memory.keep_free_bytes)),
            ),
        ]


def _coarse(count: int) -> int:
    """Return an amount in steps that a bar can show: a few bytes more or less repaint nothing."""
    return count // _STEP


def _figure(count: int) -> str:
    """Return a number of GB without its unit."""
    return format_number(count / _GB, 1)
