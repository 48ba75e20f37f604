"""Whatever stands in a schema, it compiles or is refused with its place."""

from __future__ import annotations

import copy
import json
from typing import Any

from hypothesis import example, given, settings
from hypothesis import strategies as st
from llguidance import LLTokenizer

from preheat.inference import ToolDefinition
from preheat.inference.worker.chat import CallForm, Dialect
from preheat.inference.worker.chat.tool_constraints import calls_grammar
from preheat.inference.worker.constraints import GrammarError, SchemaError, check_schema
from preheat.inference.worker.constraints.grammars import compile_constraint, rule_text
from preheat.inference.worker.constraints.native import compiled
from preheat.inference.worker.constraints.simple import is_simple

Schema = Any

TOKENIZER = LLTokenizer("byte")

BASES: list[Schema] = [
    {
        "type": "object",
        "properties": {
            "a": {"type": "string", "maxLength": 5},
            "b": {"enum": [1, "x", {"z": [1]}]},
            "c": {"$ref": "#q"},
        },
        "required": ["a"],
        "additionalProperties": False,
        "$defs": {"d": {"$anchor": "q", "type": "array", "items": {"type": "integer", "minimum": 0}, "minItems": 1}},
    },
    {
        "oneOf": [
            {"type": "object", "properties": {"k": {"const": kind}}, "required": ["k"], "not": {"type": "null"}}
            for kind in "ab"
        ]
    },
    {
        "allOf": [{"properties": {"a": {"type": "number", "exclusiveMaximum": 9}}}, {"$ref": "http://x/y"}],
        "definitions": {"x": {"$id": "http://x/y", "properties": {"b": {"format": "date"}}}},
        "unevaluatedProperties": False,
    },
    {"propertyNames": {"enum": ["a"]}, "properties": {"a": {"items": [{"pattern": "^a"}], "additionalItems": {}}}},
]
KEYWORDS = [
    *("type", "enum", "const", "properties", "required", "items", "prefixItems", "additionalItems", "$ref", "$defs"),
    *("additionalProperties", "patternProperties", "propertyNames", "minProperties", "maxItems", "uniqueItems", "$id"),
    *("contains", "minContains", "minLength", "pattern", "format", "minimum", "exclusiveMaximum", "multipleOf"),
    *("allOf", "anyOf", "oneOf", "not", "if", "dependentRequired", "dependencies", "$anchor", "$dynamicRef"),
    *("$schema", "unevaluatedProperties", "unevaluatedItems", "x-guidance", "nullable"),
]
JUNK: list[Any] = [
    *(None, True, False, 0, -1, 1.5, 1e308, float("inf"), float("nan"), 10**400, -(10**20)),
    *("", "#", "#/", "#/$defs/d", "#/%zz", "http://[", "\ud800", "\0", "(?=a)", "[", "a{9999999}", "string"),
    *([], {}, [1], {"a": 1}, [[]], [{}], {"": {}}, {"$ref": "#"}, {"$ref": 5}, ["string", "string"], {"enum": []}),
]


@st.composite
def malformed(draw: st.DrawFn) -> Schema:
    """Draw a schema in which something is replaced or added."""
    schema = copy.deepcopy(draw(st.sampled_from(BASES)))
    for _ in range(draw(st.integers(1, 2))):
        inner = schema
        while children := [key for key, value in _items(inner) if isinstance(value, dict | list)]:
            if draw(st.booleans()):
                break
            inner = inner[draw(st.sampled_from(children))]
        junk = copy.deepcopy(draw(st.sampled_from(JUNK)))
        if isinstance(inner, dict):
            inner[draw(st.sampled_from([*inner, *KEYWORDS]))] = junk
        elif inner:
            inner[draw(st.integers(0, len(inner) - 1))] = junk
    return schema


def _items(value: Any) -> list[tuple[Any, Any]]:
    return list(value.items() if isinstance(value, dict) else enumerate(value))


def compile_it(grammar: str) -> None:
    compiled(TOKENIZER, grammar)


@settings(max_examples=300, deadline=None)
@given(malformed())
@example({"$defs": [1]})
@example({"required": [[]], "additionalProperties": False})
@example({"oneOf": [{"type": [[]]}, {"type": "string"}]})
@example([1])
@example(None)
def test_a_schema_compiles_or_is_refused_with_its_place(schema: Schema) -> None:
    text = json.dumps(schema)
    is_simple("json_schema", text)
    refusal = "#"
    try:
        compile_constraint("json_schema", text, compile_it)
    except SchemaError as error:
        refusal = str(error)
    assert refusal.startswith(("#", "it is not JSON"))


@settings(max_examples=150, deadline=None)
@given(malformed(), st.sampled_from(CallForm))
def test_a_tool_of_it_compiles_or_is_refused(schema: Schema, form: CallForm) -> None:
    tool = ToolDefinition("t", parameters=schema)

    def rule(text: str) -> str:
        return rule_text("json_schema", text, lenient=True)

    try:
        check_schema(schema)
        rules = calls_grammar([tool], Dialect(form=form), parallel=False, mark=json.dumps, rule=rule)
        compile_it(f"start: calls\n{rules}")
    except (SchemaError, GrammarError):
        pass
