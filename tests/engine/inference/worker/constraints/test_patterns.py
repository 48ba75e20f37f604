from __future__ import annotations

import re
from datetime import date, datetime, time

import pytest
from hypothesis import given
from hypothesis import strategies as st

from preheat.inference.worker.constraints.patterns import STRICT_FORMATS, PatternError, usable_pattern

ZOD_EMAIL = r"^(?!\.)(?!.*\.\.)([A-Za-z0-9_'+\-\.]*)[A-Za-z0-9_+-]@([A-Za-z0-9][A-Za-z0-9\-]*\.)+[A-Za-z]{2,}$"
PYDANTIC_DECIMAL = r"^(?!^[-+.]*$)[+-]?0*\d*\.?\d*$"


@pytest.mark.parametrize(
    "pattern",
    [
        "^a$",
        "",
        r"\(a{2}\)",
        "[(?=]",
        "[)]{3}",
        r"a\{3000000\}",
        "(?:ab){1000}",
        "(?<name>a)",
        r"[\b]",
        "|".join(["choice"] * 5000),
    ],
)
def test_plain_patterns_stay(pattern: str) -> None:
    assert usable_pattern(pattern) == pattern


@pytest.mark.parametrize(
    ("pattern", "reason"),
    [
        ("^(?=a)", "look-around"),
        ("a(?!b)", "look-around"),
        ("(?<=a)b", "look-around"),
        ("(?<!a)b", "look-around"),
        (r"(a)\1", "back-reference"),
        (r"\bword\b", "word boundary"),
        ("((a{50}){50}){50}", "repeats"),
        ("a{30000}", "repeats"),
        ("(?:[a-z]x){200,10100}", "repeats"),
    ],
)
def test_patterns_that_cannot_be_followed(pattern: str, reason: str) -> None:
    with pytest.raises(PatternError, match=reason):
        usable_pattern(pattern)


@pytest.mark.parametrize("pattern", [ZOD_EMAIL, PYDANTIC_DECIMAL])
@given(text=st.text("a.@-+_0b'", max_size=12) | st.sampled_from(["a.b@c.de", "a..b@c.de", ".a@b.cd", "1.", "-."]))
def test_known_patterns_match_the_same_without_look_around(pattern: str, text: str) -> None:
    assert bool(re.search(usable_pattern(pattern), text)) == bool(re.search(pattern, text))


def matches(name: str, text: str) -> bool:
    return re.fullmatch(STRICT_FORMATS[name], text) is not None


@given(st.dates())
def test_every_date(day: date) -> None:
    assert matches("date", day.isoformat())


@given(st.text("0129-", min_size=10, max_size=10) | st.from_regex(r"[0-9]{4}-[01][0-9]-[0-3][0-9]", fullmatch=True))
def test_only_dates(text: str) -> None:
    try:
        date.fromisoformat(text)
    except ValueError:
        assert not matches("date", text)


@pytest.mark.parametrize("day", ["2023-02-29", "1900-02-29", "2024-02-30", "2024-04-31", "2024-13-01", "0000-01-01"])
def test_days_that_do_not_exist(day: str) -> None:
    assert not matches("date", day)


@pytest.mark.parametrize("zone", ["Z", "+00:00", "-23:59"])
@given(st.datetimes(), st.times())
def test_times_with_a_zone(zone: str, moment: datetime, hour: time) -> None:
    assert matches("date-time", moment.isoformat() + zone)
    assert matches("time", hour.isoformat() + zone)
    assert not matches("time", hour.isoformat())


@pytest.mark.parametrize("pattern", ["[" * 200_000, "[" * 200_000 + "\\", "[^" * 100_000])
def test_classes_without_an_end_are_read_once(pattern: str) -> None:
    assert usable_pattern(pattern) == pattern


def test_numbers_that_python_does_not_read() -> None:
    with pytest.raises(PatternError, match="repeats more than"):
        usable_pattern(f"a{{{'1' * 5000}}}b")
