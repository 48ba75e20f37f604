"""The hit rate that each memory limit would have had in the last weeks.

A replay takes seconds of processor time, so it runs in a process of low priority:
``python -m preheat.replay.limit_curve`` prints the curve for the limits among its arguments.
"""

from __future__ import annotations

import asyncio
import json
import logging
import os
import sys
import time
from collections import deque
from collections.abc import Sequence
from dataclasses import asdict, dataclass, field
from typing import TYPE_CHECKING, Final

import psutil

from preheat.errors import EngineError, InvalidRequestError
from preheat.installation import module_command
from preheat.messages import msg

if TYPE_CHECKING:
    from preheat.settings import Settings

logger = logging.getLogger(__name__)

_DAYS: Final = 56
_DAY_S: Final = 86_400.0
_MOST_RECENT: Final = 2000
REPLAYED_SETTINGS: Final = (
    "preload_learned",
    "waste_price",
    "keep_after_use",
    "popularity_half_life",
    "eviction",
    "read_ahead",
    "wake_with_clients",
    "favourites",
    "models_dirs",
    "sources",
    "models_dir",
    "context_length",
    "parallel",
    "kv_cache_type",
    "flash_attention",
    "repack",
    "devices",
    "device_memory_limit",
    "gpu_layers",
    "experts_in_ram",
)
"""The settings that decide the result, by the policy or by the sizes of models: an option of the application may differ
from the file."""

if sys.platform == "win32":
    _LOW_PRIORITY: Final = psutil.BELOW_NORMAL_PRIORITY_CLASS
else:
    _LOW_PRIORITY: Final = 10


@dataclass(frozen=True, slots=True)
class LimitPoint:
    """The result of one limit."""

    limit_bytes: int
    preload_hit_rate: float  # hits ÷ requests
    waited_s: float  # time that requests would have waited for their models, in seconds
    ready: str = ""  # 1 for each of the curve's recent requests that would have found its model hot, otherwise 0


@dataclass(frozen=True, slots=True)
class RecentRequest:
    """A request of the last day."""

    model_id: str = field(metadata={"json": "model"})
    at: float  # Unix time of its arrival


@dataclass(frozen=True, slots=True)
class LimitCurve:
    """The results of several limits over the same use."""

    days: float  # length of the recorded use
    requests: int
    points: tuple[LimitPoint, ...]  # in the order of the limits; empty without recorded use
    recent: tuple[RecentRequest, ...] = ()  # the newest requests of the last day, the oldest first


def compute(settings: Settings, limits: Sequence[int]) -> LimitCurve:
    """Replay the recorded use under each limit. Takes seconds."""
    if not limits:
        return LimitCurve(0.0, 0, ())
    from preheat.replay.machine import Machine
    from preheat.replay.own_use import recorded_use, strategy_under
    from preheat.replay.reports import replay
    from preheat.replay.trace import Kind

    try:
        trace = recorded_use(settings, None, _DAYS)
    except InvalidRequestError:
        return LimitCurve(0.0, 0, ())
    strategy = strategy_under(settings)
    requests = [event for event in trace.events if event.kind is Kind.REQUEST]
    begin = time.time() - _DAY_S
    recent = [RecentRequest(event.model_id, event.at) for event in requests[-_MOST_RECENT:] if event.at >= begin]
    points = []
    for limit in limits:
        found: deque[bool] = deque(maxlen=len(recent))

        def note(_at: float, _model_id: str, hot: bool, found: deque[bool] = found) -> None:
            found.append(hot)

        run = replay(trace, Machine(limit, device_limits=trace.device_limits), strategy, on_request=note)
        ready = "".join("01"[hot] for hot in found)
        points.append(LimitPoint(limit, run.overall.preload_hit_rate, run.overall.waited_s, ready))
    days = (trace.events[-1].at - trace.events[0].at) / _DAY_S
    return LimitCurve(days, len(requests), tuple(points), tuple(recent))


async def compute_in_process(settings: Settings, limits: Sequence[int]) -> LimitCurve:
    """Do the same in another process, which ends with the task.

    Raises:
        EngineError: The process failed.
    """
    from preheat.settings import to_text, variable_of

    values = {variable_of(name): to_text(getattr(settings, name)) for name in REPLAYED_SETTINGS}
    process = await asyncio.create_subprocess_exec(
        *module_command("preheat.replay.limit_curve", *map(str, limits)),
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.PIPE,
        env={**os.environ, **values},
    )
    try:
        output, errors = await process.communicate()
    finally:
        if process.returncode is None:
            process.kill()
    try:
        found = json.loads(output)
        points = tuple(LimitPoint(**point) for point in found["points"])
        recent = tuple(RecentRequest(**request) for request in found["recent"])
        return LimitCurve(found["days"], found["requests"], points, recent)
    except (ValueError, KeyError, TypeError) as error:
        logger.error("replaying failed: %s", errors.decode(errors="replace")[-2000:])
        raise EngineError(msg("replay_failed")) from error


def main() -> None:
    """Print the curve as JSON."""
    from preheat.settings import load_settings

    psutil.Process().nice(_LOW_PRIORITY)
    print(json.dumps(asdict(compute(load_settings(), [int(limit) for limit in sys.argv[1:]]))))


if __name__ == "__main__":
    main()
