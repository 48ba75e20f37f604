"""How long the results of compiling are kept."""

from __future__ import annotations

import threading
import time

import pytest

from preheat.inference.worker.constraints.outcomes import Outcome, OutcomeCache


def outcome(value: str, size_bytes: int = 1) -> Outcome:
    return Outcome(value, size_bytes)


def unwanted() -> Outcome:
    raise AssertionError("it was there")


def test_an_outcome_is_made_once() -> None:
    cache = OutcomeCache(4, 100)
    assert "a" not in cache
    assert cache.get("a", lambda: outcome("first")) == "first"
    assert "a" in cache
    assert cache.get("a", unwanted) == "first"


def test_the_least_recently_used_ones_go() -> None:
    cache = OutcomeCache(2, 100)
    for key in "ab":
        cache.get(key, lambda: outcome("value"))
    cache.get("a", unwanted)
    cache.get("c", lambda: outcome("value"))
    assert [key for key in "abc" if key in cache] == ["a", "c"]


def test_large_ones_push_others_out() -> None:
    cache = OutcomeCache(10, 100)
    for key in "abc":
        cache.get(key, lambda: outcome("value", 40))
    assert [key for key in "abc" if key in cache] == ["b", "c"]
    assert cache.get("d", lambda: outcome("huge", 101)) == "huge"
    assert [key for key in "abcd" if key in cache] == []


def test_what_may_change_is_made_again() -> None:
    cache = OutcomeCache(4, 100)
    cache.get("a", lambda: Outcome("refused", 1, until=time.monotonic() - 1))
    assert "a" not in cache
    assert cache.get("a", lambda: outcome("better")) == "better"


def test_errors_are_not_kept() -> None:
    cache = OutcomeCache(4, 100)
    with pytest.raises(AssertionError):
        cache.get("a", unwanted)
    assert cache.get("a", lambda: outcome("value")) == "value"


def test_a_second_thread_waits_for_the_first_one() -> None:
    cache = OutcomeCache(4, 100)
    making, may_end = threading.Event(), threading.Event()
    values: list[str] = []

    def make() -> Outcome:
        making.set()
        assert may_end.wait(30)
        return outcome("made")

    first = threading.Thread(target=lambda: values.append(cache.get("a", make)))
    first.start()
    assert making.wait(30)
    assert "a" not in cache
    second = threading.Thread(target=lambda: values.append(cache.get("a", unwanted)))
    second.start()
    may_end.set()
    first.join()
    second.join()
    assert values == ["made", "made"]
