"""Bodies of requests: received, parsed and checked within limits, and their common types."""

from __future__ import annotations

from preheat.server.bodies.fields import (
    MAX_INPUTS,
    Body,
    Int,
    JsonBody,
    Refused,
    Several,
    Text,
    invalid,
    parse_body,
    validated,
)
from preheat.server.bodies.images import image_bytes
from preheat.server.bodies.json_text import MAX_DEPTH, check_shape, parse_json
from preheat.server.bodies.reading import SCOPE_KEY, BodyReader, read_body, read_with, run_for

__all__ = [
    "MAX_DEPTH",
    "MAX_INPUTS",
    "SCOPE_KEY",
    "Body",
    "BodyReader",
    "Int",
    "JsonBody",
    "Refused",
    "Several",
    "Text",
    "check_shape",
    "image_bytes",
    "invalid",
    "parse_body",
    "parse_json",
    "read_body",
    "read_with",
    "run_for",
    "validated",
]
