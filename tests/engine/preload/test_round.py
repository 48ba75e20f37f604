from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from preheat.preload import Round


def test_progress_is_by_bytes() -> None:
    one = Round()
    one.plan({"small": 100, "large": 300})
    assert one.progress(0.0) == 0.0
    assert one.progress(0.5) == 0.125
    one.loaded("small")
    assert one.progress(0.0) == 0.25
    assert (one.queue, one.done, one.total) == (("large",), 1, 2)
    assert one.progress(1.0) == 1.0


def test_no_progress_outside_a_round() -> None:
    one = Round()
    assert one.progress(0.0) is None
    one.plan({"a": 1})
    one.end()
    assert (one.progress(0.0), one.queue, one.done, one.total) == (None, (), 0, 0)


def test_a_new_round_starts_at_zero() -> None:
    one = Round()
    one.plan({"a": 1})
    one.loaded("a")
    assert one.progress(0.0) == 1.0
    one.end()
    one.plan({"b": 1})
    assert one.progress(0.25) == 0.25


def test_a_model_to_be_preloaded_again_is_not_done() -> None:
    one = Round()
    one.plan({"a": 1, "b": 1})
    one.loaded("a")
    one.plan({"a": 1, "b": 1})
    assert (one.done, one.total) == (0, 2)


@pytest.mark.parametrize("size", [0, 1])
def test_an_empty_model_is_allowed(size: int) -> None:
    one = Round()
    one.plan({"a": size})
    assert one.progress(0.0) == 0.0


@given(
    st.lists(
        st.one_of(
            st.dictionaries(st.sampled_from("abcde"), st.integers(0, 100)),
            st.sampled_from("abcde"),
            st.floats(0, 1),
        )
    )
)
def test_progress_never_falls_and_never_exceeds_1(steps: list[dict[str, int] | str | float]) -> None:
    one, before = Round(), 0.0
    for step in steps:
        if isinstance(step, dict):
            one.plan(step)
        elif isinstance(step, str):
            one.loaded(step)
        else:
            now = one.progress(step)
            assert (now is None) is (one.total == 0)
            assert before <= (now if now is not None else before) <= 1.0
            before = before if now is None else now
