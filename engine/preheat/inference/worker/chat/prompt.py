"""Chats to tokens."""

from __future__ import annotations

import re
import secrets
from collections.abc import Iterator, Sequence
from dataclasses import replace
from functools import partial
from typing import Final, NamedTuple, Protocol

from preheat.inference import Chat, ContentPart, Message, Role, text_message
from preheat.inference.worker.chat.guarding import contained
from preheat.inference.worker.chat.template import ChatTemplate, Prompt
from preheat.inference.worker.scheduling import Image, ImageSpan
from preheat.inference.worker.text_pieces import OnPiece, no_limit

_PIECES_BETWEEN_CHECKS: Final = 64


class Vocabulary(Protocol):
    """What the tokenizing of prompts needs of a model."""

    bos: int
    bos_text: str
    adds_bos: bool

    def tokenize(
        self, text: str, *, add_special: bool = True, parse_special: bool = True, on_piece: OnPiece = ...
    ) -> list[int]:
        """Return the text's token ids. ``on_piece`` is called with their number from time to time, and may raise."""

    def control_text(self, token: int) -> str:
        """Return a control token's text; empty for other tokens."""

    @property
    def control_texts(self) -> frozenset[str]:
        """The texts of all control tokens."""


class ChatTokens(NamedTuple):
    """A prompt's text and tokens, and where its images are."""

    prompt: Prompt
    tokens: list[int]
    images: tuple[ImageSpan, ...] = ()


def chat_tokens(
    vocabulary: Vocabulary,
    template: ChatTemplate,
    chat: Chat,
    images: Sequence[Sequence[int | Image]] = (),
    on_piece: OnPiece = no_limit,
) -> ChatTokens:
    """Return the prompt for a chat and its tokens; raises InvalidRequestError.

    A prompt is tokenized in one piece, as in training. If it then has a control token whose text is also in the chat's
    own texts, these occurrences are tokenized apart, as plain text.

    Args:
        images: The encoded images of the chat, in order: each one's tiles, and the tokens around them.
        on_piece: Called with the number of tokens so far, from time to time; may raise to stop.
    """
    marks = _Marks(images)
    chat = marks.chat(chat) if images else chat
    prompt = template.render(chat)
    found = _tokens(vocabulary, prompt, marks, on_piece)
    if not contained(chat, _control_texts(vocabulary, found.tokens)):
        return found
    # All of the vocabulary's: one that overlaps another may be hidden by it.
    prompt = template.render(chat, contained(chat, vocabulary.control_texts))
    return _tokens(vocabulary, prompt, marks, on_piece)


def fixed_tokens(vocabulary: Vocabulary, template: ChatTemplate) -> list[int]:
    """Return the tokens that every chat without a system message begins with; may be empty."""
    beginning = template.fixed_beginning()
    return _tokens(vocabulary, beginning, _Marks(()), no_limit).tokens if beginning.pieces else []


def beginning_tokens(vocabulary: Vocabulary, template: ChatTemplate, chat: Chat) -> list[int]:
    """Return the tokens of the prompt that come before whatever the user writes after these messages.

    Raises what ``chat_tokens`` raises.
    """
    mark = f"u{secrets.token_hex(6)}u"
    marked = replace(chat, messages=(*chat.messages, text_message(Role.USER, mark)))
    pieces = []
    for text, is_literal in chat_tokens(vocabulary, template, marked).prompt.pieces:
        before, found, _ = text.partition(mark)
        pieces.append((before, is_literal))
        if found:
            return _tokens(vocabulary, Prompt(tuple(pieces)), _Marks(()), no_limit).tokens
    return []


class _Marks:
    """Puts words in the place of images, and images in the place of these words. Nobody else can write the words."""

    def __init__(self, images: Sequence[Sequence[int | Image]]) -> None:
        self._images = images
        self._nonce = secrets.token_hex(6)
        self._pattern = re.compile(f"i{self._nonce}n([0-9]+)i")

    def chat(self, chat: Chat) -> Chat:
        """Return the chat with a word for each image."""
        numbers = iter(range(len(self._images)))

        def marked(message: Message) -> Message:
            parts = (
                part if part.image is None else ContentPart(f"i{self._nonce}n{next(numbers)}i")
                for part in message.content
            )
            return replace(message, content=tuple(parts))

        return replace(chat, messages=tuple(map(marked, chat.messages)))

    def split(self, text: str) -> Iterator[str | Sequence[int | Image]]:
        """Yield a prompt's texts and images in order."""
        for at, part in enumerate(self._pattern.split(text) if self._images else [text]):
            yield self._images[int(part)] if at % 2 else part


def _tokens(vocabulary: Vocabulary, prompt: Prompt, marks: _Marks, on_piece: OnPiece) -> ChatTokens:
    """Return a prompt's tokens, with one start token if the model wants it or the template writes it."""
    tokens: list[int] = []
    literal: dict[str, list[int]] = {}  # a chat may repeat the text of a control token many times
    images: list[ImageSpan] = []
    for at, (text, is_literal) in enumerate(prompt.pieces):
        bare = text.lstrip()
        # White space before the start token was not in training.
        if at == 0 and vocabulary.bos_text and bare.startswith(vocabulary.bos_text):
            text = bare
        if at % _PIECES_BETWEEN_CHECKS == _PIECES_BETWEEN_CHECKS - 1:
            on_piece(len(tokens))
        for part in marks.split(text):
            if isinstance(part, str):
                begun = len(tokens)
                tokens += _text_tokens(vocabulary, part, is_literal, literal, partial(_beyond, begun, on_piece))
                continue
            for each in part:
                if isinstance(each, int):
                    tokens.append(each)
                else:
                    images.append(ImageSpan(len(tokens), each))
                    tokens += [each.key] * each.positions
    start = 0
    while start < len(tokens) and tokens[start] == vocabulary.bos >= 0:
        start += 1
    has_bos = start > 0 or vocabulary.adds_bos
    moved = has_bos - start
    spans = tuple(span._replace(start=span.start + moved) for span in images)
    return ChatTokens(prompt, [vocabulary.bos] * has_bos + tokens[start:], spans)


def _beyond(begun: int, on_piece: OnPiece, count: int) -> None:
    on_piece(begun + count)


def _text_tokens(
    vocabulary: Vocabulary, text: str, is_literal: bool, literal: dict[str, list[int]], on_piece: OnPiece
) -> list[int]:
    if not text:
        return []
    if not is_literal:
        return vocabulary.tokenize(text, add_special=False, on_piece=on_piece)
    if text not in literal:
        literal[text] = vocabulary.tokenize(text, add_special=False, parse_special=False)
    return literal[text]


def _control_texts(vocabulary: Vocabulary, tokens: list[int]) -> frozenset[str]:
    return frozenset(text for token in set(tokens) if token >= 0 and (text := vocabulary.control_text(token)))
