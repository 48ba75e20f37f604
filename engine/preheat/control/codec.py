"""Values as public JSON and back, derived from their type hints.

Every field of a dataclass is carried under its own name. A reader skips keys it does not know and uses the default for
missing ones, so that a newer and an older Preheat understand each other. Field metadata changes the form:

    json   key in JSON, if it is not the field's name
    empty  True: an empty text is null in JSON
    flat   True: the keys of the nested value stand next to the other fields
    write  value -> JSON
    read   the whole JSON object -> value

A dataclass names computed properties that JSON also carries in ``JSON_PROPERTIES``. A ``Message`` is carried as its
English text, with code and parameters under ``<key>_message`` or the key that the metadata ``message`` names.
"""

from __future__ import annotations

import inspect
import sys
import types
from collections.abc import Callable, Mapping, Sequence
from dataclasses import MISSING, Field, fields, is_dataclass
from enum import Enum
from functools import cache
from operator import attrgetter
from pathlib import Path
from typing import Any, Literal, NamedTuple, TypeVar, Union, cast, get_args, get_origin

from preheat.messages import Message, message_from_json, message_json, render, verbatim

T = TypeVar("T")
F = TypeVar("F", bound=Callable[..., Any])

JsonObject = dict[str, Any]
Schemas = dict[str, JsonObject]
"""OpenAPI component schemas by class name."""

REF = "#/components/schemas/"


def _cached(function: F) -> F:
    return cast(F, cache(function))  # types are hashable, which mypy does not know of classes


def encode(value: Any) -> Any:
    """Return a value as JSON: dicts, lists, texts and numbers."""
    return codec_of(type(value)).write(value)


def decode(kind: type[T], content: Any) -> T:
    """Return the value of type ``kind`` that ``encode`` wrote.

    Raises:
        LookupError, TypeError, ValueError, AttributeError: The content has another form.
    """
    value: T = codec_of(kind).read(content)
    return value


class Codec(NamedTuple):
    """Writes and reads one type. ``schema`` adds the dataclasses it needs to the given component schemas."""

    write: Callable[[Any], Any]
    read: Callable[[Any], Any]
    schema: Callable[[Schemas], JsonObject]


@_cached
def codec_of(kind: Any) -> Codec:
    """Return the codec of a type hint.

    Raises:
        TypeError: Values of this type cannot be carried.
    """
    origin, arguments = get_origin(kind), get_args(kind)
    if kind in _PLAIN:
        return Codec(_same, _same, lambda _: dict(_PLAIN[kind]))
    if origin in (Union, types.UnionType):
        return _optional(arguments)
    if origin is Literal:
        return Codec(_same, _same, lambda _: {"enum": list(arguments)})
    if origin in (tuple, list, Sequence) and (origin is not tuple or arguments[1:] == (...,)):
        return _array(codec_of(arguments[0]), list if origin is list else tuple)
    if origin in (dict, Mapping):
        return _mapping(arguments[0], codec_of(arguments[1]))
    if is_dataclass(kind):
        assert isinstance(kind, type)
        form = _Form(kind)
        return Codec(form.write, form.read, form.schema)
    if isinstance(kind, type) and issubclass(kind, Enum):
        return Codec(attrgetter("value"), kind, lambda _: {"enum": [member.value for member in kind]})
    if isinstance(kind, type) and issubclass(kind, Path):
        return Codec(printable, Path, lambda _: {"type": "string"})
    raise TypeError(f"no codec for {kind}")


@_cached
def field_forms(kind: type) -> tuple[FieldForm, ...]:
    """Return how the fields of a dataclass are carried."""
    return tuple(FieldForm(kind, field) for field in fields(kind))


def printable(text: object) -> str:
    """Return a text or path without the surrogates that stand for bytes which are not UTF-8."""
    return str(text).encode("utf-8", "replace").decode()


_PLAIN: Mapping[Any, JsonObject] = {
    str: {"type": "string"},
    int: {"type": "integer"},
    float: {"type": "number"},
    bool: {"type": "boolean"},
    type(None): {"type": "null"},
    Any: {},
    object: {},
}


def _same(value: Any) -> Any:
    return value


def _optional(arguments: tuple[Any, ...]) -> Codec:
    others = [each for each in arguments if each is not type(None)]
    codecs = [codec_of(each) for each in others]

    def schema(schemas: Schemas) -> JsonObject:
        return {"anyOf": [*(codec.schema(schemas) for codec in codecs), {"type": "null"}][: len(arguments)]}

    if all(codec.write is _same for codec in codecs):
        return Codec(_same, _same, schema)
    if len(codecs) != 1:
        raise TypeError(f"no codec for a choice of {others}")
    write, read = codecs[0].write, codecs[0].read
    return Codec(
        lambda value: None if value is None else write(value),
        lambda content: None if content is None else read(content),
        schema,
    )


def _array(item: Codec, into: Callable[[Any], Any]) -> Codec:
    def schema(schemas: Schemas) -> JsonObject:
        return {"type": "array", "items": item.schema(schemas)}

    if item.write is _same:
        return Codec(list, into, schema)
    write, read = item.write, item.read
    return Codec(lambda values: [write(value) for value in values], lambda values: into(map(read, values)), schema)


def _mapping(key: Any, item: Codec) -> Codec:
    names = {member: member.name.lower() for member in key} if issubclass(key, Enum) else None
    members = {name: member for member, name in names.items()} if names else None

    def write(values: Mapping[Any, Any]) -> JsonObject:
        return {names[name] if names else name: item.write(value) for name, value in values.items()}

    def read(content: Mapping[str, Any]) -> dict[Any, Any]:
        return {members[name] if members else name: item.read(value) for name, value in content.items()}

    return Codec(write, read, lambda schemas: {"type": "object", "additionalProperties": item.schema(schemas)})


class _Form:
    """A dataclass's fields, prepared for speed: there may be a thousand models ten times a second."""

    def __init__(self, kind: type) -> None:
        self._kind = kind
        self._fields = field_forms(kind)
        names = [field.name for field in self._fields]
        values_of = attrgetter(*names) if names else lambda _: ()
        self._values_of = values_of if len(names) != 1 else lambda value: (values_of(value),)
        self._keys = tuple(field.key for field in self._fields)
        self._changed = tuple((field.key, field.write) for field in self._fields if field.write is not _same)
        self._messages = tuple((field.key, field.message) for field in self._fields if field.message)
        self._flat = tuple(field.key for field in self._fields if field.flat)
        self._properties: tuple[str, ...] = getattr(kind, "JSON_PROPERTIES", ())

    def write(self, value: Any) -> JsonObject:
        content: JsonObject = dict(zip(self._keys, self._values_of(value), strict=True))
        for key, write in self._changed:
            content[key] = write(content[key])
        for key, message_key in self._messages:
            message = content[key]
            content[key] = None if message is None else render(message).text
            content[message_key] = None if message is None else message_json(message)
        for key in self._flat:
            content = {**(content.pop(key) or {}), **content}
        for name in self._properties:
            content[name] = getattr(value, name)
        return content

    def read(self, content: Mapping[str, Any]) -> Any:
        return self._kind(
            **{
                field.name: field.read(content)
                for field in self._fields
                if field.needed or field.flat or field.key in content
            }
        )

    def schema(self, schemas: Schemas) -> JsonObject:
        name = self._kind.__name__
        if name not in schemas:
            schemas[name] = {}  # a type may contain itself
            properties: JsonObject = {}
            for field in self._fields:
                content = field.schema(schemas)
                if field.flat:
                    properties |= schemas[content["$ref"].removeprefix(REF)]["properties"] if "$ref" in content else {}
                else:
                    properties[field.key] = content
            for each in self._properties:
                hint = getattr(self._kind, each).fget.__annotations__["return"]
                properties[each] = codec_of(_evaluated(self._kind, hint)).schema(schemas)
            summary = (self._kind.__doc__ or "").partition("\n")[0]
            schemas[name] = {"type": "object", "description": summary, "properties": properties}
        return {"$ref": f"{REF}{name}"}


class FieldForm:
    """The JSON form of one field."""

    def __init__(self, kind: type, field: Field[Any]) -> None:
        self.name = field.name
        self.field = field
        self.key: str = field.metadata.get("json", field.name)
        self.flat = bool(field.metadata.get("flat"))
        self.needed = field.default is MISSING and field.default_factory is MISSING
        if "write" in field.metadata:
            codec = Codec(field.metadata["write"], _same, lambda _: {})
            self.message, self.hint = "", Any
        else:
            hint = _evaluated(kind, field.type, field.name)
            is_message = Message in (hint, *get_args(hint))
            self.message = field.metadata.get("message", f"{self.key}_message") if is_message else ""
            self.hint = hint
            codec = _MESSAGE if self.message else codec_of(hint)
        self.write = codec.write
        self.schema = codec.schema
        key, read, default = self.key, codec.read, field.default
        if field.metadata.get("empty"):
            self.write = _or_null
            read = _or_empty
        self.read: Callable[[Mapping[str, Any]], Any] = lambda content: read(content[key])
        if "read" in field.metadata:
            self.read = field.metadata["read"]
        elif self.message:
            message_key = self.message
            self.read = lambda content: _read_message(content.get(message_key), content.get(key))
        elif self.flat:
            self.read = (
                (lambda content: read(content)) if self.needed else (lambda content: _or(read, content, default))
            )


def _evaluated(kind: type, hint: Any, name: str = "") -> Any:
    """Return a type hint of a class; hints are texts, and only those of carried fields need to exist at run time."""
    if not isinstance(hint, str):
        return hint
    owner = next((base for base in kind.__mro__ if name in inspect.get_annotations(base)), kind)
    return eval(hint, vars(sys.modules[owner.__module__]))


def _or(read: Callable[[Any], Any], content: Any, default: Any) -> Any:
    try:
        return read(content)
    except LookupError:
        return default


def _or_null(text: str) -> str | None:
    return text or None


def _or_empty(text: str | None) -> str:
    return text or ""


def _read_message(content: Mapping[str, Any] | None, text: str | None) -> Message | None:
    if content is not None:
        return message_from_json(content)
    return None if text is None else verbatim(text)


_MESSAGE = Codec(_same, _same, lambda _: {"type": ["string", "null"]})
