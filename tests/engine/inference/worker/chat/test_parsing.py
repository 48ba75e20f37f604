"""An answer's text becomes text, reasoning and calls, in every family's form and wherever it is cut."""

from __future__ import annotations

import json
from collections.abc import Sequence
from itertools import pairwise
from typing import Any, Final, NamedTuple

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from preheat.inference import ToolDefinition
from preheat.inference.worker.chat.dialects import THINKING, Dialect
from preheat.inference.worker.chat.parsing import STREAMED_ARGUMENTS, AnswerParser
from preheat.inference.worker.chat.parts import Part

TOOLS: Final = (
    ToolDefinition(
        "get_weather",
        parameters={"type": "object", "properties": {"city": {"type": "string"}, "days": {"type": "integer"}}},
    ),
    ToolDefinition("get_time"),
)

PARIS: Final = ("get_weather", {"city": "Paris"})
TIME: Final[tuple[str, dict[str, str]]] = ("get_time", {})


class Answer(NamedTuple):
    text: str
    reasoning: str
    calls: list[tuple[str, str]]
    complete_calls: int

    @property
    def values(self) -> list[tuple[str, Any]]:
        return [(name, json.loads(arguments)) for name, arguments in self.calls]


def separate(
    pieces: Sequence[str], tools: Sequence[ToolDefinition] = TOOLS, *, channels: bool | None = None, **options: Any
) -> Answer:
    if channels is None:
        channels = "<|channel|>" in "".join(pieces)
    parser = AnswerParser(Dialect(channels=channels), tools, **options)
    parts: list[Part] = []
    for piece in pieces:
        if not parser.ended:
            parts += parser.feed(piece)
    parts += parser.finish()
    deltas = [delta for part in parts for delta in part.calls]
    names = {delta.index: delta.name for delta in deltas if delta.name}
    assert all(delta.call_id.startswith("call_") and len(delta.call_id) == 29 for delta in deltas if delta.name)
    return Answer(
        "".join(part.text for part in parts),
        "".join(part.reasoning for part in parts),
        [(name, "".join(delta.arguments for delta in deltas if delta.index == index)) for index, name in names.items()],
        parser.complete_calls,
    )


FAMILIES: Final = {
    "hermes": ('<tool_call>\n{"name": "get_weather", "arguments": {"city": "Paris"}}\n</tool_call>', [PARIS]),
    "hermes, two": (
        '<tool_call>{"name":"get_weather","arguments":{"city":"Paris"}}</tool_call>\n'
        '<tool_call>{"name":"get_time","arguments":{}}</tool_call>',
        [PARIS, TIME],
    ),
    "hermes, two in one block": (
        '<tool_call>\n{"name": "get_time", "arguments": {}}\n'
        '{"name": "get_weather", "arguments": {"city": "Paris"}}\n</tool_call>',
        [TIME, PARIS],
    ),
    "hermes, list": (
        '<tool_call>[{"name": "get_time", "arguments": {}}, {"name": "get_time", "arguments": {}}]</tool_call>',
        [TIME, TIME],
    ),
    "hermes, open": ('<tool_call>{"name": "get_weather", "arguments": {"city": "Paris"}}', [PARIS]),
    "hermes, Python": ("<tool_call>{'name': 'get_weather', 'arguments': {'city': 'Paris'}}</tool_call>", [PARIS]),
    "hermes, no arguments": ('<tool_call>{"name": "get_time"}</tool_call>', [TIME]),
    "hermes, null": ('<tool_call>{"name": "get_time", "arguments": null}</tool_call>', [TIME]),
    "hermes, flat": ('<tool_call>{"name": "get_weather", "city": "Paris"}</tool_call>', [PARIS]),
    "hermes, quoted again": (
        '<tool_call>{"name": "get_weather", "arguments": "{\\"city\\": \\"Paris\\"}"}</tool_call>',
        [PARIS],
    ),
    "hermes, parameters": (
        '<tool_call>{"name": "get_weather", "parameters": {"city": "Paris"}}</tool_call>',
        [PARIS],
    ),
    "OpenAI": (
        '<tool_call>{"type": "function", "function": {"name": "get_weather", "arguments": "{\\"city\\": \\"Paris\\"}"}}'
        "</tool_call>",
        [PARIS],
    ),
    "qwen 2.5 coder": ('<tools>\n{"name": "get_weather", "arguments": {"city": "Paris"}}\n</tools>', [PARIS]),
    "one brace too many": (
        '<tool_call>{"name": "get_weather", "arguments": {"city": "Paris"}}}</tool_call>',
        [PARIS],
    ),
    "qwen3 coder": (
        "<tool_call>\n<function=get_weather>\n<parameter=city>\nParis\n</parameter>\n"
        "<parameter=days>\n3\n</parameter>\n</function>\n</tool_call>",
        [("get_weather", {"city": "Paris", "days": 3})],
    ),
    "qwen3 coder, without its opening mark": (
        "<function=get_weather>\n<parameter=city>\nParis\n</parameter>\n</function>\n</tool_call>",
        [PARIS],
    ),
    "seed": (
        "<seed:tool_call>\n<function=get_weather>\n<parameter=city>Paris</parameter>\n</function>\n</seed:tool_call>",
        [PARIS],
    ),
    "glm": (
        "<tool_call>get_weather\n<arg_key>city</arg_key>\n<arg_value>Paris</arg_value>\n</tool_call>",
        [PARIS],
    ),
    "glm, no arguments": ("<tool_call>get_time\n</tool_call>", [TIME]),
    "minimax": (
        '<minimax:tool_call>\n<invoke name="get_weather">\n<parameter name="city">Paris</parameter>\n</invoke>\n'
        '<invoke name="get_time">\n</invoke>\n</minimax:tool_call>',
        [PARIS, TIME],
    ),
    "llama 3": ('{"name": "get_weather", "parameters": {"city": "Paris" }}', [PARIS]),
    "llama 3, two": (
        '{"name": "get_weather", "parameters": {"city": "Paris"}}; {"name": "get_time", "parameters": {}}',
        [PARIS, TIME],
    ),
    "llama 3, marked": ('<|python_tag|>{"name": "get_weather", "parameters": {"city": "Paris"}}', [PARIS]),
    "llama 3, built in": ('<|python_tag|>get_weather.call(city="Paris")', [PARIS]),
    "llama 3.2": ('[get_weather(city="Paris"), get_time()]', [PARIS, TIME]),
    "llama 4": ('<|python_start|>[get_weather(city="Paris")]<|python_end|>', [PARIS]),
    "lfm2": ('<|tool_call_start|>[get_weather(city="Paris")]<|tool_call_end|>', [PARIS]),
    "olmo 3": ('<function_calls>get_weather(city="Paris")\nget_time()</function_calls>', [PARIS, TIME]),
    "gemma 3": ('```tool_code\nprint(get_weather(city="Paris"))\n```', [PARIS]),
    "mistral": (
        '[TOOL_CALLS][{"name": "get_weather", "arguments": {"city": "Paris"}}, {"name": "get_time", "arguments": {}}]',
        [PARIS, TIME],
    ),
    "mistral, newer": ('[TOOL_CALLS]get_weather[ARGS]{"city": "Paris"}[TOOL_CALLS]get_time[ARGS]{}', [PARIS, TIME]),
    "mistral, with id": ('[TOOL_CALLS]get_weather[CALL_ID]abcdefghi[ARGS]{"city": "Paris"}', [PARIS]),
    "deepseek v3": (
        "<｜tool▁calls▁begin｜><｜tool▁call▁begin｜>function<｜tool▁sep｜>get_weather\n```json\n"
        '{"city": "Paris"}\n```<｜tool▁call▁end｜>\n<｜tool▁call▁begin｜>function<｜tool▁sep｜>get_time\n'
        "```json\n{}\n```<｜tool▁call▁end｜><｜tool▁calls▁end｜>",
        [PARIS, TIME],
    ),
    "deepseek v3.1": (
        '<｜tool▁calls▁begin｜><｜tool▁call▁begin｜>get_weather<｜tool▁sep｜>{"city": "Paris"}<｜tool▁call▁end｜>'
        "<｜tool▁calls▁end｜>",
        [PARIS],
    ),
    "kimi k2": (
        "<|tool_calls_section_begin|><|tool_call_begin|>functions.get_weather:0<|tool_call_argument_begin|>"
        '{"city": "Paris"}<|tool_call_end|><|tool_calls_section_end|>',
        [PARIS],
    ),
    "granite": ('<|tool_call|>[{"name": "get_weather", "arguments": {"city": "Paris"}}]', [PARIS]),
    "phi 4 mini": (
        '<|tool_call|>[{"name": "get_weather", "arguments": {"city": "Paris"}}]<|/tool_call|>',
        [PARIS],
    ),
    "firefunction": ('functools[{"name": "get_weather", "arguments": {"city": "Paris"}}]', [PARIS]),
    "functionary": ('<function=get_weather>{"city": "Paris"}</function>', [PARIS]),
    "nemotron": ('<TOOLCALL>[{"name": "get_weather", "arguments": {"city": "Paris"}}]</TOOLCALL>', [PARIS]),
    "jamba": ('<tool_calls>[{"name": "get_weather", "arguments": {"city": "Paris"}}]</tool_calls>', [PARIS]),
    "command": (
        '<|START_ACTION|>[{"tool_call_id": "0", "tool_name": "get_weather", "parameters": {"city": "Paris"}}]'
        "<|END_ACTION|>",
        [PARIS],
    ),
    "apertus": ('<|tools_prefix|>[{"get_weather": {"city": "Paris"}}]<|tools_suffix|>', [PARIS]),
    "gpt-oss": (
        "<|channel|>commentary to=functions.get_weather <|constrain|>json<|message|>" + '{"city": "Paris"}',
        [PARIS],
    ),
    "fenced": ('```json\n{"name": "get_weather", "arguments": {"city": "Paris"}}\n```', [PARIS]),
    "fenced, without a language": ('```\n{"name": "get_weather", "arguments": {"city": "Paris"}}\n```', [PARIS]),
}


@pytest.mark.parametrize(("text", "calls"), FAMILIES.values(), ids=FAMILIES)
def test_calls_of_every_family_are_found_wherever_the_text_is_cut(text: str, calls: list[tuple[str, Any]]) -> None:
    for length in (1, 2, 3, 7, len(text)):
        answer = separate([text[at : at + length] for at in range(0, len(text), length)])
        assert (answer.text, answer.values, answer.complete_calls) == ("", calls, len(calls)), length


NO_CALLS: Final = {
    "comparison": "if a <top and b < c then <toolbox> is fine [TOOL",
    "broken": '<tool_call>{"name": "get_weather", "arguments": {"city": "Paris"</tool_call>\n\n',
    "string left open": '<tool_call>\n{"name": "get_weather", "arguments": {"city": "Par}\n</tool_call>',
    "no name": '<tool_call>{"city": "Paris"}</tool_call> then',
    "empty": "<tool_call></tool_call> and <tool_call>\n",
    "arguments are a list": '<tool_call>{"name": "get_time", "arguments": [1]}</tool_call>',
    "JSON that is no call": '{"name": "Bob", "parameters": {"city": "Paris" }}\n[1, 2]\n[f(a=1)]',
    "fenced JSON that is no call": '```json\n{"name": "Bob"}\n```\n```\n[1]\n```',
    "code": "```json",
    "spaces": " \n  four spaces  ",
    "only space": "\n ",
}


@pytest.mark.parametrize("text", NO_CALLS.values(), ids=NO_CALLS)
def test_other_text_stays_as_it_is(text: str) -> None:
    for length in (1, 2, 5, len(text)):
        assert separate([text[at : at + length] for at in range(0, len(text), length)]) == (text, "", [], 0)


_LONG: Final = '<"\\' * STREAMED_ARGUMENTS
LONG_CALL: Final = (
    f'<tool_call>{{"name": "get_weather", "arguments": {json.dumps({"city": _LONG})}, "id": "a"}}</tool_call>'
)
LONG_BROKEN_CALL: Final = f'<tool_call>{{"name": "f", "arguments": {json.dumps({"city": _LONG})[:-1]}</tool_call>'


@given(
    st.lists(
        st.sampled_from(
            [
                *(text for text, _ in FAMILIES.values()),
                *NO_CALLS.values(),
                "Some text.",
                "\n",
                " ",
                "<think>\nhm </think>\n\n",
                "<|channel|>analysis<|message|>hm<|end|>",
                "<|start|>assistant<|channel|>final<|message|>",
                LONG_CALL,
                LONG_BROKEN_CALL,
            ]
        ),
        max_size=4,
    ),
    st.data(),
)
@settings(max_examples=300)
def test_the_result_does_not_depend_on_the_cuts(texts: list[str], data: st.DataObject) -> None:
    text = "".join(texts)
    cuts = sorted(data.draw(st.sets(st.integers(0, len(text)), max_size=12)) | {0, len(text)})
    pieces = [text[start:end] for start, end in pairwise(cuts)]
    channels = "<|channel|>" in text
    whole = separate([text], channels=channels)
    assert separate(pieces, channels=channels) == whole
    assert separate(list(text), channels=channels) == whole


def test_text_before_and_after_a_call_stays_two_texts() -> None:
    answer = separate(['Let me look.\n\n<tool_call>{"name": "get_time"}</tool_call>\nDone.'])
    assert (answer.text, answer.values) == ("Let me look.\n\nDone.", [TIME])


def test_a_tool_that_was_not_offered_is_called_if_the_call_is_marked() -> None:
    assert separate(['<tool_call>{"name": "rm_rf", "arguments": {}}</tool_call>']).values == [("rm_rf", {})]
    assert separate(['{"name": "rm_rf", "arguments": {}}']).values == []


def test_braces_and_marks_inside_strings_end_nothing() -> None:
    city = '{"a": [1, "}"]} </tool_call> \\ \''
    text = json.dumps({"name": "get_weather", "arguments": {"city": city}})
    for pieces in ([f"<tool_call>{text}</tool_call>"], [*f"<tool_call>{text}</tool_call>"]):
        assert separate(pieces).values == [("get_weather", {"city": city})]


def test_values_of_tagged_parameters_have_the_type_of_the_schema() -> None:
    text = (
        "<function=get_weather><parameter=city>12</parameter><parameter=days>12</parameter>"
        "<parameter=other>true</parameter><parameter=words>a\n\n b</parameter></function>"
    )
    [(_, arguments)] = separate([text]).values
    assert arguments == {"city": "12", "days": 12, "other": True, "words": "a\n\n b"}


def test_code_is_a_call_of_the_tool_that_runs_it() -> None:
    answer = separate(["<|python_tag|>import os\nprint(1)"], (ToolDefinition("code_interpreter"),))
    assert answer.values == [("code_interpreter", {"code": "import os\nprint(1)"})]


def test_long_arguments_are_handed_on_while_they_are_written() -> None:
    parser = AnswerParser(Dialect(), TOOLS)
    assert parser.feed('<tool_call>{"name": "get_weather", "arguments": {"city": "') == []
    [part] = parser.feed("a" * STREAMED_ARGUMENTS)
    assert (part.calls[0].name, part.calls[0].arguments) == ("get_weather", '{"city": "' + "a" * STREAMED_ARGUMENTS)
    [part] = parser.feed("bc")
    assert (part.calls[0].name, part.calls[0].arguments) == ("", "bc")
    [part] = parser.feed('"}')
    assert part.calls[0].arguments == '"}'
    assert [*parser.feed("}</tool_call>"), *parser.finish()] == []
    assert parser.complete_calls == 1


def test_long_arguments_that_stop_to_be_json_are_handed_on_as_they_are() -> None:
    broken = '{"city": "' + "a" * STREAMED_ARGUMENTS + '" <'
    answer = separate([f'<tool_call>{{"name": "get_weather", "arguments": {broken}</tool_call>text'])
    assert (answer.calls, answer.text) == ([("get_weather", broken)], "text")


@pytest.mark.parametrize("length", [1, STREAMED_ARGUMENTS])
def test_control_characters_in_strings_are_escaped(length: int) -> None:
    city = "a\n\t" * length + '"\\'
    written = json.dumps(city).replace("\\n", "\n").replace("\\t", "\t")
    text = f'<tool_call>{{"name": "get_weather", "arguments": {{\n\t"city": {written}\n}}}}</tool_call>'
    for pieces in ([text], [*text]):
        assert separate(pieces).values == [("get_weather", {"city": city})]


def test_arguments_cut_off_are_no_complete_call() -> None:
    begun = '{"city": "' + "a" * STREAMED_ARGUMENTS
    answer = separate([f'<tool_call>{{"name": "get_weather", "arguments": {begun}'])
    assert (answer.calls, answer.complete_calls) == ([("get_weather", begun)], 0)


def test_one_call_ends_the_answer() -> None:
    text = '<tool_call>{"name": "get_time"}</tool_call>'
    for answer in (separate([text * 2], one_call=True), separate([*text * 2, "more"], one_call=True)):
        assert (answer.values, answer.text) == ([TIME], "")
    assert separate(["[get_time(), get_time()]"], one_call=True).values == [TIME]


@pytest.mark.parametrize("marks", THINKING, ids=lambda marks: marks.open)
def test_thinking_is_apart(marks: Any) -> None:
    channels = "channel" in marks.open
    text = f"{marks.open}\nOne <tool_call>{{}}\n\ntwo {marks.close}\n\n The answer "
    for pieces in ([text], [*text]):
        assert separate(pieces, channels=channels) == ("The answer ", "One <tool_call>{}\n\ntwo", [], 0)
        assert separate(pieces, (), channels=channels) == ("The answer ", "One <tool_call>{}\n\ntwo", [], 0)


def test_thinking_that_the_prompt_has_begun_is_apart() -> None:
    text = "On and on.</think>\n\nThe answer"
    for pieces in ([text], [*text]):
        assert separate(pieces, opened=THINKING[0]) == ("The answer", "On and on.", [], 0)


def test_thinking_that_is_cut_off_is_no_text() -> None:
    assert separate(["<think>\nHm, </thi"]) == ("", "Hm, </thi", [], 0)


def test_marks_of_thinking_inside_text_are_text() -> None:
    text = "Use <think>tags</think>."
    assert separate([text]).text == separate([*text], ()).text == text


def test_channels_are_no_text() -> None:
    text = (
        "<|channel|>analysis<|message|>Hm.<|end|><|start|>assistant<|channel|>commentary<|message|>I look.<|end|>"
        "<|start|>assistant<|channel|>analysis<|message|>Yes.<|end|>"
        "<|start|>assistant<|channel|>final<|message|>Done."
    )
    for pieces in ([text], [*text]):
        answer = separate(pieces, channels=True)
        assert (answer.reasoning, "".join(answer.text.split())) == ("Hm.Yes.", "Ilook.Done.")


SPACE: Final = " " * 30_000


@pytest.mark.parametrize(
    "text",
    [
        f"<tool_call>```{SPACE}x{SPACE}y",
        f"<tool_call>get_time{SPACE}[CALL_ID]a{SPACE}[ARGS]{SPACE}x",
        f"<tool_call><function=get_time{SPACE}><parameter=a{SPACE}b",
        f"<tool_call>{SPACE}",
        "<tool_call>get_time" + "<arg_key>a" * 3000,
        "<tool_call><function=get_time>" + "<parameter=a" * 3000,
        f"a{SPACE}b",
        f"<think>a{SPACE}",
        "[get_time(a=[" + "[]," * 5000,
        '{"name": "get_time", "arguments": [' + "1, " * 10_000,
    ],
)
def test_long_answers_take_linear_time(text: str) -> None:
    """With backtracking, each of these takes minutes or more."""
    separate([text[at : at + 50] for at in range(0, len(text), 50)])
