"""JSON values for templates: they print as JSON.

Templates print arguments, schemas and results with ``{{ value }}``, ``~`` or ``| string``, which for Python's own
objects is Python's notation: ``{'a': True}``. Models were trained on JSON.
"""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any


class JsonMapping(dict[str, Any]):
    """A mapping that prints as JSON."""

    __slots__ = ()

    def __str__(self) -> str:
        return to_json(self)

    __repr__ = __str__


class JsonList(list[Any]):
    """A list that prints as JSON."""

    __slots__ = ()

    def __str__(self) -> str:
        return to_json(self)

    __repr__ = __str__


class JsonBool(int):
    """``true`` or ``false``: Python's ``bool`` allows no subclass."""

    __slots__ = ()

    def __str__(self) -> str:
        return "true" if self else "false"

    __repr__ = __str__


class JsonNull:
    """``null``: equal to None, and false."""

    __slots__ = ()

    def __str__(self) -> str:
        return "null"

    __repr__ = __str__

    def __bool__(self) -> bool:
        return False

    def __eq__(self, other: object) -> bool:
        return other is None or isinstance(other, JsonNull)

    def __hash__(self) -> int:
        return hash(None)


TESTS: dict[str, Callable[[Any], bool]] = {
    "none": lambda value: value is None or isinstance(value, JsonNull),
    "boolean": lambda value: isinstance(value, bool | JsonBool),
    "true": lambda value: value is True or (isinstance(value, JsonBool) and bool(value)),
    "false": lambda value: value is False or (isinstance(value, JsonBool) and not value),
    "integer": lambda value: isinstance(value, int) and not isinstance(value, bool | JsonBool),
}
"""Jinja's tests that compare with Python's constants, for both kinds of values."""


def wrap(value: Any) -> Any:
    """Return a JSON value as one that prints as JSON."""
    match value:
        case bool():
            return JsonBool(value)
        case None:
            return JsonNull()
        case dict():
            return JsonMapping((str(key), wrap(item)) for key, item in value.items())
        case list() | tuple():
            return JsonList(map(wrap, value))
    return value


def to_json(value: Any, **options: Any) -> str:
    """Return ``value`` as JSON; ``options`` are those of ``json.dumps``."""
    return json.dumps(_plain(value), ensure_ascii=options.pop("ensure_ascii", False), **options)


def tojson(
    value: Any,
    ensure_ascii: bool = False,
    indent: int | str | None = None,
    separators: tuple[str, str] | None = None,
    sort_keys: bool = False,
) -> str:
    """Hugging Face's ``tojson`` filter: unlike Jinja's own it escapes nothing for HTML."""
    return to_json(value, ensure_ascii=ensure_ascii, indent=indent, separators=separators, sort_keys=sort_keys)


def printed(value: Any) -> Any:
    """Return what ``{{ value }}`` prints: a container that the template has built is JSON, and None is nothing."""
    if value is None:
        return ""
    return to_json(value) if type(value) in (dict, list, tuple) else value


def _plain(value: Any) -> Any:
    match value:
        case JsonBool():
            return bool(value)
        case JsonNull():
            return None
        case dict():
            return {key: _plain(item) for key, item in value.items()}
        case list() | tuple():
            return list(map(_plain, value))
    return value
