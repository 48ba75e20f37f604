"""Requests to a model and their results: the values that pass between adapters, engine and worker."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any, Final, Literal

JsonObject = dict[str, Any]

ANY_JSON: Final = "{}"
"""A JSON schema that allows every object: ``response_format`` ``json_object``."""

UBATCH_TOKENS: Final = 512
"""Tokens in one physical batch of a text model; also its largest prefill chunk."""

EMBEDDING_BATCH_TOKENS: Final = 512
"""Token limit of a batch of short inputs. Larger batches are hardly faster, and llama.cpp keeps room for a whole
vocabulary's logits for every token of the largest batch so far."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Sampling:
    """How the next token is chosen; the defaults are llama.cpp's.

    Attributes:
        temperature: 0 always takes the likeliest token.
        top_k: Keep the k likeliest; 0 keeps all.
        top_p: Keep the likeliest that together reach p; 1.0 keeps all.
        min_p: Drop tokens below this share of the likeliest one's probability; 0 keeps all.
        repetition_penalty: Divides the logits of tokens in the last ``penalty_last_n``; 1.0 is off.
        presence_penalty: Subtracted once for a token that has occurred; 0 is off.
        frequency_penalty: Subtracted for each occurrence of a token; 0 is off.
        penalty_last_n: How many tokens back the penalties look; -1 is the context length.
        seed: The same seed, prompt and settings give the same text; None draws one.
        logit_bias: Added to the logits of these token ids.
    """

    temperature: float = 0.8
    top_k: int = 40
    top_p: float = 0.95
    min_p: float = 0.05
    repetition_penalty: float = 1.0
    presence_penalty: float = 0.0
    frequency_penalty: float = 0.0
    penalty_last_n: int = 64
    seed: int | None = None
    logit_bias: Mapping[int, float] = field(default_factory=dict)


@dataclass(frozen=True, slots=True, kw_only=True)
class GenerateRequest:
    """Continue a chat or a prompt. Exactly one of ``messages``, ``prompt`` and ``prompt_tokens`` is set.

    Attributes:
        messages: A chat in OpenAI's form (role, content, ...), rendered by the model's chat template.
        tools: Tool definitions in OpenAI's form, for the chat template.
        prompt: Plain text; the start token is added if the model wants it.
        prompt_tokens: Token ids, used unchanged.
        max_tokens: Maximum of generated tokens; None is up to the context length.
        stop: Stop before any of these texts; they do not appear in the output.
        json_schema: A JSON schema as text that the output must follow; ``ANY_JSON`` for any object.
        top_logprobs: Report each token's log probability and those of this many alternatives; None reports none.
    """

    messages: tuple[JsonObject, ...] | None = None
    tools: tuple[JsonObject, ...] = ()
    prompt: str | None = None
    prompt_tokens: tuple[int, ...] | None = None
    sampling: Sampling = field(default_factory=Sampling)
    max_tokens: int | None = None
    stop: tuple[str, ...] = ()
    json_schema: str | None = None
    top_logprobs: int | None = None


class FinishReason(StrEnum):
    """Why a generation ended."""

    STOP = "stop"
    LENGTH = "length"


@dataclass(frozen=True, slots=True)
class TokenLogprob:
    """A token's natural log probability before temperature.

    Attributes:
        token: The token's text; incomplete UTF-8 appears as U+FFFD.
        token_bytes: The token's exact bytes.
        top: (token text, token bytes, log probability) of the likeliest tokens in its place, likeliest first.
    """

    token: str
    token_bytes: bytes
    logprob: float
    top: tuple[tuple[str, bytes, float], ...] = ()


@dataclass(frozen=True, slots=True)
class Usage:
    """Tokens of one request. ``cached_tokens`` of the prompt were not recomputed (prefix reuse)."""

    prompt_tokens: int
    completion_tokens: int
    cached_tokens: int = 0


@dataclass(frozen=True, slots=True)
class GenerationChunk:
    """The output of one step for one request.

    Attributes:
        text: New text; may be empty, as when a token completes no character.
        logprobs: The tokens of ``text``, if requested.
        finish_reason: Set on the last chunk, together with ``usage``.
    """

    text: str
    logprobs: tuple[TokenLogprob, ...] = ()
    finish_reason: FinishReason | None = None
    usage: Usage | None = None


@dataclass(frozen=True, slots=True)
class Embeddings:
    """Normalised vectors, one for each input, in the order of the inputs.

    Attributes:
        vectors: Each vector's ``dimensions`` 32-bit little-endian floats, as bytes.
        prompt_tokens: Tokens of all inputs, cached ones included.
    """

    dimensions: int
    vectors: tuple[bytes, ...]
    prompt_tokens: int


@dataclass(frozen=True, slots=True)
class ModelInfo:
    """What a worker reports about its model.

    Attributes:
        context_length: Prompt plus completion limit, in tokens.
        dimensions: Length of its embedding vectors; 0 for a text model.
        parallel: Requests that run at once; more wait in the worker's queue.
        resident_bytes: Memory of the worker after the probe; the engine measures it.
    """

    context_length: int
    embeddings: bool
    dimensions: int
    chat_template: bool
    parallel: int
    resident_bytes: int = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class LoadOptions:
    """How a worker loads a model.

    Attributes:
        path: The GGUF file; the first one of a split set.
        files: Every file of the set, for paging in and progress.
        context_length: Limit in tokens; the trained length applies where it is smaller.
        repack: Rewrite weights for the processor: faster prefill, almost twice the memory.
        gpu_layers: Layers to offload where the build can; -1 is all.
        embedding_cache: Number of (text, vector) pairs to remember.
        probe: Decode one token before reporting the model as hot. Without it, the waiting request is the probe.
        warm_prefix: Evaluate the chat template's fixed beginning. For loads without a waiting request.
    """

    path: str
    files: tuple[str, ...]
    embeddings: bool
    context_length: int
    parallel: int
    kv_cache_type: Literal["f16", "q8_0", "q4_0"]
    flash_attention: Literal["auto", "on", "off"]
    repack: bool
    threads: int
    gpu_layers: int
    embedding_cache: int
    probe: bool
    warm_prefix: bool
