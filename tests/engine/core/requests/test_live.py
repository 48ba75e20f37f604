"""Open requests."""

from __future__ import annotations

import pytest

from preheat.core.requests.live import LiveRequests
from preheat.residency import Outcome
from preheat.usage import Counts


def test_a_request_waits_writes_and_is_gone() -> None:
    changes: list[None] = []
    now = [100.0]
    live = LiveRequests(lambda: changes.append(None), clock=lambda: now[0])
    with live.request("curl/8", "a", 5.0, Outcome.HIT) as request:
        (shown,) = live.snapshots()
        assert (shown.client, shown.model_id, shown.arrived_at, shown.waiting) == ("curl/8", "a", 5.0, True)
        request.waiting = False
        request.wrote_token()
        assert live.snapshots()[0].tokens_per_s is None
        now[0] += 0.5
        request.wrote_token()
        (shown,) = live.snapshots()
        assert (shown.waiting, shown.completion_tokens, shown.tokens_per_s) == (False, 2, 2.0)
    assert live.snapshots() == ()
    assert len(changes) == 3


def test_requests_have_their_own_numbers_the_oldest_first() -> None:
    live = LiveRequests(lambda: None)
    with live.request("a", "m", 1.0, Outcome.HIT), live.request("b", "m", 2.0, Outcome.MISS):
        assert live.counts() == Counts(hits=1, misses=1)
        first, second = live.snapshots()
        assert (first.client, second.client) == ("a", "b")
        assert first.request_id < second.request_id


def test_a_request_that_fails_is_gone() -> None:
    live = LiveRequests(lambda: None)
    with pytest.raises(ZeroDivisionError), live.request("a", "m", 1.0, Outcome.HIT):
        _ = 1 / 0
    assert live.snapshots() == ()
