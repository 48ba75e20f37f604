"""How long a model takes to its first word when it is not loaded: measured loads, and measured prefill. Pure."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass, field
from enum import StrEnum
from statistics import median
from typing import Final

from preheat.residency import Action, DecisionRecord
from preheat.usage.records import RequestRecord

MOST_LOADS: Final = 5
"""Loads from one source that count, the newest."""

_PROMPTS: Final = 20  # the newest
_DISK_SHARE: Final = 0.5
_MIN_TOKENS: Final = 64
"""Fewer computed tokens say little about the speed of prefill: the rest of the request takes longer."""


class Source(StrEnum):
    """Where a load read most of the files from."""

    DISK = "disk"
    PAGE_CACHE = "page_cache"
    UNKNOWN = "unknown"  # the system hides it, or an earlier version did not record it


@dataclass(frozen=True, slots=True)
class ColdLoad:
    """One measured load, as a request would have waited for it.

    Attributes:
        at: Unix time of its end.
        seconds: From the request until the model could compute the prompt.
        read_s: The part in which the files were read; ``make_s`` the one for weights and context. The rest is starting
            and making room. None if it was not recorded.
    """

    at: float
    seconds: float
    source: Source
    read_s: float | None = None
    make_s: float | None = None


@dataclass(frozen=True, slots=True)
class ColdStart:
    """The measured figures of one model.

    Attributes:
        load: The median of its last loads from the disk, or else from the page cache; None before one.
        prefill_token_s: Seconds to compute a prompt token, the median of its last long prompts; None before one.
    """

    model_id: str = field(metadata={"json": "model"})
    load: ColdLoad | None = None
    prefill_token_s: float | None = None

    def first_word_s(self, prefill_s: float, reused_tokens: int) -> float | None:
        """Return the time to the first word of an answer, if its model had not been loaded; None if unknown.

        Without a known speed of prefill, reused tokens are left out: the real time is longer.

        Args:
            prefill_s: Time to the first word of the answer, which found its model hot.
            reused_tokens: Tokens of its prompt that did not have to be computed.
        """
        if self.load is None:
            return None
        return self.load.seconds + prefill_s + reused_tokens * (self.prefill_token_s or 0.0)


def cold_start(model_id: str, decisions: Iterable[DecisionRecord], requests: Iterable[RequestRecord]) -> ColdStart:
    """Return the figures of a model from its records, the newest first."""
    loads = [load for load in map(measured_load, decisions) if load is not None]
    speeds = [speed for speed in map(_prefill_token_s, requests) if speed is not None][:_PROMPTS]
    return ColdStart(model_id, usual_load(loads) if loads else None, median(speeds) if speeds else None)


def usual_load(loads: Collection[ColdLoad]) -> ColdLoad:
    """Return the median of a model's last loads from the disk, or else from the page cache.

    Args:
        loads: At least one, the newest first.
    """
    of_source = ([load for load in loads if load.source is source][:MOST_LOADS] for source in Source)
    return next(_middle(some) for some in of_source if some)


def measured_load(decision: DecisionRecord) -> ColdLoad | None:
    """Return the load that a decision has measured; None if it has none."""
    stages = decision.stages
    if decision.action is Action.LOAD and decision.seconds is not None:
        seconds = decision.seconds
    elif decision.action is Action.PRELOAD and stages is not None:
        seconds = stages.read_s + stages.make_s  # with a request waiting, nothing is probed or on hold
    else:
        return None
    if stages is None or stages.disk_share is None:
        source = Source.UNKNOWN
    else:
        source = Source.DISK if stages.disk_share >= _DISK_SHARE else Source.PAGE_CACHE
    parts = (None, None) if stages is None else (stages.read_s, stages.make_s)
    return ColdLoad(decision.at, seconds, source, *parts)


def _middle(loads: Sequence[ColdLoad]) -> ColdLoad:
    return sorted(loads, key=lambda load: load.seconds)[(len(loads) - 1) // 2]


def _prefill_token_s(request: RequestRecord) -> float | None:
    computed = request.prompt_tokens - request.reused_tokens
    if request.ttft_s is None or computed < _MIN_TOKENS or request.ttft_s <= request.wait_s:
        return None
    return (request.ttft_s - request.wait_s) / computed
