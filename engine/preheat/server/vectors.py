"""Embedding vectors of fewer dimensions, for all protocols."""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import TYPE_CHECKING, Final

from pydantic_core import to_json

from preheat.errors import InvalidRequestError, UnsupportedOperationError
from preheat.inference import Embeddings, normalised
from preheat.messages import msg

if TYPE_CHECKING:
    from preheat.models import ModelFile

FEW_VECTORS: Final = 16
"""Up to this number, vectors are written on the loop, which is quicker."""

_MATRYOSHKA: Final = re.compile(
    r"nomic-embed-text-v(1-5|2)|mxbai-embed|jina-embeddings-v[345]|embedding-?gemma|qwen3-embedding"
    r"|snowflake-arctic-embed-(m|m-long|l)-v(1-5|2)|modernbert-embed|text-embedding-3"
)
"""Families whose vectors may be cut (Matryoshka representation learning). GGUF files do not say it."""


def numbers(vector: bytes) -> Sequence[float]:
    """Return the numbers of a vector."""
    return memoryview(vector).cast("f").tolist()


def embeddings_field(vectors: Sequence[bytes]) -> bytes:
    """Return Ollama's field ``embeddings`` as JSON. Any thread."""
    # One by one: other threads can run in between.
    return b'"embeddings":[' + b",".join(to_json(numbers(vector), inf_nan_mode="null") for vector in vectors) + b"]"


def may_be_shortened(model: ModelFile) -> bool:
    """Return whether a model was trained for vectors of fewer dimensions, by its name."""
    return any(
        _MATRYOSHKA.search(re.sub(r"[^a-z0-9]+", "-", name.lower()))
        for name in (model.model_id, model.name, *model.aliases)
    )


def shortened(model: ModelFile, embeddings: Embeddings, dimensions: int | None) -> Sequence[bytes]:
    """Return the first ``dimensions`` numbers of each vector, normalised again, as OpenAI does.

    Raises:
        InvalidRequestError: The model has fewer.
        UnsupportedOperationError: It was not trained for this.
    """
    limit = embeddings.dimensions
    if dimensions is None or dimensions == limit:
        return embeddings.vectors
    if dimensions > limit:
        raise InvalidRequestError(msg("too_many_dimensions", limit=limit), param="dimensions")
    if not may_be_shortened(model):
        raise UnsupportedOperationError(
            msg("dimensions_not_trained", model=model.model_id, limit=limit), param="dimensions"
        )
    return [normalised(vector[: 4 * dimensions]) for vector in embeddings.vectors]
