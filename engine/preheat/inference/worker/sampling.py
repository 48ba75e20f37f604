"""From logits to the next token: llama.cpp's sampler chain, a constraint, log probabilities. Decode thread only."""

from __future__ import annotations

import ctypes
import math
import random
import weakref
from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from typing import Any, Final, TypeVar

from preheat.inference import Sampling, TokenLogprob
from preheat.inference.worker.bindings import llama
from preheat.inference.worker.constraints import TokenMatcher
from preheat.inference.worker.llama_model import LlamaModel
from preheat.inference.worker.scheduling import Sampled

Number = TypeVar("Number", int, float)

_MIN_TEMPERATURE: Final = 1e-3  # a logit divided by less may overflow
_MAX_TEMPERATURE: Final = 1e3
_MAX_PENALTY: Final = 1e3
_MAX_BIAS: Final = 1e4


class TokenSampler:
    """Chooses the tokens of one request. Its native samplers are freed with it.

    Penalties apply to the ``recent`` tokens, those of the prompt. Log probabilities are as in ``GenerateRequest``: of
    the model's distribution, whatever the constraint allows. If the constraint turns out to be too complex, the text
    ends and ``on_failure`` is called with the reason.

    Raises:
        InvalidRequestError: A biased token does not exist.
    """

    def __init__(
        self,
        model: LlamaModel,
        sampling: Sampling,
        recent: Sequence[int],
        constraint: TokenMatcher | None = None,
        top_logprobs: int | None = None,
        on_failure: Callable[[str], None] = lambda reason: None,
    ) -> None:
        self._model = model
        self._on_failure = on_failure
        self._top_logprobs = None if top_logprobs is None else _clamped(top_logprobs, 0, model.n_vocab)
        model.check_tokens(list(sampling.logit_bias), "logit_bias")
        sampling = bounded(sampling, model.n_vocab, model.context_length)
        self._candidates = _Candidates(model, sampling.logit_bias) if sampling.logit_bias else None
        self.constrain(constraint)
        self._chain = _make_chain(model, sampling)
        self._takes_likeliest = sampling.temperature <= 0 and not _has_penalties(sampling)
        weakref.finalize(self, llama.llama_sampler_free, self._chain)
        if sampling.penalty_last_n and _has_penalties(sampling):
            for token in recent[-sampling.penalty_last_n :]:
                llama.llama_sampler_accept(self._chain, token)

    def sample(self, index: int) -> Sampled:
        """Return the next token, from the logits of the batch's token at ``index``."""
        model = self._model
        constraint = self._constraint
        token: int | None
        if constraint is not None:
            token = self._sample_constrained(index, constraint)
        elif self._candidates is not None:
            token = self._candidates.choose(self._chain, index)
            llama.llama_sampler_accept(self._chain, token)
        else:
            token = model.logits.likeliest(index) if self._takes_likeliest else None
            if token is None:
                token = llama.llama_sampler_sample(self._chain, model.ctx, index)
        if token is None or model.is_end(token):
            return Sampled(token or 0, b"", end=True)
        logprob = None if self._top_logprobs is None else token_logprob(model, index, token, self._top_logprobs)
        return Sampled(
            token, model.piece(token), logprob=logprob, last=self._constraint is not None and self._constraint.complete
        )

    def force(self, index: int, token: int) -> Sampled:
        """Return this token as the next one, whatever the logits are."""
        if self._constraint is not None:
            self._constraint.accept(token)
        llama.llama_sampler_accept(self._chain, token)
        logprob = None if self._top_logprobs is None else token_logprob(self._model, index, token, self._top_logprobs)
        return Sampled(token, self._model.piece(token), logprob=logprob)

    def constrain(self, constraint: TokenMatcher | None, insisting: float = math.inf) -> None:
        """Follow a constraint from the next token on, or none.

        A token that it does not allow ends it if the token's logit is higher by ``insisting`` than all allowed ones.
        """
        self._constraint = constraint
        self._insisting = insisting

    def _sample_constrained(self, index: int, constraint: TokenMatcher) -> int | None:
        # The token chosen without the constraint is mostly allowed: choose first, and choose again among the allowed
        # ones if it is not. Both ways have the same distribution.
        candidates = self._candidates = self._candidates or _Candidates(self._model, {})
        token = candidates.choose(self._chain, index)
        if not constraint.accept(token):
            allowed = constraint.allowed()
            if self._insists(index, token, allowed):
                self._constraint = None
                llama.llama_sampler_accept(self._chain, token)
                return token
            if not len(allowed):
                self._on_failure(constraint.failure)
                return None
            token = candidates.choose(self._chain, index, allowed) if len(allowed) > 1 else int(allowed[0])
            constraint.accept(token)
        llama.llama_sampler_accept(self._chain, token)
        return token

    def _insists(self, index: int, token: int, allowed: Any) -> bool:
        if math.isinf(self._insisting):
            return False
        logits = self._model.logits.row(index)
        return not len(allowed) or bool(logits[token] - logits[allowed].max() > self._insisting)


def bounded(sampling: Sampling, n_vocab: int, context_length: int) -> Sampling:
    """Return parameters within what they can mean for a model; infinite ones and those that are not a number are off.

    The seed may be any number. A look back of -1 becomes the context length.
    """
    last_n = context_length if sampling.penalty_last_n < 0 else min(sampling.penalty_last_n, context_length)
    temperature = _finite(sampling.temperature, 1.0, 0.0, _MAX_TEMPERATURE)
    return replace(
        sampling,
        temperature=temperature if temperature >= _MIN_TEMPERATURE else 0.0,
        top_k=_clamped(sampling.top_k, 0, n_vocab),
        top_p=_finite(sampling.top_p, 1.0, 0.0, 1.0),
        min_p=_finite(sampling.min_p, 0.0, 0.0, 1.0),
        repetition_penalty=_finite(sampling.repetition_penalty, 1.0, 1 / _MAX_PENALTY, _MAX_PENALTY),
        presence_penalty=_finite(sampling.presence_penalty, 0.0, -_MAX_PENALTY, _MAX_PENALTY),
        frequency_penalty=_finite(sampling.frequency_penalty, 0.0, -_MAX_PENALTY, _MAX_PENALTY),
        penalty_last_n=last_n,
        logit_bias={
            token: 0.0 if math.isnan(bias) else _clamped(bias, -_MAX_BIAS, _MAX_BIAS)
            for token, bias in sampling.logit_bias.items()
        },
    )


def _finite(value: float, off: float, low: float, high: float) -> float:
    return _clamped(value, low, high) if math.isfinite(value) else off


def _clamped(value: Number, low: Number, high: Number) -> Number:
    return min(max(value, low), high)


def _has_penalties(sampling: Sampling) -> bool:
    return sampling.repetition_penalty != 1.0 or bool(sampling.presence_penalty or sampling.frequency_penalty)


def _make_chain(model: LlamaModel, sampling: Sampling) -> Any:
    chain = llama.llama_sampler_chain_init(llama.llama_sampler_chain_default_params())

    def add(sampler: Any) -> None:
        llama.llama_sampler_chain_add(chain, sampler)

    if _has_penalties(sampling):
        last_n = sampling.penalty_last_n
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


class _Candidates:
    """Tokens with their logits, in the form that samplers take, and with a ``bias`` by token.

    llama.cpp's own sampler for biases compares each one with each allowed token.
    """

    def __init__(self, model: LlamaModel, bias: Mapping[int, float]) -> None:
        import numpy as np  # 0.06 s and 15 MB; only constraints, biases and log probabilities need it

        self._model = model
        self._ids = np.arange(model.n_vocab, dtype=np.int32)
        self._array = np.zeros(model.n_vocab, dtype=[("id", "<i4"), ("logit", "<f4"), ("p", "<f4")])
        self._data = self._array.ctypes.data_as(llama.llama_token_data_p)
        self._biased = np.fromiter(bias, dtype=np.int32)
        self._bias = np.fromiter(bias.values(), dtype=np.float32)

    def choose(self, chain: Any, index: int, allowed: Any = None) -> int:
        """Return the token that the chain selects from the vocabulary, or from the ``allowed`` ids."""
        ids = self._ids if allowed is None else allowed
        logits = self._model.logits.row(index)
        if len(self._biased):
            logits = logits.copy()
            logits[self._biased] += self._bias
        self._array["id"][: len(ids)] = ids
        self._array["logit"][: len(ids)] = logits if allowed is None else logits[allowed]
        native = llama.llama_token_data_array(data=self._data, size=len(ids), selected=-1, sorted=False)
        llama.llama_sampler_apply(chain, ctypes.byref(native))
        token: int = native.data[native.selected].id
        return token


def token_logprob(model: LlamaModel, index: int, token: int, top: int) -> TokenLogprob:
    """Return the log probability of a token and of the ``top`` likeliest ones, before temperature and penalties."""
    import numpy as np

    logits = np.nan_to_num(model.logits.row(index))  # a damaged model's may be anything
    peak = logits.max()  # shift the softmax, so that nothing overflows
    shift = float(peak + np.log(np.exp(logits - peak).sum(dtype=np.float64)))
    likeliest = np.argpartition(logits, -top)[-top:] if top else np.empty(0, dtype=int)
    ranked = sorted(likeliest.tolist(), key=lambda other: -float(logits[other]))
    return TokenLogprob(
        *_shown(model, token),
        float(logits[token]) - shift,
        tuple((*_shown(model, other), float(logits[other]) - shift) for other in ranked),
    )


def prompt_token(model: LlamaModel, token: int) -> TokenLogprob:
    """Return the entry of a prompt's first token. Its log probability has no meaning."""
    return TokenLogprob(*_shown(model, token), 0.0)


def _shown(model: LlamaModel, token: int) -> tuple[str, bytes]:
    piece = model.piece(token)
    return piece.decode("utf-8", errors="replace"), piece
