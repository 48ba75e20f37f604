"""The usage log as a trace for replay."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence

from preheat.replay.trace import Kind, ModelSize, Trace, TraceEvent
from preheat.residency.decisions import EvictionReason
from preheat.usage.records import Action, DecisionRecord, RequestRecord, SizeRecord, WakeRecord

_LOADS = (Action.LOAD, Action.PRELOAD)


def recorded_trace(
    requests: Iterable[RequestRecord],
    decisions: Iterable[DecisionRecord],
    on_disk: Mapping[str, ModelSize],
    favourites: Sequence[str] = (),
    wakes: Iterable[WakeRecord] = (),
) -> Trace:
    """Return what was recorded as a trace.

    Requests for models of which no size is known are left out, and questions about them: they are on disk no more, and
    never became hot.

    Args:
        requests: In any order, like the others.
        on_disk: The sizes of the models that are on disk, as measured or estimated.
    """
    decisions = sorted(decisions, key=lambda decision: decision.at)
    sizes = {**_loaded_sizes(decisions), **on_disk}
    events = [
        TraceEvent(request.started_at, Kind.REQUEST, request.model_id, request.client)
        for request in requests
        if request.model_id in sizes
    ]
    events += [
        TraceEvent(wake.at, Kind.WAKE, wake.model_id, wake.client)
        for wake in wakes
        if not wake.model_id or wake.model_id in sizes
    ]
    # What begins a run goes before what happened in the same moment.
    events = sorted([*_runs(decisions, events), *events], key=lambda event: event.at)
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


def _runs(decisions: Iterable[DecisionRecord], events: Iterable[TraceEvent]) -> Iterator[TraceEvent]:
    """Yield when Preheat ended and when it began: with its first preload or the first client that woke up.

    A run whose first sign is a request begins by itself.
    """
    signs = [(event.at, event.kind) for event in events]
    for decision in decisions:
        if decision.cause == EvictionReason.END.value:
            signs.append((decision.at, Kind.OFF))
        elif decision.action in _LOADS:
            # The request that such a load was for may have been left out.
            kind = Kind.BOOT if decision.action is Action.PRELOAD else Kind.REQUEST
            signs.append((decision.at - (decision.seconds or 0.0), kind))
    ended = True
    for at, kind in sorted(signs, key=lambda sign: sign[0]):
        if kind is Kind.OFF:
            if not ended:
                yield TraceEvent(at, Kind.OFF)
            ended = True
        elif ended:
            ended = False
            if kind is not Kind.REQUEST:
                yield TraceEvent(at, Kind.BOOT)
