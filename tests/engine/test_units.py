from __future__ import annotations

import re
from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from preheat.units import (
    format_ago,
    format_bytes,
    format_duration,
    format_memory,
    format_percent,
    format_token_rate,
    format_until,
    memory_decimals,
    natural_key,
)


@pytest.mark.parametrize(
    ("count", "text"),
    [
        (0, "0 B"),
        (999, "999 B"),
        (1000, "1.0 kB"),
        (98_100_000, "98.1 MB"),
        (99_960_000, "100 MB"),
        (669_000_000, "669 MB"),
        (999_499_999, "999 MB"),
        (999_500_000, "1.0 GB"),
        (1_100_000_000, "1.1 GB"),
        (40_000_000_000, "40.0 GB"),
        (1_500_000_000_000, "1.5 TB"),
        (1_500_000_000_000_000, "1500 TB"),
    ],
)
def test_file_sizes(count: int, text: str) -> None:
    assert format_bytes(count) == text


@given(st.integers(0, 10**15 - 10**12))
def test_a_file_size_has_at_most_three_digits_before_its_decimal(count: int) -> None:
    assert re.fullmatch(r"\d{1,3}(\.\d)? (B|kB|MB|GB|TB)", format_bytes(count))


@pytest.mark.parametrize(
    ("count", "text"),
    [
        (0, "0.0 GB"),
        (1, "< 0.1 GB"),
        (49_999_999, "< 0.1 GB"),
        (50_000_001, "0.1 GB"),
        (779_000_000, "0.8 GB"),
        (4_200_000_000, "4.2 GB"),
        (64 * 2**30, "68.7 GB"),
    ],
)
def test_memory(count: int, text: str) -> None:
    assert format_memory(count) == text


@pytest.mark.parametrize(
    ("counts", "texts"),
    [
        ([], []),
        ([4_200_000_000], ["4.2 GB"]),
        ([4_200_000_000, 4_200_000_000, 100_000_000], ["4.2 GB", "4.2 GB", "0.1 GB"]),
        ([4_240_000_000, 4_200_000_000], ["4.24 GB", "4.20 GB"]),
        ([10_000_000, 20_000_000], ["0.01 GB", "0.02 GB"]),
        ([180_000_000, 183_400_000, 0], ["0.180 GB", "0.183 GB", "0.000 GB"]),
        ([180_000_000, 184_900_000, 4_000_000], ["0.180 GB", "0.185 GB", "0.004 GB"]),
        ([4_000_000_001, 4_000_000_002], ["4.000 GB", "4.000 GB"]),
    ],
)
def test_different_amounts_of_memory_look_different(counts: list[int], texts: list[str]) -> None:
    assert [format_memory(count, memory_decimals(counts)) for count in counts] == texts


@pytest.mark.parametrize(
    ("seconds", "text"),
    [
        (-3.0, "0 s"),
        (0, "0 s"),
        (0.0001, "< 1 ms"),
        (0.14, "140 ms"),
        (0.9994, "999 ms"),
        (0.9996, "1 s"),
        (1.64, "1.6 s"),
        (3, "3 s"),
        (9.96, "10 s"),
        (42.4, "42 s"),
        (59.4, "59 s"),
        (59.5, "1 min"),
        (120, "2 min"),
        (3569, "59 min"),
        (3570, "1 h"),
        (4800, "1 h 20 min"),
        (86_369, "23 h 59 min"),
        (86_370, "1 d"),
        (2 * 86_400 + 3 * 3600, "2 d 3 h"),
    ],
)
def test_durations(seconds: float, text: str) -> None:
    assert format_duration(seconds) == text


@given(st.floats(0, 10**8))
def test_a_duration_never_shows_a_full_next_unit(seconds: float) -> None:
    text = format_duration(seconds)
    assert not re.search(r"\b(60 s|60 min|24 h|1000 ms)\b", text)


@pytest.mark.parametrize(
    ("seconds", "text"),
    [
        (-1, "just now"),
        (0.9, "just now"),
        (40.9, "40 s ago"),
        (60, "1 min ago"),
        (7199, "1 h ago"),
        (3 * 86_400, "3 d ago"),
    ],
)
def test_ago(seconds: float, text: str) -> None:
    assert format_ago(seconds) == text


@pytest.mark.parametrize(
    ("rate", "words"), [(0.0, "0 %"), (0.001, "1 %"), (0.5, "50 %"), (0.999, "99 %"), (1.0, "100 %")]
)
def test_only_everything_is_100_percent(rate: float, words: str) -> None:
    assert format_percent(rate) == words


def test_names_sort_as_people_count() -> None:
    ordered = ["model-2", "Model-10", "model-10", "model-10b", "qwen3-4b", "qwen3-14b"]
    assert sorted(reversed(ordered), key=natural_key) == ordered


@pytest.mark.parametrize(
    ("rate", "words"), [(0.04, "0.0"), (9.94, "9.9"), (9.96, "10"), (46.2, "46"), (20_400.0, "20,400")]
)
def test_a_rate_of_tokens_needs_no_exponent(rate: float, words: str) -> None:
    assert format_token_rate(rate) == words


def test_a_time_that_is_not_near_has_its_date() -> None:
    now = datetime(2026, 11, 30, 22, 0, tzinfo=UTC).astimezone().timestamp()
    local = datetime.fromtimestamp(now)
    assert format_until(now + 3600, now) == (local + timedelta(hours=1)).strftime("%H:%M")
    assert format_until(now + 86_400, now) == (local + timedelta(days=1)).strftime("%Y-%m-%d %H:%M")
