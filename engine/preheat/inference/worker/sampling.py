"""Logits to the next token: llama.cpp's sampler chain, a grammar beside it, log probabilities.

Runs in the worker's decode thread only.
"""

from __future__ import annotations

import ctypes
import math
import random
from collections.abc import Sequence
from typing import Any, Final

from preheat.errors import InvalidRequestError
from preheat.inference.requests import ANY_JSON, Sampling, TokenLogprob
from preheat.inference.worker.bindings import json_schema_to_gbnf, llama
from preheat.inference.worker.llama_model import LlamaModel

_SEED_RANGE: Final = 1 << 32
_ANY_JSON_SCHEMA: Final = '{"type": "object"}'


class TokenSampler:
    """Chooses one request's tokens.

    Args:
        recent: The prompt's tokens, on which the penalties look back.
        json_schema: What the text must follow, as JSON text.

    Raises:
        InvalidRequestError: The schema cannot be made into a grammar, or a biased token does not exist.
    """

    def __init__(
        self, model: LlamaModel, sampling: Sampling, recent: Sequence[int], json_schema: str | None = None
    ) -> None:
        self._model = model
        self._grammar = _make_grammar(model, json_schema) if json_schema is not None else None
        self._chain = _make_chain(model, sampling)
        if sampling.penalty_last_n:
            tail = recent if sampling.penalty_last_n < 0 else recent[-sampling.penalty_last_n :]
            for token in tail if _has_penalties(sampling) else ():
                llama.llama_sampler_accept(self._chain, token)

    def sample(self, output_index: int) -> int:
        """Return the next token, from the logits of the batch's token at ``output_index``."""
        if self._grammar is None:
            token: int = llama.llama_sampler_sample(self._chain, self._model.ctx, output_index)
            return token
        return self._sample_by_grammar(output_index)

    def _sample_by_grammar(self, output_index: int) -> int:
        # The grammar looks at the whole vocabulary, which is slow. Mostly the token chosen without it is allowed, so
        # choose first and ask about that one token; choose again among the allowed ones when it is not.
        candidates = _Candidates(self._model, output_index)
        token = candidates.choose(self._chain)
        if not _allows(self._grammar, token):
            candidates = _Candidates(self._model, output_index)
            llama.llama_sampler_apply(self._grammar, ctypes.byref(candidates.native))
            token = candidates.choose(self._chain)
        llama.llama_sampler_accept(self._chain, token)
        llama.llama_sampler_accept(self._grammar, token)
        return token

    def close(self) -> None:
        """Free the native samplers."""
        llama.llama_sampler_free(self._chain)
        if self._grammar is not None:
            llama.llama_sampler_free(self._grammar)


def _has_penalties(sampling: Sampling) -> bool:
    return sampling.repetition_penalty != 1.0 or bool(sampling.presence_penalty or sampling.frequency_penalty)


def _make_chain(model: LlamaModel, sampling: Sampling) -> Any:
    chain = llama.llama_sampler_chain_init(llama.llama_sampler_chain_default_params())

    def add(sampler: Any) -> None:
        llama.llama_sampler_chain_add(chain, sampler)

    if sampling.logit_bias:
        add(_make_logit_bias(model, sampling))
    if _has_penalties(sampling):
        last_n = model.context_length if sampling.penalty_last_n < 0 else sampling.penalty_last_n
        add(
            llama.llama_sampler_init_penalties(
                model.n_vocab,
                last_n,
                sampling.repetition_penalty,
                sampling.frequency_penalty,
                sampling.presence_penalty,
            )
        )
    if sampling.temperature <= 0:
        add(llama.llama_sampler_init_greedy())
        return chain
    if sampling.top_k > 0:
        add(llama.llama_sampler_init_top_k(sampling.top_k))
    if sampling.top_p < 1:
        add(llama.llama_sampler_init_top_p(sampling.top_p, 1))
    if sampling.min_p > 0:
        add(llama.llama_sampler_init_min_p(sampling.min_p, 1))
    add(llama.llama_sampler_init_temp(sampling.temperature))
    seed = random.getrandbits(32) if sampling.seed is None else sampling.seed
    # The highest value means "draw one" to llama.cpp.
    add(llama.llama_sampler_init_dist(seed % (_SEED_RANGE - 1)))
    return chain


def _make_logit_bias(model: LlamaModel, sampling: Sampling) -> Any:
    entries = (llama.llama_logit_bias * len(sampling.logit_bias))()
    for entry, (token, bias) in zip(entries, sampling.logit_bias.items(), strict=True):
        if not 0 <= token < model.n_vocab:
            raise InvalidRequestError(
                f"logit_bias names token {token}, and this model has tokens 0 to {model.n_vocab - 1}",
                param="logit_bias",
            )
        entry.token, entry.bias = token, bias
    return llama.llama_sampler_init_logit_bias(model.n_vocab, len(entries), entries)


def _make_grammar(model: LlamaModel, json_schema: str) -> Any:
    schema = _ANY_JSON_SCHEMA if json_schema == ANY_JSON else json_schema
    try:
        gbnf = json_schema_to_gbnf(schema).encode()
    except (ValueError, LookupError, AssertionError, TypeError, AttributeError, RecursionError) as error:
        raise _schema_error(str(error)) from error
    grammar = llama.llama_sampler_init_grammar(model.vocab, gbnf, b"root")
    if not grammar:
        raise _schema_error("no grammar can be made of it, or one that is too large")
    return grammar


def _schema_error(reason: str) -> InvalidRequestError:
    return InvalidRequestError(
        f"The JSON schema cannot be used: {reason[:200]}",
        hint="Use local references, objects, arrays, enums and plain types",
        param="response_format",
    )


class _Candidates:
    """The whole vocabulary with its logits, as samplers take it."""

    def __init__(self, model: LlamaModel, output_index: int) -> None:
        import numpy as np  # 0.06 s and 15 MB that only requests with a grammar or log probabilities need

        self._array = np.zeros(model.n_vocab, dtype=[("id", "<i4"), ("logit", "<f4"), ("p", "<f4")])
        self._array["id"] = np.arange(model.n_vocab, dtype=np.int32)
        self._array["logit"] = _logits(model, output_index)
        self.native = llama.llama_token_data_array(
            data=self._array.ctypes.data_as(llama.llama_token_data_p),
            size=model.n_vocab,
            selected=-1,
            sorted=False,
        )

    def choose(self, chain: Any) -> int:
        """Return the token that the chain selects; it may reorder and shorten the candidates."""
        llama.llama_sampler_apply(chain, ctypes.byref(self.native))
        token: int = self.native.data[self.native.selected].id
        return token


def _allows(grammar: Any, token: int) -> bool:
    single = llama.llama_token_data(token, 0.0, 0.0)
    array = llama.llama_token_data_array(data=ctypes.pointer(single), size=1, selected=-1, sorted=False)
    llama.llama_sampler_apply(grammar, ctypes.byref(array))
    return math.isfinite(single.logit)


def _logits(model: LlamaModel, output_index: int) -> Any:
    import numpy as np

    return np.ctypeslib.as_array(llama.llama_get_logits_ith(model.ctx, output_index), shape=(model.n_vocab,))


def token_logprob(model: LlamaModel, output_index: int, token: int, top: int) -> TokenLogprob:
    """Return the chosen token's log probability and those of the ``top`` likeliest, before temperature and penalties.

    The logarithm of the softmax of the logits, shifted by their maximum so that nothing overflows.
    """
    import numpy as np

    logits = _logits(model, output_index)
    peak = logits.max()
    shift = float(peak + np.log(np.exp(logits - peak).sum(dtype=np.float64)))
    likeliest = np.argpartition(logits, -top)[-top:] if top else np.empty(0, dtype=int)
    ranked = sorted(likeliest.tolist(), key=lambda other: -float(logits[other]))
    return TokenLogprob(
        *_shown(model, token),
        float(logits[token]) - shift,
        tuple((*_shown(model, other), float(logits[other]) - shift) for other in ranked),
    )


def _shown(model: LlamaModel, token: int) -> tuple[str, bytes]:
    piece = model.piece(token)
    return piece.decode("utf-8", errors="replace"), piece
