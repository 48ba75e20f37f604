"""Prompts for filling the gap between a text and a suffix, with the model's own tokens for it. Reading thread only."""

from __future__ import annotations

from preheat.errors import InvalidRequestError, UnsupportedOperationError
from preheat.inference import GenerateRequest
from preheat.inference.worker.llama_model import LlamaModel
from preheat.messages import msg


def infill_prompt(model: LlamaModel, request: GenerateRequest, suffix: str) -> list[int]:
    """Return the tokens of prefix, suffix and gap, in the order that llama.cpp's server uses.

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
        request.prompt or "", add_special=False, parse_special=False
    )
    after = model.tokenize(suffix, add_special=False, parse_special=False)
    start = [model.bos] if model.adds_bos else []
    return [*start, before_prefix, *prefix, before_suffix, *after, before_middle]
