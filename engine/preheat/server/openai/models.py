"""GET /v1/models and /v1/models/{id}."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from pydantic_core import to_json
from starlette.requests import Request
from starlette.responses import Response

from preheat.models import printable
from preheat.server.clients import client_name, is_own

if TYPE_CHECKING:
    from preheat.core import Engine
    from preheat.models import ModelFile


@dataclass(frozen=True, slots=True)
class ModelsApi:
    """OpenAI's list of models."""

    engine: Engine

    async def list_models(self, request: Request) -> Response:
        """Answer with every model on disk."""
        models = [self._model_json(model) for model in await self.engine.models()]
        self._note_client(request)
        return Response(to_json({"object": "list", "data": models}), media_type="application/json")

    async def get_model(self, request: Request) -> Response:
        """Answer with one model, by its id or a unique prefix."""
        model = await self.engine.find(request.path_params["model_id"])
        self._note_client(request, model.model_id)
        return Response(to_json(self._model_json(model)), media_type="application/json")

    def _note_client(self, request: Request, model_id: str = "") -> None:
        """Report a client that lists models: it may be about to use one."""
        client = client_name(request)
        if client and not is_own(client):
            self.engine.client_woke(client, model_id)

    def _model_json(self, model: ModelFile) -> dict[str, Any]:
        now = self.engine.snapshot
        snapshot = now.model(model.model_id)
        return {
            "id": model.model_id,
            "object": "model",
            "created": model.modified_ns // 10**9,
            "owned_by": "preheat",
            # Extensions of Preheat.
            "state": snapshot.state.value if snapshot is not None else None,
            "embeddings": model.embeddings,
            "context_length": model.context_length,
            "architecture": printable(model.architecture),
            "parameters": model.parameters,
            "quantization": model.quantization,
            "abilities": [ability.value for ability in model.abilities],
            "licence": model.licence,
            "file_bytes": model.file_bytes,
            "expected_bytes": snapshot.expected_bytes if snapshot is not None else None,
            "fits": snapshot.expected_bytes <= now.memory.limit_bytes if snapshot is not None else None,
            "source": model.source.value,
            "aliases": list(model.aliases),
        }
