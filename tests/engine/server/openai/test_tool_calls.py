from __future__ import annotations

import json
import re
from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from preheat.errors import InvalidRequestError
from preheat.server.openai.tool_calls import ToolCall, ToolCallParser, forcing_schema, parse_call

CALL = '<tool_call>{"name": "f", "arguments": {"a": 1}}</tool_call>'

pieces = st.sampled_from(
    [
        CALL,
        "<tool_call>",
        "</tool_call>",
        "<tool",
        "_call>",
        "<",
        ">",
        "/",
        " ",
        "\n",
        "text",
        "é",
        '{"name": "g"}',
        "{",
    ]
)
texts = st.lists(pieces, max_size=12).map("".join)


def parsed(chunks: list[str]) -> tuple[str, list[ToolCall]]:
    parser = ToolCallParser()
    found = [item for chunk in chunks for item in parser.feed(chunk)] + parser.finish()
    return "".join(p for p in found if isinstance(p, str)), [p for p in found if isinstance(p, ToolCall)]


def cut(text: str, places: list[int]) -> list[str]:
    edges = [0, *sorted(place % (len(text) + 1) for place in places), len(text)]
    return [text[start:end] for start, end in pairwise(edges)]


@given(texts, st.lists(st.integers(min_value=0)))
def test_any_chunking_gives_the_same(text: str, places: list[int]) -> None:
    assert parsed(cut(text, places)) == parsed([text])


@given(texts)
def test_every_well_formed_block_becomes_a_call_and_nothing_else_is_lost(text: str) -> None:
    content, calls = parsed([text])
    blocks = re.findall(r"<tool_call>(.*?)(?:</tool_call>|\Z)", text, re.DOTALL)
    assert calls == [call for block in blocks if (call := parse_call(block)) is not None]

    def without_call(match: re.Match[str]) -> str:
        return "" if parse_call(match[1]) else match[0]

    rest = re.sub(r"<tool_call>(.*?)(?:</tool_call>|\Z)", without_call, text, flags=re.DOTALL)
    assert "".join(content.split()) == "".join(rest.split())


@given(st.text())
def test_plain_text_passes_unchanged(text: str) -> None:
    content, calls = parsed(list(text))
    if "<tool_call>" not in text:
        assert (content, calls) == (text, [])


def test_text_is_emitted_as_early_as_possible() -> None:
    parser = ToolCallParser()
    assert parser.feed("Hello <tool") == ["Hello"]
    assert parser.feed("box>") == [" <toolbox>"]


def test_white_space_beside_calls_is_dropped() -> None:
    assert parsed([f"Sure.\n\n{CALL}\n{CALL}\n"]) == ("Sure.", [ToolCall("f", '{"a": 1}')] * 2)


def test_malformed_blocks_are_text_with_their_white_space() -> None:
    assert parsed(["a <tool_call>no</tool_call> b"]) == ("a <tool_call>no</tool_call> b", [])
    assert parsed(["a <tool_call>no"]) == ("a <tool_call>no", [])


@pytest.mark.parametrize(
    ("text", "arguments"),
    [
        ('{"name":"f","arguments":{"x":[1,"é"]}}', '{"x": [1, "é"]}'),
        ('{"name":"f","arguments":"{\\"x\\":1}"}', '{"x": 1}'),
        ('{"name":"f","parameters":{"x":1}}', '{"x": 1}'),
        ('\n{"name":"f"}\n', "{}"),
    ],
)
def test_forms_of_arguments(text: str, arguments: str) -> None:
    assert parse_call(text) == ToolCall("f", arguments)


@pytest.mark.parametrize(
    "text",
    [
        "",
        "[]",
        "{}",
        '{"name":""}',
        '{"name":1}',
        '{"name":"f","arguments":[1]}',
        '{"name":"f","arguments":"no"}',
        '{"name":"f","arguments":{"x":NaN}}',
        "[" * 100_000,
    ],
)
def test_malformed_calls(text: str) -> None:
    assert parse_call(text) is None


def tool(name: str, **parameters: object) -> dict[str, object]:
    return {"type": "function", "function": {"name": name, "parameters": {"type": "object", **parameters}}}


def test_forcing_one_and_several_tools() -> None:
    one = json.loads(forcing_schema([tool("f")]))
    assert one["properties"] == {"name": {"const": "f"}, "arguments": {"type": "object"}}
    assert one["required"] == ["name", "arguments"]
    several = json.loads(forcing_schema([tool("f"), tool("g")]))
    assert [call["properties"]["name"]["const"] for call in several["anyOf"]] == ["f", "g"]


def test_definitions_move_to_the_root_that_references_count_from() -> None:
    schema = json.loads(forcing_schema([tool("f", **{"$defs": {"D": {"type": "string"}}})]))
    assert schema["$defs"] == {"D": {"type": "string"}}
    assert "$defs" not in schema["properties"]["arguments"]


def test_definitions_that_differ_cannot_be_forced_together() -> None:
    tools = [tool("f", **{"$defs": {"D": {"type": "string"}}}), tool("g", **{"$defs": {"D": {"type": "null"}}})]
    with pytest.raises(InvalidRequestError) as caught:
        forcing_schema(tools)
    assert caught.value.param == "tools"
