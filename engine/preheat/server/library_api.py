"""The control endpoints that tell what is on disk: /preheat/v1/models and /preheat/v1/models/{id}."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from starlette.requests import Request
from starlette.responses import Response

from preheat.control.snapshot_json import model_json
from preheat.core.snapshot import ModelSnapshot
from preheat.models import printable
from preheat.server.control import json_response

if TYPE_CHECKING:
    from preheat.core.engine import Engine


@dataclass(frozen=True, slots=True)
class LibraryApi:
    """What is on this machine. A model is asked for by its id, never by a path."""

    engine: Engine

    async def models(self) -> Response:
        """Answer with every model, with the files that are none and why, and with the folders that do not answer."""
        await self.engine.models()
        now, listing = self.engine.refresh(), self.engine.listing
        return json_response(
            {
                "limit_bytes": now.memory.limit_bytes,
                "models": [self._model_json(model) for model in now.models],
                "left_out": [file.public_facts() for file in listing.left_out],
                "unreachable": list(listing.unreachable),
            }
        )

    async def model(self, request: Request) -> Response:
        """Answer with all that is known of one model."""
        file = await self.engine.find(request.path_params["model_id"])
        now = self.engine.refresh().model(file.model_id)
        known: dict[str, Any] = {"id": file.model_id, **file.public_facts()} if now is None else self._model_json(now)
        return json_response(
            {
                **known,
                "files": [printable(str(path)) for path in file.files],
                "modified_at": file.modified_ns / 1e9,
                "why": str(self.engine.why(file.model_id)),
            }
        )

    def _model_json(self, model: ModelSnapshot) -> dict[str, Any]:
        fits = model.expected_bytes <= self.engine.snapshot.memory.limit_bytes
        return {**model_json(model), "fits": fits}
