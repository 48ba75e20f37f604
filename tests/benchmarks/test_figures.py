from __future__ import annotations

import pytest

from benchmarks.figures import Figure, Label, Samples, ratio_at_least, ratio_at_most, spread, value_at_most


def test_ratio_is_the_median_of_the_pairs_ratios() -> None:
    # The machine was half as fast in the second round; the medians' ratio would be 0.86.
    figure = Figure("x", "s", preheat=(1.0, 2.0, 3.0), other=(2.0, 4.0, 1.0))
    assert figure.ratio == 0.5


def test_ratio_without_pairs_is_that_of_the_medians() -> None:
    assert Figure("x", "s", (1.0, 3.0, 5.0), (6.0, 6.0)).ratio == 0.5


def test_there_is_no_ratio_without_another_server() -> None:
    figure = Figure("x", "s", (1.0,))
    assert figure.ratio is None
    assert figure.other_median is None
    assert figure.met is None


@pytest.mark.parametrize(
    ("target", "met"),
    [
        (ratio_at_most(0.5), True),
        (ratio_at_most(0.49), False),
        (ratio_at_least(0.5), True),
        (ratio_at_least(0.51), False),
        (value_at_most(2.0), True),
        (value_at_most(1.99), False),
    ],
)
def test_limits_are_inclusive(target, met) -> None:  # type: ignore[no-untyped-def]
    assert Figure("x", "s", (2.0,), (4.0,), target).met is met


def test_a_missing_ratio_misses_its_target() -> None:
    assert Figure("x", "s", (2.0,), (), ratio_at_most(1.0)).met is False


def test_samples_are_separate_for_each_server() -> None:
    samples = Samples()
    samples.add(Label.PREHEAT, 1.0, 2.0)
    samples.add(Label.LLAMA_SERVER, 4.0)
    figure = samples.figure("x", "s", note="n")
    assert (figure.preheat, figure.other, figure.note) == ((1.0, 2.0), (4.0,), "n")


def test_json_has_derived_and_measured_values() -> None:
    content = Figure("x", "s", (1.0, 3.0), (2.0, 2.0), ratio_at_least(0.9)).as_json()
    assert content["preheat"] == 2.0
    assert content["ratio"] == 1.0
    assert content["met"] is True
    assert content["target"] == {"subject": "ratio", "limit": 0.9, "at_least": True}
    assert content["preheat_samples"] == [1.0, 3.0]


def test_spread_is_the_range_as_a_share_of_the_median() -> None:
    assert spread([1.0, 2.0, 3.0]) == 1.0
    assert spread([5.0]) == 0.0
    assert spread([0.0, 0.0]) == 0.0
