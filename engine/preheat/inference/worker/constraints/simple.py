"""Tells simple constraints, which compile quickly, from those that need a trial first. Pure."""

from __future__ import annotations

import json
import math
import re
from collections import Counter
from typing import Any, Final

from preheat.inference.worker.constraints.grammars import JSON_SCHEMA

MAX_SIMPLE_CHARS: Final = 1 << 15

_MAX_DEPTH: Final = 40
_MAX_NODES: Final = 2_000
_MAX_TEXT_CHARS: Final = 2_000
_MAX_PATTERNS: Final = 3
_MAX_PATTERN_CHARS: Final = 200
_MAX_ITEMS: Final = 200
_MAX_OPTIONS: Final = 20
_MAX_FACTOR: Final = 1_000
_MAX_GRAMMAR_CHARS: Final = 1_000
_MAX_REPETITIONS: Final = 4
_REPETITION: Final = re.compile(r"[*+{]")
_MULTIPLYING: Final = re.compile(r"[{&~%]")  # in grammars: counts, regular expressions combined, nested languages
_MAX_EXPANSION: Final = 1_000
_WORD: Final = re.compile(r"[\w-]+")
_LONG_COUNT: Final = re.compile(r"\{\d*,?\d{3}")
_COMBINING: Final = frozenset({"patternProperties", "propertyNames", "$dynamicRef", "$recursiveRef", "x-guidance"})
_NEXT_TO_REF: Final = frozenset({"$ref", "description", "title", "default", "examples", "deprecated", "$defs"})


def is_simple(kind: str, text: str) -> bool:
    """Return whether a constraint needs no trial before it is compiled. ``kind`` is as in ``Constraint``."""
    if kind == JSON_SCHEMA:
        return _is_simple_schema(text)
    if len(text) > _MAX_GRAMMAR_CHARS or len(_REPETITION.findall(text)) > _MAX_REPETITIONS:
        return False
    if kind == "regex":
        return _LONG_COUNT.search(text) is None
    return _MULTIPLYING.search(text) is None and _expansion(text) <= _MAX_EXPANSION


def _expansion(grammar: str) -> int:
    """Return an upper bound of how often a rule stands in a grammar once names are replaced by their rules.

    llguidance replaces the names of rules without recursion: forty rules ``a: b b`` grow to 2**40 parts.
    """
    return math.prod(count - 1 for count in Counter(_WORD.findall(grammar)).values() if count > 1)


def _is_simple_schema(schema: str) -> bool:
    """Return whether a JSON schema, given as JSON text, is simple.

    Simple schemas have a few thousand parts at most. Nothing in them multiplies: no patterns that apply to the same
    text, no large counts in patterns, no combinations but of a few options.
    """
    if len(schema) > MAX_SIMPLE_CHARS:
        return False
    try:
        root = json.loads(schema)
    except (ValueError, RecursionError):
        return False
    waiting: list[tuple[Any, int]] = [(root, 0)]
    patterns = 0
    for value, depth in waiting:
        if isinstance(value, str):
            if len(value) > _MAX_TEXT_CHARS:
                return False
        elif isinstance(value, list):
            waiting += [(item, depth + 1) for item in value]
        elif isinstance(value, dict):
            if len(value) > _MAX_ITEMS or not _is_simple_object(value):
                return False
            patterns += "pattern" in value or "format" in value
            waiting += [(item, depth + 1) for item in (*value, *value.values())]
        if depth > _MAX_DEPTH or len(waiting) > _MAX_NODES or patterns > _MAX_PATTERNS:
            return False
    return True


def _is_simple_object(value: dict[str, Any]) -> bool:
    """Return whether the keywords of what may be a schema are simple."""
    if not _COMBINING.isdisjoint(value) or ("$ref" in value and not value.keys() <= _NEXT_TO_REF):
        return False
    if any(isinstance(value.get(key), list) and len(value[key]) > _MAX_OPTIONS for key in ("anyOf", "oneOf")):
        return False
    every, pattern, factor = value.get("allOf", ()), value.get("pattern", ""), value.get("multipleOf", 1)
    if isinstance(every, list) and len(every) > 1:
        return False
    if isinstance(pattern, str) and (len(pattern) > _MAX_PATTERN_CHARS or _LONG_COUNT.search(pattern)):
        return False
    return not isinstance(factor, float) and (not isinstance(factor, int) or abs(factor) <= _MAX_FACTOR)
