"""Ollama's endpoints about models: list, show, copy, create, delete."""

from __future__ import annotations

import asyncio
import time
from dataclasses import dataclass, replace
from typing import Any, Final

from starlette.requests import Request
from starlette.responses import PlainTextResponse, Response

from preheat.core import DownloadState
from preheat.errors import ModelExistsError, UnsupportedOperationError
from preheat.messages import msg
from preheat.models import ModelFile, read_header
from preheat.residency import State
from preheat.server.access import caller_of
from preheat.server.bodies import read_body
from preheat.server.clients import client_name, is_own
from preheat.server.generation import Generator
from preheat.server.ollama.endpoints import json_response
from preheat.server.ollama.models_json import running_json, show_json, shown_name, tag_json
from preheat.server.ollama.named_models import NamedModel, NamedModels
from preheat.server.ollama.schema import CopyBody, CreateBody, ModelBody, ShowBody
from preheat.server.streams import NDJSON
from preheat.settings import KeyScope

VERSION: Final = "0.14.3"
"""The version of Ollama's API; clients refuse older ones."""

RUNNING: Final = "Ollama is running"
"""Clients look for these words."""


@dataclass(frozen=True, slots=True)
class LibraryEndpoints:
    """The models of one engine. Engine's loop only."""

    generator: Generator
    named: NamedModels

    async def root(self, request: Request) -> Response:
        """Say that Ollama's API is here."""
        return PlainTextResponse(RUNNING)

    async def version(self, request: Request) -> Response:
        """Answer with the version of Ollama's API."""
        return json_response({"version": VERSION})

    async def tags(self, request: Request) -> Response:
        """Answer with every model on disk, the latest first."""
        models = await self._seen_models(request)
        entries = [(model.modified_ns / 1e9, tag_json(model)) for model in models.values()]
        for name, named in self.named.models.items():
            if (model := models.get(named.model_id)) is not None:
                own = replace(model, modified_ns=int(named.created_at * 1e9))
                entries.append((named.created_at, tag_json(own, shown_name(name))))
        self._note_client(request)
        entries.sort(key=lambda entry: entry[0], reverse=True)
        return json_response({"models": [entry for _, entry in entries]})

    async def ps(self, request: Request) -> Response:
        """Answer with the models in memory."""
        snapshot = self.generator.engine.refresh()
        models = await self._seen_models(request)
        running = [
            running_json(models[each.model_id], each)
            for each in snapshot.models
            if each.state is State.HOT and each.model_id in models
        ]
        return json_response({"models": running})

    async def show(self, request: Request) -> Response:
        """Answer with the details of a model."""
        body = await read_body(request, ShowBody)
        named = self.named.find(body.model_name)
        model = await self.generator.engine.find(body.model_name if named is None else named.model_id)
        caller_of(request).require_seen(model.model_id)
        header = await asyncio.to_thread(read_header, model.path)
        content = show_json(model, header, self.generator.engine.contexts.length(model))
        self._note_client(request, model.model_id)
        return json_response(content if named is None else _with_own(content, named))

    async def copy(self, request: Request) -> Response:
        """Give a model another name."""
        caller_of(request).require(KeyScope.MANAGE)
        body = await read_body(request, CopyBody)
        await self._add(body.destination, body.source, "", {})
        return Response()

    async def create(self, request: Request) -> Response:
        """Give a model another name, with a system prompt and options of its own."""
        caller_of(request).require(KeyScope.MANAGE)
        body = await read_body(request, CreateBody)
        parameters = body.parameters.model_dump(exclude_none=True) if body.parameters is not None else {}
        await self._add(body.model_name, body.source, body.system or "", parameters)
        if body.stream is False:
            return json_response({"status": "success"})
        return Response('{"status": "writing manifest"}\n{"status": "success"}\n', media_type=NDJSON)

    async def delete(self, request: Request) -> Response:
        """Delete a model, or a name made with copy or create. Other models than downloads need the scope admin."""
        caller = caller_of(request)
        caller.require(KeyScope.MANAGE)
        body = await read_body(request, ModelBody)
        if self.named.find(body.model_name) is None or not await asyncio.to_thread(self.named.remove, body.model_name):
            if not await self._is_download(body.model_name):
                caller.require(KeyScope.ADMIN)
            await self.generator.engine.library.remove_model(body.model_name)
        return Response()

    async def refuse(self, request: Request) -> Response:
        """Refuse what Preheat does not do."""
        raise UnsupportedOperationError(msg("ollama_unsupported", path=request.url.path.split("/")[2]))

    async def _add(self, name: str, source: str, system: str, parameters: dict[str, Any]) -> None:
        """Add a name for a model; one that is such a name itself hands down its own prompt and options."""
        engine, behind = self.generator.engine, self.named.find(source)
        if behind is not None:
            system, parameters = system or behind.system, {**behind.parameters, **parameters}
        model = await engine.find(source if behind is None else behind.model_id)
        taken = {shown_name(known) for each in await engine.models() for known in (each.model_id, *each.aliases)}
        if shown_name(name.lower()) in taken:
            raise ModelExistsError(msg("model_name_taken", name=name), param="model")
        model_of_name = NamedModel(model.model_id, system, parameters, time.time())
        await asyncio.to_thread(self.named.add, name, model_of_name)

    async def _seen_models(self, request: Request) -> dict[str, ModelFile]:
        """Return the models that the sender of a request may use, by id."""
        sees = caller_of(request).sees
        return {model.model_id: model for model in await self.generator.engine.models() if sees(model.model_id)}

    async def _is_download(self, name: str) -> bool:
        engine = self.generator.engine
        model, folder = await engine.find(name), engine.settings.own_models_dir
        return any(
            each.state is DownloadState.DONE
            and each.file_name == model.path.name
            and model.path.is_relative_to(folder / each.repo)
            for each in await engine.library.downloads()
        )

    def _note_client(self, request: Request, model_id: str = "") -> None:
        """Report a client that lists models: it may be about to use one."""
        client = client_name(request)
        if client and not is_own(client):
            self.generator.engine.client_woke(client, model_id)


def _with_own(content: dict[str, Any], named: NamedModel) -> dict[str, Any]:
    """Return the answer of /api/show with a model's own prompt and options."""
    values = {name: value if isinstance(value, list) else [value] for name, value in named.parameters.items()}
    lines = [f"{name:<31}{value}" for name, several in values.items() for value in several]
    kept = [line for line in content["parameters"].splitlines() if line.split()[0] not in values]
    details = {**content["details"], "parent_model": shown_name(named.model_id)}
    return {**content, "system": named.system, "parameters": "\n".join([*kept, *lines]), "details": details}
