"""The control endpoints that explain: plan, why, stats, history and the log of decisions, under /preheat/v1/."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Final, TypeVar

from starlette.requests import Request
from starlette.responses import Response

from preheat.control.snapshot_json import memory_json, preload_json
from preheat.errors import ModelNotFoundError
from preheat.server.control import json_response
from preheat.server.parameters import count, since
from preheat.usage import DAYS, HOURS
from preheat.usage.as_json import decision_json, history_json, kept, read_stats_json

if TYPE_CHECKING:
    from preheat.core.engine import Engine
    from preheat.preload import PreloadTarget
    from preheat.usage import UsageLog

T = TypeVar("T")

STATS_AGE_S: Final = 3.0
"""Figures are read again when they are older: a dashboard that polls must not read a long log all the time."""

WRITTEN_WITHIN_S: Final = 0.5
"""How long an answer waits for what was recorded just now to be written. A full disk may keep it from that."""

DEFAULT_DECISIONS: Final = 100
MAX_DECISIONS: Final = 10_000
MAX_HOURS: Final = 24 * 90
MAX_DAYS: Final = 3650
_MAX_CACHED: Final = 8


@dataclass(slots=True)
class _Cached:
    """What was read for one question; ``read_at`` is monotonic."""

    figures: dict[str, Any]
    read_at: float


@dataclass(frozen=True, slots=True)
class FiguresApi:
    """What Preheat did, why, and what it brought. Engine thread only; the disk is read in other threads."""

    engine: Engine
    _cache: dict[str, _Cached] = field(default_factory=dict)
    _reading: asyncio.Lock = field(default_factory=asyncio.Lock)

    async def plan(self) -> Response:
        """Answer with what should be hot, what would be loaded next, and why."""
        plan = self.engine.plan()
        snapshot = self.engine.snapshot
        in_cache = {model.model_id for model in snapshot.models if model.standby}
        return json_response(
            {
                **preload_json(snapshot.preload),
                "decisions": [self._target_json(target) for target in plan.targets],
                "next": [target.model_id for target in plan.preloads],
                "unloaded": list(self.engine.suppressed()),
                "standby": [{"model": model_id, "cached": model_id in in_cache} for model_id in plan.standby],
            }
        )

    async def why(self, request: Request) -> Response:
        """Answer in words why a model is hot, standby or cold."""
        model_id = (await self.engine.find(request.path_params["model_id"])).model_id
        model = self.engine.snapshot.model(model_id)
        return json_response(
            {
                "id": model_id,
                "state": model.state.value if model is not None else None,
                "standby": model.standby if model is not None else None,
                "why": str(self.engine.why(model_id)),
            }
        )

    async def stats(self, request: Request) -> Response:
        """Answer with the figures, over the span from ``?since=`` (Unix time, or ``7d``) to now."""
        log = kept(self.engine.usage_log)
        begin = since(request)
        key = f"stats {request.query_params.get('since', '')}"
        figures = await self._figures(key, log, lambda: read_stats_json(log, begin))
        snapshot = self.engine.refresh()
        return json_response({**figures, "memory": memory_json(snapshot.memory), "warning": snapshot.warning})

    async def history(self, request: Request) -> Response:
        """Answer with the sums of each of the last ``?hours=`` and ``?days=`` (UTC), the oldest first."""
        log = kept(self.engine.usage_log)
        hours, days = count(request, "hours", HOURS, MAX_HOURS), count(request, "days", DAYS, MAX_DAYS)
        key = f"history {hours} {days}"
        return json_response(await self._figures(key, log, lambda: history_json(log.history(hours, days))))

    async def decisions(self, request: Request) -> Response:
        """Answer with what was done about models, the newest first: ``?limit=``, ``?since=``, ``?model=``."""
        limit = count(request, "limit", DEFAULT_DECISIONS, MAX_DECISIONS)
        begin, model = since(request), await self._model_id(request.query_params.get("model"))
        log = kept(self.engine.usage_log)
        found = await asyncio.to_thread(_up_to_date, log, lambda: log.decisions(limit, begin, model))
        return json_response({"decisions": [decision_json(decision) for decision in found]})

    async def _model_id(self, name: str | None) -> str | None:
        """Return the id of a model on disk; one that has been removed may still be in the log."""
        if name is None:
            return None
        try:
            return (await self.engine.find(name)).model_id
        except ModelNotFoundError:
            return name.strip().lower()

    async def _figures(self, key: str, log: UsageLog, read: Callable[[], dict[str, Any]]) -> dict[str, Any]:
        """Return what ``read`` returns, in another thread, or did so some seconds ago."""
        async with self._reading:  # several dashboards wait for one reading
            cached = self._cache.pop(key, None)
            if cached is None or time.monotonic() - cached.read_at > STATS_AGE_S:
                cached = _Cached(await asyncio.to_thread(_up_to_date, log, read), time.monotonic())
            while len(self._cache) >= _MAX_CACHED:
                self._cache.pop(next(iter(self._cache)))
            self._cache[key] = cached
        return cached.figures

    def _target_json(self, target: PreloadTarget) -> dict[str, Any]:
        return {
            "model": target.model_id,
            "wish": target.kind.value,
            "rank": target.rank,
            "verdict": target.action.value,
            "displaces": list(target.displaces),
            "missing_bytes": target.missing_bytes,
            "why": str(self.engine.why(target.model_id)),
        }


def _up_to_date(log: UsageLog, read: Callable[[], T]) -> T:
    """Return what ``read`` returns when all that was recorded is written. Blocks; for another thread."""
    log.flush(WRITTEN_WITHIN_S)
    return read()
