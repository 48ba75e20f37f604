"""Arguments of tool calls as objects, for protocols that do not send the model's own text."""

from __future__ import annotations

import json
import math

from pydantic_core import from_json, to_json

from preheat.inference import JsonObject
from preheat.server.bodies.json_text import excess_of


def whole_arguments(text: str) -> JsonObject | None:
    """Return the arguments of a complete call; None if they are no JSON object, or exceed the limits of bodies.

    Numbers that JSON cannot express become None. A model may write line breaks into its texts.
    """
    if excess_of(text.encode("utf-8", "replace")) is not None:
        return None
    try:
        value = json.loads(
            text or "{}", strict=False, parse_float=_number, parse_int=_integer, parse_constant=lambda _: None
        )
    except ValueError:
        return None
    return value if isinstance(value, dict) else None


def partial_arguments(text: str) -> JsonObject:
    """Return the arguments of a call that may be cut off, as far as they go."""
    whole = whole_arguments(text)
    if whole is not None:
        return whole
    data = text.encode("utf-8", "replace")
    if excess_of(data) is not None:
        return {}
    try:
        value = from_json(to_json(from_json(data, allow_partial=True), inf_nan_mode="null"))
    except ValueError:
        return {}
    return value if isinstance(value, dict) else {}


def _number(text: str) -> float | None:
    number = float(text)
    return number if math.isfinite(number) else None


def _integer(text: str) -> int | None:
    try:
        return int(text)
    except ValueError:  # more digits than Python reads
        return None
