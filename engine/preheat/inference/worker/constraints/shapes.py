"""Checks the types of JSON schemas' keywords: a list, a text, a number. Pure."""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any, Final

from preheat.inference.worker.constraints.references import ROOT, SchemaError, below


def check_keywords(place: str, schema: dict[str, Any]) -> None:
    """Check the keywords of one schema.

    Raises:
        SchemaError: One is malformed; the text begins with its place.
    """
    for keyword, value in schema.items():
        if keyword in _SHAPES and not (shape := _SHAPES[keyword])[0](value):
            raise SchemaError(f"{below(place, keyword)}: it is not {shape[1]}")


def well_formed(schema: dict[str, Any]) -> dict[str, Any]:
    """Return a schema without its malformed keywords."""
    return {keyword: value for keyword, value in schema.items() if keyword not in _SHAPES or _SHAPES[keyword][0](value)}


def check_schema(root: Any) -> None:
    """Check a schema and those inside it. Keywords that are ``null`` count as left out.

    Raises:
        SchemaError: One is malformed; the text begins with its place.
    """
    waiting: list[tuple[str, Any]] = [(ROOT, root)]
    for place, schema in waiting:
        if isinstance(schema, bool):
            continue
        if not isinstance(schema, dict):
            raise SchemaError(f"{place}: a schema is an object or a boolean")
        given = {keyword: value for keyword, value in schema.items() if value is not None}
        check_keywords(place, given)
        for keyword in _MAPS & given.keys():
            waiting += [(below(place, keyword, name), inner) for name, inner in given[keyword].items()]
        for keyword in _LISTS & given.keys():
            waiting += [(below(place, keyword, at), inner) for at, inner in enumerate(given[keyword])]
        for keyword in _SCHEMAS & given.keys():
            if not isinstance(given[keyword], list):
                waiting.append((below(place, keyword), given[keyword]))


def _is_count(value: Any) -> bool:
    return _is_number(value) and 0 <= value < math.inf and value == int(value)


def _is_number(value: Any) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool)


def _is_text(value: Any) -> bool:
    return isinstance(value, str)


def _are_texts(value: Any) -> bool:
    return isinstance(value, list) and all(isinstance(item, str) for item in value)


_Shape = tuple[Callable[[Any], bool], str]

_TEXT: Final[_Shape] = (_is_text, "a text")
_LIST: Final[_Shape] = (lambda value: isinstance(value, list), "a list")
_OBJECT: Final[_Shape] = (lambda value: isinstance(value, dict), "an object")
_COUNT: Final[_Shape] = (_is_count, "a whole number from 0")
_BOUND: Final[_Shape] = (lambda value: isinstance(value, bool) or _is_number(value), "a number")  # draft 4: a boolean

_MAPS: Final = frozenset({"properties", "patternProperties", "$defs", "definitions", "dependentSchemas"})
_LISTS: Final = frozenset({"allOf", "anyOf", "oneOf", "prefixItems"})
_SCHEMAS: Final = frozenset({"items", "additionalItems", "additionalProperties", "propertyNames", "contains", "not"})

_SHAPES: Final[dict[str, _Shape]] = {
    **dict.fromkeys(("$ref", "pattern", "format"), _TEXT),
    **dict.fromkeys(("enum", *_LISTS), _LIST),
    **dict.fromkeys(("dependentRequired", "dependencies", *_MAPS), _OBJECT),
    **dict.fromkeys(("minItems", "maxItems", "minLength", "maxLength"), _COUNT),
    **dict.fromkeys(("minProperties", "maxProperties", "minContains", "maxContains"), _COUNT),
    **dict.fromkeys(("minimum", "maximum", "exclusiveMinimum", "exclusiveMaximum"), _BOUND),
    "multipleOf": (lambda value: _is_number(value) and 0 < value < math.inf, "a number above 0"),
    "required": (_are_texts, "a list of texts"),
    "type": (lambda value: _is_text(value) or _are_texts(value), "a text or a list of texts"),
}
