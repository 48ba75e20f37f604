"""What another memory limit would do to the models in memory, computed by the engine."""

from __future__ import annotations

from typing import TYPE_CHECKING

from PySide6.QtCore import QObject, Signal

from preheat import control
from preheat_gui.bridge.bridge import EngineBridge

if TYPE_CHECKING:
    from preheat.control import LimitPreview
    from preheat.errors import EngineError


class PreviewQuestion(QObject):
    """Asks one question at a time; the newest limit counts."""

    changed = Signal()  # ``preview`` is another one

    def __init__(self, bridge: EngineBridge, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self._bridge = bridge
        self._limit_bytes: int | None = None
        self._asking = False
        self.preview: LimitPreview | None = None  # May be that of the previous limit

    def ask(self, limit_bytes: int) -> None:
        """Preview a limit; ``changed`` follows."""
        self._limit_bytes = limit_bytes
        if not self._asking:
            self._asking = True
            self._bridge.ask(control.PreviewLimit(limit_bytes), self._on_preview, self._on_no_preview)

    def forget(self) -> None:
        """Drop the preview, and an answer that is still to come."""
        self._limit_bytes = self.preview = None

    def _on_preview(self, preview: LimitPreview) -> None:
        self._asking = False
        if self._limit_bytes is None:
            return
        self.preview = preview
        self.changed.emit()
        if preview.limit_bytes != self._limit_bytes:
            self.ask(self._limit_bytes)

    def _on_no_preview(self, _error: EngineError) -> None:
        self._asking = False  # the limit can be chosen without it
