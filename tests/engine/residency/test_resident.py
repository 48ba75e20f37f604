"""Growing pauses after failures."""

from __future__ import annotations

import time
from pathlib import Path

import pytest

from preheat.errors import ModelLoadError
from preheat.models import ModelFile
from preheat.residency.resident import Cause, Resident
from preheat.residency.states import State


@pytest.fixture
def resident() -> Resident:
    path = Path("model.gguf")
    return Resident(ModelFile("model", path, 1, "llama", 2048, False, False, (path,), 0.0))


@pytest.fixture
def clock(monkeypatch: pytest.MonkeyPatch) -> list[float]:
    """The monotonic time, to be set."""
    now = [1000.0]
    monkeypatch.setattr(time, "monotonic", lambda: now[0])
    return now


def test_pauses_grow_to_a_minute(resident: Resident, clock: list[float]) -> None:
    pauses = []
    for _ in range(10):
        resident.note_failure("it broke")
        pauses.append(resident.retry_at - clock[0])
    assert pauses == [0, 1, 2, 4, 8, 16, 32, 60, 60, 60]


def test_the_first_failure_stops_nothing(resident: Resident, clock: list[float]) -> None:
    resident.note_failure("it broke")
    resident.check_back_off()


def test_a_pause_says_why_and_how_long(resident: Resident, clock: list[float]) -> None:
    for _ in range(3):
        resident.note_failure("it broke")
    clock[0] += 0.5
    with pytest.raises(ModelLoadError, match="model failed 3 times in a row: it broke") as caught:
        resident.check_back_off()
    assert caught.value.retry_after_s == 1.5
    clock[0] += 1.5
    resident.check_back_off()


@pytest.mark.parametrize("state", State)
@pytest.mark.parametrize("cause", Cause)
def test_only_running_preloads_are_speculative(resident: Resident, state: State, cause: Cause) -> None:
    resident.state, resident.cause = state, cause
    running = state in (State.QUEUED, State.LOADING, State.WARMING)
    assert resident.speculative is (running and cause is Cause.PRELOAD)


@pytest.mark.parametrize(("leases", "waiters", "leased"), [(0, 0, False), (1, 0, True), (0, 1, True)])
def test_who_waits_holds_it_too(resident: Resident, leases: int, waiters: int, leased: bool) -> None:
    resident.leases, resident.waiters = leases, waiters
    assert resident.leased is leased


def test_the_rest_of_a_load_is_judged_by_its_progress(resident: Resident, clock: list[float]) -> None:
    resident.state, resident.loading_since, resident.progress = State.LOADING, clock[0], 0.0
    assert resident.load_left_s is None
    clock[0] += 0.1
    resident.progress = 0.5
    assert resident.load_left_s is None  # too early to tell
    clock[0] += 0.9
    resident.progress = 0.25
    assert resident.load_left_s == pytest.approx(3.0)
    resident.hold(True)
    assert resident.load_left_s is None
    clock[0] += 100
    resident.hold(False)
    assert resident.load_left_s == pytest.approx(3.0)  # waiting is not its speed
    resident.state = State.WARMING
    assert resident.load_left_s is None


def test_it_takes_what_it_was_promised_or_holds(resident: Resident) -> None:
    resident.reserved_bytes, resident.held_bytes = 10, 7
    assert resident.taken_bytes == 10
    resident.held_bytes = 12
    assert resident.taken_bytes == 12
    resident.forget_worker()
    assert resident.taken_bytes == 0
