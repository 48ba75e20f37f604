"""What the port tells of models on disk and on the hub, back into values."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from preheat.errors import EngineError
from preheat.link.library_values import FoundModel, ModelFacts, OfferedVariant, RepoOffer, SuggestedModel
from preheat.models import quantization_words

JsonObject = Mapping[str, Any]


def found_from_json(content: JsonObject) -> list[FoundModel]:
    """Return the results of ``GET /preheat/v1/search``.

    Raises:
        EngineError: They are of a version that this one does not understand; the other functions raise it too.
    """
    try:
        return [_found(model) for model in content["models"]]
    except (LookupError, TypeError) as error:
        raise _other_version() from error


def offer_from_json(content: JsonObject) -> RepoOffer:
    """Return the offer of ``GET /preheat/v1/repo``."""
    try:
        return RepoOffer(
            repo=content["repo"],
            variants=tuple(_variant(variant) for variant in content["variants"]),
            gated=content["gated"],
            licence=content["licence"],
            parameters=content["parameters"],
            trained_context=content["trained_context"],
            here=tuple(content["here"]),
            limit_bytes=content["limit_bytes"],
            why=content["why"],
        )
    except (LookupError, TypeError) as error:
        raise _other_version() from error


def suggestions_from_json(content: JsonObject) -> tuple[SuggestedModel, ...]:
    """Return the suggestions of ``GET /preheat/v1/catalogue``."""
    try:
        return tuple(_suggested(model, content["limit_bytes"]) for model in content["models"])
    except (LookupError, TypeError) as error:
        raise _other_version() from error


def facts_from_json(content: JsonObject) -> ModelFacts:
    """Return the facts of ``GET /preheat/v1/models/{id}``."""
    try:
        return ModelFacts(
            model_id=content["id"],
            source=content["source"],
            own=content["source"] == "preheat",
            files=tuple(content["files"]),
            file_bytes=content["file_bytes"],
            name=content["name"],
            parameters=content["parameters"],
            quantization=content["quantization"],
            quantization_words=content["quantization_words"],
            trained_context=content["trained_context"],
            licence=content["licence"],
            abilities=tuple(content["abilities"]),
            aliases=tuple(content["aliases"]),
        )
    except (LookupError, TypeError) as error:
        raise _other_version() from error


def _found(model: JsonObject) -> FoundModel:
    return FoundModel(
        repo=model["repo"],
        title=model["title"],
        task=model["task"],
        licence=model["licence"],
        gated=model["gated"],
        downloads=model["downloads"],
        likes=model["likes"],
        updated_at=model["updated_at"],
        parameters=model["parameters"],
        here=tuple(model["here"]),
    )


def _variant(variant: JsonObject) -> OfferedVariant:
    return OfferedVariant(
        name=variant["name"],
        quantization=variant["quantization"],
        quantization_words=quantization_words(variant["quantization"], variant["bits"]),
        total_bytes=variant["total_bytes"],
        memory_bytes=variant["memory_bytes"],
        fits=variant["fits"],
        recommended=variant["recommended"],
        parts=len(variant["files"]),
        vision=variant["mmproj"] is not None,
    )


def _suggested(model: JsonObject, limit_bytes: int) -> SuggestedModel:
    return SuggestedModel(
        name=model["name"],
        repo=model["repo"],
        title=model["title"],
        sentence=model["sentence"],
        task=model["task"],
        quantization=model["quantization"],
        quantization_words=quantization_words(model["quantization"]),
        download_bytes=model["download_bytes"],
        memory_bytes=model["memory_bytes"],
        fits=model["fits"],
        missing_bytes=max(model["memory_bytes"] - limit_bytes, 0),
        best=model["best"],
        licence=model["licence"],
        parameters=model["parameters"],
        here=tuple(model["here"]),
    )


def _other_version() -> EngineError:
    return EngineError(
        "The running Preheat's models cannot be understood", hint="It may be another version: start it again"
    )
