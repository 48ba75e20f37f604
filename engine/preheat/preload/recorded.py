"""The usage log as a trace for replay.

What is not in the log: clients that woke up without asking for an answer. So replay shows a recorded log without what
waking clients would have brought.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence

from preheat.preload.trace import Kind, ModelSize, Trace, TraceEvent
from preheat.preload.usage_records import Action, DecisionRecord, RequestRecord, SizeRecord
from preheat.residency.decisions import Why

_LOADS = (Action.LOAD, Action.PRELOAD)


def recorded_trace(
    requests: Iterable[RequestRecord],
    decisions: Iterable[DecisionRecord],
    on_disk: Mapping[str, ModelSize],
    favourites: Sequence[str] = (),
) -> Trace:
    """Return what was recorded as a trace.

    Requests for models of which no size is known are left out: they are on disk no more, and never became hot.

    Args:
        requests: In the order of their times.
        decisions: In any order.
        on_disk: The sizes of the models that are on disk, as measured or estimated.
    """
    decisions = sorted(decisions, key=lambda decision: decision.at)
    sizes = {**_loaded_sizes(decisions), **on_disk}
    events = [
        TraceEvent(request.started_at, Kind.REQUEST, request.model_id, request.client)
        for request in requests
        if request.model_id in sizes
    ]
    events = sorted([*events, *_runs(decisions)], key=lambda event: event.at)
    named = {event.model_id for event in events if event.model_id}
    used = {model_id: size for model_id, size in sizes.items() if model_id in named or model_id in favourites}
    return Trace(tuple(events), used, tuple(name for name in favourites if name in used))


def newest_sizes(records: Iterable[SizeRecord]) -> dict[str, int]:
    """Return what was measured last by a file's path, in bytes."""
    newest: dict[str, SizeRecord] = {}
    for record in records:
        before = newest.get(record.path)
        if before is None or record.measured_at > before.measured_at:
            newest[record.path] = record
    return {path: record.resident_bytes for path, record in newest.items()}


def _loaded_sizes(decisions: Iterable[DecisionRecord]) -> dict[str, ModelSize]:
    """Return what models held when they were loaded, for those that are on disk no more."""
    sizes = {}
    for decision in decisions:
        if decision.action in _LOADS and decision.bytes:
            sizes[decision.model_id] = ModelSize(decision.bytes, decision.bytes)
    return sizes


def _runs(decisions: Iterable[DecisionRecord]) -> Iterator[TraceEvent]:
    """Yield when Preheat ended and when it began: as its first preload did. Without one, the first request begins."""
    ended = True
    for decision in decisions:
        if decision.cause == Why.END.value:
            if not ended:
                yield TraceEvent(decision.at, Kind.OFF)
            ended = True
        elif ended and decision.action in _LOADS:
            ended = False
            if decision.action is Action.LOAD:
                continue  # a request was there before; replay begins with it by itself
            yield TraceEvent(decision.at - (decision.seconds or 0.0), Kind.BOOT)
