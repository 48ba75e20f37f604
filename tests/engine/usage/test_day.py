from __future__ import annotations

from preheat.messages import msg
from preheat.residency import Action, DecisionRecord, Outcome
from preheat.usage import DayRequest, Lane, RequestRecord, Stay, day_lanes


def decision(at: float, action: Action, model: str = "a", *, wasted: bool = False) -> DecisionRecord:
    return DecisionRecord(at, model, action, msg("favourite", rank=1), wasted=wasted)


def request(at: float, outcome: Outcome, model: str = "a", wait_s: float = 0.0) -> RequestRecord:
    return RequestRecord(model, at, outcome, wait_s, client="editor")


def test_a_lane_has_stays_and_requests() -> None:
    evict, preload, load = decision(60, Action.EVICT), decision(20, Action.PRELOAD), decision(80, Action.LOAD)
    (lane,) = day_lanes(
        [evict, preload, load],
        [request(79, Outcome.MISS, wait_s=1.5), request(30, Outcome.HIT)],
        10,
        100,
        {"a"},
    )
    assert lane == Lane(
        "a",
        (Stay(20, 60, preloaded=True, loaded=preload, ended=evict), Stay(80, 100, loaded=load)),
        (DayRequest(30, True, 0.0, "editor"), DayRequest(79, False, 1.5, "editor")),
    )


def test_what_was_there_before_begins_at_the_beginning() -> None:
    unload = decision(40, Action.UNLOAD, "b", wasted=True)
    lanes = day_lanes([unload], [], 10, 100, {"a"})
    assert lanes == (Lane("a", (Stay(10, 100),)), Lane("b", (Stay(10, 40, wasted=True, ended=unload),)))


def test_a_stay_without_an_end_lasts_until_its_last_request() -> None:
    """The engine was killed."""
    decisions = [decision(20, Action.LOAD), decision(70, Action.LOAD)]
    (lane,) = day_lanes(decisions, [request(25, Outcome.HIT), request(75, Outcome.LATE_HIT)], 10, 100, set())
    assert [(stay.begins_at, stay.ends_at) for stay in lane.stays] == [(20, 25), (70, 75)]
    assert [each.ready for each in lane.requests] == [True, False]


def test_the_most_requested_models_come_first() -> None:
    requests = [request(50, Outcome.MISS, "b"), request(51, Outcome.HIT, "b"), request(52, Outcome.HIT, "c")]
    lanes = day_lanes([decision(20, Action.FAIL, "z"), decision(20, Action.LOAD, "a")], requests, 10, 100, set())
    assert [lane.model_id for lane in lanes] == ["b", "c", "a"]
