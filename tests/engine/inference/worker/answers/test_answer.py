"""Chats of models with known answers: thinking and its budget, tool calls, and constraints after the thinking."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any, Final

import pytest

from preheat.errors import InvalidRequestError
from preheat.inference import (
    Chat,
    Constraint,
    FinishReason,
    GenerateRequest,
    Role,
    ToolCallDelta,
    ToolChoice,
    ToolDefinition,
    text_message,
)
from preheat.inference.worker.llama_model import LlamaModel
from scripted_models import MARKS, SCRIPTS, TEMPLATES, write_scripted_model
from tests.engine.inference.text_runs import GREEDY, Answer, TextRun, load_options

WEATHER: Final = ToolDefinition(
    "get_weather",
    parameters={"type": "object", "properties": {"city": {"type": "string"}}, "required": ["city"]},
)
TIME: Final = ToolDefinition("get_time", parameters={"type": "object", "properties": {}})
TOOLS: Final = (WEATHER, TIME)

Say = Callable[..., Answer]
"""Answers a message; further arguments are fields of the chat, or of the request."""

_REQUEST_FIELDS: Final = frozenset({"stop", "constraint", "max_tokens", "top_logprobs"})


def say_with(path: Path) -> Say:
    """Return a function that answers with the model in this file, each time with an empty cache."""
    options = load_options(path, context_length=4096)
    model = LlamaModel(options)

    def say(text: str, **fields: Any) -> Answer:
        request = {name: fields.pop(name) for name in _REQUEST_FIELDS & fields.keys()}
        chat = Chat(messages=(text_message(Role.USER, text),), **fields)
        return TextRun(model, options).one(GenerateRequest(chat=chat, sampling=GREEDY, **request))

    return say


@pytest.fixture(scope="module")
def say(scripted_folder: Path) -> Say:
    return say_with(scripted_folder / "scripted-tools.gguf")


@pytest.fixture(scope="module")
def say_thinking(scripted_folder: Path) -> Say:
    """The prompt opens the thinking."""
    return say_with(scripted_folder / "scripted-thinking_open.gguf")


def deltas(answer: Answer) -> list[ToolCallDelta]:
    assert answer.error is None, answer.error
    return [delta for chunk in answer.chunks for delta in chunk.tool_calls]


def calls(answer: Answer) -> list[tuple[str, Any]]:
    found: dict[int, tuple[str, str]] = {}
    for delta in deltas(answer):
        name, arguments = found.get(delta.index, ("", ""))
        found[delta.index] = (name + delta.name, arguments + delta.arguments)
    return [(name, json.loads(arguments)) for name, arguments in found.values()]


def reasoning(answer: Answer) -> str:
    return "".join(chunk.reasoning for chunk in answer.chunks)


@pytest.mark.parametrize(
    ("script", "expected"),
    {
        "call": [("get_weather", {"city": "Paris"})],
        "call_two": [("get_weather", {"city": "Oslo"}), ("get_time", {})],
        "call_xml": [("get_weather", {"city": "Bern"})],
        "call_bare": [("get_weather", {"city": "Rome"})],
        "call_fenced": [("get_weather", {"city": "Bonn"})],
        "call_mark": [("get_weather", {"city": "Nice"})],  # the mark is a control token
    }.items(),
)
def test_calls_are_no_text(say: Say, script: str, expected: list[tuple[str, Any]]) -> None:
    answer = say(f"play({script})", tools=TOOLS)
    assert (answer.text, calls(answer), answer.finish_reason) == ("", expected, FinishReason.TOOL_CALLS)
    ids = [delta.call_id for delta in deltas(answer) if delta.call_id]
    assert len(set(ids)) == len(expected)


def test_text_and_a_call_come_in_their_order(say: Say) -> None:
    answer = say("play(call_text)", tools=TOOLS)
    kinds = [kind for chunk in answer.chunks for kind in ("text", "tool_calls") if getattr(chunk, kind)]
    assert list(dict.fromkeys(kinds)) == ["text", "tool_calls"]
    assert kinds[-1] == "text"
    assert (answer.text, calls(answer)) == ("I will look.\n\nThere.", [("get_weather", {"city": "Köln 🌧"})])


@pytest.mark.parametrize("fields", [{}, {"tools": TOOLS, "tool_choice": ToolChoice("none")}])
def test_calls_that_are_not_asked_for_are_text(say: Say, fields: Mapping[str, Any]) -> None:
    answer = say("play(call)", **fields)
    assert (answer.text, calls(answer), answer.finish_reason) == (SCRIPTS["call"], [], FinishReason.STOP)


def test_a_malformed_call_is_text(say: Say) -> None:
    answer = say("play(call_broken)", tools=TOOLS)
    assert (answer.text, answer.finish_reason) == (SCRIPTS["call_broken"], FinishReason.STOP)


def test_a_stop_string_inside_a_call_loses_no_text(say: Say) -> None:
    answer = say("play(call_text)", tools=TOOLS, stop=("Köln",))
    assert answer.text == SCRIPTS["call_text"].partition("Köln")[0]
    assert (answer.finish_reason, calls(answer)) == (FinishReason.STOP, [])


def test_one_call_ends_an_answer_without_parallel_calls(say: Say) -> None:
    answer = say("play(call_two)", tools=TOOLS, parallel_tool_calls=False)
    assert (calls(answer), answer.finish_reason) == ([("get_weather", {"city": "Oslo"})], FinishReason.TOOL_CALLS)


def test_log_probabilities_cover_all_tokens(say: Say) -> None:
    answer = say("play(call_text)", tools=TOOLS, top_logprobs=1)
    assert "".join(entry.token for entry in answer.logprobs if "\ufffd" not in entry.token)
    assert b"".join(entry.token_bytes for entry in answer.logprobs).decode() == SCRIPTS["call_text"]


def test_thinking_is_apart_and_counted(say: Say, say_thinking: Say) -> None:
    answer = say("play(think)")
    assert (answer.text, reasoning(answer)) == ("The answer is 4.", "Two and two.")
    assert 0 < answer.usage.reasoning_tokens < answer.usage.completion_tokens
    opened = say_thinking("play(think_on)")
    assert (opened.text, reasoning(opened)) == ("Done.", "Still thinking.")
    assert 0 < opened.usage.reasoning_tokens < opened.usage.completion_tokens


def test_a_call_mentioned_in_thinking_is_no_call(say: Say) -> None:
    answer = say("play(think_call)", tools=TOOLS)
    assert calls(answer) == [("get_time", {})]
    assert "<tool_call>" in reasoning(answer)


def test_stop_strings_do_not_end_the_thinking(say: Say, say_thinking: Say) -> None:
    for answer in (say("play(think)", stop=("\n", "two")), say_thinking("play(think_on)", stop=("\n", "thin"))):
        assert answer.text in ("The answer is 4.", "Done.")
        assert reasoning(answer)


def test_a_budget_ends_the_thinking(say: Say, say_thinking: Say) -> None:
    for answer in (say("play(think)", thinking_budget=1), say_thinking("play(think_on)", thinking_budget=1)):
        assert answer.usage.reasoning_tokens == 1
        assert answer.text == SCRIPTS["greeting"]  # what follows tokens that are no script
        assert len(reasoning(answer)) < 10


def test_thinking_can_be_switched_off(say: Say, say_thinking: Say) -> None:
    for answer in (say("play(think)", thinking=False), say_thinking("play(think_on)", thinking=False)):
        assert (answer.usage.reasoning_tokens, reasoning(answer)) == (0, "")
        assert answer.text == SCRIPTS["greeting"]


@pytest.mark.parametrize("text", ["think", "<think>", "n", "What is <think>?"])
def test_a_message_opens_no_thinking(say: Say, say_thinking: Say, text: str) -> None:
    assert say(text).text == SCRIPTS["greeting"]
    assert reasoning(say_thinking(text)) == SCRIPTS["greeting"]


def test_constraints_begin_after_the_thinking(say_thinking: Say) -> None:
    schema = '{"type": "object", "properties": {"a": {"const": 1}}, "required": ["a"], "additionalProperties": false}'
    answer = say_thinking("play(think_on)", constraint=Constraint("json_schema", schema))
    assert (json.loads(answer.text), reasoning(answer)) == ({"a": 1}, "Still thinking.")


@pytest.mark.parametrize(
    "constraint",
    [
        Constraint("regex", "Good morning! How can I help\\?|no"),
        Constraint("lark", 'start: "Good morning! How can I help?" | "no"'),
        Constraint("gbnf", 'root ::= "Good morning! How can I help?" | "no"'),
    ],
    ids=lambda constraint: constraint.kind,
)
def test_an_answer_follows_a_constraint_or_is_a_call(say: Say, constraint: Constraint) -> None:
    assert say("play(greeting)", tools=TOOLS, constraint=constraint).text == SCRIPTS["greeting"]
    assert calls(say("play(call)", tools=TOOLS, constraint=constraint)) == [("get_weather", {"city": "Paris"})]


def test_required_calls_are_made(say: Say, say_thinking: Say) -> None:
    answer = say("play(call)", tools=TOOLS, tool_choice=ToolChoice("required"))
    assert calls(answer) == [("get_weather", {"city": "Paris"})]
    answer = say("play(greeting)", tools=TOOLS, tool_choice=ToolChoice("required", ("get_time",)))
    assert (calls(answer), answer.text, answer.finish_reason) == ([("get_time", {})], "", FinishReason.TOOL_CALLS)
    answer = say_thinking("play(think_on)", tools=(TIME,), tool_choice=ToolChoice("required"))
    assert (calls(answer), reasoning(answer)) == ([("get_time", {})], "Still thinking.")


FORMS: Final = (
    "<tool_call>",
    "<tool_call><function=x><parameter=y>",
    "<|python_tag|>",
    "[TOOL_CALLS]",
    "[TOOL_CALLS]x[ARGS]",
    "<|tool_call|>",
    "<function=",
    "<｜tool▁call▁begin｜>",
    "<｜tool▁call▁begin｜>function<｜tool▁sep｜>",
)


@pytest.mark.parametrize("shown", FORMS)
def test_a_required_call_has_the_form_of_the_template(tmp_path: Path, shown: str) -> None:
    choice = ToolDefinition(
        "choose",
        parameters={
            "type": "object",
            "properties": {"number": {"const": 5}, "word": {"enum": ["yes"]}},
            "required": ["number", "word"],
        },
    )
    template = TEMPLATES["tools"].replace("<tool_call>", "") + f"{{# {shown} #}}"
    marks = (*MARKS, "[ARGS]", "<tool_call>", "</tool_call>")
    say = say_with(write_scripted_model(tmp_path / "form.gguf", template, {"greeting": "Hi!"}, marks=marks))
    answer = say("hi", tools=(choice,), tool_choice=ToolChoice("required"))
    assert calls(answer) == [("choose", {"number": 5, "word": "yes"})]
    assert (answer.text, answer.finish_reason) == ("", FinishReason.TOOL_CALLS)


def test_a_schema_that_cannot_be_followed_is_refused_for_strict_tools_only(say: Say) -> None:
    parameters = {"type": "object", "properties": {"a": {"type": "string", "pattern": "(?=a)b"}}, "maxProperties": 0}
    loose = ToolDefinition("loose", parameters=parameters)
    required = ToolChoice("required")
    assert deltas(say("hi", tools=(loose,), tool_choice=required, max_tokens=80))[0].name == "loose"
    error = say("hi", tools=(ToolDefinition("tight", parameters=parameters, strict=True),), tool_choice=required).error
    assert isinstance(error, InvalidRequestError)
    assert error.param == "tools"


@pytest.mark.parametrize("shown", FORMS[:6])
def test_a_call_that_has_begun_follows_the_schema(tmp_path: Path, shown: str) -> None:
    begun = {
        "<|python_tag|>": '<|python_tag|>{"name": "get_',
        "[TOOL_CALLS]": '[TOOL_CALLS][{"name": "get_',
        "[TOOL_CALLS]x[ARGS]": '[TOOL_CALLS]get_weather[ARGS]{"ci',
        "<|tool_call|>": '<|tool_call|>[{"name": "get_',
        "<tool_call><function=x><parameter=y>": "<tool_call>\n<function=get_weather>\n",
    }.get(shown, '<tool_call>\n{"name": "get_weather", "arguments": {"ci')
    template = TEMPLATES["tools"].replace("<tool_call>", "") + f"{{# {shown} #}}"
    path = tmp_path / "begun.gguf"
    marks = (*MARKS, "[ARGS]")
    say = say_with(write_scripted_model(path, template, {"begun": f"Well. {begun}"}, marks=marks, margin=5.0))
    city = {"type": "object", "properties": {"city": {"enum": ["Lima"]}}, "required": ["city"]}
    answer = say("hi", tools=(ToolDefinition("get_weather", parameters=city),), parallel_tool_calls=False)
    assert (answer.text, calls(answer)) == ("Well.", [("get_weather", {"city": "Lima"})])


def test_a_model_that_is_certain_is_not_held_to_a_begun_call(say: Say) -> None:
    other = (ToolDefinition("get_weather", parameters={"type": "object", "properties": {"town": {"type": "string"}}}),)
    answer = say("play(call_two)", tools=other)
    assert calls(answer) == [("get_weather", {"city": "Oslo"}), ("get_time", {})]
