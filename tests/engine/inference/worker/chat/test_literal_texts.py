"""Finding many texts at once, against searching for each."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from preheat.inference.worker.chat.literal_texts import any_of, contained_in

TEXTS = st.frozensets(st.text("<ab>|", min_size=1, max_size=4), max_size=8)


@given(st.text("<ab>|", max_size=20), TEXTS)
def test_texts_are_found_also_where_they_overlap(text: str, wanted: frozenset[str]) -> None:
    assert contained_in(text, wanted) == {each for each in wanted if each in text}


@given(st.text("<ab>|", max_size=20), TEXTS)
def test_the_longest_of_them_matches(text: str, wanted: frozenset[str]) -> None:
    pattern = any_of(wanted)
    for at in range(len(text)):
        here = [each for each in wanted if text.startswith(each, at)]
        match = pattern.match(text, at) if pattern is not None else None
        assert (match[0] if match is not None else None) == (max(here, key=len) if here else None)


def test_thousands_of_texts() -> None:
    wanted = frozenset(f"<unused{number}>" for number in range(6000))
    assert contained_in("<" * 100_000 + "<unused17><unused1", wanted) == {"<unused17>"}
