"""POST /v1/embeddings."""

from __future__ import annotations

import base64
import math
import sys
from array import array
from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from pydantic_core import to_json
from starlette.requests import Request
from starlette.responses import Response

from preheat.errors import InvalidRequestError, UnsupportedOperationError
from preheat.inference import Embeddings
from preheat.messages import msg
from preheat.server.clients import client_name
from preheat.server.generation import client_gone
from preheat.server.in_flight import ClientGoneError, InFlight
from preheat.server.openai.schema import EmbeddingBody
from preheat.server.openai.validation import parse_body

if TYPE_CHECKING:
    from preheat.core import Engine


@dataclass(frozen=True, slots=True)
class EmbeddingApi:
    """The embedding endpoint."""

    engine: Engine
    in_flight: InFlight

    async def create(self, request: Request) -> Response:
        """Answer with one vector for each input."""
        body = parse_body(EmbeddingBody, await request.body())
        model = await self.engine.find(body.model)
        if not model.embeddings:
            raise UnsupportedOperationError(msg("endpoint_needs_embeddings", model=model.model_id), param="model")
        try:
            async with (
                self.in_flight.answer(request.receive),
                self.engine.lease(model.model_id, client=client_name(request)) as lease,
            ):
                embeddings = await lease.embed(body.inputs)
        except ClientGoneError:
            return client_gone()
        vectors = shortened(embeddings, body.dimensions)
        content = embeddings_json(model.model_id, vectors, embeddings.prompt_tokens, body.encoding_format)
        return Response(to_json(content), media_type="application/json")


def shortened(embeddings: Embeddings, dimensions: int | None) -> Sequence[bytes]:
    """Return the first ``dimensions`` numbers of each vector, normalised again, as OpenAI does.

    Raises:
        InvalidRequestError: The model's vectors have fewer dimensions.
    """
    if dimensions is None or dimensions == embeddings.dimensions:
        return embeddings.vectors
    if dimensions > embeddings.dimensions:
        raise InvalidRequestError(msg("too_many_dimensions", limit=embeddings.dimensions), param="dimensions")
    return [_normalised(vector[: 4 * dimensions]) for vector in embeddings.vectors]


def embeddings_json(
    model_id: str, vectors: Sequence[bytes], prompt_tokens: int, encoding_format: str | None
) -> dict[str, Any]:
    """Return OpenAI's answer. base64 holds the vector's own bytes, which is much cheaper."""
    as_text = encoding_format == "base64"
    data = [
        {
            "object": "embedding",
            "index": index,
            "embedding": base64.b64encode(vector).decode() if as_text else _numbers(vector).tolist(),
        }
        for index, vector in enumerate(vectors)
    ]
    usage = {"prompt_tokens": prompt_tokens, "total_tokens": prompt_tokens}
    return {"object": "list", "data": data, "model": model_id, "usage": usage}


def _numbers(vector: bytes) -> array[float]:
    return _little_endian(array("f", vector))


def _normalised(vector: bytes) -> bytes:
    numbers = _numbers(vector)
    length = math.sqrt(math.fsum(number * number for number in numbers)) or 1.0
    return _little_endian(array("f", (number / length for number in numbers))).tobytes()


def _little_endian(numbers: array[float]) -> array[float]:
    if sys.byteorder == "big":
        numbers.byteswap()
    return numbers
