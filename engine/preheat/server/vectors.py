"""Embedding vectors in answers."""

from __future__ import annotations

from collections.abc import Sequence

from preheat.errors import InvalidRequestError
from preheat.inference import Embeddings, normalised
from preheat.messages import msg


def shortened(embeddings: Embeddings, dimensions: int | None) -> Sequence[bytes]:
    """Return the first ``dimensions`` numbers of each vector, normalised again, as OpenAI does."""
    if dimensions is None or dimensions == embeddings.dimensions:
        return embeddings.vectors
    if not 0 < dimensions < embeddings.dimensions:
        raise InvalidRequestError(msg("too_many_dimensions", limit=embeddings.dimensions), param="dimensions")
    return [normalised(vector[: 4 * dimensions]) for vector in embeddings.vectors]
