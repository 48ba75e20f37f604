"""The overview's memory: models against the limit, and the whole machine."""

from __future__ import annotations

from typing import Final

from preheat.control import EngineSnapshot, MemorySnapshot
from preheat_gui.dashboard.overview.stacked_bar import Segment, StackedBar
from preheat_gui.widgets import GAP, Card, RingGauge, Token, caption, named
from preheat_gui.words import format_memory, format_number, message_text

_GB: Final = 10**9
_GAUGE_PX: Final = 300
_COMPACT_GAUGE_PX: Final = 176
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
        self.body.addWidget(self._gauge, 4)
        self.body.addStretch(1)
        self.body.addWidget(self._models_title)
        self.body.addWidget(self._models)
        self.body.addSpacing(GAP)
        self.body.addWidget(self._machine_title)
        self.body.addWidget(self._machine)
        self.body.addStretch(1)

    def set_compact(self, on: bool) -> None:
        """Shrink the gauge for small windows."""
        self._gauge.setMaximumHeight(_COMPACT_GAUGE_PX if on else _GAUGE_PX)

    def render_memory(self, snapshot: EngineSnapshot, limit_setting: str) -> None:
        """Show a snapshot's memory; ``limit_setting`` is the limit as the user wrote it."""
        memory = snapshot.memory
        share = memory.used_bytes / memory.limit_bytes if memory.limit_bytes else None
        limit = format_memory(memory.limit_bytes)
        self._gauge.set_value(share, format_number(memory.used_bytes / _GB, 1), "GB")
        self._gauge.set_caption(self.tr("of {limit} limit").format(limit=limit))
        tooltip = self.tr(
            "The most memory all loaded models may use: {limit} (set to {setting}). "
            "The least recently used make room for others."
        )
        self._gauge.setToolTip(tooltip.format(limit=limit, setting=limit_setting))
        self._models_title.setText(self.tr("In memory") if memory.used_bytes else self.tr("No models in memory"))
        self._models.setVisible(memory.used_bytes > 0)
        self._models.set_segments(self._model_segments(snapshot))
        for widget in (self._machine, self._machine_title):
            widget.setVisible(memory.total_bytes > 0)
        self._machine_title.setText(self.tr("This machine, {total}").format(total=format_memory(memory.total_bytes)))
        self._machine.set_segments(self._machine_segments(memory))

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
        free = snapshot.memory.limit_bytes - sum(model.resident_bytes for model in loaded)
        if segments and free > 0:
            tooltip = self.tr("Available for more models.")
            segments.append(_segment(free, Token.TRACK, self.tr("Still available"), tooltip))
        return segments

    def _machine_segments(self, memory: MemorySnapshot) -> list[Segment]:
        free = min(memory.available_bytes, memory.total_bytes)
        others = max(0, memory.total_bytes - free - memory.used_bytes)
        keep = self.tr("Preheat always leaves {size} of it to other apps.")
        keep = keep.format(size=format_memory(memory.keep_free_bytes))
        return [
            _segment(
                memory.used_bytes, Token.ACCENT, self.tr("Preheat's models"), self.tr("Memory of the loaded models.")
            ),
            _segment(others, Token.MUTED, self.tr("Other apps"), self.tr("Memory of everything else on this machine.")),
            _segment(free, Token.TRACK, self.tr("Free"), keep),
        ]


def _segment(size: int, token: Token, name: str, tooltip: str = "") -> Segment:
    # In steps that a bar can show: a difference of a few bytes repaints nothing.
    return Segment(size // _STEP, token, name, format_memory(size), tooltip)
