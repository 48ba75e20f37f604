"""Asks another process what each memory limit would have brought. GUI thread only; nothing here waits."""

from __future__ import annotations

import json
import logging
import sys
from contextlib import suppress
from dataclasses import dataclass
from enum import StrEnum
from itertools import pairwise
from typing import ClassVar, Final

import psutil
from PySide6.QtCore import QObject, QProcess, Signal

from preheat import paths
from preheat.settings import Settings
from preheat_gui.platform.command import own_command

logger = logging.getLogger(__name__)

_STEPS: Final = 20
_LEAST_REQUESTS: Final = 20
_LEAST_DAYS: Final = 1.0
_WEEK_DAYS: Final = 7.0
_REPLAYED: Final = ("preload_top", "preload_min_uses", "popularity_half_life", "wake_with_clients", "favourites")

if sys.platform == "win32":
    _LOW_PRIORITY: Final = psutil.BELOW_NORMAL_PRIORITY_CLASS
else:
    _LOW_PRIORITY: Final = 10


class CurveState(StrEnum):
    """What there is to be drawn."""

    COMPUTING = "computing"
    READY = "ready"
    TOO_LITTLE = "too little"
    FAILED = "failed"


@dataclass(frozen=True, slots=True)
class CurvePoint:
    """What one limit would have brought.

    Attributes:
        preload_hit_rate: Hits ÷ requests.
        waited_s: Time that requests would have waited for their models in a week, in seconds.
    """

    limit_bytes: int
    preload_hit_rate: float
    waited_s: float


class LimitCurve(QObject):
    """The curve, from the recorded use, by a process of a lower priority.

    Attributes:
        changed: The state is another.
    """

    changed = Signal()

    _kept: ClassVar[tuple[object, CurveState, tuple[CurvePoint, ...]] | None] = None

    def __init__(self, parent: QObject | None = None, command: tuple[str, ...] = ()) -> None:
        super().__init__(parent)
        self._command = command or own_command("limit-curve")
        self._process: QProcess | None = None
        self._key: object = None
        self.state = CurveState.COMPUTING
        self.points: tuple[CurvePoint, ...] = ()

    def start(self, settings: Settings, total_bytes: int) -> None:
        """Compute it, unless it is known for this log and these settings; ``changed`` follows."""
        key = (_log_version(), total_bytes, *(getattr(settings, name) for name in _REPLAYED))
        if self._process is not None or (key == self._key and self.state is not CurveState.FAILED):
            return
        self._key = key
        kept = LimitCurve._kept
        if kept is not None and kept[0] == key:
            self._become(kept[1], kept[2])
            return
        self._become(CurveState.COMPUTING, ())
        limits = ",".join(str(total_bytes * step // _STEPS) for step in range(1, _STEPS + 1))
        self._process = process = QProcess(self)
        process.started.connect(self._started)
        process.finished.connect(self._finished)
        process.errorOccurred.connect(self._failed)
        process.start(self._command[0], [*self._command[1:], limits])

    def stop(self) -> None:
        """End the computation, if one runs."""
        process, self._process = self._process, None
        if process is not None:
            self._key = None
            process.finished.disconnect(self._finished)
            process.errorOccurred.disconnect(self._failed)
            process.kill()
            process.waitForFinished(1000)
            process.deleteLater()

    def _started(self) -> None:
        if self._process is not None:
            # It has all the time: answers and loads go before it.
            with suppress(psutil.Error, OSError):
                psutil.Process(self._process.processId()).nice(_LOW_PRIORITY)

    def _failed(self, _error: QProcess.ProcessError) -> None:
        process, self._process = self._process, None
        if process is not None:
            logger.warning("the curve of memory limits could not be computed: %s", process.errorString())
            process.deleteLater()
            self._become(CurveState.FAILED, ())

    def _finished(self, exit_code: int) -> None:
        process, self._process = self._process, None
        if process is None:
            return
        output, errors = process.readAllStandardOutput().toStdString(), process.readAllStandardError().toStdString()
        process.deleteLater()
        try:
            state, points = _read(output)
        except (ValueError, KeyError, TypeError):
            logger.warning("the curve of memory limits could not be computed (%d): %r", exit_code, errors[-500:])
            self._become(CurveState.FAILED, ())
            return
        LimitCurve._kept = (self._key, state, points)
        self._become(state, points)

    def _become(self, state: CurveState, points: tuple[CurvePoint, ...]) -> None:
        self.state, self.points = state, points
        self.changed.emit()


def point_at(points: tuple[CurvePoint, ...], limit_bytes: int) -> CurvePoint | None:
    """Return what this limit would have brought, between the two nearest points; None without any."""
    if not points:
        return None
    for low, high in pairwise(points):
        if low.limit_bytes <= limit_bytes <= high.limit_bytes:
            share = (limit_bytes - low.limit_bytes) / (high.limit_bytes - low.limit_bytes)
            return CurvePoint(
                limit_bytes,
                low.preload_hit_rate + share * (high.preload_hit_rate - low.preload_hit_rate),
                low.waited_s + share * (high.waited_s - low.waited_s),
            )
    nearest = points[0] if limit_bytes < points[0].limit_bytes else points[-1]
    return CurvePoint(limit_bytes, nearest.preload_hit_rate, nearest.waited_s)


def _read(output: str) -> tuple[CurveState, tuple[CurvePoint, ...]]:
    """Return what the process has printed.

    Raises:
        ValueError, KeyError, TypeError: It has printed something else.
    """
    found = json.loads(output)
    if found["requests"] < _LEAST_REQUESTS or found["days"] < _LEAST_DAYS:
        return CurveState.TOO_LITTLE, ()
    weeks = found["days"] / _WEEK_DAYS
    points = [
        CurvePoint(point["limit_bytes"], point["preload_hit_rate"], point["waited_s"] / weeks)
        for point in found["points"]
    ]
    return CurveState.READY, tuple(points)


def _log_version() -> tuple[tuple[int, int], ...]:
    """Return what changes whenever something is added to the usage log."""
    found = []
    for name in ("usage.db", "usage.db-wal"):
        with suppress(OSError):
            stat = (paths.data_dir() / name).stat()
            found.append((stat.st_mtime_ns, stat.st_size))
    return tuple(found)
