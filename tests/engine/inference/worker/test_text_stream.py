"""Text of a generation and its stop strings, against a brute-force model."""

from __future__ import annotations

from itertools import pairwise

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from preheat.inference.worker.text_stream import TextStream


def expected(text: str, stops: list[str]) -> tuple[str, bool]:
    """Read ``text`` character by character; the first stop string to be complete ends it."""
    for end in range(1, len(text) + 1):
        met = [stop for stop in stops if stop and text[:end].endswith(stop)]
        if met:
            return text[: end - max(map(len, met))], True
    return text, False


def cut(data: bytes, cuts: list[int]) -> list[bytes]:
    edges = sorted({0, len(data), *(at % (len(data) + 1) for at in cuts)})
    return [data[start:end] for start, end in pairwise(edges)]


# Few different characters, so that stop strings occur, overlap, and nearly occur; some of two to four bytes.
ALPHABET = "aab\nüß€😀"
TEXTS = st.text(ALPHABET, max_size=12)
STOPS = st.lists(st.text(ALPHABET, max_size=4), max_size=3)


@given(TEXTS, STOPS, st.lists(st.integers(0, 50)))
@example("abc", ["abc", "b"], [])
@example("abc", ["abc", "b"], [1, 2])
@example("aab", ["aaa", "ab"], [1, 2])
def test_any_pieces_give_the_text_before_the_first_stop_string(text: str, stops: list[str], cuts: list[int]) -> None:
    stream = TextStream(stops)
    wanted, stopped = expected(text, stops)
    shown = ""
    for piece in cut(text.encode(), cuts):
        shown += stream.feed(piece)
        # Never shows part of a stop string or of a character.
        assert wanted.startswith(shown)
        if stream.stopped:
            break
    if not stream.stopped:
        shown += stream.finish()
    assert (shown, stream.stopped) == (wanted, stopped)


@given(st.binary(max_size=30), STOPS, st.lists(st.integers(0, 50)))
def test_invalid_bytes_become_replacement_characters(data: bytes, stops: list[str], cuts: list[int]) -> None:
    stream = TextStream(stops)
    shown = "".join(stream.feed(piece) for piece in cut(data, cuts)) + stream.finish()
    assert shown == expected(data.decode(errors="replace"), stops)[0]


@given(TEXTS, st.lists(st.integers(0, 50)))
def test_without_stop_strings_only_unfinished_characters_wait(text: str, cuts: list[int]) -> None:
    stream = TextStream()
    fed, shown = b"", ""
    for piece in cut(text.encode(), cuts):
        fed += piece
        shown += stream.feed(piece)
        assert shown == fed.decode(errors="ignore")
        assert not stream.holding


def test_the_beginning_of_a_stop_string_is_held_back() -> None:
    stream = TextStream(["END"])
    assert stream.feed(b"the E") == "the "
    assert stream.holding
    assert stream.feed(b"N") == ""
    assert stream.feed(b"O") == "ENO"
    assert not stream.holding


def test_held_text_is_shown_at_the_end() -> None:
    stream = TextStream(["END"])
    assert stream.feed(b"the EN") + stream.finish() == "the EN"


def test_nothing_is_shown_after_a_stop_string() -> None:
    stream = TextStream(["."])
    assert stream.feed(b"a.b") == "a"
    assert stream.stopped
    assert stream.feed(b"c") + stream.finish() == ""


def test_an_incomplete_character_at_the_end_is_replaced() -> None:
    stream = TextStream()
    assert stream.feed("€".encode()[:2]) == ""
    assert stream.finish() == "\ufffd"


@pytest.mark.parametrize("stop", [[""], ["", ""]])
def test_empty_stop_strings_stop_nothing(stop: list[str]) -> None:
    assert TextStream(stop).feed(b"abc") == "abc"
