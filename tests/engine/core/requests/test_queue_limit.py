"""When a model's queue is full, and when it is likely to have room."""

from __future__ import annotations

import pytest

from preheat.core.requests.queue_limit import QueueLimit
from preheat.errors import QueueFullError


def retry_after_s(queue: QueueLimit, active: int, own: int = 1) -> float | None:
    """Return when to try again; None if there is room."""
    try:
        queue.check("m", active=active, own=own, parallel=4, max_queue=6)
    except QueueFullError as error:
        return error.retry_after_s
    return None


@pytest.mark.parametrize(("active", "own", "room"), [(9, 9, True), (10, 1, False), (10, 0, True), (20, 0, False)])
def test_a_client_without_requests_finds_room_for_longer(active: int, own: int, room: bool) -> None:
    assert (retry_after_s(QueueLimit(), active, own) is None) is room


def test_the_time_comes_from_recent_requests() -> None:
    queue = QueueLimit()
    assert retry_after_s(queue, 10) == pytest.approx(2.0 * 6 / 10)
    queue.ended("m", 50.0)
    queue.ended("other", 1.0)
    assert retry_after_s(queue, 10) == pytest.approx(50.0 * 6 / 10)
    queue.ended("m", 40.0)
    assert retry_after_s(queue, 10) == pytest.approx(47.0 * 6 / 10)


def test_the_time_is_bounded() -> None:
    queue = QueueLimit()
    queue.ended("m", 0.1)
    assert retry_after_s(queue, 10) == 1.0
    queue.ended("m", 5000.0)
    assert retry_after_s(queue, 10) == 120.0
