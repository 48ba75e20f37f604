"""Whatever a finished answer is, it follows the schema: random schemas, answered by random bytes."""

from __future__ import annotations

import json
import os
import random
from contextlib import suppress
from typing import Any

import jsonschema
import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from llguidance import LLMatcher, LLTokenizer

from preheat.inference.worker.constraints.references import SchemaDocument, SchemaError
from preheat.inference.worker.constraints.schemas import prepared

Schema = Any

MAX_BYTES = 300
TOKENIZER = LLTokenizer("byte")
FORMATS = jsonschema.FormatChecker(["date", "uuid", "ipv4", "ipv6", "email"])

texts = st.text('ab0é"\\\n 😀/', max_size=4)
numbers = (
    st.integers(-120, 120)
    | st.integers(-(2**60), 2**60)
    | st.floats(-100, 100).map(lambda number: round(number, 3))
    | st.sampled_from([1e-12, 1e300, -1e300])
)
values = st.recursive(
    st.none() | st.booleans() | numbers | texts,
    lambda inner: st.lists(inner, max_size=2) | st.dictionaries(texts, inner, max_size=2),
    max_leaves=4,
)
names = st.sampled_from(["a", "b", "type", "items", "$ref", 'é"', "properties"])
PATTERNS = [
    "^[a-z]+$",
    "[0-9]{2}",
    "^a|b$",
    r"^\S*$",
    "é",
    "^.{2}$",
    '^[^"]+$',
    r"\\",
    "^(foo|bar)+$",
    r"^\d{4}-\d{2}$",
]
NAMED_FORMATS = ["date", "time", "date-time", "uuid", "email", "ipv4", "ipv6", "password", "uri", "hostname"]
REFERENCES = [{"$ref": "#"}, {"$ref": "#/$defs/x~1y"}, {"$ref": "#/$defs/b", "title": "B"}]

leaves: st.SearchStrategy[Schema] = (
    st.fixed_dictionaries(
        {"type": st.sampled_from(["integer", "number"])},
        optional={
            "minimum": numbers,
            "maximum": numbers,
            "exclusiveMinimum": numbers,
            "exclusiveMaximum": numbers,
            "multipleOf": st.sampled_from([1, 2, 3, 5, 0.5, 2.5]),
        },
    )
    | st.fixed_dictionaries(
        {"type": st.just("string")},
        optional={
            "minLength": st.integers(0, 4),
            "maxLength": st.integers(0, 6),
            "pattern": st.sampled_from(PATTERNS),
            "format": st.sampled_from(NAMED_FORMATS),
        },
    )
    | st.sampled_from([{}, True, {"type": "boolean"}, {"type": ["integer", "string", "null"], "maxLength": 2}])
    | st.lists(values, min_size=1, max_size=4).map(lambda found: {"enum": found})
    | values.map(lambda found: {"const": found})
    | st.sampled_from(REFERENCES)
)


def composed(inner: st.SearchStrategy[Schema]) -> st.SearchStrategy[Schema]:
    properties = st.dictionaries(names, inner, max_size=3)
    options = st.lists(inner, min_size=1, max_size=3)
    combined = st.sampled_from(["anyOf", "oneOf", "allOf"])
    objects = st.fixed_dictionaries(
        {"properties": properties},
        optional={
            "type": st.just("object"),
            "required": st.lists(names, max_size=2, unique=True),
            "additionalProperties": st.booleans() | inner,
            "unevaluatedProperties": st.booleans(),
            "title": texts,
        },
    )
    return (
        objects
        | st.builds(lambda outer, keyword, parts: {**outer, keyword: parts}, objects, combined, options)
        | st.builds(lambda keyword, parts: {keyword: parts}, combined, options)
        | st.fixed_dictionaries(
            {"type": st.just("array")},
            optional={
                "items": inner,
                "prefixItems": st.lists(inner, max_size=2),
                "minItems": st.integers(0, 2),
                "maxItems": st.integers(0, 3),
            },
        )
        | st.fixed_dictionaries({"type": st.just("object"), "patternProperties": st.dictionaries(st.just("^x"), inner)})
        | st.fixed_dictionaries(
            {
                "type": st.just("object"),
                "propertyNames": st.sampled_from([{"type": "string"}, {"enum": ["k", "l"]}, {"pattern": "^[a-c]$"}]),
                "additionalProperties": inner,
            }
        )
    )


schemas = st.recursive(leaves, composed, max_leaves=8)
documents = st.builds(
    lambda root, b, y: {**(root if isinstance(root, dict) else {}), "$defs": {"b": b, "x/y": y}},
    schemas,
    schemas,
    leaves,
)


RANDOM = bool(os.environ.get("RANDOM_SCHEMAS"))
"""Look for new failures, with other schemas in each run; otherwise the schemas are always the same."""

EXAMPLES = 2000 if RANDOM else 150


def finished_answer(matcher: LLMatcher, choices: random.Random) -> bytes | None:
    """Return a random answer that the matcher allows; None if it does not come to an end."""
    bits = np.zeros((TOKENIZER.vocab_size + 31) // 32, dtype=np.uint32)
    answer = bytearray()
    while len(answer) < MAX_BYTES and not matcher.is_stopped():
        matcher.unsafe_compute_mask_ptr(bits.ctypes.data, bits.nbytes)
        allowed = np.flatnonzero(np.unpackbits(bits.view(np.uint8), bitorder="little")).tolist()
        closing = [token for token in allowed if token in (*b'"]}', TOKENIZER.eos_token)]
        token = choices.choice(closing if closing and choices.random() < 0.4 else allowed)
        assert matcher.consume_token(token)
        answer += bytes([token]) if token != TOKENIZER.eos_token else b""
    return None if matcher.is_error() or not matcher.is_stopped() else bytes(answer)


@pytest.mark.timeout(120)
@settings(max_examples=EXAMPLES, derandomize=not RANDOM, suppress_health_check=list(HealthCheck))
@given(documents, st.integers(0, 1000))
def test_every_finished_answer_follows_its_schema(document: Schema, seed: int) -> None:
    try:
        schema = prepared(SchemaDocument(json.dumps(document)))
    except SchemaError:
        return
    matcher = LLMatcher(TOKENIZER, json.dumps({"grammars": [{"json_schema": schema}]}), log_level=0)
    if matcher.is_error():  # it says so: nothing follows the schema, or it is not supported
        return
    choices = random.Random(seed)
    for _ in range(2):
        answer = finished_answer(matcher.deep_copy(), choices)
        if answer is not None:
            value = json.loads(answer)
            with suppress(RecursionError):  # the validator follows a reference to itself without end
                jsonschema.Draft202012Validator(document, format_checker=FORMATS).validate(value)
