"""JSON of clients, parsed within limits of depth and size.

A parser builds all values before anybody can refuse them: 30 MB can be ten million empty objects, which take seconds
and gigabytes. The limits are therefore checked on the bytes, at about 300 MB/s. Long texts are cut into slices, so that
a thread that checks them lets others run.
"""

from __future__ import annotations

import json
import re
from itertools import accumulate
from typing import Any, Final, NamedTuple

from pydantic_core import from_json

from preheat.errors import EngineError, InvalidRequestError
from preheat.messages import Message, msg
from preheat.server.errors import BodyTooLargeError

MAX_DEPTH: Final = 100
"""Levels of lists and objects in each other."""

MAX_VALUES: Final = 1_000_000
"""Values of one text: a prompt of token ids has one for each token."""

MAX_JSON_PARTS: Final = 250_000
"""Texts (keys included), lists and objects of one text."""

_SLICE: Final = 1 << 20
_NO_STRUCTURE: Final = bytes(set(range(256)) - set(b'",[]{}'))
_STEPS: Final = {ord("["): 1, ord("{"): 1, ord("]"): -1, ord("}"): -1}
_SURROGATES: Final = re.compile("[\ud800-\udfff]+")


class Shape(NamedTuple):
    """What a JSON text consists of; an upper bound for a malformed one."""

    values: int
    parts: int  # texts, lists and objects
    depth: int


def check_shape(data: bytes) -> None:
    """Check a JSON text before it is parsed.

    Raises:
        InvalidRequestError: It is nested too deeply.
        BodyTooLargeError: It has too many values.
    """
    excess = excess_of(data)
    if excess is not None:
        raise _error(excess)


def check_json_text(text: str, param: str) -> None:
    """Check a JSON text in a request's field, which a worker will parse; raises errors as ``check_shape``."""
    if len(text) > MAX_DEPTH:
        excess = excess_of(text.encode("utf-8", "replace"))
        if excess is not None:
            raise _error(excess, param)


def _error(excess: Message, param: str | None = None) -> EngineError:
    kind = InvalidRequestError if excess.code == "json_too_deep" else BodyTooLargeError
    return kind(excess, param=param)


def excess_of(data: bytes) -> Message | None:
    """Return which limit a JSON text exceeds, if any."""
    opened = data.count(b"[") + data.count(b"{")
    commas = data.count(b",")
    if opened <= MAX_DEPTH and commas + opened < MAX_VALUES and opened + data.count(b'"') // 2 <= MAX_JSON_PARTS:
        return None  # even if all of them were outside of texts
    shape = shape_of(data)
    if shape.depth > MAX_DEPTH:
        return msg("json_too_deep", limit=MAX_DEPTH)
    if shape.values > MAX_VALUES or shape.parts > MAX_JSON_PARTS:
        return msg("json_too_many_values", values=MAX_VALUES, parts=MAX_JSON_PARTS)
    return None


def shape_of(data: bytes) -> Shape:
    """Return the shape of a JSON text; counts no further than the limits."""
    values, containers, quotes, level, depth = 1, 0, 0, 0, 0
    in_text, carried = False, b""
    for start in range(0, len(data), _SLICE):
        piece = carried + data[start : start + _SLICE]
        backslashes = len(piece) - len(piece.rstrip(b"\\"))
        carried = b"\\" * (backslashes % 2)  # its other half is in the next slice
        piece = piece[: len(piece) - backslashes].replace(b"\\\\", b"").replace(b'\\"', b"")
        pieces = piece.translate(None, _NO_STRUCTURE).split(b'"')
        outside = b"".join(pieces[in_text::2])
        in_text ^= len(pieces) % 2 == 0
        opened = outside.count(b"[") + outside.count(b"{")
        values += outside.count(b",") + opened
        containers += opened
        quotes += len(pieces) - 1
        if values > MAX_VALUES or containers + quotes // 2 > MAX_JSON_PARTS:
            break
        if opened and opened + level > MAX_DEPTH:
            levels = list(accumulate(map(_STEPS.__getitem__, outside.replace(b",", b"")), initial=level))
            level, depth = levels[-1], max(depth, *levels)
        else:
            level += opened - outside.count(b"]") - outside.count(b"}")
    return Shape(values, containers + (quotes + 1) // 2, depth)


def parse_json(data: bytes, *, repair: bool = True) -> Any:
    """Return the value of a JSON text within the limits; raises InvalidRequestError or BodyTooLargeError.

    Args:
        repair: Replace halves of characters; otherwise they are refused, as in names and paths.
    """
    check_shape(data)
    data = data.removeprefix(b"\xef\xbb\xbf")
    try:
        return from_json(data, allow_inf_nan=False)
    except ValueError as error:
        if repair and (b"\\ud" in data or b"\\uD" in data):
            try:
                return _without_surrogates(json.loads(data, parse_constant=_refuse_constant))
            except (ValueError, RecursionError):
                pass
        raise InvalidRequestError(msg("body_malformed", reason=str(error))) from None


def _refuse_constant(name: str) -> Any:
    raise ValueError(name)


def _without_surrogates(value: Any) -> Any:
    """Replace halves of characters, which JavaScript sends when it cuts a text within one."""
    if isinstance(value, str):
        return _SURROGATES.sub(lambda match: "\N{REPLACEMENT CHARACTER}" * len(match[0]), value)
    if isinstance(value, list):
        return [_without_surrogates(item) for item in value]
    if isinstance(value, dict):
        return {_without_surrogates(key): _without_surrogates(item) for key, item in value.items()}
    return value
