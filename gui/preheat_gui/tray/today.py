"""Today's preload hit rate, for the tray icon's tooltip. GUI thread."""

from __future__ import annotations

from datetime import datetime
from typing import TYPE_CHECKING, Any, Final

from PySide6.QtCore import QObject, QTimer, Signal

if TYPE_CHECKING:
    from preheat.core.snapshot import EngineSnapshot
    from preheat.errors import EngineError
    from preheat.link.link import EngineLink
    from preheat_gui.bridge import EngineBridge

ASK_EVERY_MS: Final = 60_000
"""The figures come from the disk: they are asked for no more often, and only after requests."""


class TodaysHits(QObject):
    """Keeps today's preload hit rate.

    Attributes:
        changed: ``rate`` has another value.
    """

    changed = Signal()

    def __init__(self, bridge: EngineBridge, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self._bridge = bridge
        self._rate: float | None = None
        self._asked_of: tuple[object, ...] | None = None
        self._pause = QTimer(self)
        self._pause.setSingleShot(True)
        self._pause.setInterval(ASK_EVERY_MS)
        self._pause.timeout.connect(self._look)
        bridge.snapshot_changed.connect(self._look)
        self._look()

    @property
    def rate(self) -> float | None:
        """Hits / requests since midnight; None before the first request, and until it is known."""
        return self._rate

    def _look(self, snapshot: EngineSnapshot | None = None) -> None:
        """Ask, if there is anything new and the last time is long enough ago."""
        preload = self._bridge.snapshot.preload
        today = datetime.now().replace(hour=0, minute=0, second=0, microsecond=0)
        counted = (self._bridge.snapshot.started_at, preload.hits, preload.late_hits, preload.misses, today)
        if counted == self._asked_of or self._pause.isActive() or not self._bridge.is_open:
            return
        self._asked_of = counted
        self._pause.start()
        since = str(today.timestamp())

        def question(link: EngineLink) -> dict[str, Any]:
            return link.stats(since)

        self._bridge.ask(question, self._take, self._take_none)

    def _take(self, stats: dict[str, Any]) -> None:
        rate = stats["total"]["span"]["preload_hit_rate"]
        if rate != self._rate:
            self._rate = rate
            self.changed.emit()

    def _take_none(self, error: EngineError) -> None:
        """No figures are kept, or the engine has gone: the tooltip does without."""
        if self._rate is not None:
            self._rate = None
            self.changed.emit()
