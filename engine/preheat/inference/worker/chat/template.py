"""Chat messages to prompt text, by the chat template of the model file."""

from __future__ import annotations

import re
import threading
from collections.abc import Collection, Iterator
from dataclasses import dataclass, replace
from functools import cached_property
from typing import Final

from preheat.errors import InvalidRequestError
from preheat.inference import Chat, Role, text_message
from preheat.inference.worker.chat.guarding import Guard, Piece
from preheat.inference.worker.chat.probes import learn
from preheat.inference.worker.chat.rendering import Rendering, TextLeftOut
from preheat.inference.worker.chat.sandbox import CompiledTemplate, RenderTimeout, TemplateFault, time_limit
from preheat.inference.worker.chat.traits import TemplateTraits
from preheat.messages import msg

RENDER_LIMIT_S: Final = 2.0
"""Time limit of one chat, in all forms that are tried for it, and of learning what a template accepts, in seconds."""

CHATML: Final = (
    "{% for message in messages %}<|im_start|>{{ message.role }}\n{{ message.content }}<|im_end|>\n{% endfor %}"
    "{% if add_generation_prompt %}<|im_start|>assistant\n{% endif %}"
)
"""Template for files without one: the format of most models' training."""

_MARK: Final = "the user's message"
_MARKED: Final = Chat(messages=(text_message(Role.USER, _MARK),))
_EFFORT: Final = "reasoning_effort"
_OWN_VARIABLES: Final = frozenset({"messages", "tools", "add_generation_prompt", "bos_token", "eos_token"})


@dataclass(frozen=True, slots=True)
class Prompt:
    """A rendered chat.

    Attributes:
        pieces: Its text in pieces; a literal piece becomes no control token.
        tools_as_text: The tools are described in the system message, because the template has no place for them. The
            model was asked to answer with ``<tool_call>{"name": ..., "arguments": ...}</tool_call>``.
    """

    pieces: tuple[Piece, ...]
    tools_as_text: bool = False

    @property
    def text(self) -> str:
        """The whole text."""
        return "".join(text for text, _ in self.pieces)


class ChatTemplate:
    """One model's chat template: Jinja source, ChatML by default, with the model's start and end tokens as text.

    Some files have another template for chats with tools (``tool_use``). What a template accepts is learned at the
    first chat. A template that does not parse fails in ``render``, so that the model still serves plain completions.
    """

    def __init__(
        self,
        template: str | None,
        tool_use: str | None = None,
        *,
        bos: str = "",
        eos: str = "",
        limit_s: float = RENDER_LIMIT_S,
    ) -> None:
        source = CHATML if template is None else template
        self.source: Final = source + (tool_use or "")
        self._compiled = CompiledTemplate(source, {"bos_token": bos, "eos_token": eos})
        self._tool_use = None if tool_use is None else ChatTemplate(tool_use, bos=bos, eos=eos, limit_s=limit_s)
        self._limit_s = limit_s
        self._learning = threading.Lock()

    @cached_property
    def traits(self) -> TemplateTraits:
        """What the template accepts; the usual conventions if it takes too long to find out."""
        with self._learning:
            try:
                with time_limit(self._limit_s):
                    return learn(self._compiled)
            except RenderTimeout:
                return TemplateTraits()

    def render(self, chat: Chat, literal: Collection[str] = ()) -> Prompt:
        """Return the prompt for this chat.

        Args:
            chat: Messages and tools. Images are refused.
            literal: Texts of control tokens. Where they occur in the chat's own texts, they become literal pieces.

        Raises:
            InvalidRequestError: The template refuses the chat in every form, leaves out a text, fails or is too slow.
        """
        if self._tool_use is not None and chat.tools and chat.tool_choice.mode != "none":
            return self._tool_use.render(chat, literal)
        _check(chat)
        traits = self.traits
        guard = Guard(literal)
        try:
            with time_limit(self._limit_s):
                text, tools_as_text = _rendered(self._compiled, traits, guard.chat(chat), guard.nonce)
        except RenderTimeout:
            raise InvalidRequestError(msg("template_too_slow", limit_s=self._limit_s), param="messages") from None
        except TextLeftOut as fault:
            raise InvalidRequestError(msg("template_leaves_out_text"), param="messages") from fault
        except TemplateFault as fault:
            raise InvalidRequestError(msg("template_failed", reason=str(fault)[:200]), param="messages") from fault
        return Prompt(guard.pieces(text), tools_as_text)

    def fixed_beginning(self) -> Prompt:
        """Return the template's text before every chat without a system message; may be empty."""
        try:
            beginning, mark, _ = self.render(_MARKED).text.partition(_MARK)
        except InvalidRequestError:
            return Prompt(())
        return Prompt(((beginning, False),) if mark and beginning else ())


def _rendered(template: CompiledTemplate, traits: TemplateTraits, chat: Chat, nonce: str) -> tuple[str, bool]:
    """Return the result of a ``Rendering``; a template that refuses a word for the effort gets another, or none."""
    first_fault: TemplateFault | None = None
    for form in _efforts(chat):
        try:
            return Rendering(template, traits, form, nonce).text()
        except TemplateFault as fault:
            first_fault = first_fault or fault
    raise first_fault or TextLeftOut


def _efforts(chat: Chat) -> Iterator[Chat]:
    yield chat
    if _EFFORT in chat.template_arguments:
        others = {name: value for name, value in chat.template_arguments.items() if name != _EFFORT}
        off = chat.template_arguments[_EFFORT] in ("none", "minimal")
        yield replace(chat, template_arguments={**others, _EFFORT: "none" if off else "high"})
        yield replace(chat, template_arguments=others)


def _check(chat: Chat) -> None:
    if any(part.image is not None for message in chat.messages for part in message.content):
        raise InvalidRequestError(msg("images_unsupported"), param="messages")
    for name in sorted(_OWN_VARIABLES & chat.template_arguments.keys()):
        raise InvalidRequestError(msg("template_argument_reserved", name=name), param="chat_template_kwargs")


def template_abilities(template: str | None, tool_use: str | None = None) -> tuple[bool, bool]:
    """Return whether a file's templates have a place for tools and for thinking, from their source alone."""
    source = (template or "") + (tool_use or "")
    return bool(re.search(r"\btools\b", source)), bool(re.search(r"think|reasoning", source, re.IGNORECASE))
