from __future__ import annotations

from random import Random

from preheat.messages import verbatim
from preheat.replay import Kind, Machine, TraceEvent, replay
from preheat.replay.recorded import recorded_trace
from preheat.replay.reports import PREHEAT
from preheat.replay.trace import ModelSize
from preheat.residency import Action, DecisionRecord, Outcome
from preheat.usage import RequestRecord, WakeRecord

SIZE = ModelSize(1500, 1000)


def request(at: float, model_id: str) -> RequestRecord:
    return RequestRecord(model_id, at, Outcome.HIT, client="notes/1")


def test_requests_become_events_and_unknown_models_are_skipped() -> None:
    trace = recorded_trace([request(1.0, "a"), request(2.0, "gone"), request(3.0, "b")], [], {"a": SIZE, "b": SIZE})
    assert [(event.at, event.kind, event.model_id) for event in trace.events] == [
        (1.0, Kind.REQUEST, "a"),
        (3.0, Kind.REQUEST, "b"),
    ]
    assert trace.events[0].client == "notes/1"


def test_a_trace_has_the_sizes_of_used_models_and_favourites() -> None:
    loads = [
        DecisionRecord(1.0, "gone", Action.LOAD, verbatim(""), 700),
        DecisionRecord(2.0, "a", Action.PRELOAD, verbatim(""), 99),
        DecisionRecord(3.0, "failed", Action.FAIL, verbatim(""), 5),
    ]
    on_disk = {"a": SIZE, "liked": SIZE, "unused": SIZE}
    requests = [request(1.0, "gone"), request(2.0, "a"), request(3.0, "failed")]
    trace = recorded_trace(requests, loads, on_disk, ("missing", "liked"))
    assert trace.sizes == {"gone": ModelSize(700, 700), "a": SIZE, "liked": SIZE}
    assert trace.favourites == ("liked",)
    assert len(trace.events) == 2


def test_runs_start_and_end_with_decisions() -> None:
    decisions = [
        DecisionRecord(50.0, "a", Action.PRELOAD, verbatim("favourite 1"), 9, 2.0, "preload"),
        DecisionRecord(20.0, "a", Action.UNLOAD, verbatim("Preheat ends"), 9, None, "end"),
        DecisionRecord(20.1, "b", Action.UNLOAD, verbatim("Preheat ends"), 9, None, "end"),
        DecisionRecord(10.0, "b", Action.LOAD, verbatim("a request"), 9, 1.0, "request"),
    ]
    trace = recorded_trace([request(10.0, "b"), request(60.0, "a")], decisions, {"a": SIZE, "b": SIZE})
    assert [(event.at, event.kind) for event in trace.events] == [
        (10.0, Kind.REQUEST),
        (20.0, Kind.OFF),
        (48.0, Kind.BOOT),
        (60.0, Kind.REQUEST),
    ]


def test_the_first_preload_starts_the_first_run() -> None:
    preload = DecisionRecord(9.0, "a", Action.PRELOAD, verbatim("favourite 1"), 9, 2.0, "preload")
    trace = recorded_trace([request(20.0, "a")], [preload], {"a": SIZE})
    assert [(event.at, event.kind) for event in trace.events] == [(7.0, Kind.BOOT), (20.0, Kind.REQUEST)]


def test_wakes_are_ordered_by_time() -> None:
    wakes = [
        WakeRecord(8.0, "notes/1"),
        WakeRecord(2.0, "editor/2", "a"),
        WakeRecord(3.0, "editor/2", "gone"),
        WakeRecord(7.0, "", "a"),
        WakeRecord(7.5, "", "a", added=True),
    ]
    trace = recorded_trace([request(9.0, "a"), request(1.0, "a")], [], {"a": SIZE}, wakes=wakes)
    assert trace.events == (
        TraceEvent(1.0, Kind.REQUEST, "a", "notes/1"),
        TraceEvent(2.0, Kind.WAKE, "a", "editor/2"),
        TraceEvent(7.0, Kind.CHOSEN, "a"),
        TraceEvent(7.5, Kind.ADDED, "a"),
        TraceEvent(8.0, Kind.WAKE, "", "notes/1"),
        TraceEvent(9.0, Kind.REQUEST, "a", "notes/1"),
    )


def test_hours_are_those_of_the_computer() -> None:
    """An offset that is fixed would be wrong for one half of the year."""
    assert recorded_trace([request(1.0, "a")], [], {"a": SIZE}).timezone is None


def test_a_wake_starts_a_run() -> None:
    """A later start would lose the model that the client is expected to use."""
    decisions = [
        DecisionRecord(5.0, "a", Action.UNLOAD, verbatim("Preheat ends"), 9, None, "end"),
        DecisionRecord(22.0, "a", Action.PRELOAD, verbatim("notes/1 woke up"), 9, 1.5, "preload"),
    ]
    wakes = [WakeRecord(20.0, "notes/1")]
    trace = recorded_trace([request(1.0, "a"), request(30.0, "a")], decisions, {"a": SIZE}, wakes=wakes)
    assert [(event.at, event.kind) for event in trace.events] == [
        (1.0, Kind.REQUEST),
        (5.0, Kind.OFF),
        (20.0, Kind.BOOT),
        (20.0, Kind.WAKE),
        (30.0, Kind.REQUEST),
    ]


def test_recorded_wakes_improve_the_hit_rate() -> None:
    """Two applications are used in no order, each with its own model, on a machine with room for one.

    If they alternated, what follows what would be learned without wakes, too.
    """
    sizes = {"a": ModelSize(600, 500), "b": ModelSize(600, 500)}
    requests, wakes = [], []
    for turn, (client, model_id) in enumerate(Random(1).choices((("notes/1", "a"), ("editor/1", "b")), k=60)):
        at = 1e9 + 3600.0 * turn
        wakes.append(WakeRecord(at, client))
        requests.append(RequestRecord(model_id, at + 30, Outcome.MISS, client=client))
    machine = Machine(1000)
    without, with_wakes = (
        replay(recorded_trace(requests, [], sizes, wakes=known), machine, PREHEAT) for known in ([], wakes)
    )
    assert without.overall.preload_hit_rate < 0.6  # by guessing
    assert with_wakes.overall.preload_hit_rate > 0.85
