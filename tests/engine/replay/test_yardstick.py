from __future__ import annotations

from dataclasses import replace

import pytest

from preheat.replay import Draws, PersonResult, measure, share_beating_both, spreads_of, wasted_of_all

RESULT = PersonResult(
    draws="tuning",
    person=0,
    models=3,
    limit_bytes=1,
    requests=100,
    ready=0.9,
    lru=0.8,
    keep_alive=0.5,
    naive=0.85,
    bound=1.0,
    waits_ratio=0.5,
    seconds_ratio=0.4,
    naive_waits_ratio=0.75,
    wasted_share=0.25,
    naive_wasted_share=0.5,
    preloads=4,
    wasted=1,
    waited_s=1.0,
    read_bytes=1.0,
)


def measured(draws: Draws, *people: int, cache: float = 0.25) -> list[PersonResult]:
    return list(measure(draws, people, days=8, cache_of=lambda limit: int(cache * limit)))


def test_people_are_measured() -> None:
    results = measured(Draws.TUNING, 0, 1)
    assert [result.person for result in results] == [0, 1]
    assert results[1:] == list(measure(Draws.TUNING, [1], days=8))
    assert results[1:] != measured(Draws.HELD_OUT, 1)
    for result in results:
        assert result.keep_alive <= result.bound
        assert result.ready <= result.bound
        assert result.row()["person"] == result.person


@pytest.mark.no_cover  # tracing triples its time
def test_more_page_cache_means_shorter_waits() -> None:
    ((tight,), (roomy,)) = (measured(Draws.TUNING, 1, cache=share) for share in (0, 4))
    assert roomy.waited_s < tight.waited_s
    assert roomy.read_bytes < tight.read_bytes


def test_a_spread_has_the_mean_and_quantiles() -> None:
    results = [replace(RESULT, ready=share / 10, waits_ratio=None if share else 0.5) for share in range(11)]
    spreads = {spread.name: spread for spread in spreads_of(results)}
    assert spreads["ready"].mean == pytest.approx(0.5)
    assert spreads["ready"].quantiles == pytest.approx((0.1, 0.25, 0.5, 0.75, 0.9))
    assert spreads["waits_ratio"].quantiles == (0.5,) * 5
    assert spreads_of([]) == ()


def test_better_than_both() -> None:
    worse, perfect = replace(RESULT, naive=0.95), replace(RESULT, ready=1.0, lru=1.0, naive=1.0)
    assert share_beating_both([RESULT, worse, perfect, worse]) == 0.5
    assert share_beating_both([]) == 0
    assert wasted_of_all([RESULT, replace(RESULT, preloads=0, wasted=0)]) == 0.25
    assert wasted_of_all([]) == 0
