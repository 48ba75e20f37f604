"""The control endpoints that look for models to fetch: search, repo and catalogue, under /preheat/v1/."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Final, cast

from starlette.requests import Request
from starlette.responses import Response

from preheat.errors import InvalidRequestError
from preheat.models.catalogue import Machine, Task, catalogue_json, repo_json, search_json
from preheat.models.hub import MAX_RESULTS, SORTS, Hub, Sort
from preheat.server.control import json_response
from preheat.server.parameters import count

if TYPE_CHECKING:
    from preheat.core.engine import Engine

DEFAULT_RESULTS: Final = 30
_MAX_QUERY: Final = 200


@dataclass(frozen=True, slots=True)
class HubApi:
    """What the hub and the catalogue have. Engine thread only; the network is waited for in other threads."""

    engine: Engine
    hub: Hub = field(default_factory=Hub)

    async def search(self, request: Request) -> Response:
        """Answer with repositories whose name contains ``?q=``: ``?limit=``, ``?sort=``, ``?task=``."""
        query = request.query_params.get("q", "")
        if len(query) > _MAX_QUERY:
            raise InvalidRequestError(f"q: must be at most {_MAX_QUERY} characters", param="q")
        limit = count(request, "limit", DEFAULT_RESULTS, MAX_RESULTS)
        sort = request.query_params.get("sort", "downloads")
        if sort not in SORTS:
            raise InvalidRequestError(f"sort: must be one of {', '.join(SORTS)}", param="sort")
        task = _task(request)
        machine = await self._machine()
        return json_response(
            await asyncio.to_thread(
                search_json,
                self.hub,
                machine,
                query,
                limit=limit,
                sort=cast(Sort, sort),
                task=task.value if task else "",
            )
        )

    async def repo(self, request: Request) -> Response:
        """Answer with what ``?name=`` offers, in which sizes, and which one fits this machine best."""
        name = request.query_params.get("name", "")
        return json_response(await asyncio.to_thread(repo_json, self.hub, await self._machine(), name))

    async def catalogue(self, request: Request) -> Response:
        """Answer with the models that Preheat suggests, for ``?task=`` or all; the best for this machine are marked."""
        task = _task(request)
        return json_response(await asyncio.to_thread(catalogue_json, await self._machine(), task))

    async def _machine(self) -> Machine:
        limit = self.engine.snapshot.memory.limit_bytes
        return Machine(limit, self.engine.settings, tuple(await self.engine.models()))


def _task(request: Request) -> Task | None:
    """Return ``?task=``; None without it.

    Raises:
        InvalidRequestError: There is no such task.
    """
    value = request.query_params.get("task")
    if not value:
        return None
    if value not in set(Task):
        raise InvalidRequestError(f"task: must be one of {', '.join(Task)}", param="task")
    return Task(value)
