"""The models that Preheat suggests: ``resources/catalogue.toml``, matched to this machine's memory."""

from __future__ import annotations

import tomllib
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace
from enum import StrEnum
from functools import cache
from itertools import pairwise
from pathlib import Path
from typing import Annotated, Final

from pydantic import BaseModel, ConfigDict, Field, TypeAdapter, field_validator, model_validator

from preheat import paths
from preheat.errors import EngineError
from preheat.messages import msg
from preheat.models.fits import Headroom
from preheat.models.gguf.quantization import normalized, quantization_words
from preheat.models.hub.hub import is_repo
from preheat.models.hub.recommend import DEFAULT_CONTEXT, Recommendation, advise, bits_of, memory_bytes
from preheat.models.hub.variants import RemoteFile, Variant
from preheat.models.offers import SuggestedModel

_COMFORTABLE: Final = 0.85  # of the limit: the most that a best one needs
_LEAST_BITS: Final = 4  # with fewer, a smaller model is better

_OllamaName = Annotated[str, Field(pattern=r"^[a-z0-9][a-z0-9._-]*(:[a-z0-9][a-z0-9._-]*)?$", max_length=64)]


class Task(StrEnum):
    """Purpose of a model."""

    CHAT = "chat"
    CODE = "code"
    SMALL = "small"
    VISION = "vision"
    EMBEDDING = "embedding"
    RERANK = "rerank"


class CatalogueEntry(BaseModel):
    """One suggested model; the head of ``catalogue.toml`` describes the fields."""

    model_config = ConfigDict(frozen=True, extra="forbid", strict=True)

    name: _OllamaName
    aliases: tuple[_OllamaName, ...] = ()
    repo: str
    title: str = Field(min_length=2, max_length=60)
    sentence: str = Field(min_length=10, max_length=120)
    task: Task
    licence: str = Field(pattern=r"^[A-Za-z0-9][A-Za-z0-9.+-]*$")
    parameters: int = Field(gt=0)
    trained_context: int = Field(gt=0)
    kv_bytes_per_token: int = Field(default=0, ge=0)
    mmproj_bytes: int = Field(default=0, ge=0)
    sizes: Mapping[str, int]

    @field_validator("aliases", "task", mode="before")
    @classmethod
    def _from_toml(cls, value: object) -> object:
        if isinstance(value, list):
            return tuple(value)
        return Task(value) if isinstance(value, str) else value

    @field_validator("repo")
    @classmethod
    def _repo_is_one(cls, value: str) -> str:
        if not is_repo(value):
            raise ValueError("is not owner/name")
        return value

    @field_validator("sizes")
    @classmethod
    def _sizes_grow_with_bits(cls, value: Mapping[str, int]) -> Mapping[str, int]:
        if not value:
            raise ValueError("there must be one")
        for quantization in value:
            if not bits_of(quantization) or normalized(quantization) != quantization:
                raise ValueError(f"{quantization} is not a quantization")
        by_bits = sorted(value.items(), key=lambda item: bits_of(item[0]))
        if any(low >= high for (_, low), (_, high) in pairwise(by_bits)):
            raise ValueError("more bits must take more bytes")
        if by_bits[0][1] <= 0:
            raise ValueError("must be above 0")
        return value

    @model_validator(mode="after")
    def _sizes_fit_the_parameters(self) -> CatalogueEntry:
        for quantization, size in self.sizes.items():
            bits = size * 8 / self.parameters
            # A small model's vocabulary and embeddings, which are kept in more bits, are much of it.
            if not bits_of(quantization) * 0.8 < bits < bits_of(quantization) * 1.7:
                raise ValueError(f"{quantization}: {size} bytes are {bits:.1f} bits a parameter")
        return self

    @property
    def variants(self) -> tuple[Variant, ...]:
        """The choices, as a repository would list them."""
        mmproj = RemoteFile("mmproj.gguf", self.mmproj_bytes) if self.mmproj_bytes else None
        return tuple(
            Variant(quantization, (RemoteFile(f"{quantization}.gguf", size),), mmproj)
            for quantization, size in self.sizes.items()
        )


class CatalogueError(EngineError, code="catalogue_error"):
    """The catalogue is missing or malformed: the installation is damaged."""


@cache
def load_catalogue(path: Path | None = None) -> tuple[CatalogueEntry, ...]:
    """Return the entries, in the file's order, or raise ``CatalogueError``. Read once."""
    try:
        source = path or paths.resource("catalogue.toml")
        tables = tomllib.loads(source.read_text(encoding="utf-8")).get("model", ())
        entries = TypeAdapter(tuple[CatalogueEntry, ...]).validate_python(tables)
    except (OSError, ValueError) as error:
        raise CatalogueError(msg("catalogue_unreadable", reason=str(error))) from error
    names = [name for entry in entries for name in (entry.name, *entry.aliases)]
    if len(set(names)) != len(names):
        twice = sorted({name for name in names if names.count(name) > 1})
        raise CatalogueError(msg("catalogue_duplicates", names=twice))
    return entries


def best_for(
    entries: Iterable[CatalogueEntry],
    headroom: Headroom,
    *,
    context_length: int = DEFAULT_CONTEXT,
    kv_share: float = 1.0,
) -> tuple[SuggestedModel, ...]:
    """Return every entry with the quantization for this machine, the best one of each task marked.

    The best one is the first of its task that fits comfortably with at least 4 bits per weight. Pure.
    """
    found = [_suggest(entry, headroom, context_length, kv_share) for entry in entries]
    best = {task: _best([item for item in found if item.task == task], headroom.limit_bytes) for task in Task}
    return tuple(replace(item, best=item is best[Task(item.task)]) for item in found)


def _suggest(entry: CatalogueEntry, headroom: Headroom, context_length: int, kv_share: float) -> SuggestedModel:
    kv = int(entry.kv_bytes_per_token * kv_share)
    advice = advise(
        entry.variants,
        headroom.limit_bytes,
        parameters=entry.parameters,
        trained_context=entry.trained_context,
        context_length=context_length,
        kv_bytes_per_token=kv,
    )
    fits = advice is not None
    if advice is None:
        smallest = min(entry.variants, key=lambda variant: variant.total_bytes)
        memory = memory_bytes(smallest.total_bytes, kv, min(entry.trained_context, context_length))
        advice = Recommendation(smallest, memory, msg("fits_not"))
    chosen = advice.variant
    return SuggestedModel(
        **entry.model_dump(mode="json") | {"aliases": entry.aliases},
        quantization=chosen.quantization,
        quantization_words=quantization_words(chosen.quantization),
        download_bytes=chosen.total_bytes,
        memory_bytes=advice.memory_bytes,
        fits=fits,
        fitting=headroom.fit(advice.memory_bytes),
        why=advice.why,
    )


def _best(found: Sequence[SuggestedModel], limit_bytes: int) -> SuggestedModel | None:
    fitting = [item for item in found if item.fits and bits_of(item.quantization) >= _LEAST_BITS]
    comfortable = [item for item in fitting if item.memory_bytes <= limit_bytes * _COMFORTABLE]
    return next(iter(comfortable or fitting), None)
