"""Models in OpenAI's format, with what other servers' clients look for and what Preheat knows."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

from preheat.models import Ability, FitAnswer, printable

if TYPE_CHECKING:
    from preheat.core import Engine
    from preheat.models import ModelFile

_CAPABILITIES: Final = {
    Ability.COMPLETION: ("completion",),
    Ability.CHAT: ("completion", "tools"),
    Ability.VISION: ("vision", "multimodal"),
    Ability.EMBEDDING: ("embedding", "rerank"),
    Ability.RERANK: ("rerank",),
}
"""Words of Ollama's and llama-server's clients."""


def model_json(engine: Engine, model: ModelFile) -> dict[str, Any]:
    """Return one model."""
    now = engine.snapshot
    snapshot = now.model(model.model_id)
    limit = engine.contexts.length(model)
    capabilities = [word for ability in model.abilities for word in _CAPABILITIES[ability]]
    return {
        "id": model.model_id,
        "object": "model",
        "created": model.modified_ns // 10**9,
        "owned_by": "preheat",
        "context_length": limit,
        "max_model_len": limit,  # vLLM's name
        "capabilities": list(dict.fromkeys(capabilities)),
        # llama-server's facts.
        "meta": {"n_ctx": limit, "n_ctx_train": model.context_length, "n_params": model.parameters}
        | {"size": model.file_bytes},
        # Extensions of Preheat.
        "state": snapshot.state.value if snapshot is not None else None,
        "embeddings": model.embeddings,
        "architecture": printable(model.architecture),
        "parameters": model.parameters,
        "quantization": model.quantization,
        "abilities": [ability.value for ability in model.abilities],
        "licence": model.licence,
        "file_bytes": model.file_bytes,
        "expected_bytes": snapshot.expected_bytes if snapshot is not None else None,
        "fits": snapshot.fit is not FitAnswer.TOO_BIG if snapshot is not None else None,
        "fit": snapshot.fit.value if snapshot is not None else None,
        "source": model.source.value,
        "aliases": list(model.aliases),
    }
