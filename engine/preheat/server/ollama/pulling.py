"""Ollama's pull: Preheat's downloads, reported as lines of JSON."""

from __future__ import annotations

import asyncio
import hashlib
import json
from collections.abc import AsyncGenerator, Mapping
from contextlib import aclosing
from dataclasses import dataclass
from types import MappingProxyType
from typing import Any, ClassVar, Final

from starlette.requests import Request
from starlette.responses import Response

from preheat.core import DownloadSnapshot, DownloadState
from preheat.errors import EngineError, HubError, ModelNotFoundError
from preheat.messages import msg
from preheat.server.access import caller_of
from preheat.server.bodies import read_body
from preheat.server.errors import ollama_error_json
from preheat.server.generation import Generator, client_gone
from preheat.server.in_flight import ClientGoneError
from preheat.server.ollama.endpoints import json_response
from preheat.server.ollama.schema import PullBody
from preheat.server.streams import NDJSON, StreamResponse
from preheat.settings import KeyScope

_HEADER_DELAY_S: Final = 30.0
"""The hub answers before; its errors get an HTTP status."""


@dataclass(frozen=True, slots=True)
class PullEndpoint:
    """Pulls models for one engine. Engine's loop only."""

    generator: Generator

    async def pull(self, request: Request) -> Response:
        """Download a model. A client that disconnects does not stop the download."""
        caller_of(request).require(KeyScope.MANAGE)
        body = await read_body(request, PullBody)

        async def lines() -> AsyncGenerator[bytes, None]:
            async with aclosing(self._states(body.model_name)) as states:
                async for state in states:
                    yield json.dumps(state).encode() + b"\n"

        if body.stream is not False:
            return StreamResponse(
                lambda output: output.copy(lines()),
                _PullFormat(),
                self.generator.in_flight,
                header_delay_s=_HEADER_DELAY_S,
            )
        try:
            async with (
                self.generator.in_flight.answer(request.scope, request.receive, subscription=True),
                aclosing(self._states(body.model_name)) as states,
            ):
                async for _ in states:
                    pass
        except ClientGoneError:
            return client_gone()
        return json_response({"status": "success"})

    async def _states(self, name: str) -> AsyncGenerator[dict[str, Any], None]:
        """Yield the states of a pull; raises EngineError if it fails."""
        yield {"status": "pulling manifest"}
        download_id = await self._start(name)
        if download_id is not None:
            digest = f"sha256:{hashlib.sha256(download_id.encode()).hexdigest()}"
            async for download in self._follow(download_id):
                yield _state_json(download, digest)
            yield {"status": "writing manifest"}
            await self.generator.engine.rescan()  # a client that lists the models now must see it
        yield {"status": "success"}

    async def _start(self, name: str) -> str | None:
        """Start the download and return its id; None for a model that is here, under a name of its own."""
        engine = self.generator.engine
        try:
            return await engine.library.pull(name)
        except EngineError as error:
            if isinstance(error, ModelNotFoundError | HubError) or error.code == "invalid_request":
                try:
                    await engine.find(name)
                except EngineError:
                    raise error from None
                return None
            raise

    async def _follow(self, download_id: str) -> AsyncGenerator[DownloadSnapshot, None]:
        """Yield each change of a download until it is done; raises EngineError if it fails or is removed."""
        changed = asyncio.Event()
        unsubscribe = self.generator.engine.subscribe(lambda _: changed.set())
        latest: DownloadSnapshot | None = None
        try:
            while latest is None or latest.state is not DownloadState.DONE:
                await changed.wait()
                changed.clear()
                downloads = self.generator.engine.library.snapshots()
                now = next((each for each in downloads if each.download_id == download_id), None)
                if now is None:
                    raise HubError(msg("download_cancelled_meanwhile"))
                if now.state is DownloadState.FAILED:
                    raise HubError(now.error or msg("download_cancelled_meanwhile"))
                if now != latest:
                    latest = now
                    yield now
        finally:
            unsubscribe()


def _state_json(download: DownloadSnapshot, digest: str) -> dict[str, Any]:
    if download.state is DownloadState.CHECKING:
        return {"status": "verifying sha256 digest"}
    status = f"pulling {digest.removeprefix('sha256:')[:12]}"
    return {"status": status, "digest": digest, "total": download.total_bytes, "completed": download.done_bytes}


class _PullFormat:
    media_type = NDJSON
    headers: ClassVar[Mapping[str, str]] = MappingProxyType({})

    def begin(self) -> str:
        return ""

    def waiting(self) -> str:
        return '{"status": "pulling manifest"}\n'

    def error(self, error: EngineError) -> str:
        return f"{json.dumps(ollama_error_json(error))}\n"
