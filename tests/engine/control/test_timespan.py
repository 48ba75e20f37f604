from __future__ import annotations

import pytest

from preheat.control.timespan import parse_since, parse_span
from preheat.errors import InvalidRequestError


@pytest.mark.parametrize(
    ("text", "seconds"),
    [("90s", 90), ("30m", 1800), ("30 min", 1800), ("2h", 7200), ("7d", 604_800), ("1w", 604_800), (" 1H 30m ", 5400)],
)
def test_a_span(text: str, seconds: float) -> None:
    assert parse_span(text) == seconds


@pytest.mark.parametrize("text", ["", "7", "0m", "-1h", "1y", "h", "1h x", "1.h", "inf", "999999999w", "٣h"])
def test_no_span(text: str) -> None:
    with pytest.raises(InvalidRequestError, match="is no span of time") as raised:
        parse_span(text, param="since")
    assert raised.value.param == "since"


@pytest.mark.parametrize("text", ["9" * 50, "9" * 500, "253402300800"])
def test_a_time_after_the_year_9999_is_its_end(text: str) -> None:
    assert parse_since(text) == 253_402_300_799.0
