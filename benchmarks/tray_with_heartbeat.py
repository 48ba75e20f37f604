"""The tray with a timer in its GUI thread: ``python -m benchmarks.tray_with_heartbeat FILE [OPTION]...``.

The timer ticks every 10 ms. When the tray ends, it writes a line for each tick: its time and its delay.
"""

from __future__ import annotations

import sys
import time
from collections.abc import Mapping
from pathlib import Path
from types import MappingProxyType
from typing import Final

from PySide6.QtCore import QObject, Qt, QTimer
from PySide6.QtWidgets import QApplication

from preheat_gui.app import start as app

INTERVAL_S: Final = 0.01


class Heartbeat(QObject):
    """Records the Unix time and the delay of each tick, in seconds."""

    def __init__(self, parent: QObject) -> None:
        super().__init__(parent)
        self.ticks: list[tuple[float, float]] = []
        self._last = time.perf_counter()
        self._timer = QTimer(self)
        self._timer.setTimerType(Qt.TimerType.PreciseTimer)
        self._timer.timeout.connect(self._tick)
        self._timer.start(int(INTERVAL_S * 1000))

    def _tick(self) -> None:
        now = time.perf_counter()
        self.ticks.append((time.time(), max(now - self._last - INTERVAL_S, 0.0)))
        self._last = now


def main() -> int:
    """Run the tray; return its exit code."""
    path = Path(sys.argv[1])
    heartbeats: list[Heartbeat] = []
    make_application = app.make_application

    def make_with_heartbeat(options: Mapping[str, str] = MappingProxyType({})) -> QApplication:
        application = make_application(options)
        heartbeats.append(Heartbeat(application))
        return application

    app.make_application = make_with_heartbeat
    code = app.main(sys.argv[2:])
    path.write_text("".join(f"{at} {late}\n" for heartbeat in heartbeats for at, late in heartbeat.ticks))
    return code


if __name__ == "__main__":
    sys.exit(main())
