"""Limits of one request for a model, checked before a worker gets it, and which requests are quick to prepare. Pure.

The limits are far beyond what fits a context length; they bound the work of finding out exactly.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Sequence
from typing import Any, Final

from preheat.errors import ContextLengthExceededError, InvalidRequestError
from preheat.inference import Chat, GenerateRequest, Message
from preheat.messages import msg

MAX_TOKENIZED_TOKENS: Final = 1 << 18
"""Most tokens in a request to count tokens, or to turn them into text."""

_MOST_COUNTED: Final = 1 << 18
_MAX_TOKENIZED_CHARACTERS: Final = 1 << 22
_MAX_STOP_CHARACTERS: Final = 1 << 16
_MIN_CHARACTERS: Final = 1 << 19
_CHARACTERS_PER_TOKEN: Final = 32
"""No text of a human or a program has tokens this long on average; only long runs of white space do."""

_TOKENS_PER_MESSAGE: Final = 2
"""A chat template writes at least a role, or a mark, before and after each message."""

_TINY_CHARACTERS: Final = 1 << 10
_TINY_PARTS: Final = 8
_QUICK_CHARACTERS: Final = 1 << 14
_QUICK_PARTS: Final = 64
_QUICK_TOKENS: Final = 1 << 12


def longest_prompt(context_length: int, trained_length: int) -> int:
    """Return up to how many tokens a prompt is counted that does not fit: the model may be loaded again for it."""
    return max(context_length, min(trained_length, _MOST_COUNTED))


def max_characters(context_length: int) -> int:
    """Return the longest text that is worth tokenizing for a context length."""
    return max(_MIN_CHARACTERS, _CHARACTERS_PER_TOKEN * context_length)


def check_request(request: GenerateRequest, context_length: int, longest: int) -> None:
    """Check what the size of a request shows.

    Args:
        longest: See ``longest_prompt``: a prompt that may have fewer tokens is left to the worker, which counts them.

    Raises:
        ContextLengthExceededError: The prompt cannot fit.
        InvalidRequestError: The stop strings are too long.
    """
    if request.chat is not None:
        check_chat(request.chat, context_length, longest)
    if request.prompt_tokens is not None and len(request.prompt_tokens) >= context_length:
        tokens = len(request.prompt_tokens)
        raise ContextLengthExceededError(msg("prompt_too_long", tokens=tokens, limit=context_length), param="prompt")
    _check_characters(len(request.prompt or "") + len(request.suffix or ""), context_length, longest, "prompt")
    characters = sum(map(len, request.stop))
    if characters > _MAX_STOP_CHARACTERS:
        raise InvalidRequestError(
            msg("stop_too_large", characters=characters, limit=_MAX_STOP_CHARACTERS), param="stop"
        )


def check_chat(chat: Chat, context_length: int, longest: int) -> None:
    """Raise ContextLengthExceededError for a chat that cannot fit, as far as its size shows; see ``check_request``."""
    tokens = len(chat.messages) * _TOKENS_PER_MESSAGE
    if tokens >= longest:
        raise ContextLengthExceededError(
            msg("prompt_too_long_early", tokens=tokens, limit=context_length), param="messages"
        )
    _check_characters(chat_characters(chat, max_characters(longest)), context_length, longest, "messages")


def check_inputs(inputs: Sequence[str | Sequence[int]], context_length: int) -> None:
    """Raise ContextLengthExceededError if one of the inputs of an embedding model cannot fit."""
    for at, value in enumerate(inputs):
        if isinstance(value, str):
            if len(value) > (limit := max_characters(context_length)):
                raise ContextLengthExceededError(
                    msg("input_too_large", index=at, characters=len(value), limit=limit), param="input"
                )
        elif len(value) > context_length:
            raise ContextLengthExceededError(
                msg("input_too_long", index=at, tokens=len(value), limit=context_length), param="input"
            )


def check_text_to_count(text: str) -> None:
    """Raise InvalidRequestError for a text that is too long to count its tokens at once."""
    if len(text) > _MAX_TOKENIZED_CHARACTERS:
        limit = _MAX_TOKENIZED_CHARACTERS
        raise InvalidRequestError(msg("text_too_large", characters=len(text), limit=limit), param="prompt")


def check_token_count(tokens: Sequence[int]) -> None:
    """Raise InvalidRequestError for more tokens than are turned into text at once."""
    if len(tokens) > MAX_TOKENIZED_TOKENS:
        raise InvalidRequestError(msg("too_many_tokens", limit=MAX_TOKENIZED_TOKENS), param="tokens")


def _check_characters(characters: int, context_length: int, longest: int, param: str) -> None:
    limit = max_characters(longest)
    if characters > limit:
        raise ContextLengthExceededError(
            msg("prompt_too_large", characters=characters, limit=limit, tokens=context_length), param=param
        )


def chat_characters(chat: Chat, most: int) -> int:
    """Return the number of characters in a chat's texts and tools; counts little further than ``most``."""
    texts = sum(len(tool.name) + len(tool.description) for tool in chat.tools)
    texts += sum(map(_message_characters, chat.messages))
    if texts > most:
        return texts
    return texts + json_size([[tool.parameters for tool in chat.tools], chat.template_arguments], most)


def _message_characters(message: Message) -> int:
    calls = sum(len(call.name) + len(call.arguments) + len(call.call_id) for call in message.tool_calls)
    own = len(message.name) + len(message.reasoning) + len(message.tool_call_id)
    return calls + own + sum(len(part.text) for part in message.content)


def json_size(value: Any, most: int) -> int:
    """Return the number of characters in a JSON value's texts, and one for each other value. Not recursive.

    It counts little further than ``most``.
    """
    size = 0
    rest = [value]
    while rest and size <= most:
        item = rest.pop()
        if isinstance(item, str):
            size += len(item)
        elif isinstance(item, dict):
            rest += item.values()
            size += sum(map(len, item)) + 1
        elif isinstance(item, list):
            rest += item
            size += 1
        else:
            size += 1
    return size


def are_tiny(texts: Collection[str | Sequence[int]]) -> bool:
    """Return whether texts are turned into tokens in less than a millisecond."""
    return len(texts) <= _TINY_PARTS and sum(map(len, texts)) <= _TINY_CHARACTERS


def is_quick(request: GenerateRequest) -> bool:
    """Return whether a request is prepared in some milliseconds, apart from its constraint."""
    if request.chat is not None and not chat_is_quick(request.chat):
        return False
    tokens = len(request.prompt_tokens or ()) + len(request.sampling.logit_bias)
    texts = (request.prompt or "", request.suffix or "", request.prediction, *request.stop)
    return tokens <= _QUICK_TOKENS and len(request.stop) <= _QUICK_PARTS and are_quick(texts)


def chat_is_quick(chat: Chat) -> bool:
    """Return whether a chat becomes tokens in some milliseconds."""
    parts = sum(len(message.content) + len(message.tool_calls) for message in chat.messages) + len(chat.tools)
    return parts <= _QUICK_PARTS and chat_characters(chat, _QUICK_CHARACTERS) <= _QUICK_CHARACTERS


def are_quick(texts: Iterable[str | Sequence[int]]) -> bool:
    """Return whether texts, or tokens, are turned into the other in some milliseconds."""
    return sum(map(len, texts)) <= _QUICK_CHARACTERS
