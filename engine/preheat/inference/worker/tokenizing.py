"""Answers requests to turn text into tokens and back."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from preheat.errors import ContextLengthExceededError
from preheat.inference import Chat
from preheat.inference.protocol import Detokenize, Detokenized, Tokenize, Tokens
from preheat.inference.request_size import MAX_TOKENIZED_TOKENS
from preheat.inference.worker.lanes import Job
from preheat.inference.worker.llama_model import LlamaModel, OnPiece
from preheat.messages import msg


def answer_tokens(
    model: LlamaModel, frame: Tokenize | Detokenize, chat_prompt: Callable[[Chat], Sequence[int]], job: Job
) -> Tokens | Detokenized:
    """Return the answer. ``chat_prompt`` returns the tokens of a chat's prompt.

    Raises:
        EngineError: The vocabulary has no such token, there are too many, or ``chat_prompt`` failed.
        CancelledError: The request was cancelled.
    """
    if isinstance(frame, Detokenize):
        model.check_tokens(frame.tokens, "tokens")
        return Detokenized(frame.id, model.detokenize(frame.tokens), list(map(model.written_piece, frame.tokens)))
    if frame.chat is not None:
        return Tokens(frame.id, chat_prompt(frame.chat))

    def on_piece(tokens: int) -> None:
        job.check()
        if tokens > MAX_TOKENIZED_TOKENS:
            raise ContextLengthExceededError(msg("too_many_tokens", limit=MAX_TOKENIZED_TOKENS), param="prompt")

    tokens = model.tokenize(
        frame.text or "", add_special=frame.add_special, parse_special=frame.parse_special, on_piece=on_piece
    )
    return Tokens(frame.id, tokens)


def prompt_limit(job: Job, context_length: int, param: str) -> OnPiece:
    """Return a function that stops the tokenizing of a prompt that is too long, or whose request was cancelled.

    It raises ContextLengthExceededError or CancelledError.
    """

    def on_piece(tokens: int) -> None:
        job.check()
        if tokens >= context_length:
            raise ContextLengthExceededError(
                msg("prompt_too_long_early", tokens=tokens, limit=context_length), param=param
            )

    return on_piece
