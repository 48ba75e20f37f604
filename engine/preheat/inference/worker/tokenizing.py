"""Answers requests to turn text into tokens and back. Reading thread only."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from preheat.inference import Chat
from preheat.inference.protocol import Detokenize, Detokenized, Tokenize, Tokens
from preheat.inference.worker.llama_model import LlamaModel


def answer_tokens(
    model: LlamaModel, frame: Tokenize | Detokenize, chat_prompt: Callable[[Chat], Sequence[int]]
) -> Tokens | Detokenized:
    """Return the answer. ``chat_prompt`` returns the tokens of a chat's prompt.

    Raises:
        EngineError: The vocabulary has no such token, or ``chat_prompt`` failed.
    """
    if isinstance(frame, Detokenize):
        model.check_tokens(frame.tokens, "tokens")
        return Detokenized(frame.id, model.detokenize(frame.tokens), list(map(model.written_piece, frame.tokens)))
    if frame.chat is not None:
        return Tokens(frame.id, chat_prompt(frame.chat))
    text = frame.text or ""
    return Tokens(frame.id, model.tokenize(text, add_special=frame.add_special, parse_special=frame.parse_special))
