"""Learns what a chat template accepts, by rendering small chats and looking for their texts in the result."""

from __future__ import annotations

import itertools
import re
from collections.abc import Iterable, Sequence
from dataclasses import replace
from typing import Final

from preheat.inference import Message, Role, ToolCall, ToolDefinition, text_message
from preheat.inference.worker.chat.reshaping import reshape
from preheat.inference.worker.chat.sandbox import CompiledTemplate, TemplateFault
from preheat.inference.worker.chat.traits import (
    ArgumentsForm,
    EmptyContent,
    Step,
    TemplateTraits,
    template_messages,
    template_tools,
)

# Words that no template contains, of letters only: they survive trimming, quoting and escaping.
_FIRST, _SECOND, _THIRD, _FOURTH, _FIFTH = "uqzvaa", "uqzvbb", "uqzvcc", "uqzvdd", "uqzvee"
_NAME, _KEY, _VALUE = "fqzvff", "kqzvgg", "vqzvhh"

_SYSTEM: Final = text_message(Role.SYSTEM, _FIRST)
_SYSTEM_2: Final = text_message(Role.SYSTEM, _FOURTH)
_USER: Final = text_message(Role.USER, _SECOND)
_USER_2: Final = text_message(Role.USER, _FIFTH)
_ASSISTANT: Final = text_message(Role.ASSISTANT, _THIRD)
_CALL_ID: Final = "call_0123456789abcdef01234567"
_CALL: Final = Message(
    role=Role.ASSISTANT, tool_calls=(ToolCall(_NAME, f'{{"{_KEY}": "{_VALUE}", "a": 1, "b": null}}', _CALL_ID),)
)
_RESULT: Final = replace(text_message(Role.TOOL, _THIRD), tool_call_id=_CALL_ID, name=_NAME)
_TOOL: Final = ToolDefinition(_NAME, _FIRST, {"type": "object", "properties": {_KEY: {"type": "string"}}})

_MAX_VARIABLES: Final = 8

_REASONING_KEYS: Final = ("reasoning_content", "reasoning", "thinking")
_TOOLS_VARIABLE: Final = re.compile(r"\b\w*(?:tools|functions)\b")
_TOOL_ROLE: Final = re.compile("""["']tool["']""")


def learn(template: CompiledTemplate) -> TemplateTraits:
    """Return what ``template`` accepts. About forty renders of up to a millisecond."""
    traits = _with_typed_parts(template, TemplateTraits())
    if Role.USER not in traits.typed_parts and not _shows(template, traits, (_USER,), (_SECOND,)):
        with_list = replace(traits, needs_tools=True)
        if _shows(template, with_list, (_USER,), (_SECOND,)):
            traits = _with_typed_parts(template, with_list)
    traits = _with_system_steps(template, traits)
    traits = _with_turn_steps(template, traits)
    traits = _with_tools(template, traits)
    traits = _with_tool_calls(template, traits)
    traits = replace(traits, reasoning_key=_reasoning_key(template, traits))
    named = replace(_USER, name=_NAME)
    return replace(traits, names=_shows(template, traits, (named,), (_NAME,)))


def _shows(
    template: CompiledTemplate, traits: TemplateTraits, messages: Sequence[Message], texts: Iterable[str]
) -> bool:
    """Whether the template accepts the messages, and its result has these texts in this order."""
    text = _rendered(template, traits, messages)
    at = 0
    for wanted in texts:
        at = text.find(wanted, at)
        if at < 0:
            return False
    return True


def _rendered(template: CompiledTemplate, traits: TemplateTraits, messages: Sequence[Message]) -> str:
    shaped = template_messages(reshape(tuple(messages), traits.steps), traits)
    try:
        return template.render(
            {"messages": shaped, "tools": [] if traits.needs_tools else None, "add_generation_prompt": True}
        )
    except TemplateFault:
        return ""


def _with_typed_parts(template: CompiledTemplate, traits: TemplateTraits) -> TemplateTraits:
    chats = {
        Role.USER: (_USER,),
        Role.SYSTEM: (_SYSTEM, _USER_2),
        Role.ASSISTANT: (_USER_2, _ASSISTANT, _USER_2),
    }
    for role, messages in chats.items():
        text = next(message.text for message in messages if message.role is role)
        parted = replace(traits, typed_parts=traits.typed_parts | {role})
        if not _shows(template, traits, messages, (text,)) and _shows(template, parted, messages, (text,)):
            traits = parted
    return traits


def _add_steps(traits: TemplateTraits, *steps: Step) -> TemplateTraits:
    return replace(traits, steps=traits.steps | set(steps))


def _with_system_steps(template: CompiledTemplate, traits: TemplateTraits) -> TemplateTraits:
    if not _shows(template, traits, (_SYSTEM, _USER), (_FIRST,)):
        return _add_steps(traits, Step.JOIN_FIRST_SYSTEM, Step.FOLD_LATER_SYSTEM, Step.FOLD_FIRST_SYSTEM)
    traits = replace(
        traits, moves_system=_shows(template, traits, (_SYSTEM, _USER, _ASSISTANT, _USER_2), (_SECOND, _THIRD, _FIRST))
    )
    if not _shows(template, traits, (_SYSTEM, _SYSTEM_2, _USER), (_FIRST, _FOURTH)):
        traits = _add_steps(traits, Step.JOIN_FIRST_SYSTEM)
    # Some templates move all system messages to the top, and some show only the last one.
    later = (_SYSTEM, _USER, _ASSISTANT, _SYSTEM_2, _USER_2)
    stays = _shows(template, traits, later, (_SECOND, _THIRD, _FOURTH, _FIFTH))
    if not (stays and _shows(template, traits, later, (_FIRST,))):
        traits = _add_steps(traits, Step.FOLD_LATER_SYSTEM)
    return traits


def _with_turn_steps(template: CompiledTemplate, traits: TemplateTraits) -> TemplateTraits:
    if not _shows(template, traits, (_USER, _USER_2), (_SECOND, _FIFTH)):
        traits = _add_steps(traits, Step.JOIN_NEIGHBOURS)
    if not _shows(template, traits, (_ASSISTANT, _USER_2), (_THIRD, _FIFTH)):
        traits = _add_steps(traits, Step.USER_FIRST)
    return traits


def _with_tool_calls(template: CompiledTemplate, traits: TemplateTraits) -> TemplateTraits:
    found = _calls_form(template, traits)
    if found is None:
        is_list = bool(traits.tools_variable) and "<|tool_call|>" in template.source
        traits = _add_steps(traits, Step.CALLS_AS_LIST if is_list else Step.CALLS_AS_TEXT)
        # A template that prints any role may not know this one.
        knows_role = bool(traits.tools_variable or _TOOL_ROLE.search(template.source))
        keeps_results = knows_role and _shows(template, traits, (_USER, _CALL, _RESULT), (_THIRD,))
        return traits if keeps_results else _add_steps(traits, Step.RESULTS_AS_USER)
    traits = found
    if Step.RESULTS_AS_USER not in traits.steps and not _shows(
        template, traits, (_USER, _CALL, _RESULT, _USER_2), (_NAME, _THIRD, _FIFTH)
    ):
        traits = _with_answered_results(template, traits)
    second = replace(_CALL, tool_calls=(*_CALL.tool_calls, ToolCall(_FOURTH, "{}", _FIFTH)))
    results = (_RESULT, replace(text_message(Role.TOOL, _FIFTH), tool_call_id=_FIFTH, name=_FOURTH))
    if not _shows(template, traits, (_USER, second, *results), (_NAME, _FOURTH, _FIFTH)):
        traits = _add_steps(traits, Step.ONE_CALL_A_MESSAGE)
    with_text = replace(_CALL, content=text_message(Role.ASSISTANT, _FOURTH).content)
    apart = _add_steps(traits, Step.CALLS_APART)
    text = _rendered(template, traits, (_USER, with_text, _RESULT))
    is_whole = _FOURTH in text and _NAME in text
    return traits if is_whole or not _shows(template, apart, (_USER, with_text, _RESULT), (_FOURTH, _NAME)) else apart


def _with_answered_results(template: CompiledTemplate, traits: TemplateTraits) -> TemplateTraits:
    for step in (Step.ANSWER_RESULTS, Step.ACKNOWLEDGE_RESULTS):
        answered = _add_steps(traits, step)
        if _shows(template, answered, (_USER, _CALL, _RESULT, _USER_2), (_NAME, _THIRD, _FIFTH)):
            return answered
    return traits


def _calls_form(template: CompiledTemplate, traits: TemplateTraits) -> TemplateTraits | None:
    """Return the traits with the first form of calls in which name, arguments and result appear."""
    results = (frozenset[Step](), frozenset({Step.RESULTS_AS_USER}))
    typed = (traits.typed_parts, traits.typed_parts ^ {Role.TOOL})
    for steps, parts, short, arguments, content in itertools.product(
        results, typed, (False, True), ArgumentsForm, EmptyContent
    ):
        candidate = replace(
            traits,
            steps=traits.steps | steps,
            typed_parts=parts,
            short_ids=short,
            arguments=arguments,
            empty_content=content,
        )
        text = _rendered(template, candidate, (_USER, _CALL, _RESULT))
        # A text that was quoted once more has its quotes escaped.
        if all(word in text for word in (_NAME, _KEY, _VALUE, _THIRD)) and f'\\"{_KEY}' not in text:
            return candidate
    return None


def _reasoning_key(template: CompiledTemplate, traits: TemplateTraits) -> str:
    """Return the field whose text appears. Many templates show thinking only since the last question."""
    thought = replace(_ASSISTANT, reasoning=_FOURTH)
    called = replace(_CALL, reasoning=_FOURTH)
    for key in _REASONING_KEYS:
        candidate = replace(traits, reasoning_key=key)
        if any(
            _shows(template, candidate, messages, (_FOURTH,))
            for messages in ((_USER, thought), (_USER, thought, _USER_2), (_USER, called, _RESULT))
        ):
            return key
    return _REASONING_KEYS[0]


def _with_tools(template: CompiledTemplate, traits: TemplateTraits) -> TemplateTraits:
    """Find the variable and the form in which the template shows tools."""
    others = sorted(set(_TOOLS_VARIABLE.findall(template.source)) - {"tools"})[:_MAX_VARIABLES]
    shaped = template_messages(reshape((_USER,), traits.steps), traits)
    for name, flat in itertools.product(("tools", *others), (False, True)):
        given = {"messages": shaped, "tools": None, "add_generation_prompt": True}
        try:
            text = template.render({**given, name: template_tools((_TOOL,), flat=flat)})
        except TemplateFault:
            continue
        if _NAME in text and _KEY in text:
            return replace(traits, tools_variable=name, flat_tools=flat)
    return replace(traits, tools_variable="")
