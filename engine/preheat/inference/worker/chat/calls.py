"""The text of tool calls to names and arguments. Pure."""

from __future__ import annotations

import ast
import json
import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Any, Final, NamedTuple

from preheat.inference import JsonObject, ToolDefinition


class Call(NamedTuple):
    """A call; ``arguments`` is a JSON object."""

    name: str
    arguments: str


_NAME: Final = r"[\w.\-/]++"
_NAME_KEYS: Final = ("name", "function", "tool_name", "tool")
_ARGUMENT_KEYS: Final = ("arguments", "parameters", "args", "input")
_OTHER_KEYS: Final = frozenset({"type", "id", "tool_call_id", "call_id"})
_MAX_LITERAL: Final = 1 << 14
"""Longest Python code to parse, in characters: it takes up to 50 ms."""

# The patterns below are possessive (``*+``): with backtracking, a thousand spaces in an answer take seconds.
_AFTER_NAME: Final = (
    r"(?::\d++)?+\s*+(?:\[CALL_ID\]\w++\s*+)?+"
    r"(?:\"?>|\[ARGS\]|<｜tool▁sep｜>|<\|tool_call_argument_begin\|>"
    r"|(?:<\|channel\|>\w++\s*+)?+(?:<\|constrain\|>)?+\s*+(?:json)?+\s*+<\|message\|>)?+\s*+"
)
NAMED: Final = re.compile(
    rf"\s*+(?:function<｜tool▁sep｜>)?+(?:functions\.)?({_NAME}){_AFTER_NAME}(?:```(?:json)?+\s*+)?+(?=\{{)"
)
"""The name before a JSON object of arguments: ``name[ARGS]{…}``, ``name>{…}``, ``name<｜tool▁sep｜>{…}`` and others."""

JSON_HEAD: Final = re.compile(
    rf"""\s*+\{{\s*+(?:"type"\s*+:\s*+"function"\s*+,\s*+)?+"name"\s*+:\s*+"({_NAME})"\s*+,\s*+"""
    r""""(?:arguments|parameters)"\s*+:\s*+"""
    r"(?=\{)"
)
"""A call as JSON up to its object of arguments."""

_FUNCTION: Final = re.compile(
    rf"""<(?:function|invoke)(?:=|\s+name=)["']?({_NAME})["']?+\s*+>(.*?)(?=</(?:function|invoke)>|<function[=\s]|<invoke\s|\Z)""",
    re.S,
)
_PARAMETER: Final = re.compile(
    r"""<param(?:eter)?(?:=|\s+name=)["']?([^<>"']++)["']?+\s*+>(.*?)"""
    r"""(?:</param(?:eter)?>|(?=<param(?:eter)?[=\s])|\Z)""",
    re.S,
)
_GLM: Final = re.compile(rf"\s*+({_NAME})\s*+(?=<arg_key>|\Z)(.*)", re.S)
_GLM_ARGUMENT: Final = re.compile(
    r"<arg_key>([^<]*+(?:<(?!/?arg_key>)[^<]*+)*+)</arg_key>\s*+<arg_value>(.*?)(?:</arg_value>|\Z)", re.S
)
_FENCE: Final = re.compile(r"```\w*+")


def parse_json(text: str) -> Any:
    """Parse JSON that may have control characters in its strings; raises ValueError, RecursionError."""
    return json.loads(text, strict=False, parse_constant=_refuse_constant)


def _refuse_constant(name: str) -> None:
    raise ValueError(f"{name} is not JSON")


def json_call(text: str, tools: Mapping[str, ToolDefinition], name: str | None = None) -> Call | None:
    """Return the call that a JSON object, or a Python one, stands for; None if it is none.

    Args:
        text: ``{"name": …, "arguments": {…}}`` with one of several names for each, or the arguments of ``name``.
        tools: The request's tools, by name.
        name: The function's name, if it comes before the object.
    """
    try:
        value = parse_json(text)
    except (ValueError, RecursionError):
        value = _literal(text)
    if name is not None:
        return _call(name, value)
    return value_call(value, tools)


def value_call(value: Any, tools: Mapping[str, ToolDefinition]) -> Call | None:
    """Return the call that a JSON value stands for; None if it is none."""
    if not isinstance(value, dict):
        return None
    if isinstance(value.get("function"), dict):  # OpenAI's form
        value = value["function"]
    name_key = next((key for key in _NAME_KEYS if isinstance(value.get(key), str) and value[key]), None)
    if name_key is None:
        only = next(iter(value), "")
        return _call(only, value[only]) if len(value) == 1 and only in tools else None  # Apertus: {"name": {…}}
    name: str = value[name_key]
    argument_key = next((key for key in _ARGUMENT_KEYS if key in value), None)
    if argument_key is not None:
        return _call(name, value[argument_key])
    others = {key: each for key, each in value.items() if key != name_key and key not in _OTHER_KEYS}
    known = tools[name].parameters.get("properties") if name in tools else None
    if not others or (isinstance(known, dict) and others.keys() <= known.keys()):
        return _call(name, others)
    return None


def _call(name: str, arguments: Any) -> Call | None:
    if isinstance(arguments, str):  # some models quote the object again
        try:
            arguments = parse_json(arguments) if arguments.strip() else {}
        except (ValueError, RecursionError):
            return None
    if arguments is None:
        arguments = {}
    if not isinstance(arguments, dict):
        return None
    try:
        return Call(name.removeprefix("functions."), json.dumps(arguments, ensure_ascii=False, allow_nan=False))
    except (TypeError, ValueError, RecursionError):  # a Python literal that is not JSON
        return None


def block_calls(text: str, tools: Mapping[str, ToolDefinition]) -> list[Call]:
    """Return the calls of a block that is not plain JSON; empty if it is malformed."""
    stripped = text.strip()
    fence = _FENCE.match(stripped)
    if fence is not None:
        text = stripped[fence.end() :].removesuffix("```").strip()
    readers: Sequence[Callable[[str, Mapping[str, ToolDefinition]], list[Call]]] = (
        _xml_calls,
        _glm_calls,
        _json_calls,
        _python_calls,
    )
    return next((calls for read in readers if (calls := read(text, tools))), [])


def _xml_calls(text: str, tools: Mapping[str, ToolDefinition]) -> list[Call]:
    """``<function=name><parameter=key>value</parameter></function>``, and the like."""
    calls = []
    for name, body in _FUNCTION.findall(text):
        values = _PARAMETER.findall(body)
        if values or not body.strip():
            calls.append(_tagged_call(name, values, tools))
        else:
            calls.append(json_call(body, tools, name))
    return [call for call in calls if call is not None]


def _glm_calls(text: str, tools: Mapping[str, ToolDefinition]) -> list[Call]:
    """``name<arg_key>key</arg_key><arg_value>value</arg_value>``."""
    match = _GLM.fullmatch(text)
    if match is None or ("<arg_key>" not in text and match[1] not in tools):
        return []
    call = _tagged_call(match[1], _GLM_ARGUMENT.findall(match[2]), tools)
    return [call] if call is not None else []


def _tagged_call(name: str, values: Sequence[tuple[str, str]], tools: Mapping[str, ToolDefinition]) -> Call | None:
    properties = tools[name].parameters.get("properties") if name in tools else None
    schemas: JsonObject = properties if isinstance(properties, dict) else {}
    return _call(name, {key.strip(): _typed(value, schemas.get(key.strip())) for key, value in values})


def _typed(text: str, schema: Any) -> Any:
    """Return a parameter's value: text where the schema wants text, else JSON if it is that."""
    text = text.removeprefix("\n").removesuffix("\n")
    kind = schema.get("type") if isinstance(schema, dict) else None
    if kind == "string":
        return text
    try:
        value = parse_json(text)
    except (ValueError, RecursionError):
        lower = text.strip().lower()
        return lower == "true" if kind == "boolean" and lower in ("true", "false") else text
    listed = schema.get("enum") if isinstance(schema, dict) else None
    is_quoted = isinstance(listed, list) and value in listed
    return text if kind is None and isinstance(value, str) and not is_quoted else value


def _json_calls(text: str, tools: Mapping[str, ToolDefinition]) -> list[Call]:
    """A list of objects, with Python's notation too, or JSON after a name."""
    match = NAMED.match(text)
    if match is not None:
        call = json_call(text[match.end() :].rstrip("` \n"), tools, match[1])
        return [call] if call is not None else []
    try:
        value = parse_json(text)
    except (ValueError, RecursionError):
        value = _literal(text)
    calls = [value_call(each, tools) for each in (value if isinstance(value, list) else [value])]
    return [call for call in calls if call is not None] if None not in calls else []


def _literal(text: str) -> Any:
    if len(text) > _MAX_LITERAL:
        return None
    try:
        return ast.literal_eval(text.strip())
    except (ValueError, SyntaxError, TypeError, RecursionError, MemoryError):
        return None


def _python_calls(text: str, tools: Mapping[str, ToolDefinition]) -> list[Call]:
    """``[f(a=1), g()]``, one call a line, or code for a tool that runs it."""
    if len(text) <= _MAX_LITERAL:
        try:
            body = ast.parse(text.strip()).body
            return list(_calls_of(body, tools))
        except (ValueError, SyntaxError, TypeError, RecursionError, MemoryError):
            pass
    runner = next((name for name in ("python", "code_interpreter", "ipython") if name in tools), None)
    return [Call(runner, json.dumps({"code": text}, ensure_ascii=False))] if runner is not None else []


def _calls_of(body: Sequence[ast.stmt], tools: Mapping[str, ToolDefinition]) -> Iterator[Call]:
    """Yield the calls; raises ValueError if there is anything else."""
    for statement in body:
        if not isinstance(statement, ast.Expr):
            raise ValueError("not a call")
        value = statement.value
        for node in value.elts if isinstance(value, ast.List | ast.Tuple) else [value]:
            if isinstance(node, ast.Call) and ast.unparse(node.func) == "print" and len(node.args) == 1:
                node = node.args[0]  # Gemma: print(f(a=1))
            if not isinstance(node, ast.Call):
                raise ValueError("not a call")
            yield _python_call(node, tools)


def _python_call(node: ast.Call, tools: Mapping[str, ToolDefinition]) -> Call:
    name = ast.unparse(node.func).removesuffix(".call")  # Llama 3: brave_search.call(query="…")
    properties = tools[name].parameters.get("properties") if name in tools else None
    keys = list(properties) if isinstance(properties, dict) else []
    if len(node.args) > len(keys):
        raise ValueError("positional arguments without names")
    arguments = {key: _python_value(value) for key, value in zip(keys, node.args, strict=False)}
    for keyword in node.keywords:
        if keyword.arg is None:
            raise ValueError("not an argument")
        arguments[keyword.arg] = _python_value(keyword.value)
    return Call(name, json.dumps(arguments, ensure_ascii=False, allow_nan=False))


def _python_value(node: ast.expr) -> Any:
    if isinstance(node, ast.Name) and node.id in ("true", "false", "null"):
        return {"true": True, "false": False, "null": None}[node.id]
    return ast.literal_eval(node)


_CONTROL: Final = re.compile(r"[\x00-\x1f]")
_IN_STRINGS: Final = re.compile(r'"|\\.|[\x00-\x1f]', re.S)


def escaped(text: str, in_string: bool) -> tuple[str, bool]:
    """Return JSON with control characters in its strings escaped, and whether it ends inside a string.

    Args:
        text: A piece of JSON that does not end inside an escape sequence.
        in_string: It begins inside a string.
    """
    if _CONTROL.search(text) is None and '"' not in text:
        return text, in_string

    def replaced(match: re.Match[str]) -> str:
        nonlocal in_string
        found = match[0]
        in_string ^= found == '"'
        return json.dumps(found)[1:-1] if in_string and found < " " else found

    return _IN_STRINGS.sub(replaced, text), in_string


class JsonScan:
    """Finds the end of the JSON object that begins at ``start``, in a text that grows."""

    _stop = re.compile(r'["{}\[\]<`]')
    _string_end = re.compile(r'"|\\(?=.)', re.S)

    def __init__(self, start: int) -> None:
        self.at = start
        """Everything before belongs to the object."""
        self.broken = False
        """A character follows that JSON does not have there."""
        self.ended = False
        self._depth = 0
        self._in_string = False

    def find(self, text: str) -> int | None:
        """Return the index after the object; None if it has not ended."""
        if self.ended:
            return self.at
        while not self.broken and self.at < len(text):
            if self._in_string:
                if not self._skip_string(text):
                    return None
                continue
            match = self._stop.search(text, self.at)
            if match is None:
                self.at = len(text)
                return None
            found = match[0]
            if found in "<`":
                self.at, self.broken = match.start(), True
                return None
            self.at = match.end()
            self._in_string = found == '"'
            self._depth += (found in "{[") - (found in "}]")
            self.ended = self._depth == 0 and not self._in_string
            if self.ended:
                return self.at
        return None

    def _skip_string(self, text: str) -> bool:
        """Advance to the string's end; return False if more text is needed."""
        match = self._string_end.search(text, self.at)
        if match is None:
            self.at = len(text) - text.endswith("\\", self.at)
            return False
        if match[0] == '"':
            self.at, self._in_string = match.end(), False
        else:
            self.at = match.end() + 1
        return True
