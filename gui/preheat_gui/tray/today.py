"""Today's preload hit rate, for the tooltip. GUI thread."""

from __future__ import annotations

from datetime import datetime
from typing import TYPE_CHECKING, Final

from PySide6.QtCore import QObject, QTimer, Signal

from preheat import control

if TYPE_CHECKING:
    from preheat.control import StatsReport
    from preheat_gui.bridge import EngineBridge

ASK_EVERY_MS: Final = 60_000  # Shortest time between two questions: the figures come from the disk


class TodaysHits(QObject):
    """Keeps today's preload hit rate; asks for it only after requests."""

    changed = Signal()  # ``rate`` has changed

    def __init__(self, bridge: EngineBridge, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self._bridge = bridge
        # Hits per request since midnight; None before the first request and while unknown
        self.rate: float | None = None
        self._asked_for: tuple[object, ...] | None = None
        self._pause = QTimer(self, singleShot=True, interval=ASK_EVERY_MS)
        self._pause.timeout.connect(self._look)
        bridge.snapshot_changed.connect(self._look)
        self._look()

    def _look(self, _: object = None) -> None:
        snapshot = self._bridge.snapshot
        preload = snapshot.preload
        today = datetime.now().replace(hour=0, minute=0, second=0, microsecond=0)
        counted = (snapshot.started_at, preload.hits, preload.late_hits, preload.misses, today)
        if counted == self._asked_for or self._pause.isActive() or not self._bridge.is_open:
            return
        self._asked_for = counted
        self._pause.start()
        self._bridge.ask(control.GetStats(str(today.timestamp())), self._take, self._take_none)

    def _take(self, stats: StatsReport) -> None:
        self._set_rate(stats.total.span.preload_hit_rate)

    def _take_none(self, _error: object) -> None:
        """Show no rate: no usage is recorded, or the engine has ended."""
        self._set_rate(None)

    def _set_rate(self, rate: float | None) -> None:
        if rate != self.rate:
            self.rate = rate
            self.changed.emit()
