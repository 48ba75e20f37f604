"""Chats to tokens."""

from __future__ import annotations

from typing import Protocol

from preheat.inference import Chat
from preheat.inference.worker.chat.guarding import contained
from preheat.inference.worker.chat.template import ChatTemplate, Prompt


class Vocabulary(Protocol):
    """What the tokenizing of prompts needs of a model."""

    bos: int
    bos_text: str
    adds_bos: bool

    def tokenize(self, text: str, *, add_special: bool = True, parse_special: bool = True) -> list[int]:
        """Return the text's token ids."""

    def control_text(self, token: int) -> str:
        """Return a control token's text; empty for other tokens."""


def chat_tokens(vocabulary: Vocabulary, template: ChatTemplate, chat: Chat) -> tuple[Prompt, list[int]]:
    """Return the prompt for a chat and its tokens; raises InvalidRequestError.

    A prompt is tokenized in one piece, as in training. If it then has a control token whose text is also in the chat's
    own texts, these occurrences are tokenized apart, as plain text.
    """
    prompt = template.render(chat)
    tokens = _tokens(vocabulary, prompt)
    literal: frozenset[str] = frozenset()
    while found := contained(chat, _control_texts(vocabulary, tokens)) - literal:
        literal |= found
        prompt = template.render(chat, literal)
        tokens = _tokens(vocabulary, prompt)
    return prompt, tokens


def fixed_tokens(vocabulary: Vocabulary, template: ChatTemplate) -> list[int]:
    """Return the tokens that every chat without a system message begins with; may be empty."""
    beginning = template.fixed_beginning()
    return _tokens(vocabulary, beginning) if beginning.pieces else []


def _tokens(vocabulary: Vocabulary, prompt: Prompt) -> list[int]:
    """Return a prompt's tokens, with one start token if the model wants it or the template writes it."""
    tokens: list[int] = []
    for at, (text, is_literal) in enumerate(prompt.pieces):
        bare = text.lstrip()
        # White space before the start token was not in training.
        if at == 0 and vocabulary.bos_text and bare.startswith(vocabulary.bos_text):
            text = bare
        tokens += vocabulary.tokenize(text, add_special=False, parse_special=not is_literal)
    start = 0
    while start < len(tokens) and tokens[start] == vocabulary.bos >= 0:
        start += 1
    has_bos = start > 0 or vocabulary.adds_bos
    return [vocabulary.bos] * has_bos + tokens[start:]


def _control_texts(vocabulary: Vocabulary, tokens: list[int]) -> set[str]:
    return {text for token in set(tokens) if (text := vocabulary.control_text(token))}
