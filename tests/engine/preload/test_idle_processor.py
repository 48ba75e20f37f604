from __future__ import annotations

import pytest

from preheat.preload.idle_processor import IdleProcessor


def test_the_last_seconds_count() -> None:
    reading, now = [0.0, 0.0], [100.0]
    processor = IdleProcessor(lambda: (reading[0], reading[1]), lambda: now[0])

    def pass_time(seconds: float, share: float) -> None:
        now[0] += seconds
        reading[0] += 2 * seconds * share
        reading[1] += 2 * seconds

    assert processor.busy_for_s() == 1.0, "nothing is known"
    pass_time(0.4, 0.9)
    assert processor.busy_for_s() == pytest.approx(0.6)
    pass_time(0.7, 0.9)
    assert processor.busy_for_s() == 10.0
    pass_time(10.0, 0.1)
    assert processor.busy_for_s() == 0.0
    pass_time(100.0, 0.1)
    assert processor.busy_for_s() == 1.0
    assert IdleProcessor().busy_for_s() == 1.0
