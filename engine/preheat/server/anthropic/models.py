"""Lists models in Anthropic's form (https://docs.anthropic.com/en/api/models-list)."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

from preheat.errors import InvalidRequestError
from preheat.messages import msg
from preheat.models import Ability, printable

if TYPE_CHECKING:
    from preheat.models import ModelFile


def models_json(
    models: Sequence[ModelFile], query: Mapping[str, str], context_length: Callable[[ModelFile], int]
) -> dict[str, Any]:
    """Return a page of models: ``limit`` of them (all by default), after ``after_id`` or before ``before_id``.

    Args:
        context_length: Returns a model's context length, in tokens.

    Raises:
        InvalidRequestError: The limit is not a number from 1 to 1000.
    """
    ids = [model.model_id for model in models]
    first, last = 0, len(ids)
    if query.get("after_id") in ids:
        first = ids.index(query["after_id"]) + 1
    if query.get("before_id") in ids:
        last = ids.index(query["before_id"])
    limit = _limit(query.get("limit"))
    if limit is not None and "before_id" in query:
        page = models[max(first, last - limit) : last]
        has_more = last - limit > first
    else:
        page = models[first:last][:limit]
        has_more = len(page) < last - first
    return {
        "data": [model_json(model, context_length(model)) for model in page],
        "has_more": has_more,
        "first_id": page[0].model_id if page else None,
        "last_id": page[-1].model_id if page else None,
    }


def model_json(model: ModelFile, context_length: int) -> dict[str, Any]:
    """Return one model."""
    created_at = datetime.fromtimestamp(model.modified_ns // 10**9, UTC)
    return {
        "type": "model",
        "id": model.model_id,
        "display_name": printable(model.name) or model.model_id,
        "created_at": created_at.isoformat().replace("+00:00", "Z"),
        "lifecycle": "active",
        "max_input_tokens": context_length,
        "max_tokens": context_length,
        "capabilities": {
            "image_input": {"supported": Ability.VISION in model.abilities},
            "structured_outputs": {"supported": not model.embeddings},
        },
    }


def _limit(text: str | None) -> int | None:
    if not text:
        return None
    if not (text.isascii() and text.isdigit() and 1 <= int(text[:5]) <= 1000):
        raise InvalidRequestError(msg("field_invalid", field="limit", reason="from 1 to 1000"), param="limit")
    return int(text)
