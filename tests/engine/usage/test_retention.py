"""Records are folded when they are old, and not when the clock says so."""

from __future__ import annotations

import random
from collections.abc import Iterator
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from preheat.clock import Ticks
from preheat.messages import verbatim
from preheat.residency import Action, DecisionRecord, Outcome
from preheat.usage import RequestRecord, UsageLog, WakeRecord
from preheat.usage.retention import MOST_OFF_S, Look, look_again
from tests.engine.usage.passing import DAY_S, Time, look

NOW = 20_000 * DAY_S + 36_000.0
YEAR_S = 365 * DAY_S
HISTORY = 30


@pytest.fixture
def time() -> Time:
    return Time(NOW)


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "usage.db"


@pytest.fixture
def log(path: Path, time: Time) -> Iterator[UsageLog]:
    log = opened(path, time)
    yield log
    log.close()


def opened(path: Path, time: Time) -> UsageLog:
    return UsageLog(path, clock=time.clock, ticks=time.ticks, history_days=HISTORY)


def use(log: UsageLog, time: Time) -> None:
    log.record(RequestRecord("a", time.now, Outcome.HIT))
    log.record(DecisionRecord(time.now, "a", Action.LOAD, verbatim("requested"), seconds=1.0))
    log.record(WakeRecord(time.now, "editor"))
    assert log.write_pending()


def kept(log: UsageLog) -> tuple[int, int, int]:
    """Return the number of requests, decisions and wakes."""
    requests, wakes = log.requests_between(0, 10 * NOW), log.wakes_between(0, 10 * NOW)
    return len(list(requests)), len(log.decisions(10**6)), len(list(wakes))


def test_records_are_folded_when_they_are_as_old_as_the_history(log: UsageLog, time: Time) -> None:
    use(log, time)
    time.let_pass(log, HISTORY - 1)
    use(log, time)
    assert kept(log) == (2, 2, 2)
    time.let_pass(log, 3)
    assert kept(log) == (1, 1, 1)
    assert log.stats().total.span.requests == 2


@pytest.mark.parametrize("jump_s", [YEAR_S, -YEAR_S, 100 * YEAR_S, -100 * YEAR_S])
def test_a_jump_folds_nothing(log: UsageLog, time: Time, jump_s: float) -> None:
    for _ in range(3):
        use(log, time)
        time.let_pass(log, 1)
    time.now += jump_s
    for _ in range(3):
        use(log, time)
        time.let_pass(log, 1)
    time.now -= jump_s
    use(log, time)
    time.let_pass(log, 1)
    assert kept(log) == (7, 7, 7)
    assert log.stats().total.span.requests == 7


def test_jumps_in_any_order_with_restarts_fold_nothing(path: Path, time: Time) -> None:
    chance = random.Random(11)
    for _ in range(60):
        log = opened(path, time)
        use(log, time)
        time.now += chance.choice([YEAR_S, -YEAR_S, 400 * DAY_S, -3 * DAY_S, 0.0])
        use(log, time)
        log.close()
        if chance.random() < 0.5:
            time.restart()
    log = opened(path, time)
    assert kept(log) == (120, 120, 120)
    assert log.stats().total.span.requests == 120
    log.close()


def test_old_records_go_although_the_clock_was_wrong_in_between(log: UsageLog, time: Time) -> None:
    use(log, time)
    time.now += YEAR_S
    time.let_pass(log, 5)
    time.now -= YEAR_S
    time.let_pass(log, HISTORY)
    assert kept(log) == (0, 0, 0)


def test_time_passes_while_the_machine_is_off(path: Path, time: Time) -> None:
    log = opened(path, time)
    use(log, time)
    for _ in range(HISTORY + 2):
        log.close()
        time.restart(off_s=16 * 3600.0)
        log = opened(path, time)
        look(log)
        time.now += 8 * 3600.0
        time.ticks_s += 8 * 3600.0
        look(log)
    assert kept(log) == (0, 0, 0)
    log.close()


def test_decisions_are_in_the_order_in_which_they_were_made(log: UsageLog, time: Time) -> None:
    for number, jump_s in enumerate((0.0, YEAR_S, -2 * YEAR_S, YEAR_S)):
        time.now += jump_s
        log.record(DecisionRecord(time.now, str(number), Action.LOAD, verbatim("requested")))
    assert log.write_pending()
    assert [decision.model_id for decision in log.decisions()] == ["3", "2", "1", "0"]


looks = st.lists(
    st.tuples(st.floats(-5 * YEAR_S, 5 * YEAR_S), st.floats(0, 3 * DAY_S), st.booleans()), min_size=1, max_size=40
)


@given(looks)
def test_time_that_is_counted_has_passed(steps: list[tuple[float, float, bool]]) -> None:
    """Of each restart, only what the clock is ahead of all earlier times counts, and nothing if that is much."""
    wall, ticks, boot = NOW, 0.0, 0
    seen: Look | None = look_again(None, wall, Ticks(ticks, "0"))
    certain = 0.0
    for jump_s, passed_s, restarts in steps:
        assert seen is not None
        wall += jump_s + passed_s
        ticks = ticks + passed_s
        if restarts:
            boot, ticks = boot + 1, 0.0
        before, seen = seen, look_again(seen, wall, Ticks(ticks, str(boot)))
        counted = seen.passed_s - before.passed_s
        assert counted >= 0
        if restarts and wall - before.highest > MOST_OFF_S:
            assert counted == 0
        elif restarts:
            assert counted == pytest.approx(max(wall - before.highest, 0.0), abs=1e-3)
        else:
            assert counted == pytest.approx(passed_s, abs=1e-3)
        certain += counted
        assert seen.highest == max(before.highest, wall)
    assert seen is not None
    assert seen.passed_s == pytest.approx(certain)
