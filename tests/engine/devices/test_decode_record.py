"""A model that decodes at less than half of its own record."""

from __future__ import annotations

import pytest

from preheat.devices import DecodeRecord, decode_speed


def after(*speeds: float) -> DecodeRecord:
    record = DecodeRecord()
    for speed in speeds:
        record = record.after(speed)
    return record


def test_half_of_the_record_is_a_fall() -> None:
    assert not after(*[40.0] * 5, *[19.0] * 2).fallen
    record = after(*[40.0] * 5, *[19.0] * 3)
    assert (record.fallen, record.speed, record.best) == (True, 19.0, 40.0)
    assert not after(*[40.0] * 5, *[21.0] * 9).fallen


def test_single_slow_or_fast_answers_say_nothing() -> None:
    assert not after(40, 5, 40, 5, 40, 40, 5, 40).fallen
    assert not after(10, 10, 200, 10, 10, 10, 10, 10).fallen


def test_a_few_answers_are_no_record() -> None:
    assert not after(40, 40, 40, 10).fallen


@pytest.mark.parametrize(
    "change",
    [
        {"tokens": 15},
        {"accepted": 31},
        {"context_tokens": 10_000},
        {"decode_s": 0.0},
        {"shared": True},
    ],
)
def test_answers_that_show_no_speed(change: dict[str, float]) -> None:
    usual: dict[str, float] = {"tokens": 32, "accepted": 0, "context_tokens": 100, "decode_s": 1.0, "shared": False}
    assert decode_speed(**usual) == 31  # type: ignore[arg-type]
    assert decode_speed(**usual | change) is None  # type: ignore[arg-type]


def test_drafted_tokens_take_no_steps() -> None:
    assert decode_speed(tokens=41, accepted=20, context_tokens=100, decode_s=2.0, shared=False) == 10
