"""Which schemas are compiled without a trial."""

from __future__ import annotations

import json
from typing import Any

import pytest

from preheat.inference.worker.constraints.simple import is_simple

TEXT = {"type": "string"}
PATTERN = {"type": "string", "pattern": "^[a-z]+$"}


@pytest.mark.parametrize(
    "schema",
    [
        {},
        True,
        {"type": "object", "properties": {"city": {**TEXT, "description": "A city."}, "days": {"type": "integer"}}},
        {"$defs": {"a": {"enum": ["x", "y"]}}, "anyOf": [{"$ref": "#/$defs/a"}, {"type": "null"}]},
        {"properties": {"a": {"allOf": [{"$ref": "#/$defs/b"}], "title": "A"}}, "$defs": {"b": TEXT}},
        {"items": {"$ref": "#/$defs/b", "description": "x"}, "$defs": {"b": PATTERN}},
        {"type": "integer", "multipleOf": 5, "minimum": -(10**400), "maximum": 10**9},
        {"enum": [f"value {number}" for number in range(1000)]},
        {"oneOf": [{"type": "object", "properties": {"k": {"const": kind}}, "required": ["k"]} for kind in "abc"]},
    ],
)
def test_usual_schemas_are_simple(schema: Any) -> None:
    assert is_simple("json_schema", json.dumps(schema))


@pytest.mark.parametrize(
    "schema",
    [
        {"description": "x" * 40_000},
        {"const": "x" * 3000},
        {"x" * 3000: TEXT},
        {"enum": list(range(3000))},
        {"properties": {str(number): {} for number in range(300)}},
        {"anyOf": [{"const": number} for number in range(50)]},
        {"allOf": [PATTERN, PATTERN]},
        {"$ref": "#/$defs/a", "pattern": "x", "$defs": {"a": PATTERN}},
        {"properties": {name: PATTERN for name in "abcd"}},
        {"pattern": "^(a{1,1000}){5}$"},
        {"pattern": "^a{,100}$"},
        {"pattern": "a" * 300},
        {"patternProperties": {"^a": {}}},
        {"multipleOf": 982_451_653},
        {"multipleOf": 1e-9},
        {"x-guidance": {"whitespace_pattern": "(a|b)*"}},
        {"$dynamicRef": "#a"},
    ],
)
def test_what_may_multiply_is_not(schema: Any) -> None:
    assert not is_simple("json_schema", json.dumps(schema))


def test_what_is_no_json_or_deep_is_not() -> None:
    assert not is_simple("json_schema", "nothing")
    assert not is_simple("json_schema", '{"items":' * 60 + "{}" + "}" * 60)
    assert not is_simple("json_schema", "[" * 20_000)


@pytest.mark.parametrize(
    ("kind", "text", "simple"),
    [
        ("regex", "(red|blue)-[0-9]{3}", True),
        ("regex", "|".join(f"choice {number}" for number in range(50)), True),
        ("regex", "a{1,100}", False),
        ("regex", "a*b*c*d*e*", False),
        ("regex", "a" * 2000, False),
        ("gbnf", 'root ::= "yes" | "no" [.]*', True),
        ("gbnf", "root ::= [a-z]{2}", False),
        ("gbnf", "root ::= a ws b ws a\na ::= [a-z] ws\nb ::= [0-9] ws\nws ::= [ ]*", True),
        ("gbnf", "root ::= r1 r1\nr1 ::= r2 r2\nr2 ::= r3 r3 r3 r3 r3 r3 r3 r3\nr3 ::= ws ws ws ws\nws ::= [ ]", True),
        ("gbnf", "root ::= r1\n" + "\n".join(f"r{at} ::= r{at + 1} r{at + 1} r{at + 1}" for at in range(1, 20)), False),
        ("lark", "start: r1\n" + "\n".join(f"r{at}: r{at + 1} r{at + 1}" for at in range(1, 20)), False),
        ("lark", "start: /[a-z]+/", True),
        ("lark", "start: %json {}", False),
        ("lark", "start: T\nT: /a+/ & /[ab]*/", False),
        ("lark", "start: " + "(" * 2000, False),
    ],
)
def test_small_grammars_without_counts_are_simple(kind: str, text: str, simple: bool) -> None:
    assert is_simple(kind, text) is simple
