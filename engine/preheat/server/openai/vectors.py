"""Embeddings, and reranking by their similarity."""

from __future__ import annotations

import asyncio
import base64
import uuid
from collections.abc import Sequence
from operator import mul
from typing import TYPE_CHECKING, Any

from pydantic_core import to_json

from preheat.errors import EngineError
from preheat.inference import Embeddings
from preheat.server.openai.inputs import RerankBody
from preheat.server.vectors import numbers

if TYPE_CHECKING:
    from preheat.core import Lease
    from preheat.inference import Priority


def embeddings_json(model_id: str, vectors: Sequence[bytes], prompt_tokens: int, encoding_format: str | None) -> bytes:
    """Return OpenAI's answer. base64 holds the vector's own bytes, which is much cheaper. Any thread."""
    data = []
    for index, vector in enumerate(vectors):
        # One by one: other threads can run in between.
        embedding = base64.b64encode(vector).decode() if encoding_format == "base64" else numbers(vector)
        data.append(to_json({"object": "embedding", "index": index, "embedding": embedding}))
    rest = to_json({"model": model_id, "usage": _usage(prompt_tokens)})
    return b'{"object":"list","data":[' + b",".join(data) + b"]," + rest[1:]


async def reranked(lease: Lease, model_id: str, body: RerankBody, priority: Priority) -> Any:
    """Return the documents in the order of their vectors' cosine similarity to that of the query."""
    query = await _embed(lease, [body.query], "query", priority)
    passages = body.passages
    documents = await _embed(lease, passages, "documents" if body.texts is None else "texts", priority)
    scores = await asyncio.to_thread(_scores, query.vectors[0], documents.vectors)
    order = sorted(range(len(scores)), key=lambda index: -scores[index])[: body.top_n]
    if body.texts is not None:
        shown = bool(body.return_text or body.return_documents)
        return [
            {"index": index, "score": scores[index], **({"text": passages[index]} if shown else {})} for index in order
        ]
    results = [
        {
            "index": index,
            "relevance_score": scores[index],
            **({"document": {"text": passages[index]}} if body.return_documents else {}),
        }
        for index in order
    ]
    usage = _usage(query.prompt_tokens + documents.prompt_tokens)
    return {
        "id": f"rerank-{uuid.uuid4().hex}",
        "object": "list",
        "model": model_id,
        "results": results,
        "usage": usage,
        "method": "cosine_similarity",  # of embeddings: the model is no cross-encoder
    }


def _scores(query: bytes, documents: Sequence[bytes]) -> list[float]:
    wanted = numbers(query)
    return [sum(map(mul, wanted, numbers(vector))) for vector in documents]


async def _embed(lease: Lease, inputs: Sequence[str], param: str, priority: Priority) -> Embeddings:
    try:
        return await lease.embed(inputs, priority)
    except EngineError as error:
        error.param = param if error.param == "input" else error.param
        raise


def _usage(prompt_tokens: int) -> dict[str, int]:
    return {"prompt_tokens": prompt_tokens, "total_tokens": prompt_tokens}
