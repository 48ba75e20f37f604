from __future__ import annotations

from decimal import Decimal
from fractions import Fraction

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import BaseModel, ValidationError

from preheat.settings import Size

UNITS = {
    "": 1, "B": 1, "kB": 10**3, "MB": 10**6, "GB": 10**9, "TB": 10**12,
    "KiB": 2**10, "MiB": 2**20, "GiB": 2**30, "TiB": 2**40,
}  # fmt: skip

amounts = st.decimals(min_value=0, max_value=9999, places=3, allow_nan=False, allow_infinity=False)
spaces = st.sampled_from(["", " ", "\t", "  "])


@given(st.integers(0, 9999), st.sampled_from(list(UNITS)), spaces, spaces)
def test_a_whole_amount_is_that_many_units(amount: int, unit: str, before: str, between: str) -> None:
    assert Size(f"{before}{amount}{between}{unit}{before}").resolve(10**12) == amount * UNITS[unit]


@given(amounts, st.sampled_from([unit for unit in UNITS if unit not in ("", "B")]))
def test_a_fraction_is_exact_and_rounded_down(amount: Decimal, unit: str) -> None:
    assert Size(f"{amount}{unit}").resolve(0) == int(Fraction(amount) * UNITS[unit])


@given(st.decimals(min_value=0, max_value=100, places=2), st.integers(0, 2**50))
def test_a_share_is_of_the_total_and_never_more(percent: Decimal, total: int) -> None:
    resolved = Size(f"{percent}%").resolve(total)
    assert resolved == int(Fraction(percent) * total / 100)
    assert 0 <= resolved <= total


@given(amounts, st.sampled_from(["kB", "MB", "GiB", "TiB", "%"]), spaces, st.booleans())
def test_text_survives_a_round_trip(amount: Decimal, unit: str, space: str, lower: bool) -> None:
    if unit == "%":
        amount /= 100
    size = Size(f"{amount:f}{space}{unit.lower() if lower else unit}")
    assert Size(str(size)) == size
    assert hash(Size(str(size))) == hash(size)
    assert str(size).endswith(unit)
    assert " " not in str(size)


@given(st.text(max_size=50))
def test_any_text_is_a_size_or_a_value_error(text: str) -> None:
    try:
        size = Size(text)
    except ValueError:
        return
    assert 0 <= size.resolve(2**40) <= 2**60


@pytest.mark.parametrize(
    ("text", "canonical"),
    [
        ("8 GiB", "8GiB"),
        ("8gib", "8GiB"),
        ("900mb", "900MB"),
        ("1.50GB", "1.5GB"),
        ("1.0KB", "1kB"),
        ("007MiB", "7MiB"),
        ("1024", "1024B"),
        ("12.50 %", "12.5%"),
        ("0", "0B"),
    ],
)
def test_the_canonical_form(text: str, canonical: str) -> None:
    assert str(Size(text)) == canonical


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ("-1GB", "negative"),
        ("-5%", "negative"),
        ("101%", "more than 100%"),
        ("100.01%", "more than 100%"),
        ("nan", "not a size"),
        ("inf", "not a size"),
        ("1e9", "not a size"),
        ("", "not a size"),
        ("GiB", "not a size"),
        ("1.GB", "not a size"),
        (".5GB", "not a size"),
        ("1,5GB", "not a size"),
        ("٣GB", "not a size"),
        ("8 GiB of memory", "not a size"),
        ("8G", "the unit 'G' is unknown"),
        ("8 gigs", "the unit 'gigs' is unknown"),
        ("5GB%", "the unit 'GB%' is unknown"),
        ("0.5", "a unit may be missing"),
        ("99999999TiB", "too large"),
        ("9" * 60, "not a size"),
    ],
)
def test_what_is_wrong_is_named(text: str, reason: str) -> None:
    with pytest.raises(ValueError, match=reason):
        Size(text)


class Holder(BaseModel):
    size: Size


@pytest.mark.parametrize("value", ["8 GiB", Size("8GiB")])
def test_pydantic_takes_text_and_sizes(value: object) -> None:
    holder = Holder.model_validate({"size": value})
    assert holder.size == Size("8GiB")
    assert holder.model_dump(mode="json") == {"size": "8GiB"}
    assert Holder.model_validate_json(holder.model_dump_json()) == holder


def test_pydantic_takes_a_number_of_bytes() -> None:
    assert Holder.model_validate({"size": 1024}).size.resolve(0) == 1024


@pytest.mark.parametrize("value", [True, 1.5, None, ["8GiB"], -1])
def test_pydantic_refuses_other_types(value: object) -> None:
    with pytest.raises(ValidationError):
        Holder.model_validate({"size": value})


def test_the_json_schema_is_text() -> None:
    assert Holder.model_json_schema()["properties"]["size"]["type"] == "string"
