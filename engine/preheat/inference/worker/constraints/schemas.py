"""JSON schemas as llguidance takes them. Pure functions.

llguidance implements most of JSON Schema 2020-12 and refuses what it cannot keep. Here, references become references to
plain definitions, older drafts and harmless keywords are rewritten, annotations are dropped, and what cannot be kept is
refused with its place. Rewriting only narrows: whatever follows the result also follows the schema.

An object with ``properties`` gets no others unless the schema says so by ``additionalProperties``, as in llama.cpp's
converter: models would go on inventing them.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from enum import IntEnum
from itertools import permutations
from typing import Any, Final

from preheat.inference.worker.constraints.bounds import exact_values, lower_bound, upper_bound
from preheat.inference.worker.constraints.overlap import (
    ALL_TYPES,
    ObjectNames,
    OverlapCheck,
    distinct_texts,
    inferred_type,
    is_combined,
    object_names,
)
from preheat.inference.worker.constraints.patterns import (
    KNOWN_FORMATS,
    STRICT_FORMATS,
    PatternError,
    usable_pattern,
)
from preheat.inference.worker.constraints.references import (
    ROOT,
    SchemaDocument,
    SchemaError,
    below,
)
from preheat.inference.worker.constraints.shapes import check_keywords, well_formed
from preheat.inference.worker.constraints.unsupported import HAS_EFFECT, unsupported

OPTIONS: Final = {
    "whitespace_flexible": False,
    "item_separator": ", ?",
    "key_separator": ": ?",
    "json_allow_general_unicode_escapes": True,
}
"""llguidance's options: compact JSON, with at most one space after a comma or colon, as most models write it."""

MAX_SUBSCHEMAS: Final = 20_000
MAX_PROPERTIES: Final = 2_000
"""Most properties of one object: the time to compile them grows with the square."""

MAX_LEVELS: Final = 4_000
"""Largest sum of the definitions' depths; llguidance needs 8 KiB of stack a level."""

_INLINE_LEVELS: Final = 16
"""Deeper parts become definitions: llguidance's JSON parser takes 128 levels."""

_COPIED: Final = frozenset(
    {"type", "minItems", "maxItems", "minLength", "maxLength", "required", "multipleOf"}
    | {"minProperties", "maxProperties"}
)

_NUMBERS: Final[dict[str, Callable[[Any, str], Any]]] = {
    "const": exact_values,
    "enum": exact_values,
    "minimum": lower_bound,
    "exclusiveMinimum": lower_bound,
    "maximum": upper_bound,
    "exclusiveMaximum": upper_bound,
}

Schema = dict[str, Any]


def prepared(document: SchemaDocument, place: str = ROOT, *, lenient: bool = False) -> Schema:
    """Return a JSON schema, or the part of it at ``place``, in the form that llguidance compiles.

    Args:
        lenient: Leave out what cannot be kept instead of refusing it.

    Raises:
        SchemaError: It cannot be used.
    """
    return _Preparation(document, lenient).run(place)


def places(document: SchemaDocument, place: str) -> Iterator[str]:
    """Yield the places of the schemas that the one at ``place`` directly consists of."""
    schema = document.at(place)
    if not isinstance(schema, dict):
        return
    for keyword, value in schema.items():
        if keyword in ("properties", "patternProperties") and isinstance(value, dict):
            yield from (below(place, keyword, name) for name in value)
        elif keyword in ("allOf", "anyOf", "oneOf", "prefixItems", "items") and isinstance(value, list):
            yield from (below(place, keyword, at) for at in range(len(value)))
        elif keyword in ("items", "additionalItems", "additionalProperties"):
            yield below(place, keyword)
        elif keyword == "$ref" and isinstance(value, str):
            yield document.target(place)


class _Openness(IntEnum):
    """Whether a schema's object may have properties that the schema does not name."""

    CLOSED = 0  # no, unless it says so
    OPEN = 1  # yes: other parts of the schema name them
    DEEP = 2  # as OPEN, and the same for the objects inside: other parts describe them, too


@dataclass(slots=True)
class _Node:
    """A schema in preparation."""

    place: str
    value: Schema
    openness: _Openness
    level: int
    out: Schema = field(default_factory=dict)
    never: bool = False  # nothing follows it

    @property
    def combined(self) -> bool:
        return is_combined(self.value)


class _Preparation:
    def __init__(self, document: SchemaDocument, lenient: bool) -> None:
        self._document = document
        self._lenient = lenient
        self._definitions: Schema = {}
        self._names: dict[tuple[str, _Openness], str] = {}
        self._waiting: deque[tuple[str, str, _Openness]] = deque()  # definitions to prepare
        self._subschemas = 0
        self._deepest = 0
        self._overlap = OverlapCheck(document)
        self._object_names: dict[str, ObjectNames] = {}
        self._handlers: dict[str, Callable[[_Node, str], None]] = {
            "$ref": self._ref,
            "allOf": self._all_of,
            "anyOf": self._any_of,
            "oneOf": self._one_of,
            "not": self._not,
            "properties": self._properties,
            "patternProperties": self._pattern_properties,
            "additionalProperties": self._additional_properties,
            "unevaluatedProperties": self._unevaluated_properties,
            "propertyNames": self._property_names,
            "items": self._items,
            "prefixItems": self._prefix_items,
            "unevaluatedItems": self._unevaluated_items,
            "pattern": self._pattern,
            "format": self._format,
        }
        self._meaningful = _COPIED | _NUMBERS.keys() | self._handlers.keys() | HAS_EFFECT.keys()

    def run(self, place: str) -> Schema:
        root = self._schema(place, _Openness.CLOSED, 0)
        if root is False:
            raise SchemaError(f"{place}: nothing follows it")
        levels = self._deepest
        while self._waiting:
            name, target, openness = self._waiting.popleft()
            self._deepest = 0
            self._definitions[name] = self._schema(target, openness, 0)
            levels += self._deepest + 1
            if levels > MAX_LEVELS:
                raise SchemaError(f"it has more than {MAX_LEVELS} levels")
        return {**root, "$defs": self._definitions, "x-guidance": OPTIONS}

    def _schema(self, place: str, openness: _Openness, level: int) -> Any:
        value = self._document.at(place)
        if isinstance(value, bool):
            return {} if value else False
        if not isinstance(value, dict):
            raise SchemaError(f"{place}: a schema is an object or a boolean")
        if self._lenient:
            value = well_formed(value)
        else:
            check_keywords(place, value)
        if level > _INLINE_LEVELS:
            return self._reference(place, openness)
        self._subschemas += 1
        if self._subschemas > MAX_SUBSCHEMAS:
            raise SchemaError(f"it consists of more than {MAX_SUBSCHEMAS} schemas")
        self._deepest = max(self._deepest, level)
        node = _Node(place, self._own_keywords(place, value), openness, level)
        for keyword in unsupported(node.value):
            self._refuse(node, keyword)
        for keyword in sorted(node.value, key="propertyNames".__eq__):  # it replaces what others say about properties
            if keyword in _COPIED:
                node.out[keyword] = self._copied(node, keyword)
            elif keyword in _NUMBERS:
                node.out[keyword] = _NUMBERS[keyword](node.value[keyword], below(place, keyword))
            elif keyword in self._handlers:
                self._handlers[keyword](node, keyword)
        self._forbid_missing(node)
        self._close(node)
        if node.never:
            return False
        kind = inferred_type(node.value)
        return node.out if kind is None or "type" in node.value else {"type": kind, **node.out}

    def _copied(self, node: _Node, keyword: str) -> Any:
        value = node.value[keyword]
        if keyword == "required" and len(value) > MAX_PROPERTIES:
            raise SchemaError(f"{below(node.place, keyword)}: an object has at most {MAX_PROPERTIES} properties")
        return value

    def _own_keywords(self, place: str, value: Schema) -> Schema:
        """Return a schema without the keywords next to ``$ref`` that have no effect."""
        if "$ref" not in value:
            return value
        if self._document.ignores_siblings:
            return {"$ref": value["$ref"]}
        target = self._document.at(self._document.target(place))
        # llguidance takes no recursive reference with other keywords.
        repeated = set(target if isinstance(target, dict) else ()) - {"$ref"}
        return {key: given for key, given in value.items() if key not in repeated or given != target[key]}

    def _meaning(self, value: Any) -> Schema:
        """Return a schema without its annotations."""
        given = value if isinstance(value, dict) else {}
        return {key: given[key] for key in given if key in self._meaningful}

    def _child(self, node: _Node, *parts: str | int, openness: _Openness | None = None) -> Any:
        if openness is None:
            openness = _Openness.DEEP if node.openness is _Openness.DEEP else _Openness.CLOSED
        return self._schema(below(node.place, *parts), openness, node.level + 1)

    def _refuse(self, node: _Node, keyword: str) -> None:
        if not self._lenient:
            raise SchemaError(f"{node.place}: {keyword} is not supported")

    # Combinations

    def _reference(self, place: str, openness: _Openness) -> Schema:
        """Return a reference to a definition, which is prepared later."""
        passed = {place}
        while True:
            value = self._document.at(place)
            if self._meaning(value).keys() != {"$ref"}:
                break
            place = self._document.target(place)
            if place in passed:
                raise SchemaError(f"{place}: it refers only to itself")
            passed.add(place)
        if (place, openness) not in self._names:
            self._names[place, openness] = f"d{len(self._names)}"
            self._waiting.append((self._names[place, openness], place, openness))
        name = self._names[place, openness]
        return {"$ref": f"#/$defs/{name}"}

    def _part_openness(self, node: _Node) -> _Openness:
        """Return the openness of the parts of a combination."""
        if not node.combined:
            return node.openness
        counts = object_names(self._document, node.place, self._object_names).counts
        repeated = node.openness is _Openness.DEEP or any(count > 1 for count in counts.values())
        return _Openness.DEEP if repeated else _Openness.OPEN

    def _ref(self, node: _Node, keyword: str) -> None:
        target = self._document.target(node.place)
        node.out["$ref"] = self._reference(target, self._part_openness(node))["$ref"]

    def _options(self, node: _Node, keyword: str) -> range:
        return range(len(node.value[keyword]))

    def _all_of(self, node: _Node, keyword: str) -> None:
        openness = self._part_openness(node)
        parts = [self._child(node, keyword, at, openness=openness) for at in self._options(node, keyword)]
        node.out.setdefault("allOf", []).extend(parts)

    def _any_of(self, node: _Node, keyword: str) -> None:
        openness = self._part_openness(node)
        options = []
        failures: list[_PatternSchemaError] = []
        for at in self._options(node, keyword):
            try:
                options.append(self._child(node, keyword, at, openness=openness))
            except _PatternSchemaError as error:  # the other options are enough
                failures.append(error)
        if failures and not options:
            raise failures[0]
        if "anyOf" in node.out:
            node.out.setdefault("allOf", []).append({"anyOf": options})
        else:
            node.out["anyOf"] = options

    def _one_of(self, node: _Node, keyword: str) -> None:
        closed = node.openness is _Openness.CLOSED and not node.combined
        options = self._options(node, keyword)
        if not self._lenient and not distinct_texts(
            self._document, [below(node.place, keyword, option) for option in options]
        ):
            for one, other in permutations(options, 2):
                places = below(node.place, keyword, one), below(node.place, keyword, other)
                if not self._overlap.disjoint(*places, closed=closed):
                    raise SchemaError(
                        f"{below(node.place, keyword)}: options {one} and {other} may both match, which oneOf forbids; "
                        "use anyOf, or a property with a different const in each"
                    )
        self._any_of(node, keyword)

    def _not(self, node: _Node, keyword: str) -> None:
        value = node.value[keyword]
        if value is False:
            return
        meaning = self._meaning(value)
        if not meaning:
            node.never = True
            return
        kinds = meaning.pop("type", None)
        names = kinds if isinstance(kinds, list) else [] if kinds is None else [kinds]
        excluded = {name for name in names if isinstance(name, str)}
        unknown = len(excluded) < len(set(map(str, names))) or not excluded <= ALL_TYPES
        if meaning or unknown or excluded & {"integer", "number"} == {"integer"}:
            self._refuse(node, keyword)
            return
        rest = ALL_TYPES - excluded - {"integer"}  # "number" includes it
        node.out.setdefault("allOf", []).append({"type": sorted(rest)})

    # Objects

    def _properties(self, node: _Node, keyword: str) -> None:
        node.out["properties"] = {name: self._child(node, keyword, name) for name in self._map(node, keyword)}

    def _map(self, node: _Node, keyword: str) -> Schema:
        value: Schema = node.value[keyword]
        if len(value) > MAX_PROPERTIES:
            raise SchemaError(f"{below(node.place, keyword)}: an object has at most {MAX_PROPERTIES} properties")
        exact_values(list(value), below(node.place, keyword))
        return value

    def _pattern_properties(self, node: _Node, keyword: str) -> None:
        node.out[keyword] = {
            self._usable(node, pattern): self._child(node, keyword, pattern) for pattern in self._map(node, keyword)
        }

    def _additional_properties(self, node: _Node, keyword: str) -> None:
        node.out[keyword] = self._child(node, keyword)

    def _unevaluated_properties(self, node: _Node, keyword: str) -> None:
        if isinstance(node.value[keyword], bool) or "additionalProperties" in node.value:
            return  # see _close
        if node.combined:
            self._refuse(node, keyword)
        else:
            node.out["additionalProperties"] = self._child(node, keyword)

    def _property_names(self, node: _Node, keyword: str) -> None:
        place = below(node.place, keyword)
        passed = {place}
        while isinstance(names := self._document.at(place), dict) and "$ref" in names:
            place = self._document.target(place)
            if place in passed:
                raise SchemaError(f"{place}: it refers only to itself")
            passed.add(place)
        if isinstance(names, dict):
            check_keywords(place, names)
        meaning = self._meaning(names)
        if meaning.pop("type", "string") != "string" or names is False:
            self._refuse(node, keyword)
        if not meaning:
            return
        rest = self._child(node, "additionalProperties") if "additionalProperties" in node.value else {}
        values = meaning.get("enum", [meaning.get("const")])
        if meaning.keys() <= {"enum", "const"} and all(isinstance(value, str) for value in values):
            own = self._map(node, "properties") if "properties" in node.value else {}
            named = {name: self._child(node, "properties", name) if name in own else rest for name in values}
            node.out |= {"properties": named, "additionalProperties": False}
        elif meaning.keys() == {"pattern"} and "properties" not in node.value and "patternProperties" not in node.value:
            pattern = self._usable(node, meaning["pattern"])
            node.out |= {"patternProperties": {pattern: rest}, "additionalProperties": False}
        else:
            self._refuse(node, keyword)

    def _forbid_missing(self, node: _Node) -> None:
        """Note that nothing follows a schema that requires a property and forbids it; llguidance would write it."""
        value, required = node.value, node.value.get("required")
        if value.get("additionalProperties") is not False or required is None:
            return
        if "patternProperties" in value or "propertyNames" in value:
            return
        named = value.get("properties", {})
        possible = [name for name in required if name in named]
        if len(possible) == len(required):
            return
        if self._lenient:
            node.out["required"] = possible
        elif value.get("type", "object") == "object":
            node.never = True
        else:
            self._refuse(node, "required")

    def _close(self, node: _Node) -> None:
        """Forbid properties that the schema does not name."""
        forced = node.value.get("unevaluatedProperties") is False and "additionalProperties" not in node.value
        if (node.openness is not _Openness.CLOSED and not forced) or not (node.combined or "properties" in node.value):
            return
        names = object_names(self._document, node.place, self._object_names)
        if not forced and (names.says_more or not names.described):
            return
        # A required name alone is described by nothing: it stays possible, unless the schema forbids such properties.
        counts = {name: count for name, count in names.counts.items() if count or not forced}
        if not node.combined:
            properties = node.out.setdefault("properties", {})
            node.out["additionalProperties"] = False
            for name in counts:
                properties.setdefault(name, {})
        else:
            closing = {"properties": {name: {} for name in counts}, "additionalProperties": False}
            if node.value.get("type") == "object":
                closing["type"] = "object"
            node.out.setdefault("allOf", []).append(closing)

    # Arrays

    def _items(self, node: _Node, keyword: str) -> None:
        if not isinstance(node.value[keyword], list):
            node.out["items"] = self._child(node, keyword)
            return
        node.out["prefixItems"] = [self._child(node, keyword, at) for at in self._options(node, keyword)]
        if "additionalItems" in node.value:
            node.out["items"] = self._child(node, "additionalItems")

    def _prefix_items(self, node: _Node, keyword: str) -> None:
        node.out[keyword] = [self._child(node, keyword, at) for at in self._options(node, keyword)]

    def _unevaluated_items(self, node: _Node, keyword: str) -> None:
        if node.value[keyword] is True or "items" in node.value:
            return
        if any(key in node.value for key in ("$ref", "allOf", "anyOf", "oneOf")):
            self._refuse(node, keyword)
        else:
            node.out["items"] = self._child(node, keyword)

    # Texts

    def _usable(self, node: _Node, pattern: Any) -> str:
        try:
            return usable_pattern(pattern)
        except PatternError as error:
            raise _PatternSchemaError(f"{node.place}: {error}") from error

    def _pattern(self, node: _Node, keyword: str) -> None:
        try:
            self._match(node, self._usable(node, node.value[keyword]))
        except _PatternSchemaError:
            if not self._lenient:
                raise

    def _format(self, node: _Node, keyword: str) -> None:
        name = node.value[keyword]
        if name in STRICT_FORMATS:
            self._match(node, STRICT_FORMATS[name])
        elif name in KNOWN_FORMATS:
            node.out[keyword] = name

    def _match(self, node: _Node, pattern: str) -> None:
        if "pattern" in node.out:
            node.out.setdefault("allOf", []).append({"pattern": pattern})
        else:
            node.out["pattern"] = pattern


class _PatternSchemaError(SchemaError):
    """A pattern that cannot be kept; as one of several options it can be left out."""
