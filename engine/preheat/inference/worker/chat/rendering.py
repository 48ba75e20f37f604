"""Renders one chat in the first form that its template accepts completely."""

from __future__ import annotations

import itertools
import json
import re
from collections.abc import Iterator, Sequence
from dataclasses import replace
from typing import Any, Final

from preheat.inference import Chat, ContentPart, Message, Role, ToolCall, ToolDefinition
from preheat.inference.worker.chat.reshaping import (
    Messages,
    reshape,
    with_call_ids,
    with_names_as_text,
    with_tool_prompt,
)
from preheat.inference.worker.chat.sandbox import CompiledTemplate, TemplateFault
from preheat.inference.worker.chat.traits import Step, TemplateTraits, template_messages, template_tools
from preheat.inference.worker.chat.values import wrap

_ESCALATION: Final = (
    (Step.DROP_EMPTY_ANSWERS,),
    (Step.JOIN_FIRST_SYSTEM,),
    (Step.FOLD_LATER_SYSTEM,),
    (Step.JOIN_NEIGHBOURS,),
    (Step.USER_FIRST,),
    (Step.ANSWER_RESULTS,),
    (Step.ONE_CALL_A_MESSAGE,),
    (Step.CALLS_APART,),
    (Step.FOLD_FIRST_SYSTEM,),
    (Step.CALLS_AS_TEXT, Step.RESULTS_AS_USER),
)
"""What to try when a template refuses a chat or leaves out a text, least change first."""

_THINKING_SWITCHES: Final = ("enable_thinking", "thinking")
"""Variables of templates: Qwen's and most others', and that of DeepSeek and Granite."""

_OPENED_THINKING: Final = re.compile(r"<think>\s*\Z")
_NO_THINKING: Final = "<think>\n\n</think>\n\n"


_SHORTEST_SEARCHED: Final = 8
"""Characters of a text that is unlikely to be in a template by chance."""


class TextLeftOut(TemplateFault):
    """The template accepts the chat, but not all of its texts are in the prompt."""


class Rendering:
    """One chat on its way to a prompt. ``nonce`` is a word that the chat does not contain."""

    def __init__(self, template: CompiledTemplate, traits: TemplateTraits, chat: Chat, nonce: str) -> None:
        self._template = template
        self._traits = traits
        self._chat = chat
        self._nonce = nonce
        self._end_mark = f"e{nonce}e"
        choice = chat.tool_choice
        allowed = () if choice.mode == "none" else chat.tools
        self._tools = tuple(tool for tool in allowed if not choice.names or tool.name in choice.names)
        switches = {} if chat.thinking is None else dict.fromkeys(_THINKING_SWITCHES, chat.thinking)
        given = {
            name: wrap(value) if isinstance(value, dict | list) else value
            for name, value in chat.template_arguments.items()
        }
        self._variables: dict[str, Any] = switches | given

    def text(self) -> tuple[str, bool]:
        """Return the prompt, and whether the tools are described in its system message; raises TemplateFault."""
        messages = with_call_ids(self._chat.messages)
        if not self._traits.names:
            messages = with_names_as_text(messages)
        last = messages[-1] if self._chat.continue_last and messages else None
        if last is None or last.role is not Role.ASSISTANT or last.tool_calls:
            text, tools_as_text = self._first_accepted(messages)
            return self._without_thinking(text), tools_as_text
        try:
            text, tools_as_text = self._first_accepted((*messages[:-1], self._marked(last)), continued=True)
            return text.rpartition(self._end_mark)[0], tools_as_text
        except TemplateFault:
            text, tools_as_text = self._first_accepted(messages[:-1])
            return self._without_thinking(text) + last.text, tools_as_text

    def _first_accepted(self, messages: Messages, *, continued: bool = False) -> tuple[str, bool]:
        first_fault: TemplateFault | None = None
        tried: set[tuple[Messages, bool]] = set()
        forms = [(messages, False)] if self._traits.tools_variable or not self._tools else []
        if self._tools:
            forms.append((with_tool_prompt(messages, self._tools), True))
        for steps, (form, tools_as_text) in itertools.product(_attempts(self._traits), forms):
            attempt = (reshape(form, steps), tools_as_text)
            if attempt in tried:
                continue
            tried.add(attempt)
            try:
                return self._accepted(attempt[0], () if tools_as_text else self._tools, continued), tools_as_text
            except TemplateFault as fault:
                first_fault = first_fault or fault
        raise first_fault or TextLeftOut

    def _accepted(self, messages: Messages, tools: Sequence[ToolDefinition], continued: bool) -> str:
        """Return the prompt if it has all texts; raises TemplateFault."""
        text = self._render(messages, tools, continued)
        if continued and self._end_mark not in text:
            raise TextLeftOut
        if not (_has_names(tools, text) and _in_order(messages, text)):
            # Templates quote, trim and shorten texts. Whether they show each message is seen by plain words.
            shown, words = self._skeleton(messages, tools, continued)
            if any(word not in shown for word in words):
                raise TextLeftOut
        return text

    def _render(self, messages: Messages, tools: Sequence[ToolDefinition], continued: bool) -> str:
        variables: dict[str, Any] = {"messages": template_messages(messages, self._traits), "tools": None}
        if self._traits.needs_tools:
            variables["tools"] = []
        if tools:
            variables[self._traits.tools_variable] = template_tools(tools, flat=self._traits.flat_tools)
        return self._template.render({**variables, "add_generation_prompt": not continued, **self._variables})

    def _skeleton(self, messages: Messages, tools: Sequence[ToolDefinition], continued: bool) -> tuple[str, list[str]]:
        """Render the chat with a word in the place of each text and function name; return the words, too."""
        words: list[str] = []

        def word() -> str:
            words.append(f"w{self._nonce}n{len(words)}w")
            return words[-1]

        skeleton = tuple(
            replace(
                message,
                content=(ContentPart(word()),) if message.text.strip() else message.content,
                tool_calls=tuple(ToolCall(word(), call.arguments, call.call_id) for call in message.tool_calls),
            )
            for message in messages
        )
        named = [replace(tool, name=word()) for tool in tools]
        return self._render(skeleton, named, continued), words

    def _marked(self, message: Message) -> Message:
        """Return the message with a mark at its end: that of its text, or of its thinking if it has no text yet."""
        if message.reasoning and not message.text:
            return replace(message, reasoning=message.reasoning + self._end_mark)
        return replace(message, content=(ContentPart(message.text + self._end_mark),))

    def _without_thinking(self, text: str) -> str:
        """Close the thinking that a template without a switch opens."""
        return _OPENED_THINKING.sub(_NO_THINKING, text) if self._chat.thinking is False else text


def _attempts(traits: TemplateTraits) -> Iterator[frozenset[Step]]:
    """Yield sets of steps to try: those that the template is known to need, each other one, and all of them in turn."""
    known = traits.steps
    yield known
    # It does so only if the user's message is the very last one. In a tool loop, the system message would be left out.
    if traits.moves_system:
        yield known | {Step.SYSTEM_INTO_LAST_USER}
    for steps in _ESCALATION:
        yield known.union(steps)
    for steps in _ESCALATION:
        yield (known := known.union(steps))


def _has_names(tools: Sequence[ToolDefinition], text: str) -> bool:
    return all(len(tool.name) >= _SHORTEST_SEARCHED and tool.name in text for tool in tools)


def _in_order(messages: Messages, text: str) -> bool:
    """Whether all texts are in the prompt as they are. Templates may move the system message.

    Short texts are not looked for, and give False: the template's own text may contain them.
    """
    at = 0
    for message in messages:
        if any(call.name not in text for call in message.tool_calls):
            return False
        for part in message.content:
            wanted = part.text.strip()
            if 0 < len(wanted) < _SHORTEST_SEARCHED:
                return False
            start = 0 if message.role is Role.SYSTEM else at
            found = text.find(wanted, start)
            if found < 0:
                wanted = json.dumps(wanted, ensure_ascii=False)[1:-1]
                found = text.find(wanted, start)
            if found < 0:
                return False
            if message.role is not Role.SYSTEM:
                at = found + len(wanted)
    return True
