"""Makes a trace from the usage log."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence

from preheat.replay.trace import Kind, ModelSize, Trace, TraceEvent
from preheat.residency import NO_DEVICE_BYTES, Action, DecisionRecord, DeviceBytes, EvictionReason
from preheat.usage import RequestRecord, WakeRecord

_LOADS = (Action.LOAD, Action.PRELOAD)


def recorded_trace(
    requests: Iterable[RequestRecord],
    decisions: Iterable[DecisionRecord],
    on_disk: Mapping[str, ModelSize],
    favourites: Sequence[str] = (),
    wakes: Iterable[WakeRecord] = (),
    device_limits: DeviceBytes = NO_DEVICE_BYTES,
) -> Trace:
    """Return a trace of the records, which may be in any order.

    Skips models of unknown size: they are no longer on disk and never became hot.

    Args:
        on_disk: Measured or estimated sizes of the models on disk.
        device_limits: What models may take of each device.
    """
    decisions = sorted(decisions, key=lambda decision: decision.at)
    sizes = {**_loaded_sizes(decisions), **on_disk}
    events = [
        TraceEvent(request.started_at, Kind.REQUEST, request.model_id, request.client)
        for request in requests
        if request.model_id in sizes
    ]
    events += [
        TraceEvent(wake.at, _kind_of(wake), wake.model_id, wake.client)
        for wake in wakes
        if not wake.model_id or wake.model_id in sizes
    ]
    # The start of a run precedes events of the same moment.
    events = sorted([*_runs(decisions, events), *events], key=lambda event: event.at)
    named = {event.model_id for event in events if event.model_id}
    used = {model_id: size for model_id, size in sizes.items() if model_id in named or model_id in favourites}
    return Trace(tuple(events), used, tuple(name for name in favourites if name in used), device_limits, timezone=None)


def _kind_of(wake: WakeRecord) -> Kind:
    if wake.added:
        return Kind.ADDED
    return Kind.WAKE if wake.client else Kind.CHOSEN


def _loaded_sizes(decisions: Iterable[DecisionRecord]) -> dict[str, ModelSize]:
    """Return the sizes of models at their last load, for models no longer on disk."""
    sizes = {}
    for decision in decisions:
        if decision.action in _LOADS and decision.bytes:
            sizes[decision.model_id] = ModelSize(decision.bytes, decision.bytes)
    return sizes


def _runs(decisions: Iterable[DecisionRecord], events: Iterable[TraceEvent]) -> Iterator[TraceEvent]:
    """Yield the starts and ends of Preheat. A run starts with its first preload, wake, choice or addition.

    A run that starts with a request needs no event.
    """
    signs = [(event.at, event.kind) for event in events]
    for decision in decisions:
        if decision.cause == EvictionReason.END.value:
            signs.append((decision.at, Kind.OFF))
        elif decision.action in _LOADS:
            # The request of such a load may have been skipped.
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
