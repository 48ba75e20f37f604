"""The control endpoints that fetch, remove and import models, under /preheat/v1/."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

from starlette.requests import Request
from starlette.responses import Response

from preheat.control.snapshot_json import download_json
from preheat.errors import DownloadNotFoundError, InvalidRequestError
from preheat.server.control import json_response
from preheat.server.parameters import json_object

if TYPE_CHECKING:
    from preheat.core.engine import Engine

_HOW: Final = ("auto", "copy", "move", "link")


@dataclass(frozen=True, slots=True)
class DownloadsApi:
    """Downloads and the models folder. Engine thread only."""

    engine: Engine

    async def downloads(self) -> Response:
        """Answer with all downloads, the oldest first."""
        return json_response({"downloads": [download_json(each) for each in self.engine.downloads.snapshots()]})

    async def pull(self, request: Request) -> Response:
        """Fetch a model: ``{"name": "qwen3:4b"}``; joins what is running. The answer does not wait for the bytes."""
        name = _text(await json_object(request), "name")
        return json_response(self._one(await self.engine.downloads.pull(name)), 202)

    async def pause(self, request: Request) -> Response:
        """Stop fetching; what came stays."""
        await self.engine.downloads.pause(_id(request))
        return json_response(self._one(_id(request)))

    async def resume(self, request: Request) -> Response:
        """Go on, or try again what failed."""
        await self.engine.downloads.resume(_id(request))
        return json_response(self._one(_id(request)))

    async def cancel(self, request: Request) -> Response:
        """Give it up, and remove what came of it."""
        await self.engine.downloads.cancel(_id(request))
        return json_response({"id": _id(request), "state": "cancelled"})

    async def forget(self, request: Request) -> Response:
        """Take what is done or has failed from the list."""
        await self.engine.downloads.forget(_id(request))
        return json_response({"id": _id(request), "state": "forgotten"})

    async def remove(self, request: Request) -> Response:
        """Delete a model of Preheat's own folder; 409 for another program's file, and for one that is answering."""
        model_id = (await self.engine.find(request.path_params["model_id"])).model_id
        freed = await self.engine.downloads.remove_model(model_id)
        return json_response({"id": model_id, "freed_bytes": freed})

    async def import_file(self, request: Request) -> Response:
        """Take a file of this machine into the models folder: ``{"path": "/…/a.gguf", "how": "copy"}``."""
        body = await json_object(request)
        how = body.get("how", "auto")
        if how not in _HOW:
            raise InvalidRequestError(f"how: must be one of {', '.join(_HOW)}", param="how")
        path = await self.engine.downloads.import_file(_path(body), how)
        return json_response({"path": str(path)})

    async def move_folder(self, request: Request) -> Response:
        """Move the models folder: ``{"path": "/mnt/large/models"}``. The answer waits for it."""
        left = await self.engine.downloads.move_models_folder(_path(await json_object(request)))
        return json_response({"path": str(self.engine.settings.own_models_dir), "left": [str(path) for path in left]})

    def _one(self, download_id: str) -> dict[str, Any]:
        for each in self.engine.downloads.snapshots():
            if each.download_id == download_id:
                return download_json(each)
        raise DownloadNotFoundError("The download was cancelled meanwhile")


def _id(request: Request) -> str:
    return str(request.path_params["download_id"])


def _path(body: dict[str, Any]) -> Path:
    path = Path(_text(body, "path"))
    if not path.is_absolute():
        raise InvalidRequestError("path: must be absolute", param="path")
    return path


def _text(body: dict[str, Any], name: str) -> str:
    value = body.get(name)
    if not isinstance(value, str) or not value.strip() or "\0" in value:
        raise InvalidRequestError(f"{name}: must be a text", param=name)
    return value
