"""Bodies of requests: received, parsed and checked within limits, and their common types."""

from __future__ import annotations

from preheat.server.bodies.fields import (
    MAX_INPUTS,
    MAX_MESSAGES,
    Body,
    Calls,
    Int,
    JsonBody,
    Label,
    Labels,
    Messages,
    Name,
    Parts,
    Refused,
    Several,
    Stop,
    Stops,
    Text,
    TokenCount,
    Tools,
    invalid,
    parse_body,
    validated,
)
from preheat.server.bodies.images import image_bytes
from preheat.server.bodies.json_text import check_json_text, parse_json
from preheat.server.bodies.reading import SCOPE_KEY, BodyReader, read_body, read_with, run_for

__all__ = [
    "MAX_INPUTS",
    "MAX_MESSAGES",
    "SCOPE_KEY",
    "Body",
    "BodyReader",
    "Calls",
    "Int",
    "JsonBody",
    "Label",
    "Labels",
    "Messages",
    "Name",
    "Parts",
    "Refused",
    "Several",
    "Stop",
    "Stops",
    "Text",
    "TokenCount",
    "Tools",
    "check_json_text",
    "image_bytes",
    "invalid",
    "parse_body",
    "parse_json",
    "read_body",
    "read_with",
    "run_for",
    "validated",
]
