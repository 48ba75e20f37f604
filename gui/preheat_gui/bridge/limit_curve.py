"""The hit rate of each memory limit, computed by the engine from the recorded use."""

from __future__ import annotations

import logging
from dataclasses import replace
from enum import StrEnum
from functools import partial
from itertools import pairwise
from typing import TYPE_CHECKING, ClassVar, Final

from PySide6.QtCore import QObject, Signal

from preheat import control
from preheat_gui.bridge.bridge import EngineBridge

if TYPE_CHECKING:
    from preheat.control import LimitCurve as Result
    from preheat.control import LimitPoint, RecentRequest
    from preheat.errors import EngineError
    from preheat.settings import Settings

logger = logging.getLogger(__name__)

_CURVE_POINTS: Final = 20
_MIN_REQUESTS: Final = 20
_MIN_DAYS: Final = 1.0
_WEEK_DAYS: Final = 7.0


class CurveState(StrEnum):
    """The state of the computation."""

    COMPUTING = "computing"
    READY = "ready"
    TOO_LITTLE = "too little"
    FAILED = "failed"


class LimitCurve(QObject):
    """The curve, kept until there are new requests or other settings."""

    changed = Signal()  # ``state`` changed

    _kept: ClassVar[tuple[object, CurveState, tuple[LimitPoint, ...], tuple[RecentRequest, ...]] | None] = None

    def __init__(self, bridge: EngineBridge, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self._bridge = bridge
        self._key: object = None
        self.state = CurveState.COMPUTING
        self.points: tuple[LimitPoint, ...] = ()  # The results, with the waiting time per week
        self.recent: tuple[RecentRequest, ...] = ()  # The requests of the last day

    def start(self, settings: Settings, total_bytes: int) -> None:
        """Compute the curve unless it is known; ``changed`` follows."""
        snapshot = self._bridge.snapshot
        counts = (snapshot.preload.hits, snapshot.preload.late_hits, snapshot.preload.misses)
        key = (
            snapshot.started_at,
            counts,
            total_bytes,
            *(getattr(settings, name) for name in control.REPLAYED_SETTINGS),
        )
        if key == self._key and self.state is not CurveState.FAILED:
            return
        self._key = key
        if LimitCurve._kept is not None and LimitCurve._kept[0] == key:
            self._become(*LimitCurve._kept[1:])
            return
        self._become(CurveState.COMPUTING)
        limits = tuple(total_bytes * step // _CURVE_POINTS for step in range(1, _CURVE_POINTS + 1))
        self._bridge.ask(control.ReplayLimits(limits), partial(self._take, key), partial(self._fail, key))

    def outcomes_at(self, limit_bytes: int) -> dict[tuple[str, float], bool]:
        """Return, by model and time, whether each recent request would have been ready; of the nearest limit."""
        nearest = min(self.points, key=lambda point: abs(point.limit_bytes - limit_bytes), default=None)
        marks = nearest.ready if nearest is not None else ""
        return {(request.model_id, request.at): mark == "1" for request, mark in zip(self.recent, marks, strict=False)}

    def _take(self, key: object, result: Result) -> None:
        state = CurveState.TOO_LITTLE
        points: tuple[LimitPoint, ...] = ()
        if result.requests >= _MIN_REQUESTS and result.days >= _MIN_DAYS:
            weeks = result.days / _WEEK_DAYS
            state = CurveState.READY
            points = tuple(replace(point, waited_s=point.waited_s / weeks) for point in result.points)
        LimitCurve._kept = (key, state, points, result.recent)
        if key == self._key:
            self._become(state, points, result.recent)

    def _fail(self, key: object, error: EngineError) -> None:
        logger.warning("the curve of memory limits could not be computed: %s", error)
        if key == self._key:
            self._become(CurveState.FAILED)

    def _become(
        self, state: CurveState, points: tuple[LimitPoint, ...] = (), recent: tuple[RecentRequest, ...] = ()
    ) -> None:
        self.state, self.points, self.recent = state, points, recent
        self.changed.emit()


def point_at(points: tuple[LimitPoint, ...], limit_bytes: int) -> LimitPoint | None:
    """Return the result of a limit, interpolated between the two nearest points; None without points."""
    if not points:
        return None
    for low, high in pairwise(points):
        if low.limit_bytes <= limit_bytes <= high.limit_bytes:
            share = (limit_bytes - low.limit_bytes) / (high.limit_bytes - low.limit_bytes)
            return control.LimitPoint(
                limit_bytes,
                low.preload_hit_rate + share * (high.preload_hit_rate - low.preload_hit_rate),
                low.waited_s + share * (high.waited_s - low.waited_s),
            )
    nearest = points[0] if limit_bytes < points[0].limit_bytes else points[-1]
    return control.LimitPoint(limit_bytes, nearest.preload_hit_rate, nearest.waited_s)
