"""Limits of JSON from clients, checked on its bytes before it is parsed."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from preheat.errors import InvalidRequestError
from preheat.server.bodies import json_text
from preheat.server.bodies.json_text import (
    MAX_DEPTH,
    MAX_JSON_PARTS,
    MAX_VALUES,
    Shape,
    excess_of,
    parse_json,
    shape_of,
)
from preheat.server.errors import BodyTooLargeError

ANY_JSON = st.recursive(
    st.none() | st.integers() | st.text(st.sampled_from('a"\\,[]{}\n\x00é😀')),
    lambda inner: st.lists(inner) | st.dictionaries(st.text(max_size=3), inner),
    max_leaves=30,
)


def values_in(value: Any, level: int = 0) -> Iterator[tuple[Any, int]]:
    """Yield each value with the number of lists and objects around it, keys included."""
    yield value, level
    if isinstance(value, list | dict):
        for item in value:
            yield from values_in(item, level + 1)
        if isinstance(value, dict):
            for item in value.values():
                yield from values_in(item, level + 1)


@given(value=ANY_JSON, ascii_only=st.booleans(), slice_bytes=st.integers(1, 40))
def test_the_shape_is_that_of_the_parsed_value(value: Any, ascii_only: bool, slice_bytes: int) -> None:
    data = json.dumps(value, ensure_ascii=ascii_only).encode()
    found = list(values_in(value))
    containers = [(each, level) for each, level in found if isinstance(each, list | dict)]
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(json_text, "_SLICE", slice_bytes)
        patch.setattr(json_text, "MAX_DEPTH", 0)  # so that the depth is counted
        shape = shape_of(data)
    assert shape.parts == len(containers) + sum(isinstance(each, str) for each, _ in found)
    assert shape.depth == max((level + 1 for _, level in containers), default=0)
    assert shape.values >= len(found) - sum(len(each) for each, _ in containers if isinstance(each, dict))


@pytest.mark.parametrize(
    ("data", "code"),
    [
        (b"[" * (MAX_DEPTH + 1), "json_too_deep"),
        (b'{"a":' * (MAX_DEPTH + 1), "json_too_deep"),
        (b"[1" + b",1" * MAX_VALUES + b"]", "json_too_many_values"),
        (b"[{}" + b",{}" * MAX_JSON_PARTS + b"]", "json_too_many_values"),
        (b'[""' + b',""' * MAX_JSON_PARTS + b"]", "json_too_many_values"),
        (b"[" * 1_000_000, "json_too_many_values"),
    ],
)
def test_too_much_is_refused_before_it_is_parsed(data: bytes, code: str) -> None:
    excess = excess_of(data)
    assert excess is not None
    assert excess.code == code
    with pytest.raises(InvalidRequestError if code == "json_too_deep" else BodyTooLargeError):
        parse_json(data)


@pytest.mark.parametrize("text", ["[" * 500, ',"' * 600_000, "\\" * 3_000_000 + '"[[', "{" * 300_000])
def test_what_stands_in_a_text_does_not_count(text: str) -> None:
    data = json.dumps({"prompt": text}).encode()
    assert excess_of(data) is None
    assert parse_json(data) == {"prompt": text}


def test_the_deepest_allowed_value_is_read() -> None:
    data = b"[" * MAX_DEPTH + b"]" * MAX_DEPTH
    assert excess_of(data) is None
    parse_json(data)


@pytest.mark.parametrize(
    "data", [b"9" * 5000, b"NaN", b"Infinity", b"[1,]", b"", b"\xff", b'"\\ud800', b"\xef\xbb\xbf"]
)
def test_what_is_no_json_is_refused(data: bytes) -> None:
    with pytest.raises(InvalidRequestError):
        parse_json(data)


def test_halves_of_characters_are_replaced() -> None:
    assert parse_json(b'{"\\ud800": ["a\\udc00\\ud83d\\ude00\\uD800"]}') == {"�": ["a�😀�"]}


def test_a_malformed_text_has_a_shape() -> None:
    assert shape_of(b']]]"') == Shape(1, 1, 0)
