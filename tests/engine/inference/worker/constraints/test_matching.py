"""A matcher whose tokens are slow ends its own generation."""

from __future__ import annotations

import time

from preheat.inference.worker.constraints import TokenMatcher


class SlowMatcher:
    """Needs processor time for each mask."""

    def __init__(self, seconds: float) -> None:
        self.seconds = seconds
        self.masks = 0

    def unsafe_compute_mask_ptr(self, pointer: int, size: int) -> None:
        self.masks += 1
        until = time.thread_time() + self.seconds
        while time.thread_time() < until:
            pass

    def try_consume_tokens(self, tokens: list[int]) -> int:
        return 1

    def get_error(self) -> str:
        return ""


def test_slow_tokens_are_a_failure() -> None:
    native = SlowMatcher(0.12)
    matcher = TokenMatcher(native, 64, 2)
    assert matcher.accept(1)
    while not matcher.failure:
        matcher.allowed()
        assert native.masks < 10
    assert native.masks > 1
    assert matcher.failure == "Each token takes too long"
    assert not matcher.accept(1)
    assert not len(matcher.allowed())


def test_quick_tokens_are_none() -> None:
    matcher = TokenMatcher(SlowMatcher(0.0005), 64, 2)
    for _ in range(500):
        matcher.allowed()
    assert not matcher.failure
