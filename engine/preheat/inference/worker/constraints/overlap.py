"""Whether two parts of a JSON schema can allow the same value; ``oneOf`` is kept as ``anyOf`` only where none can.

The answer that is written to one option of ``oneOf`` must not follow another one. Objects are written without
properties that their option does not name (see ``schemas``), but read by the other option as JSON Schema says.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any, Final, NamedTuple

from preheat.inference.worker.constraints.references import SchemaDocument, below

ALL_TYPES: Final = frozenset({"null", "boolean", "integer", "number", "string", "array", "object"})

_MAX_DEPTH: Final = 8
_MAX_COMPARISONS: Final = 50_000
_LOWER: Final = ("minimum", "exclusiveMinimum")
_UPPER: Final = ("maximum", "exclusiveMaximum")


class OverlapCheck:
    """Compares parts of one schema. After ``_MAX_COMPARISONS`` it knows nothing more."""

    def __init__(self, document: SchemaDocument) -> None:
        self._document = document
        self._comparisons = 0

    def disjoint(self, written: str, read: str, *, closed: bool = True, depth: int = 0) -> bool:
        """Return whether no value that is written to the schema at one place follows the one at another place.

        False also means that it is not known. ``closed`` is false if other parts of a schema may add properties to the
        written one.
        """
        one, other = self._document.at(written), self._document.at(read)
        if one is False or other is False:
            return True
        self._comparisons += 1
        if depth > _MAX_DEPTH or self._comparisons > _MAX_COMPARISONS:
            return False

        def differ(written: str, read: str, closed: bool) -> bool:
            return self.disjoint(written, read, closed=closed, depth=depth + 1)

        # All parts of a schema hold at once: one that excludes the other schema is enough. Of options, all have to.
        if isinstance(one, dict):
            inner = closed and not is_combined(one)
            every = ([part] for part in _parts(self._document, written, one))
            for options in (*every, *_options(written, one)):
                if all(differ(option, read, inner) for option in options):
                    return True
        if isinstance(other, dict):
            every = ([part] for part in _parts(self._document, read, other))
            for options in (*every, *_options(read, other)):
                if all(differ(written, option, closed) for option in options):
                    return True
        if not (isinstance(one, dict) and isinstance(other, dict)):
            return False
        shared = _types(one, one.get("type", inferred_type(one))) & _types(other, other.get("type"))
        if not shared or _values_differ(one, other):
            return True
        if shared <= {"integer", "number"}:
            return _above(one, other) or _above(other, one)
        return shared == {"object"} and (
            _objects_differ(one, other, closed)
            or any(
                differ(below(written, "properties", name), below(read, "properties", name), True)
                for name in dict.fromkeys(_names(one) + _names(other))
                if name in _mapping(one, "properties") and name in _mapping(other, "properties")
            )
        )


def distinct_texts(document: SchemaDocument, places: Sequence[str]) -> bool:
    """Whether the schemas at these places allow texts only, and each one other texts."""
    found: list[str] = []
    for place in places:
        schema = document.at(place)
        values = _values(schema) if isinstance(schema, dict) else None
        if values is None or not all(isinstance(value, str) for value in values):
            return False
        found += dict.fromkeys(values)
    return len(set(found)) == len(found)


def is_combined(schema: dict[str, Any]) -> bool:
    """Whether several parts of a schema describe the same object."""
    parts = sum(keyword in schema for keyword in ("$ref", "anyOf", "oneOf"))
    every = schema.get("allOf")
    parts += len(every) if isinstance(every, list) else 0
    return parts + any(keyword in schema for keyword in _FAMILIES["object"]) > 1


def says_more(schema: dict[str, Any]) -> bool:
    """Whether a schema itself says something about properties that it does not name, other than to forbid them."""
    further = (schema.get("additionalProperties", False), schema.get("unevaluatedProperties", False))
    return any(value is not False for value in further) or not {"patternProperties", "propertyNames"}.isdisjoint(schema)


def _types(schema: dict[str, Any], named: Any) -> frozenset[str]:
    """Return the types that ``named``, ``enum`` and ``const`` allow; a number may be an integer."""
    names = [named] if isinstance(named, str) else named if isinstance(named, list) else ALL_TYPES
    found = frozenset(name for name in names if isinstance(name, str))
    if "number" in found:
        found |= {"integer"}
    values = _values(schema)
    return found if values is None else found & frozenset(_type_of(value) for value in values)


_FAMILIES: Final = {
    "object": (
        "properties",
        "required",
        "patternProperties",
        "additionalProperties",
        "unevaluatedProperties",
        "propertyNames",
        "minProperties",
        "maxProperties",
    ),
    "array": ("items", "prefixItems", "minItems", "maxItems"),
    "string": ("minLength", "maxLength", "pattern"),
    "number": (*_LOWER, *_UPPER, "multipleOf"),
}
_APPLICATORS: Final = frozenset({"$ref", "allOf", "anyOf", "oneOf", "enum", "const", "not", "if", "$dynamicRef"})


def inferred_type(schema: dict[str, Any]) -> str | None:
    """Return the type that a schema without ``type`` means by its keywords; None if that is not clear.

    For JSON Schema, ``{"properties": ...}`` also allows every text and number, which nobody means.
    """
    if not _APPLICATORS.isdisjoint(schema):
        return None
    meant = [name for name, keywords in _FAMILIES.items() if any(keyword in schema for keyword in keywords)]
    return meant[0] if len(meant) == 1 else None


def _options(place: str, schema: dict[str, Any]) -> Iterator[list[str]]:
    for keyword in ("anyOf", "oneOf"):
        options = schema.get(keyword)
        if isinstance(options, list):
            yield [below(place, keyword, at) for at in range(len(options))]


def _parts(document: SchemaDocument, place: str, schema: dict[str, Any]) -> Iterator[str]:
    parts = schema.get("allOf")
    yield from (below(place, "allOf", at) for at in range(len(parts) if isinstance(parts, list) else 0))
    if "$ref" in schema:
        yield document.target(place)


def _values(schema: dict[str, Any]) -> list[Any] | None:
    values = [schema["const"]] if "const" in schema else schema.get("enum")
    return values if isinstance(values, list) else None


def _values_differ(one: dict[str, Any], other: dict[str, Any]) -> bool:
    first, second = _values(one), _values(other)
    if first is None or second is None:
        return False
    if all(isinstance(value, str) for value in (*first, *second)):
        return set(first).isdisjoint(second)
    return all(_type_of(left) != _type_of(right) or left != right for left in first for right in second)


def _type_of(value: Any) -> str:
    match value:
        case None:
            return "null"
        case bool():
            return "boolean"
        case int():
            return "integer"
        case float():
            return "integer" if value.is_integer() else "number"
        case str():
            return "string"
        case list():
            return "array"
        case _:
            return "object"


def _above(one: dict[str, Any], other: dict[str, Any]) -> bool:
    """Whether all numbers of one schema are greater than all of another one."""
    lowers, uppers = _numbers(one, _LOWER), _numbers(other, _UPPER)
    if not lowers or not uppers:
        return False
    lower, upper = max(lowers), min(uppers)
    exclusive = one.get("exclusiveMinimum") == lower or other.get("exclusiveMaximum") == upper
    return bool(lower > upper or (exclusive and lower == upper))


def _numbers(schema: dict[str, Any], keywords: Sequence[str]) -> list[float]:
    values = (schema.get(keyword) for keyword in keywords)
    return [value for value in values if isinstance(value, int | float) and not isinstance(value, bool)]


def _objects_differ(one: dict[str, Any], other: dict[str, Any], closed: bool) -> bool:
    """Whether one schema's object lacks a property that the other one requires, or has one that it forbids."""
    properties, required = _mapping(one, "properties"), _names(one)
    closed = closed and "properties" in one and not says_more(one) and not is_combined(one)
    if closed and any(name not in properties and name not in required for name in _names(other)):
        return True
    if other.get("additionalProperties") is not False or "patternProperties" in other:
        return False
    return any(name not in _mapping(other, "properties") for name in required)


def _mapping(schema: dict[str, Any], keyword: str) -> dict[str, Any]:
    value = schema.get(keyword)
    return value if isinstance(value, dict) else {}


def _names(schema: dict[str, Any]) -> list[str]:
    names = schema.get("required")
    return [name for name in names if isinstance(name, str)] if isinstance(names, list) else []


class ObjectNames(NamedTuple):
    """The properties of the object that a schema and its parts describe."""

    counts: dict[str, int]  # by name: how many parts describe it together
    described: bool  # a part has ``properties``
    says_more: bool  # a part says something about further ones


def object_names(document: SchemaDocument, place: str, known: dict[str, ObjectNames]) -> ObjectNames:
    """Return the properties that the schema at a place and its parts name, in order. ``known`` are earlier results."""
    if place in known:
        return known[place]
    known[place] = ObjectNames({}, False, False)  # for a part that refers back to the whole
    value = document.at(place)
    if not isinstance(value, dict):
        return known[place]
    counts = dict.fromkeys(_mapping(value, "properties"), 1)
    described, more = "properties" in value, says_more(value)
    every = ([part] for part in _parts(document, place, value))
    for options in (*every, *_options(place, value)):
        found = [object_names(document, option, known) for option in options]
        for name in dict.fromkeys(name for names in found for name in names.counts):
            counts[name] = counts.get(name, 0) + max(names.counts.get(name, 0) for names in found)
        described = described or any(names.described for names in found)
        more = more or any(names.says_more for names in found)
    known[place] = ObjectNames({**counts, **{name: 0 for name in _names(value) if name not in counts}}, described, more)
    return known[place]
