from __future__ import annotations

import pytest

from preheat.server.ollama.durations import FOREVER_S, keep_alive_s, nanoseconds, time_text


@pytest.mark.parametrize(
    ("value", "seconds"),
    [
        ("5m", 300.0),
        ("1h30m", 5400.0),
        ("1.5h", 5400.0),
        ("300ms", 0.3),
        ("1m0.5s", 60.5),
        (300, 300.0),
        ("300", 300.0),
        (0, 0.0),
        ("0", 0.0),
        ("0s", 0.0),
        (0.5, 0.5),
        (-1, FOREVER_S),
        ("-1", FOREVER_S),
        ("-1m", FOREVER_S),
        ("-1h30m", FOREVER_S),
        (None, None),
        ("", None),
    ],
)
def test_every_form_of_keep_alive(value: str | float | None, seconds: float | None) -> None:
    assert keep_alive_s(value) == pytest.approx(seconds)


def test_a_very_long_keep_alive_stays_a_time() -> None:
    assert keep_alive_s("99999999999999h") == keep_alive_s(10**18)


@pytest.mark.parametrize("value", ["soon", "5 m", "m5", "1h30", "--1", "5x", "1e3", "\u0665m"])
def test_other_texts_are_no_durations(value: str) -> None:
    with pytest.raises(ValueError, match="duration"):
        keep_alive_s(value)


def test_times_in_answers() -> None:
    assert nanoseconds(1.5) == 1_500_000_000
    assert time_text(1_700_000_000.25) == "2023-11-14T22:13:20.250000Z"
