"""How schemas are rewritten. What comes out is compared with the schema itself in ``test_random_schemas``."""

from __future__ import annotations

import json
from typing import Any

import pytest

from preheat.inference.worker.constraints.references import SchemaDocument, SchemaError
from preheat.inference.worker.constraints.schemas import OPTIONS, places, prepared

TEXT = {"type": "string"}
INTEGER = {"type": "integer"}


def rewritten(schema: Any, *, lenient: bool = False) -> dict[str, Any]:
    """Return the prepared schema, without the options and without definitions if there are none."""
    found = prepared(SchemaDocument(json.dumps(schema)), lenient=lenient)
    assert found.pop("x-guidance") == OPTIONS
    if not found["$defs"]:
        del found["$defs"]
    return found


def closed(required: tuple[str, ...] = (), **properties: Any) -> dict[str, Any]:
    named = {"required": list(required)} if required else {}
    return {"type": "object", "properties": properties, **named, "additionalProperties": False}


@pytest.mark.parametrize(
    ("schema", "expected"),
    [
        (True, {}),
        ({}, {}),
        ({"title": "T", "description": "d", "default": 1, "x-note": 2, "$comment": "c", **TEXT}, TEXT),
        ({"type": "object", "x-guidance": {"lenient": True}}, {"type": "object"}),
        ({"properties": {"a": True}}, closed(a={})),  # nobody means that a text is fine, too
        ({"items": TEXT}, {"type": "array", "items": TEXT}),
        ({"minLength": 2}, {"type": "string", "minLength": 2}),
        ({"type": "array", "items": [TEXT, {}]}, {"type": "array", "prefixItems": [TEXT, {}]}),
        (
            {"type": "array", "items": [TEXT], "additionalItems": False},
            {"type": "array", "prefixItems": [TEXT], "items": False},
        ),
        ({"type": "array", "uniqueItems": False}, {"type": "array"}),
        ({"type": "array", "uniqueItems": True, "maxItems": 1}, {"type": "array", "maxItems": 1}),
        ({**TEXT, "format": "password"}, TEXT),
        ({**TEXT, "format": "uuid"}, {**TEXT, "format": "uuid"}),
        ({"prefixItems": [], "unevaluatedItems": False}, {"type": "array", "prefixItems": [], "items": False}),
        ({**TEXT, "if": {}}, TEXT),
        ({"type": "object", "dependentRequired": {}}, {"type": "object"}),
        ({"not": {"type": "string"}}, {"allOf": [{"type": ["array", "boolean", "null", "number", "object"]}]}),
        ({**TEXT, "not": False}, TEXT),
    ],
)
def test_harmless_keywords(schema: Any, expected: dict[str, Any]) -> None:
    assert rewritten(schema) == expected


@pytest.mark.parametrize(
    ("schema", "expected"),
    [
        ({"minimum": -(2**63), "maximum": 2**64}, {"minimum": -(2**53), "maximum": 2**53}),
        ({"minimum": 1e-300}, {"minimum": 1e-9}),
        ({"exclusiveMaximum": 1e-12}, {"exclusiveMaximum": 0}),
        ({"minimum": 0, "exclusiveMinimum": True}, {"minimum": 0, "exclusiveMinimum": True}),
        ({"minimum": 0.5, "maximum": 3.0}, {"minimum": 0.5, "maximum": 3}),
    ],
)
def test_bounds_are_narrowed_to_what_can_be_followed(schema: Any, expected: Any) -> None:
    assert rewritten({"type": "number", **schema}) == {"type": "number", **expected}


@pytest.mark.parametrize(
    ("schema", "expected"),
    [
        ({"type": "object", "properties": {"a": TEXT}}, closed(a=TEXT)),
        ({"type": "object", "properties": {}}, closed()),
        ({"type": "object", "properties": {"a": TEXT}, "required": ["b"]}, closed(("b",), a=TEXT, b={})),
        ({"type": "object"}, {"type": "object"}),
        (
            {"type": "object", "properties": {"a": TEXT}, "additionalProperties": {}},
            {"type": "object", "properties": {"a": TEXT}, "additionalProperties": {}},
        ),
        ({"type": "object", "properties": {"a": TEXT}, "unevaluatedProperties": False}, closed(a=TEXT)),
        (
            {"type": "object", "properties": {"a": TEXT}, "unevaluatedProperties": True},
            {"type": "object", "properties": {"a": TEXT}},
        ),
        (
            {"allOf": [{"properties": {"a": TEXT}}, {"properties": {"b": TEXT}, "required": ["b"]}]},
            {
                "allOf": [
                    {"type": "object", "properties": {"a": TEXT}},
                    {"type": "object", "properties": {"b": TEXT}, "required": ["b"]},
                    {"properties": {"a": {}, "b": {}}, "additionalProperties": False},
                ]
            },
        ),
        (
            {"anyOf": [{"properties": {"a": TEXT}}, {"type": "null"}]},
            {"anyOf": [closed(a=TEXT), {"type": "null"}]},
        ),
    ],
)
def test_objects_get_no_properties_that_the_schema_does_not_name(schema: Any, expected: Any) -> None:
    assert rewritten(schema) == expected


def test_parts_that_describe_the_same_object_inside_an_object_stay_open() -> None:
    part = {"properties": {"p": {"properties": {"x": TEXT}}}}
    other = {"properties": {"p": {"properties": {"y": TEXT}}}}
    first, second, _ = rewritten({"allOf": [part, other]})["allOf"]
    assert "additionalProperties" not in first["properties"]["p"]
    assert "additionalProperties" not in second["properties"]["p"]


@pytest.mark.parametrize(
    ("names", "expected"),
    [
        ({"type": "string"}, {"type": "object", "additionalProperties": INTEGER}),
        (True, {"type": "object", "additionalProperties": INTEGER}),
        ({"enum": ["k", "l"]}, closed(k=INTEGER, l=INTEGER)),
        ({"const": "k"}, closed(k=INTEGER)),
        ({"$ref": "#/$defs/names"}, closed(k=INTEGER)),
        (
            {"pattern": "^k"},
            {"type": "object", "additionalProperties": False, "patternProperties": {"^k": INTEGER}},
        ),
    ],
)
def test_names_of_properties(names: Any, expected: Any) -> None:
    schema = {"type": "object", "propertyNames": names, "additionalProperties": INTEGER}
    assert rewritten({**schema, "$defs": {"names": {"enum": ["k"], "title": "Names"}}}) == expected


def test_references_become_references_to_plain_definitions() -> None:
    node = {
        "type": "object",
        "properties": {"next": {"$ref": "#/definitions/a~1b", "description": "d"}, "up": {"$ref": "#"}},
    }
    assert rewritten({"$ref": "#/definitions/a~1b", "definitions": {"a/b": node}}) == {
        "$ref": "#/$defs/d0",
        "$defs": {"d0": closed(next={"$ref": "#/$defs/d0"}, up={"$ref": "#/$defs/d0"})},
    }


def test_chains_of_references_are_followed() -> None:
    definitions = {"a": {"$ref": "#/$defs/b"}, "b": {"$ref": "#/$defs/c", "title": "B"}, "c": TEXT}
    assert rewritten({"$ref": "#/$defs/a", "$defs": definitions}) == {"$ref": "#/$defs/d0", "$defs": {"d0": TEXT}}


def test_old_drafts_ignore_keywords_next_to_a_reference() -> None:
    schema = {"$ref": "#/$defs/a", "maxLength": 1, "$defs": {"a": TEXT}}
    assert rewritten(schema)["maxLength"] == 1
    assert "maxLength" not in rewritten({**schema, "$schema": "http://json-schema.org/draft-07/schema#"})


def test_deep_schemas_become_definitions() -> None:
    schema: dict[str, Any] = TEXT
    for _ in range(100):
        schema = {"type": "object", "properties": {"a": schema}}
    assert len(rewritten(schema)["$defs"]) == 5


A = {"type": "object", "properties": {"kind": {"const": "a"}}, "required": ["kind"]}
B = {"type": "object", "properties": {"kind": {"enum": ["b", "c"]}, "x": TEXT}, "required": ["kind"]}


@pytest.mark.parametrize(
    "options",
    [
        [TEXT, INTEGER],
        [{"type": "null"}, {"type": ["string", "boolean"]}],
        [{"const": 1}, {"enum": [2, "1"]}],
        [{"const": True}, {"const": 1}],
        [{"type": "integer", "maximum": 3}, {"type": "number", "exclusiveMinimum": 3}],
        [A, B],
        [{"$ref": "#/$defs/A"}, {"$ref": "#/$defs/B"}],
        [{"allOf": [{"$ref": "#/$defs/A"}, {"properties": {"y": TEXT}}]}, {"$ref": "#/$defs/B"}],
        [{"anyOf": [{"$ref": "#/$defs/A"}, TEXT]}, {"anyOf": [B, INTEGER]}],
        # Each one requires what the other one is not written with.
        [{"properties": {"x": TEXT}, "required": ["x"]}, {"properties": {"y": TEXT}, "required": ["y"]}],
        [closed(("x",), x=TEXT), {"properties": {"x": TEXT, "y": TEXT}, "required": ["x", "y"]}],
        [A, False],
    ],
)
def test_one_of_disjoint_options_is_any_of_them(options: list[Any]) -> None:
    found = rewritten({"oneOf": options, "$defs": {"A": A, "B": B}})
    assert len(found["anyOf"]) == 2


@pytest.mark.parametrize(
    "options",
    [
        [INTEGER, {"type": "number"}],
        [TEXT, {**TEXT, "maxLength": 3}],
        [{}, TEXT],
        [{"type": "object", "properties": {"x": TEXT}}, {"type": "object", "properties": {"y": TEXT}}],
        [
            {"type": "object", "properties": {"x": TEXT}, "required": ["x"], "additionalProperties": {}},
            {"type": "object", "properties": {"y": TEXT}, "required": ["y"]},
        ],
        [TEXT, {"pattern": "a"}],
        # Together they are written with "b", too.
        [{"allOf": [{"properties": {"a": TEXT}}, {"properties": {"b": TEXT}}]}, {"type": "object", "required": ["b"]}],
    ],
)
def test_one_of_options_that_may_both_match_is_refused(options: list[Any]) -> None:
    schema = {"type": "object", "properties": {"p": {"oneOf": options}}}
    with pytest.raises(SchemaError, match=r"^#/properties/p/oneOf: options 0 and 1 may both match"):
        rewritten(schema)
    assert "anyOf" in rewritten(schema, lenient=True)["properties"]["p"]


def test_one_of_many_texts() -> None:
    options = [{"const": f"country {number}", "title": str(number)} for number in range(1000)]
    assert len(rewritten({"oneOf": options})["anyOf"]) == 1000
    with pytest.raises(SchemaError, match="may both match"):
        rewritten({"oneOf": [{"const": "x"}, {"enum": ["y", "x"]}]})


def test_an_option_whose_pattern_cannot_be_followed_is_left_out() -> None:
    looking = {**TEXT, "pattern": "(?=a)"}
    assert rewritten({"anyOf": [{"type": "number"}, looking]}) == {"anyOf": [{"type": "number"}]}
    with pytest.raises(SchemaError, match=r"^#/anyOf/0: .*look-around"):
        rewritten({"anyOf": [looking]})


@pytest.mark.parametrize(
    ("schema", "place"),
    [
        ({"type": "array", "uniqueItems": True}, ": uniqueItems"),
        ({"not": {"required": ["a"]}}, ": not"),
        ({"not": {"type": "integer"}}, ": not"),
        ({"if": {}, "then": {}}, ": if"),
        ({"contains": {}}, ": contains"),
        ({"dependentRequired": {"a": ["b"]}}, ": dependentRequired"),
        ({"dependentSchemas": {"a": {}}}, ": dependentSchemas"),
        ({"propertyNames": {"minLength": 2}}, ": propertyNames"),
        ({"$dynamicRef": "#a"}, r": \$dynamicRef"),
        ({"anyOf": [{"properties": {}}], "required": ["a"], "unevaluatedProperties": TEXT}, ": unevaluatedProperties"),
        ({"allOf": [{}], "unevaluatedItems": False}, ": unevaluatedItems"),
    ],
)
def test_keywords_that_cannot_be_kept_are_refused_or_left_out(schema: Any, place: str) -> None:
    outer = {"properties": {"a": {"items": schema}}}
    with pytest.raises(SchemaError, match=f"^#/properties/a/items{place} is not supported"):
        rewritten(outer)
    rewritten(outer, lenient=True)


@pytest.mark.parametrize(
    ("schema", "reason"),
    [
        (5, "#: a schema is"),
        ([], "#: a schema is"),
        (False, "#: nothing"),
        ({"not": {}}, "#: nothing"),
        ({"type": "object", "required": ["a"], "additionalProperties": False}, "#: nothing"),
        ({"properties": 5}, "#/properties: "),
        ({"properties": {"a": 5}}, "#/properties/a: "),
        ({"anyOf": {}}, "#/anyOf: "),
        ({"$ref": 1}, r"#/\$ref: "),
        ({"$ref": "#/$defs/a", "$defs": {"a": {"$ref": "#/$defs/a"}}}, r"#/\$defs/a: it refers only to itself"),
        ({"type": "string", "pattern": 3}, "#/pattern: it is not a text"),
        ({"type": "number", "minimum": "3"}, "#/minimum: "),
        ({"type": "number", "maximum": []}, "#/maximum: "),
        ({"type": "number", "minimum": 1e300}, "#/minimum: "),
        ({"const": 2**53 + 1}, "#/const: "),
        ({"enum": [{"a": [10**400]}]}, "#/enum: "),
        ({"properties": {str(number): {} for number in range(2001)}}, "#/properties: "),
        ({"type": "object", "required": [str(number) for number in range(2001)]}, "#/required: "),
        ({"propertyNames": {"$ref": "#/propertyNames"}}, "#/propertyNames: it refers only to itself"),
        ({"format": ["date"]}, "#/format: it is not a text"),
        ({"type": [[]]}, "#/type: it is not a text or a list of texts"),
        ({"required": [[]], "additionalProperties": False}, "#/required: it is not a list of texts"),
        ({"propertyNames": {"enum": 1.5}}, "#/propertyNames/enum: it is not a list"),
        ({"minLength": 1.5}, "#/minLength: it is not a whole number from 0"),
        ({"enum": [{"x" * 20_000: 1}]}, "#/enum: a text has more than 16384 characters"),
        ({"properties": {"x" * 20_000: {}}}, "#/properties: a text has more than 16384 characters"),
        ({"$defs": [1]}, "#/\\$defs: it is not an object"),
        ({"enum": [float("inf")]}, "it is not JSON: Infinity is no number"),
        ({"not": {"type": 1}}, "#: not is not supported"),
        ({"$ref": "http://["}, r"#/\$ref: .* is not part"),
        ({"$id": "http://[", "$ref": "other"}, r"#/\$ref: .* is not an address"),
        ({"prefixItems": [{}] * 20_000}, "it consists of more"),
        (
            {
                "$ref": "#/$defs/0",
                "$defs": {str(n): {"items": [{"$ref": f"#/$defs/{n + 1}"}]} for n in range(4001)},
            },
            "it has more than",
        ),
    ],
)
def test_unusable_schemas(schema: Any, reason: str) -> None:
    with pytest.raises(SchemaError, match=f"^{reason}"):
        rewritten(schema)


def test_wide_fans_of_references_take_no_time() -> None:
    """Each of forty definitions refers to the next one three times: 3**40 paths."""
    for keyword in ("allOf", "anyOf", "oneOf"):
        definitions = {str(n): {keyword: [{"$ref": f"#/$defs/{n + 1}"}] * 3} for n in range(40)}
        rewritten({"$ref": "#/$defs/0", "$defs": {**definitions, "40": A}}, lenient=True)


def test_places_of_parts() -> None:
    schema = {
        "properties": {"a/b": {}},
        "patternProperties": {"^x": {}},
        "additionalProperties": {},
        "items": [{}],
        "anyOf": [{}, {}],
        "$ref": "#/$defs/d",
        "$defs": {"d": {"items": {}}},
    }
    document = SchemaDocument(json.dumps(schema))
    assert list(places(document, "#")) == [
        "#/properties/a~1b",
        "#/patternProperties/^x",
        "#/additionalProperties",
        "#/items/0",
        "#/anyOf/0",
        "#/anyOf/1",
        "#/$defs/d",
    ]
    assert list(places(document, "#/$defs/d")) == ["#/$defs/d/items"]
    assert list(places(SchemaDocument("true"), "#")) == []
