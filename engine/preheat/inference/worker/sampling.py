"""From logits to the next token: llama.cpp's sampler chain, a grammar, log probabilities. Decode thread only."""

from __future__ import annotations

import ctypes
import math
import random
import weakref
from collections.abc import Sequence
from typing import Any

from preheat.errors import InvalidRequestError
from preheat.inference import Constraint, Sampling, TokenLogprob
from preheat.inference.worker.bindings import json_schema_to_gbnf, llama
from preheat.inference.worker.llama_model import LlamaModel
from preheat.inference.worker.scheduler import Sampled
from preheat.messages import msg


class TokenSampler:
    """Chooses the tokens of one request. Its native samplers are freed with it.

    Penalties apply to the ``recent`` tokens, those of the prompt. Constraint and log probabilities are as in
    ``GenerateRequest``.

    Raises:
        InvalidRequestError: The schema cannot be made into a grammar, or a biased token does not exist.
    """

    def __init__(
        self,
        model: LlamaModel,
        sampling: Sampling,
        recent: Sequence[int],
        constraint: Constraint | None = None,
        top_logprobs: int | None = None,
    ) -> None:
        self._model = model
        self._top_logprobs = top_logprobs
        model.check_tokens(list(sampling.logit_bias), "logit_bias")
        self._grammar = _make_grammar(model, constraint.text) if constraint is not None else None
        self._chain = _make_chain(model, sampling)
        for sampler in (self._chain, self._grammar):
            if sampler is not None:
                weakref.finalize(self, llama.llama_sampler_free, sampler)
        if sampling.penalty_last_n and _has_penalties(sampling):
            for token in recent if sampling.penalty_last_n < 0 else recent[-sampling.penalty_last_n :]:
                llama.llama_sampler_accept(self._chain, token)

    def sample(self, index: int) -> Sampled:
        """Return the next token, from the logits of the batch's token at ``index``."""
        model = self._model
        if self._grammar is None:
            token: int = llama.llama_sampler_sample(self._chain, model.ctx, index)
        else:
            token = self._sample_by_grammar(index)
        if model.is_end(token):
            return Sampled(token, b"", end=True)
        if self._top_logprobs is None:
            return Sampled(token, model.piece(token))
        return Sampled(token, model.piece(token), logprob=token_logprob(model, index, token, self._top_logprobs))

    def _sample_by_grammar(self, index: int) -> int:
        # Applying the grammar to the whole vocabulary is slow, and the token chosen without it is mostly allowed:
        # choose first, check that one token, and choose again among the allowed ones if it is not.
        candidates = _Candidates(self._model, index)
        token = candidates.choose(self._chain)
        if not _allows(self._grammar, token):
            candidates = _Candidates(self._model, index)
            llama.llama_sampler_apply(self._grammar, ctypes.byref(candidates.native))
            token = candidates.choose(self._chain)
        llama.llama_sampler_accept(self._chain, token)
        llama.llama_sampler_accept(self._grammar, token)
        return token


def _has_penalties(sampling: Sampling) -> bool:
    return sampling.repetition_penalty != 1.0 or bool(sampling.presence_penalty or sampling.frequency_penalty)


def _make_chain(model: LlamaModel, sampling: Sampling) -> Any:
    chain = llama.llama_sampler_chain_init(llama.llama_sampler_chain_default_params())

    def add(sampler: Any) -> None:
        llama.llama_sampler_chain_add(chain, sampler)

    if sampling.logit_bias:
        entries = (llama.llama_logit_bias * len(sampling.logit_bias))(*sampling.logit_bias.items())
        add(llama.llama_sampler_init_logit_bias(model.n_vocab, len(entries), entries))
    if _has_penalties(sampling):
        last_n = model.context_length if sampling.penalty_last_n < 0 else sampling.penalty_last_n
        penalties = (sampling.repetition_penalty, sampling.frequency_penalty, sampling.presence_penalty)
        add(llama.llama_sampler_init_penalties(model.n_vocab, last_n, *penalties))
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
    add(llama.llama_sampler_init_dist(seed % (2**32 - 1)))  # llama.cpp draws a seed when it gets the highest value
    return chain


def _make_grammar(model: LlamaModel, json_schema: str) -> Any:
    try:
        gbnf = json_schema_to_gbnf(json_schema).encode()
    except (ValueError, LookupError, AssertionError, TypeError, AttributeError, RecursionError) as error:
        raise InvalidRequestError(msg("schema_unusable", reason=str(error)[:200]), param="response_format") from error
    grammar = llama.llama_sampler_init_grammar(model.vocab, gbnf, b"root")
    if not grammar:
        raise InvalidRequestError(msg("schema_without_grammar"), param="response_format")
    return grammar


class _Candidates:
    """The vocabulary with its logits, in the form that samplers take."""

    def __init__(self, model: LlamaModel, index: int) -> None:
        import numpy as np  # 0.06 s and 15 MB; only grammars and log probabilities need it

        self._array = np.zeros(model.n_vocab, dtype=[("id", "<i4"), ("logit", "<f4"), ("p", "<f4")])
        self._array["id"] = np.arange(model.n_vocab, dtype=np.int32)
        self._array["logit"] = _logits(model, index)
        data = self._array.ctypes.data_as(llama.llama_token_data_p)
        self.native = llama.llama_token_data_array(data=data, size=model.n_vocab, selected=-1, sorted=False)

    def choose(self, chain: Any) -> int:
        """Return the token that the chain selects; reorders and shortens the candidates."""
        llama.llama_sampler_apply(chain, ctypes.byref(self.native))
        token: int = self.native.data[self.native.selected].id
        return token


def _allows(grammar: Any, token: int) -> bool:
    single = llama.llama_token_data(token, 0.0, 0.0)
    array = llama.llama_token_data_array(data=ctypes.pointer(single), size=1, selected=-1, sorted=False)
    llama.llama_sampler_apply(grammar, ctypes.byref(array))
    return math.isfinite(single.logit)


def _logits(model: LlamaModel, index: int) -> Any:
    import numpy as np

    return np.ctypeslib.as_array(llama.llama_get_logits_ith(model.ctx, index), shape=(model.n_vocab,))


def token_logprob(model: LlamaModel, index: int, token: int, top: int) -> TokenLogprob:
    """Return the log probability of a token and of the ``top`` likeliest ones, before temperature and penalties."""
    import numpy as np

    logits = _logits(model, index)
    peak = logits.max()  # shift the softmax, so that nothing overflows
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
