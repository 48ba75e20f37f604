from __future__ import annotations

import pytest

from preheat.models.downloads import RetryPolicy

POLICY = RetryPolicy(first_s=1.0, longest_s=60.0, attempts=12, unlikely_attempts=3, longest_asked_s=3600.0)


@pytest.mark.parametrize(("attempt", "middle_s"), [(1, 1.0), (2, 2.0), (4, 8.0), (12, 60.0)])
def test_pauses_double_up_to_the_longest(attempt: int, middle_s: float) -> None:
    assert 0.75 * middle_s <= POLICY.pause_s(attempt) <= 1.25 * middle_s


def test_the_hub_may_ask_for_longer_pauses() -> None:
    assert POLICY.pause_s(1, 300.0) == 300.0
    assert POLICY.pause_s(1, 10_000.0) == 3600.0
    assert POLICY.gives_up(1, retryable=True, asked_s=10_000.0)


@pytest.mark.parametrize(("retryable", "last"), [(True, 12), (False, 3)])
def test_attempts_end(retryable: bool, last: int) -> None:
    assert [POLICY.gives_up(attempt, retryable=retryable) for attempt in (last - 1, last)] == [False, True]
