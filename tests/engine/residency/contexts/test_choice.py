"""What ``auto`` means for a model's context length."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

import pytest

from preheat.residency.contexts.choice import ContextFacts, Remembered, choose_context, grown_context

GB = 10**9
MB = 10**6
KB = 10**3


def facts(trained: int, kv_bytes_per_token: int, weights: int, limit: int, favourites: int = 0) -> ContextFacts:
    """Return facts about a model whose KV cache grows with each token."""
    return ContextFacts(
        trained_tokens=trained,
        working_bytes=lambda tokens: weights + tokens * kv_bytes_per_token,
        kv_bytes=lambda tokens: tokens * kv_bytes_per_token,
        limit_bytes=limit,
        favourites_bytes=favourites,
    )


def layers_up_to(tokens: int) -> Callable[[int], tuple[int, int]]:
    """Return how much of a model is on a device that holds all of it with up to this many tokens."""
    return lambda wanted: (33, 0) if wanted <= tokens else (20, 0)


SMALL = facts(8192, 23 * KB, 145 * MB, 8 * GB)
LARGE = facts(131_072, 131 * KB, 4_900 * MB, 8 * GB)  # 8 billion parameters, 17 GB of KV cache at full length


@pytest.mark.parametrize(
    ("known", "tokens", "reason"),
    [
        (SMALL, 8192, "context_trained_for"),
        (LARGE, 8192, "context_first"),
        (replace(LARGE, limit_bytes=32 * GB), 16_384, "context_first"),
        (replace(LARGE, limit_bytes=256 * GB), 32_768, "context_first"),
        (replace(LARGE, limit_bytes=256 * GB, most_at_first=8192), 8192, "context_first"),
        (replace(LARGE, trained_tokens=40_960, limit_bytes=256 * GB), 32_768, "context_first"),
        (replace(SMALL, trained_tokens=1500), 1500, "context_trained_for"),
        (replace(SMALL, trained_tokens=0), 8192, "context_first"),
        # Room for the favourites.
        (replace(LARGE, favourites_bytes=2 * GB), 8192, "context_beside_favourites"),
        (replace(LARGE, favourites_bytes=2_500 * MB), 4096, "context_beside_favourites"),
        # One of the favourites leaves in any case.
        (replace(LARGE, favourites_bytes=7 * GB), 8192, "context_first"),
        # Models that are used much leave no less than the usual.
        (replace(SMALL, trained_tokens=32_768), 32_768, "context_trained_for"),
        (replace(SMALL, trained_tokens=32_768, likely_bytes=7_500 * MB), 8192, "context_beside_likely"),
        # The memory limit.
        (replace(LARGE, limit_bytes=5_500 * MB), 4096, "context_limit"),
        (replace(LARGE, limit_bytes=5_100 * MB), 1024, "context_limit"),
        (replace(LARGE, limit_bytes=GB), 1024, "context_limit"),
        # Requests that the user lets run at once share the tokens.
        (replace(LARGE, parallel=16), 16_384, "context_limit"),
        # No layer leaves a device for more than the usual length.
        (replace(LARGE, limit_bytes=256 * GB, on_devices=layers_up_to(16_384)), 16_384, "context_on_device"),
        (replace(LARGE, limit_bytes=256 * GB, on_devices=layers_up_to(4096)), 32_768, "context_first"),
    ],
)
def test_a_first_choice(known: ContextFacts, tokens: int, reason: str) -> None:
    choice = choose_context(known)
    assert (choice.tokens, choice.reason.code, choice.cost_bytes) == (tokens, reason, known.kv_bytes(tokens))


@pytest.mark.parametrize(
    ("known", "remembered", "tokens", "reason"),
    [
        (LARGE, Remembered(16_384, 8 * GB, grown=True), 16_384, "context_grown"),
        (LARGE, Remembered(4096, 8 * GB), 4096, "context_kept"),
        (LARGE, Remembered(8192, 8 * GB), 8192, "context_first"),
        # A higher memory limit is a reason for another choice, a lower one only if it has no room.
        (LARGE, Remembered(4096, 4 * GB), 8192, "context_first"),
        (replace(LARGE, limit_bytes=32 * GB), Remembered(8192, 8 * GB), 16_384, "context_first"),
        (replace(LARGE, limit_bytes=7_500 * MB), Remembered(16_384, 8 * GB, grown=True), 16_384, "context_grown"),
        (replace(LARGE, limit_bytes=7 * GB), Remembered(16_384, 8 * GB, grown=True), 8192, "context_limit"),
        (
            replace(LARGE, favourites_bytes=2 * GB),
            Remembered(16_384, 8 * GB, grown=True),
            8192,
            "context_beside_favourites",
        ),
        (replace(LARGE, devices_bytes=GB), Remembered(4096, 8 * GB), 8192, "context_first"),
        (replace(LARGE, devices_bytes=GB), Remembered(4096, 9 * GB), 4096, "context_kept"),
        # A new device is a reason for fewer tokens, unless a request needed them.
        (replace(LARGE, on_devices=layers_up_to(8192)), Remembered(16_384, 8 * GB), 8192, "context_on_device"),
        (replace(LARGE, on_devices=layers_up_to(8192)), Remembered(16_384, 8 * GB, True), 16_384, "context_grown"),
        # Another file with the same name.
        (SMALL, Remembered(16_384, 8 * GB, grown=True), 8192, "context_trained_for"),
    ],
)
def test_a_remembered_length_stays_while_it_fits(
    known: ContextFacts, remembered: Remembered, tokens: int, reason: str
) -> None:
    choice = choose_context(replace(known, remembered=remembered))
    assert (choice.tokens, choice.reason.code) == (tokens, reason)


@pytest.mark.parametrize(
    ("known", "needed", "tokens"),
    [
        (LARGE, 9000, 16_384),
        (LARGE, 16_384, 16_384),
        (LARGE, 17_000, 17_000),  # 32,768 tokens would not fit
        (replace(LARGE, limit_bytes=8_200 * MB), 17_000, 24_884),
        (LARGE, 30_000, None),
        (replace(LARGE, favourites_bytes=2 * GB), 9000, None),
        (replace(LARGE, trained_tokens=40_960, limit_bytes=256 * GB), 33_000, 40_960),
        (replace(LARGE, limit_bytes=256 * GB), 131_072, 131_072),
    ],
)
def test_growth_for_a_request(known: ContextFacts, needed: int, tokens: int | None) -> None:
    assert grown_context(known, needed) == tokens
