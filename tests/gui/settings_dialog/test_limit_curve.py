from __future__ import annotations

from dataclasses import replace

import pytest

from fake_bridge import FakeBridge, snapshot
from preheat.control import LimitCurve as Result
from preheat.control import LimitPoint
from preheat.errors import EngineError
from preheat.settings import Settings
from preheat_gui.bridge import CurveState, LimitCurve, point_at

GB = 10**9
FOUND = Result(days=14.0, requests=100, points=(LimitPoint(4 * GB, 0.5, 20.0),))


@pytest.fixture(autouse=True)
def _nothing_kept(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(LimitCurve, "_kept", None)


@pytest.fixture
def asked(bridge: FakeBridge) -> list[tuple[int, ...]]:
    """The limits of each question, which the bridge answers with ``FOUND``."""
    asked: list[tuple[int, ...]] = []

    def answer(limits: tuple[int, ...]) -> Result:
        asked.append(limits)
        return FOUND

    bridge.answer_with(replay_limits=answer)
    return asked


def compute(bridge: FakeBridge, settings: Settings | None = None) -> LimitCurve:
    curve = LimitCurve(bridge)
    curve.start(settings or Settings(), 20 * GB)
    return curve


def state_of(curve: LimitCurve) -> CurveState:
    return curve.state


def test_each_twentieth_of_the_memory_is_tried(bridge: FakeBridge, asked: list[tuple[int, ...]]) -> None:
    curve = compute(bridge)
    assert state_of(curve) is CurveState.READY
    assert curve.points == (LimitPoint(4 * GB, 0.5, 10.0),)
    assert asked == [tuple(step * GB for step in range(1, 21))]


def test_it_is_computed_once_for_the_same_use_and_settings(bridge: FakeBridge, asked: list[tuple[int, ...]]) -> None:
    assert compute(bridge).state is compute(bridge).state is CurveState.READY
    assert len(asked) == 1
    compute(bridge, Settings(preload_learned=False))
    assert len(asked) == 2
    bridge.publish(snapshot(hits=1))
    compute(bridge, Settings(preload_learned=False))
    assert len(asked) == 3


@pytest.mark.parametrize(
    "found", [Result(14.0, 0, ()), replace(FOUND, requests=19), replace(FOUND, days=0.5)], ids=["none", "few", "short"]
)
def test_a_short_log_shows_nothing_yet(bridge: FakeBridge, found: Result) -> None:
    bridge.answer_with(replay_limits=found)
    assert compute(bridge).state is CurveState.TOO_LITTLE


def test_a_failure_can_be_retried(bridge: FakeBridge) -> None:
    bridge.answer_with(replay_limits=EngineError("No"))
    curve = compute(bridge)
    assert state_of(curve) is CurveState.FAILED
    bridge.answer_with(replay_limits=FOUND)
    curve.start(Settings(), 20 * GB)
    assert state_of(curve) is CurveState.READY


def test_a_late_answer_for_other_settings_is_not_shown(bridge: FakeBridge) -> None:
    curve = compute(bridge)
    curve.start(Settings(preload_learned=False), 20 * GB)
    assert state_of(curve) is CurveState.COMPUTING
    assert bridge.open_questions == 2
    bridge.answer_with(replay_limits=FOUND)
    assert state_of(curve) is CurveState.READY


def test_between_two_points_the_nearer_counts_more() -> None:
    points = (LimitPoint(4, 0.4, 100.0), LimitPoint(8, 0.8, 20.0))
    between = point_at(points, 5)
    assert between is not None
    assert (between.preload_hit_rate, between.waited_s) == pytest.approx((0.5, 80.0))
    assert point_at(points, 1) == LimitPoint(1, 0.4, 100.0)
    assert point_at(points, 9) == LimitPoint(9, 0.8, 20.0)
    assert point_at((), 5) is None
