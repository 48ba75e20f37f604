"""Requests to tokens and back: texts, and prompts for filling a gap with the model's own tokens for it."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from preheat.errors import ContextLengthExceededError, InvalidRequestError, UnsupportedOperationError
from preheat.inference import Chat, GenerateRequest
from preheat.inference.protocol import Detokenize, Detokenized, Tokenize, Tokens
from preheat.inference.request_size import MAX_TOKENIZED_TOKENS
from preheat.inference.worker.lanes import Job
from preheat.inference.worker.llama_model import LlamaModel
from preheat.inference.worker.text_pieces import OnPiece
from preheat.messages import msg


def answer_tokens(
    model: LlamaModel, frame: Tokenize | Detokenize, chat_prompt: Callable[[Chat, OnPiece], Sequence[int]], job: Job
) -> Tokens | Detokenized:
    """Return the answer. ``chat_prompt`` returns the tokens of a chat's prompt; see ``LlamaModel.tokenize``.

    Raises:
        EngineError: The vocabulary has no such token, there are too many, or ``chat_prompt`` failed.
        CancelledError: The request was cancelled.
    """
    if isinstance(frame, Detokenize):
        model.check_tokens(frame.tokens, "tokens")
        pieces = {token: model.written_piece(token) for token in set(frame.tokens)}
        return Detokenized(frame.id, model.detokenize(frame.tokens), [pieces[token] for token in frame.tokens])
    if frame.chat is not None:
        return Tokens(frame.id, chat_prompt(frame.chat, count_limit(job, "messages")))
    on_piece = count_limit(job, "prompt")
    tokens = model.tokenize(
        frame.text or "", add_special=frame.add_special, parse_special=frame.parse_special, on_piece=on_piece
    )
    return Tokens(frame.id, tokens)


def count_limit(job: Job, param: str) -> OnPiece:
    """Return a function that stops counting tokens; it raises ContextLengthExceededError or CancelledError."""

    def on_piece(tokens: int) -> None:
        job.check()
        if tokens > MAX_TOKENIZED_TOKENS:
            raise ContextLengthExceededError(msg("too_many_tokens", limit=MAX_TOKENIZED_TOKENS), param=param)

    return on_piece


def prompt_limit(job: Job, model: LlamaModel, param: str) -> OnPiece:
    """Return a function that stops tokenizing when the prompt is far too long or the request was cancelled.

    It raises ContextLengthExceededError or CancelledError. Nearly every prompt is counted to its end: the model may be
    loaded again with room for it, and its user sees by how much it is too long.
    """
    most = max(model.context_length, MAX_TOKENIZED_TOKENS)

    def on_piece(tokens: int) -> None:
        job.check()
        if tokens >= most:
            raise ContextLengthExceededError(
                msg("prompt_too_long_early", tokens=tokens, limit=model.context_length), param=param
            )

    return on_piece


def input_limit(job: Job, index: int, most: int) -> OnPiece:
    """Return the same for an input of an embedding model, which may have up to ``most`` tokens."""
    counted = max(most, MAX_TOKENIZED_TOKENS)

    def on_piece(tokens: int) -> None:
        job.check()
        if tokens > counted:
            raise ContextLengthExceededError(
                msg("input_too_long_early", index=index, tokens=tokens, limit=most), param="input"
            )

    return on_piece


def infill_prompt(model: LlamaModel, request: GenerateRequest, suffix: str, on_piece: OnPiece) -> list[int]:
    """Return the tokens of prefix, suffix and gap, in the order that llama.cpp's server uses.

    ``on_piece`` is that of ``LlamaModel.tokenize``.

    Raises:
        UnsupportedOperationError: The vocabulary has no tokens for it.
        InvalidRequestError: The request is a chat.
    """
    if request.chat is not None:
        raise InvalidRequestError(msg("suffix_with_chat"), param="suffix")
    if model.infill is None:
        raise UnsupportedOperationError(msg("model_without_infill"), param="suffix")
    before_prefix, before_suffix, before_middle = model.infill
    # Source code may contain the text of control tokens: it stays text.
    prefix = list(request.prompt_tokens or ()) or model.tokenize(
        request.prompt or "", add_special=False, parse_special=False, on_piece=on_piece
    )
    after = model.tokenize(suffix, add_special=False, parse_special=False, on_piece=on_piece)
    start = [model.bos] if model.adds_bos else []
    return [*start, before_prefix, *prefix, before_suffix, *after, before_middle]
