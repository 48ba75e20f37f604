"""Commands about models that can be downloaded."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Final, Literal

from preheat.control.codec import decode
from preheat.control.command import Command, Risk, command
from preheat.errors import HubError, InvalidRequestError, ModelNotFoundError

if TYPE_CHECKING:
    from preheat.control.host import ControlHost

_SUGGESTED_TASKS = Literal["chat", "code", "small", "vision", "embedding", "rerank"]
_MAX_RESULTS: Final = 100


@dataclass(frozen=True, slots=True)
class FoundModel:
    """One result of a search on the hub.

    Attributes:
        repo: ``owner/name``.
        title: The name without its owner.
        task: ``chat``, ``code``, ``vision``, ``embedding`` or ``rerank``; empty if unknown.
        licence: As the hub names it; empty if unknown.
        gated: Whether the owner asks for consent first.
        downloads: In the last 30 days.
        updated_at: Unix time of the last change; None if unknown.
        parameters: Number of weights; 0 if unknown.
        here: Ids of the models on disk that came from it.
    """

    repo: str
    title: str
    task: str = ""
    licence: str = ""
    gated: bool = False
    downloads: int = 0
    likes: int = 0
    updated_at: float | None = None
    parameters: int = 0
    here: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class FoundModels:
    """Results of a search."""

    models: tuple[FoundModel, ...]


@dataclass(frozen=True, slots=True)
class OfferedFile:
    """A file in a repository."""

    path: str
    size_bytes: int


@dataclass(frozen=True, slots=True)
class OfferedVariant:
    """One quantization that a repository offers.

    Attributes:
        name: What to pull to get it.
        quantization: Such as ``Q4_K_M``; empty if no file name says so.
        quantization_words: The same in words: ``4-bit, good quality``.
        total_bytes: Size on disk.
        memory_bytes: Expected size in memory.
        fits: Whether that is within the memory limit.
        recommended: Whether it is the best choice for this machine.
        mmproj: Path of the image encoder; None without one.
        bits: Bits per weight; 0 if unknown.
    """

    name: str
    quantization: str
    quantization_words: str
    total_bytes: int
    memory_bytes: int
    fits: bool
    recommended: bool = False
    files: tuple[OfferedFile, ...] = ()
    mmproj: str | None = None
    bits: float = 0

    @property
    def parts(self) -> int:
        """Number of model files."""
        return len(self.files) or 1

    @property
    def vision(self) -> bool:
        """Whether the image encoder comes with it."""
        return self.mmproj is not None


@dataclass(frozen=True, slots=True)
class RepoOffer:
    """What a repository on the hub offers.

    Attributes:
        repo: ``owner/name``.
        variants: The smallest first.
        gated: Whether the owner asks for consent first.
        licence: As the hub names it; empty if unknown.
        parameters: Number of weights; 0 if unknown. So is ``trained_context``, in tokens.
        here: Ids of the models on disk that came from it.
        limit_bytes: The memory limit.
        why: Why the recommended one is, in one sentence without full stop; empty if none is.
    """

    repo: str
    variants: tuple[OfferedVariant, ...] = ()
    gated: bool = False
    licence: str = ""
    parameters: int = 0
    trained_context: int = 0
    here: tuple[str, ...] = ()
    limit_bytes: int = 0
    why: str = ""
    commit: str = ""


@dataclass(frozen=True, slots=True)
class SuggestedModel:
    """One model of the catalogue, matched to this machine.

    Attributes:
        name: What to pull to get it, such as ``qwen3:4b``.
        repo: Repository on the hub.
        sentence: What it is good for, in plain words.
        task: ``chat``, ``code``, ``small``, ``vision``, ``embedding`` or ``rerank``.
        quantization: The suggested one; the smallest if none fits.
        quantization_words: The same in words.
        download_bytes: Size on disk.
        memory_bytes: Expected size in memory.
        fits: Whether that is within the memory limit.
        missing_bytes: Memory it needs above the limit; 0 if it fits.
        best: Whether it is the best model for its task on this machine.
        here: Ids of the models on disk that are this one.
    """

    name: str
    repo: str
    title: str
    sentence: str
    task: str
    quantization: str
    quantization_words: str
    download_bytes: int
    memory_bytes: int
    fits: bool
    missing_bytes: int = 0
    best: bool = False
    licence: str = ""
    parameters: int = 0
    here: tuple[str, ...] = ()
    why: str = ""
    aliases: tuple[str, ...] = ()
    trained_context: int = 0
    kv_bytes_per_token: int = 0
    mmproj_bytes: int = 0
    sizes: dict[str, int] = field(default_factory=dict, hash=False)

    @property
    def pull_name(self) -> str:
        """What to pull to get exactly the suggested quantization."""
        return f"{self.repo}:{self.quantization}" if self.quantization else self.repo


@dataclass(frozen=True, slots=True)
class Catalogue:
    """The models that Preheat suggests."""

    limit_bytes: int
    models: tuple[SuggestedModel, ...]


@command("GET", "search", risk=Risk.USE, errors=(HubError,))
@dataclass(frozen=True, slots=True)
class SearchHub(Command[FoundModels]):
    """Find repositories on the hub by name."""

    query: str = field(default="", metadata={"json": "q", "maximum": 200})
    task: _SUGGESTED_TASKS | None = None
    limit: int = field(default=30, metadata={"minimum": 1, "maximum": _MAX_RESULTS})
    sort: Literal["downloads", "likes", "last_modified", "trending_score"] = "downloads"

    async def run(self, host: ControlHost) -> FoundModels:
        from preheat.models.catalogue import search_json

        machine = await host.machine()
        found = await asyncio.to_thread(
            search_json, host.hub, machine, self.query, limit=self.limit, sort=self.sort, task=self.task or ""
        )
        return decode(FoundModels, found)


@command("GET", "repo", risk=Risk.USE, errors=(InvalidRequestError, ModelNotFoundError, HubError))
@dataclass(frozen=True, slots=True)
class GetRepo(Command[RepoOffer]):
    """Show the variants a repository offers, and which one fits this machine best."""

    name: str = ""

    async def run(self, host: ControlHost) -> RepoOffer:
        from preheat.models import quantization_words
        from preheat.models.catalogue import repo_json

        offer: Any = await asyncio.to_thread(repo_json, host.hub, await host.machine(), self.name)
        for variant in offer["variants"]:
            variant["quantization_words"] = quantization_words(variant["quantization"], variant["bits"])
        return decode(RepoOffer, offer)


@command("GET", "catalogue", risk=Risk.USE)
@dataclass(frozen=True, slots=True)
class GetCatalogue(Command[Catalogue]):
    """List the models that Preheat suggests; the best ones for this machine are marked. Needs no network."""

    task: _SUGGESTED_TASKS | None = None

    async def run(self, host: ControlHost) -> Catalogue:
        from preheat.models import quantization_words
        from preheat.models.catalogue import Task, catalogue_json

        task = Task(self.task) if self.task else None
        found: Any = await asyncio.to_thread(catalogue_json, await host.machine(), task)
        for model in found["models"]:
            model["quantization_words"] = quantization_words(model["quantization"])
            model["missing_bytes"] = max(model["memory_bytes"] - found["limit_bytes"], 0)
        return decode(Catalogue, found)
