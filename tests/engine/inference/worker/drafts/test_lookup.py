"""Prompt lookup: every long match is found, and drafts are what followed before."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from preheat.inference.worker.drafts import MIN_MATCH, PromptLookup

FEW = st.lists(st.integers(0, 2), max_size=80)
"""Few different tokens: matches are everywhere."""


def after(prompt: list[int], answer: list[int], prediction: list[int] | None = None) -> PromptLookup:
    """Return the lookup after a prompt and the beginning of an answer."""
    lookup = PromptLookup(prompt, prediction or [])
    for token in answer:
        lookup.append(token)
    return lookup


def test_what_the_prompt_has_after_the_last_tokens() -> None:
    prompt = list(range(100))
    for start in range(80):
        lookup = after(prompt, [500, *range(start, start + MIN_MATCH)])
        assert lookup.draft(4) == list(range(start + MIN_MATCH, start + MIN_MATCH + 4))


def test_a_short_match_is_none() -> None:
    lookup = after(list(range(100)), [500, *range(20, 20 + MIN_MATCH - 1)])
    assert lookup.draft(4) == []


def test_nothing_new_after_a_change_until_the_match_is_long_again() -> None:
    lookup = after(list(range(100)), [*range(20, 40), 500, *range(41, 41 + MIN_MATCH - 1)])
    assert lookup.draft(4) == []
    lookup.append(41 + MIN_MATCH - 1)
    assert lookup.draft(2) == [41 + MIN_MATCH, 42 + MIN_MATCH]


def test_an_edited_text_goes_on_where_it_was_left() -> None:
    body = list(range(100, 100 + MIN_MATCH))
    prompt = [1, *range(30), 2, *body, 3, *range(30, 60), 4, *body, 5, *range(60, 90), 6, *body, 7]
    lookup = after(prompt, [*range(30), 500, *body])
    assert lookup.draft(2) == [3, 30]


def test_the_latest_place_otherwise() -> None:
    body = list(range(100, 100 + MIN_MATCH))
    lookup = after([*body, 1, *range(10), *body, 2, *range(10)], body)
    assert lookup.draft(1) == [2]


def test_a_text_that_repeats_itself() -> None:
    lookup = after([0], [1, 2, 3] * 6)
    assert lookup.draft(7) == [1, 2, 3, 1, 2, 3, 1]


def test_a_prediction_is_drafted_from_its_beginning() -> None:
    lookup = PromptLookup([1, 2, 3], [7, 8, 9])
    assert lookup.draft(2) == [7, 8]
    assert lookup.draft(9) == [7, 8, 9]
    lookup.append(7)
    assert lookup.draft(9) == [8, 9]
    lookup.append(5)
    assert lookup.draft(9) == []


def test_images_are_not_drafted() -> None:
    prompt = [*range(MIN_MATCH), 50, -9, -9, 51]
    assert after(prompt, list(range(MIN_MATCH))).draft(9) == [50]


@given(FEW, FEW, FEW, st.integers(0, 20))
def test_a_draft_continues_an_earlier_occurrence(
    prompt: list[int], answer: list[int], prediction: list[int], most: int
) -> None:
    lookup = after(prompt, answer, prediction)
    draft = lookup.draft(most)
    assert len(draft) <= most
    history = [*prediction, -1, *prompt, *answer] if prediction else [*prompt, *answer]
    if draft and len(answer) >= MIN_MATCH:
        text = ",".join(map(str, [*history, *draft]))
        repeated = ",".join(map(str, [*history[-MIN_MATCH:], *draft]))
        begun_by_prediction = history[: len(answer)] == answer
        assert text.find(repeated) < len(text) - len(repeated) or begun_by_prediction


@given(st.lists(st.integers(0, 1000), min_size=2 * MIN_MATCH, max_size=80, unique=True), FEW, st.data())
def test_no_long_match_is_missed(prompt: list[int], answer: list[int], data: st.DataObject) -> None:
    start = data.draw(st.integers(0, len(prompt) - MIN_MATCH))
    repeated = prompt[start : start + MIN_MATCH]
    lookup = after(prompt, [*answer, 2000, *repeated])
    assert lookup.draft(1) == (prompt[start + MIN_MATCH :] or [*answer, 2000])[:1]
