"""Changes of a chat for templates that refuse its form or leave out some of its texts. All are pure."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from dataclasses import replace
from functools import partial
from typing import Final

from preheat.inference import ContentPart, JsonObject, Message, Role, ToolCall, ToolDefinition, text_message
from preheat.inference.worker.chat.traits import Step, parse_arguments, template_tools
from preheat.inference.worker.chat.values import to_json

Messages = tuple[Message, ...]

_TOOL_PROMPT: Final = """# Tools

You may call one or more functions to assist with the user query.

You are provided with function signatures within <tools></tools> XML tags:
<tools>
{tools}
</tools>

For each function call, return a json object with function name and arguments within <tool_call></tool_call> XML tags:
<tool_call>
{{"name": <function-name>, "arguments": <args-json-object>}}
</tool_call>"""
"""Hermes' and Qwen2.5's words, which the most small models have been trained on."""


def reshape(messages: Messages, steps: Collection[Step]) -> Messages:
    """Return the chat after these changes."""
    for step in sorted(steps):
        messages = _STEPS[step](messages)
    return messages


def with_call_ids(messages: Sequence[Message]) -> Messages:
    """Give each call an id, and each tool result the id and name of its call, by their order where ids are missing."""
    result: list[Message] = []
    waiting: dict[str, str] = {}  # names by call id
    count = 0
    for message in messages:
        if message.tool_calls:
            calls = []
            for call in message.tool_calls:
                count += 1
                calls.append(replace(call, call_id=call.call_id or f"call{count:05}"))
            waiting |= {call.call_id: call.name for call in calls}
            message = replace(message, tool_calls=tuple(calls))
        elif message.role is Role.TOOL:
            call_id = message.tool_call_id or next(iter(waiting), "call00000")
            name = waiting.pop(call_id, "")
            message = replace(message, tool_call_id=call_id, name=message.name or name)
        result.append(message)
    return tuple(result)


def with_tool_prompt(messages: Messages, tools: Sequence[ToolDefinition]) -> Messages:
    """Describe the tools in the system message, for a template without a place for them."""
    prompt = _TOOL_PROMPT.format(tools="\n".join(map(to_json, template_tools(tools))))
    message = text_message(Role.SYSTEM, prompt)
    if messages and messages[0].role is Role.SYSTEM:
        return (_joined(messages[0], message), *messages[1:])
    return (message, *messages)


def with_names_as_text(messages: Messages) -> Messages:
    """Begin named users' texts with their names, for a template that does not show them."""
    return tuple(
        replace(message, content=(ContentPart(f"{message.name}: {message.text}"),), name="")
        if message.role is Role.USER and message.name and all(part.image is None for part in message.content)
        else message
        for message in messages
    )


def _calls_as_text(messages: Messages, *, as_list: bool = False) -> Messages:
    written = _call_list if as_list else _tagged_calls
    return tuple(
        replace(message, content=_with_text(message, written(message.tool_calls)), tool_calls=())
        if message.tool_calls
        else message
        for message in messages
    )


def _tagged_calls(calls: Sequence[ToolCall]) -> str:
    return "\n".join(f"<tool_call>\n{to_json(_call_value(call))}\n</tool_call>" for call in calls)


def _call_list(calls: Sequence[ToolCall]) -> str:
    return f"<|tool_call|>{to_json(list(map(_call_value, calls)))}"


def _call_value(call: ToolCall) -> JsonObject:
    return {"name": call.name, "arguments": parse_arguments(call.arguments)}


def _with_text(message: Message, text: str) -> tuple[ContentPart, ...]:
    return (*message.content, ContentPart(text)) if message.text else (ContentPart(text),)


def _results_as_user(messages: Messages) -> Messages:
    return tuple(
        text_message(Role.USER, f"<tool_response>\n{message.text}\n</tool_response>")
        if message.role is Role.TOOL
        else message
        for message in messages
    )


def _one_call_a_message(messages: Messages) -> Messages:
    result: list[Message] = []
    rest = deque(messages)
    while rest:
        message = rest.popleft()
        if len(message.tool_calls) < 2:
            result.append(message)
            continue
        answers: list[Message] = []
        while rest and rest[0].role is Role.TOOL:
            answers.append(rest.popleft())
        by_call: dict[str, list[Message]] = {call.call_id: [] for call in message.tool_calls}
        others = [answer for answer in answers if answer.tool_call_id not in by_call]
        for answer in answers:
            by_call.get(answer.tool_call_id, []).append(answer)
        for index, call in enumerate(message.tool_calls):
            first = message if index == 0 else Message(role=Role.ASSISTANT)
            result += [replace(first, tool_calls=(call,)), *by_call[call.call_id]]
        result += others
    return tuple(result)


def _calls_apart(messages: Messages) -> Messages:
    result: list[Message] = []
    for message in messages:
        if message.tool_calls and message.text:
            result += [replace(message, tool_calls=()), Message(role=Role.ASSISTANT, tool_calls=message.tool_calls)]
        else:
            result.append(message)
    return tuple(result)


def _drop_empty_answers(messages: Messages) -> Messages:
    return tuple(
        message
        for message in messages
        if message.role is not Role.ASSISTANT or message.text.strip() or message.tool_calls
    )


def _join_first_system(messages: Messages) -> Messages:
    count = _leading_systems(messages)
    return (*_join(messages[:count], lambda _first, _second: True), *messages[count:])


def _system_into_last_user(messages: Messages) -> Messages:
    count = _leading_systems(messages)
    last = max((at for at, message in enumerate(messages) if message.role is Role.USER), default=-1)
    if not count or last < 0:
        return messages
    (system,) = _join(messages[:count], lambda _first, _second: True)
    joined = _joined(replace(system, role=Role.USER, name=messages[last].name), messages[last])
    return (*messages[count:last], joined, *messages[last + 1 :])


def _fold_later_system(messages: Messages) -> Messages:
    return _fold(messages, range(_leading_systems(messages), len(messages)))


def _fold_first_system(messages: Messages) -> Messages:
    return _fold(messages, range(_leading_systems(messages)))


def _leading_systems(messages: Messages) -> int:
    return next((at for at, message in enumerate(messages) if message.role is not Role.SYSTEM), len(messages))


def _fold(messages: Messages, places: range) -> Messages:
    """Make the system messages at these places the user's, each joined with the user's messages next to it."""
    result: list[tuple[Message, bool]] = []  # with whether the message ends with a folded one
    for at, message in enumerate(messages):
        is_folded = at in places and message.role is Role.SYSTEM
        if is_folded:
            message = replace(message, role=Role.USER, name="")
        before, was_folded = result[-1] if result else (None, False)
        if before and before.role is message.role is Role.USER and (is_folded or was_folded):
            result[-1] = (_joined(before, message), is_folded)
        else:
            result.append((message, is_folded))
    return tuple(message for message, _ in result)


def _join_neighbours(messages: Messages) -> Messages:
    return _join(messages, lambda first, second: first.role is second.role and first.role is not Role.TOOL)


def _join(messages: Iterable[Message], joins: Callable[[Message, Message], bool]) -> Messages:
    result: list[Message] = []
    for message in messages:
        if result and joins(result[-1], message):
            result[-1] = _joined(result[-1], message)
        else:
            result.append(message)
    return tuple(result)


def _joined(first: Message, second: Message) -> Message:
    texts = [message.text for message in (first, second) if message.text]
    content = first.content + second.content
    if all(part.image is None for part in content):
        content = (ContentPart("\n\n".join(texts)),) if texts else ()
    return replace(
        first,
        content=content,
        name=first.name if first.name == second.name else "",
        reasoning=first.reasoning or second.reasoning,
        tool_calls=first.tool_calls + second.tool_calls,
    )


def _user_first(messages: Messages) -> Messages:
    at = _leading_systems(messages)
    if messages and (at == len(messages) or messages[at].role is Role.USER):
        return messages
    return (*messages[:at], text_message(Role.USER, ""), *messages[at:])


def _answer_results(messages: Messages, answer: str = "") -> Messages:
    result: list[Message] = []
    for message in messages:
        if result and result[-1].role is Role.TOOL and message.role is Role.USER:
            result.append(text_message(Role.ASSISTANT, answer))
        result.append(message)
    return tuple(result)


_STEPS: Final[Mapping[Step, Callable[[Messages], Messages]]] = {
    Step.CALLS_AS_TEXT: _calls_as_text,
    Step.CALLS_AS_LIST: partial(_calls_as_text, as_list=True),
    Step.RESULTS_AS_USER: _results_as_user,
    Step.ONE_CALL_A_MESSAGE: _one_call_a_message,
    Step.CALLS_APART: _calls_apart,
    Step.DROP_EMPTY_ANSWERS: _drop_empty_answers,
    Step.JOIN_FIRST_SYSTEM: _join_first_system,
    Step.SYSTEM_INTO_LAST_USER: _system_into_last_user,
    Step.FOLD_LATER_SYSTEM: _fold_later_system,
    Step.FOLD_FIRST_SYSTEM: _fold_first_system,
    Step.JOIN_NEIGHBOURS: _join_neighbours,
    Step.USER_FIRST: _user_first,
    Step.ANSWER_RESULTS: _answer_results,
    Step.ACKNOWLEDGE_RESULTS: partial(_answer_results, answer="OK."),
}
