"""Commands about prompts that are kept outside the models."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from preheat.control.command import Command, Risk, command
from preheat.errors import AmbiguousModelError, ModelNotFoundError
from preheat.prefixes import PrefixFigures, folder_name

if TYPE_CHECKING:
    from preheat.control.host import ControlHost


@dataclass(frozen=True, slots=True)
class CachedModel:
    """The kept prompts of a model."""

    model_id: str = field(metadata={"json": "model"})  # of a model that is gone, the name of its folder
    prompts: int  # different ones; a prompt that another one continues is part of that one
    tokens: int
    memory_bytes: int
    disk_bytes: int
    used_at: float  # Unix time of the last use


@dataclass(frozen=True, slots=True)
class PrefixCache:
    """The kept prompts of all models."""

    figures: PrefixFigures = field(metadata={"flat": True})
    models: tuple[CachedModel, ...]


@dataclass(frozen=True, slots=True)
class ClearedCache:
    """Prompts that were deleted."""

    model_id: str | None = field(metadata={"json": "model"})  # None for those of all models
    freed_bytes: int


@command("GET", "cache", risk=Risk.USE, costly=True)
class GetPrefixCache(Command[PrefixCache]):
    """List the kept prompts by model: how many, how large, and when they were used."""

    async def run(self, host: ControlHost) -> PrefixCache:
        prefixes = host.engine.prefixes
        figures, stored = await asyncio.to_thread(lambda: (prefixes.look(), prefixes.contents()))
        names = await _names(host)
        models = (
            CachedModel(
                names.get(each.folder, each.folder),
                each.prompts,
                each.tokens,
                each.memory_bytes,
                each.disk_bytes,
                each.used_at,
            )
            for each in stored
        )
        return PrefixCache(figures, tuple(models))


@command("DELETE", "cache", risk=Risk.MANAGE, errors=(ModelNotFoundError, AmbiguousModelError))
class ClearPrefixCache(Command[ClearedCache]):
    """Delete the kept prompts of a model, or of all models without a name."""

    model: str | None = None

    async def run(self, host: ControlHost) -> ClearedCache:
        model_id = None if self.model is None else await _model_id(host, self.model)
        freed = await asyncio.to_thread(host.engine.prefixes.clear, model_id)
        return ClearedCache(model_id, freed)


async def _names(host: ControlHost) -> dict[str, str]:
    """Return the ids of all known models by the names of their folders."""
    return {folder_name(model.model_id): model.model_id for model in await host.engine.models()}


async def _model_id(host: ControlHost, name: str) -> str:
    """Return the id of the model with this name; it may be one that is gone and has left prompts.

    Raises:
        ModelNotFoundError, AmbiguousModelError: No one model has this name.
    """
    try:
        return await host.model_id(name)
    except ModelNotFoundError:
        stored = await asyncio.to_thread(host.engine.prefixes.contents)
        if name not in {each.folder for each in stored}:
            raise
        return name
