"""Grammars of the calls that a model has to make, in the form of its training. Pure.

The grammars are in llguidance's Lark dialect.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator, Sequence
from typing import Any, Final

from preheat.inference import JsonObject, ToolDefinition
from preheat.inference.worker.chat.dialects import CallForm, Dialect, Thinking

_SPACE: Final = "SPACE: / ?/\nSPACES: /[ \\n]{0,2}/\n"

Mark = Callable[[str], str]
"""Returns the Lark expression for a mark: its special token, or its text."""

JsonRule = Callable[[str], str]
"""Returns the Lark expression for a JSON schema."""


def calls_grammar(
    tools: Sequence[ToolDefinition], dialect: Dialect, *, parallel: bool, mark: Mark, rule: JsonRule
) -> str:
    """Return rules whose first, ``calls``, is one call of these tools, or several if ``parallel``."""
    head, between, tail = _FRAMES[dialect.form]
    more = "" if not parallel else f" ({_joined(between, mark)} call)*" if between else " call*"
    options = " | ".join(f"call_{at}" for at in range(len(tools)))
    optional = f"({mark('<|python_tag|>')})?" if dialect.form is CallForm.LLAMA else ""
    lines = [f"calls: {optional} {_joined(head, mark)} call{more} {_joined(tail, mark)}", f"call: {options}"]
    for at, tool in enumerate(tools):
        lines += _tool_rules(f"call_{at}", tool, dialect.form, mark, rule)
    return "\n".join(lines) + "\n" + _SPACE


def optional_thinking(thinking: Thinking, mark: Mark) -> str:
    """Return the rule ``thinking``, a block of thinking and the white space after it."""
    begin, end = mark(thinking.open), mark(thinking.close)
    lazy = "" if end.startswith("<") else "[lazy]"
    return f"thinking: thought /[ \\n]{{0,4}}/\nthought{lazy}: {begin} /(.|\\n)*/ {end}\n"


_FRAMES: Final[dict[CallForm, tuple[tuple[str, ...], tuple[str, ...], tuple[str, ...]]]] = {
    # what comes before the first call, between calls, and after the last one
    CallForm.HERMES: ((), ("\n",), ()),
    CallForm.XML: ((), ("\n",), ()),
    CallForm.FUNCTION: ((), (), ()),
    CallForm.LLAMA: ((), ("; ",), ()),
    CallForm.MISTRAL: (("[TOOL_CALLS]", "["), (", ",), ("]",)),
    CallForm.MISTRAL_ARGS: ((), (), ()),
    CallForm.GRANITE: (("<|tool_call|>", "["), (", ",), ("]",)),
    CallForm.DEEPSEEK: (("<｜tool▁calls▁begin｜>",), (), ("<｜tool▁calls▁end｜>",)),
    CallForm.DEEPSEEK_FENCED: (("<｜tool▁calls▁begin｜>",), ("\n",), ("<｜tool▁calls▁end｜>",)),
}


def _tool_rules(name: str, tool: ToolDefinition, form: CallForm, mark: Mark, rule: JsonRule) -> Iterator[str]:
    """Yield the rules for calls of one tool, the first of which has this name."""
    if form is CallForm.XML:
        yield from _xml_rules(name, tool, mark, rule)
        return
    before, after = _around(tool.name, form)
    arguments = f"{name}_arguments"
    if form in _NAMED_AS_JSON:
        key = "parameters" if form is CallForm.LLAMA else "arguments"
        parts = ('"name":', f"{json.dumps(tool.name, ensure_ascii=False)},", f'"{key}":')
        called = " SPACE ".join(('"{"', *map(_text, parts), arguments, '"}"'))
    else:
        called = arguments
    yield f"{name}: {_joined(before, mark)} {called} {_joined(after, mark)}"
    yield f"{arguments}: {rule(json.dumps(arguments_schema(tool)))}"


_NAMED_AS_JSON: Final = {CallForm.HERMES, CallForm.LLAMA, CallForm.MISTRAL, CallForm.GRANITE}


def _around(name: str, form: CallForm) -> tuple[tuple[str, ...], tuple[str, ...]]:
    """Return the marks and texts before and after a call's JSON."""
    match form:
        case CallForm.HERMES:
            return ("<tool_call>", "\n"), ("\n", "</tool_call>")
        case CallForm.MISTRAL_ARGS:
            return ("[TOOL_CALLS]", name, "[ARGS]"), ()
        case CallForm.FUNCTION:
            return (f"<function={name}>",), ("</function>",)
        case CallForm.DEEPSEEK:
            return ("<｜tool▁call▁begin｜>", name, "<｜tool▁sep｜>"), ("<｜tool▁call▁end｜>",)
        case CallForm.DEEPSEEK_FENCED:
            before = ("<｜tool▁call▁begin｜>", "function", "<｜tool▁sep｜>", f"{name}\n```json\n")
            return before, ("\n```", "<｜tool▁call▁end｜>")
        case _:
            return (), ()


def arguments_schema(tool: ToolDefinition) -> dict[str, Any]:
    """Return the schema of a tool's arguments: an object, without properties that the tool does not name."""
    return {"type": "object", **_closed(tool.parameters)}


_COMBINING: Final = {"$ref", "allOf", "anyOf", "oneOf", "if", "patternProperties", "unevaluatedProperties"}
_WITH_SCHEMAS: Final = ("properties", "$defs", "definitions")


def _closed(schema: JsonObject) -> JsonObject:
    """Return the schema without further properties wherever it lists properties and does not say otherwise."""
    result = dict(schema)
    for key in _WITH_SCHEMAS:
        if isinstance(schema.get(key), dict):
            result[key] = {
                name: _closed(each) if isinstance(each, dict) else each for name, each in schema[key].items()
            }
    if isinstance(schema.get("items"), dict):
        result["items"] = _closed(schema["items"])
    if isinstance(schema.get("properties"), dict) and not _COMBINING & schema.keys():
        result.setdefault("additionalProperties", False)
    return result


def _xml_rules(name: str, tool: ToolDefinition, mark: Mark, rule: JsonRule) -> Iterator[str]:
    """Yield the rules for ``<function=…><parameter=…>``: required parameters first, text where the schema wants it."""
    schema = arguments_schema(tool)
    properties = schema.get("properties")
    properties = properties if isinstance(properties, dict) else {}
    required = schema.get("required")
    wanted = [key for key in properties if isinstance(required, list) and key in required]
    keys = [*wanted, *(key for key in properties if key not in wanted)]
    parameters = " ".join(f"{name}_{at}{'' if key in wanted else '?'}" for at, key in enumerate(keys))
    opening = _joined(("<tool_call>", f"\n<function={tool.name}>\n"), mark)
    closing = _joined(("</function>\n", "</tool_call>"), mark)
    yield f"{name}: {opening} {parameters} {closing}"
    definitions: JsonObject = {key: schema[key] for key in ("$defs", "definitions") if key in schema}
    for at, key in enumerate(keys):
        each = properties[key]
        begin = _text(f"<parameter={key}>\n")
        yield f"{name}_{at}: {begin} {name}_{at}_value"
        end = "\n</parameter>\n"
        texts = _only_texts(each)
        if texts:
            yield f"{name}_{at}_value: ({' | '.join(map(_text, texts))}) {_text(end)}"
        elif isinstance(each, dict) and each.get("type") == "string":
            yield f"{name}_{at}_value[suffix={_text(end)}]: /(.|\\n)*/"
        else:
            schema = {**definitions, **each} if isinstance(each, dict) else each
            yield f"{name}_{at}_value: {rule(json.dumps(schema))} {_text(end)}"


def _only_texts(schema: Any) -> list[str]:
    """Return the texts that a schema lists; empty if it allows anything else."""
    if not isinstance(schema, dict):
        return []
    values = [schema["const"]] if "const" in schema else schema.get("enum")
    return values if isinstance(values, list) and all(isinstance(value, str) for value in values) else []


def _joined(texts: Sequence[str], mark: Mark) -> str:
    return " ".join(mark(text) for text in texts)


def _text(text: str) -> str:
    return json.dumps(text, ensure_ascii=False)
