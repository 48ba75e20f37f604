from __future__ import annotations

import json
from typing import Any

import pytest

from preheat.inference.worker.constraints.references import MAX_SCHEMA_CHARS, SchemaDocument, SchemaError, below

PARTS = {"a": {"type": "integer"}, "x/y": {"type": "null"}, "~t": {"type": "string"}, "Page[int]": {}, "a b": {}}


def document(reference: str, **fields: Any) -> SchemaDocument:
    return SchemaDocument(json.dumps({"$ref": reference, "$defs": PARTS, **fields}))


@pytest.mark.parametrize(
    ("reference", "target"),
    [
        ("#", "#"),
        ("", "#"),
        ("#/$defs/a", "#/$defs/a"),
        ("#/%24defs/a", "#/$defs/a"),
        ("#/$defs/x~1y", "#/$defs/x~1y"),
        ("#/$defs/~0t", "#/$defs/~0t"),
        ("#/$defs/Page[int]", "#/$defs/Page[int]"),
        ("#/$defs/a%20b", "#/$defs/a b"),
        ("#/properties/p/items/0", "#/properties/p/items/0"),
        ("#named", "#/properties/q"),
        ("#old", "#/properties/r"),
    ],
)
def test_references_inside_a_schema(reference: str, target: str) -> None:
    properties = {"p": {"items": [{"type": "null"}]}, "q": {"$anchor": "named"}, "r": {"$id": "#old"}}
    assert document(reference, properties=properties).target("#") == target


def test_addresses_are_resolved_against_the_schema_that_contains_them() -> None:
    inner = {"$id": "/inner.json", "$ref": "#/$defs/b", "$defs": {"b": {"$ref": "outer.json#/$defs/a"}}}
    found = document("inner.json", **{"$id": "https://example.com/outer.json", "properties": {"i": inner}})
    assert found.target("#") == "#/properties/i"
    assert found.target("#/properties/i") == "#/properties/i/$defs/b"
    assert found.target("#/properties/i/$defs/b") == "#/$defs/a"


@pytest.mark.parametrize(
    ("reference", "reason"),
    [
        ("#/nowhere", "points to nothing"),
        ("#/$defs/a/type/x", "points to nothing"),
        ("#nameless", "no anchor"),
        ("https://example.com/schema.json", "nothing is fetched"),
        ("file:///etc/hostname", "nothing is fetched"),
        ("other.json#/a", "nothing is fetched"),
    ],
)
def test_references_to_nothing(reference: str, reason: str) -> None:
    with pytest.raises(SchemaError, match=rf"^#/\$ref: .*{reason}"):
        document(reference).target("#")


@pytest.mark.parametrize("text", ["{", "", "nothing", "[" * 100_000, " " * (MAX_SCHEMA_CHARS + 1)])
def test_no_json(text: str) -> None:
    with pytest.raises(SchemaError):
        SchemaDocument(text)


def test_places_are_json_pointers() -> None:
    assert below("#/a", "b/c~d", 0) == "#/a/b~1c~0d/0"
