"""Commands about models that can be downloaded."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Final, Literal

from preheat.control.command import Command, Risk, command
from preheat.errors import HubError, InvalidRequestError, ModelNotFoundError
from preheat.models import FoundModel, HubAccount, RepoCard, RepoOffer, SuggestedModel

if TYPE_CHECKING:
    from preheat.control.host import ControlHost

Sort = Literal["downloads", "likes", "last_modified", "trending_score"]
SuggestedTask = Literal["chat", "code", "small", "vision", "embedding", "rerank"]
_MAX_RESULTS: Final = 100


@dataclass(frozen=True, slots=True)
class FoundModels:
    """Results of a search."""

    models: tuple[FoundModel, ...]


@dataclass(frozen=True, slots=True)
class Catalogue:
    """The models that Preheat suggests."""

    limit_bytes: int
    models: tuple[SuggestedModel, ...]


@command("GET", "search", risk=Risk.USE, costly=True, errors=(HubError,))
class SearchHub(Command[FoundModels]):
    """Find repositories on the hub by name."""

    query: str = field(default="", metadata={"json": "q", "maximum": 200})
    task: SuggestedTask | None = None
    limit: int = field(default=30, metadata={"minimum": 1, "maximum": _MAX_RESULTS})
    sort: Sort = "downloads"

    async def run(self, host: ControlHost) -> FoundModels:
        from preheat.models.catalogue import search

        machine = await host.machine()
        found = await asyncio.to_thread(
            search, host.hub, machine, self.query, limit=self.limit, sort=self.sort, task=self.task or ""
        )
        return FoundModels(found)


@command("GET", "repo", risk=Risk.USE, costly=True, errors=(InvalidRequestError, ModelNotFoundError, HubError))
class GetRepo(Command[RepoOffer]):
    """Show the variants a repository offers, and which one fits this machine best."""

    name: str = ""

    async def run(self, host: ControlHost) -> RepoOffer:
        from preheat.models.catalogue import repo_offer

        return await asyncio.to_thread(repo_offer, host.hub, await host.machine(), self.name)


@command("GET", "card", risk=Risk.USE, costly=True, errors=(InvalidRequestError, ModelNotFoundError, HubError))
class GetCard(Command[RepoCard]):
    """Show the model card of a repository: its README, without anything that would ask the network."""

    name: str = ""

    async def run(self, host: ControlHost) -> RepoCard:
        from preheat.models.catalogue import repo_card

        return await asyncio.to_thread(repo_card, host.hub, self.name)


@command("GET", "hub/account", risk=Risk.MANAGE, costly=True)
class GetHubAccount(Command[HubAccount]):
    """Show which account is used on Hugging Face, never its token; ``check`` asks for the account's name."""

    check: bool = False

    async def run(self, host: ControlHost) -> HubAccount:
        return await asyncio.to_thread(host.hub.account, check=self.check)


@command("GET", "catalogue", risk=Risk.USE)
class GetCatalogue(Command[Catalogue]):
    """List the models that Preheat suggests; the best ones for this machine are marked. Needs no network."""

    task: SuggestedTask | None = None
    query: str = field(default="", metadata={"json": "q", "maximum": 200})

    async def run(self, host: ControlHost) -> Catalogue:
        from preheat.models.catalogue import Task, suggestions

        machine = await host.machine()
        found = await asyncio.to_thread(suggestions, machine, Task(self.task) if self.task else None, self.query)
        return Catalogue(machine.limit_bytes, found)
