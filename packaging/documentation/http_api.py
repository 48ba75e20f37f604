"""The control API, from the OpenAPI document."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from functools import cache
from typing import Any, Final

from documentation.field_notes import notes_of
from preheat.core import Engine
from preheat.server.app import create_app
from preheat.settings import Settings

_PREFIX: Final = "/preheat/v1/"
Schema = Mapping[str, Any]


def control_reference() -> str:
    """Return all endpoints of the control API, in Markdown."""
    paths = _document()["paths"]
    return "\n\n".join(
        "\n".join(_endpoint(method, path, operation))
        for path in sorted(paths)
        if path.startswith(_PREFIX)
        for method, operation in paths[path].items()
    )


def type_reference() -> str:
    """Return all types that the control API answers with, in Markdown."""
    schemas = _document()["components"]["schemas"]
    return "\n\n".join("\n".join(_type(name, schemas[name])) for name in sorted(_answered()))


@cache
def _document() -> Mapping[str, Any]:
    return create_app(Engine(Settings()), port=Settings().port).openapi()


def _answered() -> set[str]:
    """Return the names of the types in answers, and of those in their fields."""
    paths, schemas = _document()["paths"], _document()["components"]["schemas"]
    found: set[str] = set()
    waiting = [
        name
        for path, operations in paths.items()
        if path.startswith(_PREFIX)
        for operation in operations.values()
        for name in _references(operation["responses"])
    ]
    while waiting:
        name = waiting.pop()
        if name not in found:
            found.add(name)
            waiting += _references(schemas[name])
    return found


def _references(part: Any) -> Iterator[str]:
    if isinstance(part, Mapping):
        if "$ref" in part:
            yield part["$ref"].rpartition("/")[2]
        for value in part.values():
            yield from _references(value)
    elif isinstance(part, list):
        for value in part:
            yield from _references(value)


def _endpoint(method: str, path: str, operation: Schema) -> Iterator[str]:
    yield f"### `{method.upper()} {path}`\n"
    yield _text(f"{operation['summary']} {operation.get('description', '')}")
    yield f"\nClass: *{operation['x-preheat-risk']}*. Answers with {_answer(operation['responses'])}."
    rows = [
        (f"`{each['name']}`", each["in"], _kind(each["schema"]), _default(each["schema"], each.get("required", False)))
        for each in operation.get("parameters", ())
    ]
    body = operation.get("requestBody", {}).get("content", {}).get("application/json", {}).get("schema", {})
    required = body.get("required", ())
    rows += [
        (f"`{name}`", "body", _kind(schema), _default(schema, name in required))
        for name, schema in body.get("properties", {}).items()
    ]
    if body and not body.get("properties"):
        rows.append(("", "body", _kind(body), "required"))
    if rows:
        yield "\n| parameter | in | type | default |\n| --- | --- | --- | --- |"
        yield from (f"| {' | '.join(row)} |" for row in rows)
    errors = [
        f"`{code}` ({status})"
        for status, answer in sorted(operation["responses"].items())
        if int(status) >= 400
        for code in answer["description"].split(", ")
    ]
    yield f"\nErrors: {', '.join(errors)}."


def _answer(answers: Schema) -> str:
    kinds = []
    for status, answer in sorted(answers.items()):
        if int(status) < 400:
            contents: Schema = answer.get("content", {})
            schemas = [_kind(content.get("schema", {})) for content in contents.values()]
            kinds.append(", ".join([status, *schemas]) + ("" if status == "200" else f" ({answer['description']})"))
    return ", or ".join(kinds)


def _type(name: str, schema: Schema) -> Iterator[str]:
    yield f"### {name}\n"
    if description := schema.get("description"):
        yield _text(description)
    if properties := schema.get("properties"):
        notes = notes_of(name, properties)
        yield "\n| field | type | meaning |\n| --- | --- | --- |"
        for field, kind in properties.items():
            meaning = _text(notes.get(field, "")).replace("None", "`null`").replace("|", "&#124;")
            yield f"| `{field}` | {_kind(kind)} | {meaning} |"


def _kind(schema: Schema) -> str:
    if "$ref" in schema:
        name = schema["$ref"].rpartition("/")[2]
        return f"[{name}](#{name.lower()})"
    if "enum" in schema:
        return ", ".join(f"`{choice}`" for choice in schema["enum"])
    if choices := schema.get("anyOf") or schema.get("oneOf"):
        return " or ".join(map(_kind, choices))
    kind = schema.get("type", "any value")
    if isinstance(kind, list):
        return " or ".join(kind)
    if kind == "array":
        return f"list of {_kind(schema.get('items', {}))}"
    if kind == "object" and isinstance(values := schema.get("additionalProperties"), Mapping):
        return f"object of {_kind(values)}" if values else "object"
    return str(kind)


def _default(schema: Schema, required: bool) -> str:
    if required:
        return "required"
    return f"`{json.dumps(schema['default'])}`" if schema.get("default") is not None else ""


def _text(text: str) -> str:
    return " ".join(text.split()).replace("``", "`")
