"""Keywords of JSON schemas that llguidance cannot keep, unless they have no effect."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any, Final


def unsupported(schema: dict[str, Any]) -> Iterator[str]:
    """Yield a schema's own keywords that have an effect and cannot be kept."""
    return (keyword for keyword in schema if keyword in HAS_EFFECT and HAS_EFFECT[keyword](schema))


def _has_repeatable_items(schema: dict[str, Any]) -> bool:
    most = schema.get("maxItems")
    return schema["uniqueItems"] is True and not (isinstance(most, int) and most <= 1)


HAS_EFFECT: Final[dict[str, Callable[[dict[str, Any]], bool]]] = {
    "$dynamicRef": lambda schema: True,
    "$recursiveRef": lambda schema: True,
    "uniqueItems": _has_repeatable_items,
    "contains": lambda schema: schema.get("minContains") != 0 or "maxContains" in schema,
    "if": lambda schema: "then" in schema or "else" in schema,
    "dependentRequired": lambda schema: bool(schema["dependentRequired"]),
    "dependentSchemas": lambda schema: bool(schema["dependentSchemas"]),
    "dependencies": lambda schema: bool(schema["dependencies"]),
}
