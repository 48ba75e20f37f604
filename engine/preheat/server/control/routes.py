"""The control API over HTTP: one route per command, under ``/preheat/v1/``, and ``/health``."""

from __future__ import annotations

import asyncio
import logging
import os
import time
from collections.abc import Awaitable, Callable, Hashable, Mapping
from dataclasses import dataclass, field
from functools import partial
from types import MappingProxyType
from typing import Any, Final

from pydantic_core import to_json
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from preheat._version import __version__
from preheat.bugs import failure_of
from preheat.control import (
    COMMANDS,
    Command,
    ControlHost,
    ExpectModel,
    LoadModel,
    Risk,
    encode,
    parse_command,
    parse_flag,
    wants_body,
)
from preheat.errors import EngineError
from preheat.server.access import caller_of
from preheat.server.bodies import parse_json, read_with
from preheat.server.control.status_events import StatusEvents
from preheat.server.generation import client_gone
from preheat.server.in_flight import ClientGoneError, InFlight
from preheat.server.streams import SSE, StreamResponse
from preheat.settings import KeyScope

logger = logging.getLogger(__name__)

PREFIX: Final = "/preheat/v1/"

_MAX_CACHED: Final = 8


@dataclass(slots=True)
class ResultCache:
    """Recent results of expensive commands. Engine's loop only."""

    clock: Callable[[], float] = time.monotonic
    _results: dict[Hashable, tuple[float, bytes]] = field(default_factory=dict)
    _reading: asyncio.Lock = field(default_factory=asyncio.Lock)

    async def get(self, command: Command[Any], age_s: float, make: Callable[[], Awaitable[bytes]]) -> bytes:
        """Return what ``make`` returns, or returned less than ``age_s`` ago for an equal command."""
        async with self._reading:  # several dashboards wait for one reading
            made_at, result = self._results.pop(command, (0.0, b""))
            if not result or self.clock() - made_at > age_s:
                made_at, result = self.clock(), await make()
            while len(self._results) >= _MAX_CACHED:
                self._results.pop(next(iter(self._results)))
            self._results[command] = made_at, result
        return result


@dataclass(slots=True)
class ControlRoutes:
    """Runs commands for HTTP clients. Engine's loop only."""

    host: ControlHost
    in_flight: InFlight
    cache: ResultCache = field(default_factory=ResultCache)
    _background: set[asyncio.Task[Any]] = field(default_factory=set)
    _status_events: StatusEvents = field(init=False)

    def __post_init__(self) -> None:
        self._status_events = StatusEvents(self.host)

    def routes(self) -> list[Route]:
        """Return the routes of all commands; those that end in a model's id last, since it may contain slashes."""
        commands = sorted(COMMANDS, key=lambda kind: kind.route.path.endswith("}"))
        return [_route("GET", "/health", health), *(self._route_of(kind) for kind in commands)]

    def _route_of(self, kind: type[Command[Any]]) -> Route:
        async def endpoint(request: Request) -> Response:
            return await self._answer(kind, request)

        return _route(kind.route.method, f"{PREFIX}{kind.route.path}", self._events if kind.route.streams else endpoint)

    async def _answer(self, kind: type[Command[Any]], request: Request) -> Response:
        caller = caller_of(request)
        caller.require(_needed_scope(kind), costly=kind.route.costly)
        body = await read_with(request, partial(parse_json, repair=False)) if wants_body(kind) else None
        command = parse_command(kind, request.path_params, request.query_params, body)
        if isinstance(command, LoadModel | ExpectModel):
            caller.require_model(await self.host.model_id(command.model))
        route = kind.route
        if route.cache_s:
            return _json_response(await self.cache.get(command, route.cache_s, lambda: self._result(command)))
        if route.method == "GET":
            return _json_response(await self._result(command))
        waits = parse_flag("wait", request.query_params.get("wait", "true"))
        early = await command.accepted(self.host)
        # In its own task: a client that disconnects does not stop a change halfway.
        task = asyncio.create_task(self._logged_result(command))
        self._background.add(task)
        task.add_done_callback(self._background.discard)
        task.add_done_callback(_retrieve)
        if early is not None and not waits:
            return _json_response(to_json(encode(early)), 202)
        try:
            async with self.in_flight.answer(request.scope, request.receive):
                return _json_response(await asyncio.shield(task), route.status)
        except ClientGoneError:
            return client_gone()

    async def _result(self, command: Command[Any]) -> bytes:
        return to_json(encode(await command.run(self.host)))

    async def _logged_result(self, command: Command[Any]) -> bytes:
        """Return the result. Failures are logged: the client may have disconnected."""
        name = type(command).__name__
        try:
            return await self._result(command)
        except EngineError as error:
            logger.info("%s failed: %s", name, error)
            raise
        except Exception as error:
            raise failure_of(name, error) from None

    async def _events(self, request: Request) -> Response:
        caller_of(request).require(KeyScope.READ, costly=True)
        return StreamResponse(
            lambda output: output.copy(self._status_events.stream()),
            _EventsFormat(),
            self.in_flight,
            header_delay_s=0.0,
            subscription=True,
        )


class _EventsFormat:
    media_type = SSE
    headers: Mapping[str, str] = MappingProxyType({})

    def begin(self) -> str:
        return ""

    def waiting(self) -> str:
        return ": preheat\n\n"

    def error(self, error: EngineError) -> str:
        return ""


async def health(_: Request) -> Response:
    """Answer immediately, even during loads. ``app`` identifies Preheat among programs on the port."""
    content = {"status": "ok", "app": "preheat", "version": __version__, "pid": os.getpid()}
    return _json_response(to_json(content))


def _needed_scope(kind: type[Command[Any]]) -> KeyScope:
    reads = kind.route.method == "GET" and kind.route.risk is Risk.USE
    return KeyScope.READ if reads else KeyScope(kind.route.risk.value)


def _route(method: str, path: str, endpoint: Callable[[Request], Awaitable[Response]]) -> Route:
    route = Route(path, endpoint, methods=[method])
    route.methods = {method}  # without HEAD, which would run the command
    return route


def _json_response(content: bytes, status: int = 200) -> Response:
    return Response(content, status, media_type="application/json")


def _retrieve(task: asyncio.Task[Any]) -> None:
    """Mark a logged failure as seen: asyncio would log it again."""
    if not task.cancelled():
        task.exception()
