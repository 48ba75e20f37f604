"""Text and embeddings from one model: the values that pass through the engine, and the worker process behind them.

``preheat.inference.client`` is the engine's end of a worker; ``preheat.inference.worker`` runs in the child process.
"""

from __future__ import annotations

from preheat.inference.requests import (
    ANY_JSON,
    EMBEDDING_BATCH_TOKENS,
    UBATCH_TOKENS,
    Embeddings,
    FinishReason,
    GenerateRequest,
    GenerationChunk,
    JsonObject,
    LoadOptions,
    ModelInfo,
    Sampling,
    TokenLogprob,
    Usage,
)

__all__ = [
    "ANY_JSON",
    "EMBEDDING_BATCH_TOKENS",
    "UBATCH_TOKENS",
    "Embeddings",
    "FinishReason",
    "GenerateRequest",
    "GenerationChunk",
    "JsonObject",
    "LoadOptions",
    "ModelInfo",
    "Sampling",
    "TokenLogprob",
    "Usage",
]
