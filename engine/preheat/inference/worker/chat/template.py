"""Chat messages to prompt text, by the chat template of the model file."""

from __future__ import annotations

import contextlib
import re
from collections.abc import Collection
from dataclasses import dataclass
from typing import Final

from preheat.errors import ChatTemplateError, ChatTemplateUnavailableError, EngineError, InvalidRequestError
from preheat.inference import Chat, Role, text_message
from preheat.inference.worker.chat.guarding import Guard, Piece
from preheat.inference.worker.chat.questions import MAX_PROMPT_BYTES
from preheat.inference.worker.chat.remote_template import Helpers, RemoteTemplate
from preheat.messages import Message, msg

CHATML: Final = (
    "{% for message in messages %}<|im_start|>{{ message.role }}\n{{ message.content }}<|im_end|>\n{% endfor %}"
    "{% if add_generation_prompt %}<|im_start|>assistant\n{% endif %}"
)
"""Template for files without one: the format of most models' training."""

_MARK: Final = "the user's message"
_BYTES_PER_CHARACTER: Final = 4
_MAX_BEGINNING_CHARACTERS: Final = 1 << 15
_MARKED: Final = Chat(messages=(text_message(Role.USER, _MARK),))
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

    Some files have another template for chats with tools (``tool_use``). The template runs in one of the ``helpers``.
    One that cannot be run fails in ``render``, so that the model still serves plain completions. Prompts much longer
    than ``max_characters`` are refused. Any thread.
    """

    def __init__(
        self,
        template: str | None,
        tool_use: str | None = None,
        *,
        helpers: Helpers,
        bos: str = "",
        eos: str = "",
        max_characters: int = MAX_PROMPT_BYTES,
    ) -> None:
        source = CHATML if template is None else template
        self.source: Final = source + (tool_use or "")
        max_bytes = min(_BYTES_PER_CHARACTER * max_characters, MAX_PROMPT_BYTES)
        self._remote = RemoteTemplate(source, bos, eos, helpers, max_prompt_bytes=max_bytes)
        self._tool_use: ChatTemplate | None = None
        if tool_use is not None:
            self._tool_use = ChatTemplate(tool_use, helpers=helpers, bos=bos, eos=eos, max_characters=max_characters)

    def learn(self) -> Message | None:
        """Let a helper learn the template before the first chat; return why it cannot be run, if so."""
        with contextlib.suppress(ChatTemplateError, ChatTemplateUnavailableError):
            self._remote.learn()
        return self._remote.problem or (self._tool_use.learn() if self._tool_use is not None else None)

    def render(self, chat: Chat, literal: Collection[str] = ()) -> Prompt:
        """Return the prompt for this chat.

        Args:
            chat: Messages and tools. Images are refused.
            literal: Texts of control tokens. Where they occur in the chat's own texts, they become literal pieces.

        Raises:
            InvalidRequestError: The template refuses the chat in every form, or leaves out a text.
            ChatTemplateError: The template cannot be run.
            ChatTemplateUnavailableError: No helper starts.
        """
        if self._tool_use is not None and chat.tools and chat.tool_choice.mode != "none":
            return self._tool_use.render(chat, literal)
        _check(chat)
        guard = Guard(literal)
        text, tools_as_text = self._remote.prompt(guard.chat(chat), guard.nonce)
        return Prompt(guard.pieces(text), tools_as_text)

    def fixed_beginning(self) -> Prompt:
        """Return the template's text before every chat without a system message; empty if there is none or much."""
        try:
            beginning, mark, _ = self.render(_MARKED).text.partition(_MARK)
        except EngineError:
            return Prompt(())
        is_usual = mark and 0 < len(beginning) <= _MAX_BEGINNING_CHARACTERS
        return Prompt(((beginning, False),) if is_usual else ())


def _check(chat: Chat) -> None:
    if any(part.image is not None for message in chat.messages for part in message.content):
        raise InvalidRequestError(msg("images_unsupported"), param="messages")
    for name in sorted(_OWN_VARIABLES & chat.template_arguments.keys()):
        raise InvalidRequestError(msg("template_argument_reserved", name=name), param="chat_template_kwargs")


def template_abilities(template: str | None, tool_use: str | None = None) -> tuple[bool, bool]:
    """Return whether a file's templates have a place for tools and for thinking, from their source alone."""
    source = (template or "") + (tool_use or "")
    return bool(re.search(r"\btools\b", source)), bool(re.search(r"think|reasoning", source, re.IGNORECASE))
