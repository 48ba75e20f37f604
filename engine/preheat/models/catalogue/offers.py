"""Search results, repositories and the catalogue, as offers for this machine.

``search``, ``repo_offer`` and ``repo_card`` block on the network; call them in a thread.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from preheat.errors import HubOfflineError, HubUnreachableError
from preheat.models.catalogue.catalogue import CatalogueEntry, Task, best_for, load_catalogue
from preheat.models.catalogue.pull_names import parse_pull
from preheat.models.fits import Headroom
from preheat.models.gguf.quantization import quantization_words
from preheat.models.hub import (
    KV_SHARES,
    MAX_CARD_BYTES,
    Hub,
    PullTarget,
    RemoteFile,
    RepoFiles,
    Sort,
    Variant,
    advise,
    make_card,
)
from preheat.models.hub.recommend import bits_of, expected_bytes, kv_bytes
from preheat.models.model_file import ModelFile
from preheat.models.offers import FoundModel, OfferedFile, OfferedVariant, RepoCard, RepoOffer, SuggestedModel
from preheat.settings import Settings


@dataclass(frozen=True, slots=True)
class Machine:
    """Facts that offers depend on."""

    headroom: Headroom  # memory for another model
    settings: Settings  # the context length and the KV cache's type count
    models: Sequence[ModelFile] = ()  # models on disk

    @property
    def limit_bytes(self) -> int:
        """Memory limit of all models together."""
        return self.headroom.limit_bytes

    @property
    def kv_share(self) -> float:
        """Size of the KV cache relative to f16."""
        return KV_SHARES[self.settings.kv_cache_type]


def search(
    hub: Hub, machine: Machine, query: str, *, limit: int = 30, sort: Sort = "downloads", task: str = ""
) -> tuple[FoundModel, ...]:
    """Search the hub; see ``Hub.search``."""
    return tuple(_on(machine, model) for model in hub.search(query, limit=limit, sort=sort, task=task))


def _on(machine: Machine, model: FoundModel) -> FoundModel:
    """Return a search result with what it would be on this machine, as far as that can be estimated.

    A search does not tell sizes; parameters and quantizations do, about.
    """
    known = replace(model, here=here(model.repo, machine.models))
    sized = [
        Variant(name, (RemoteFile(f"{name}.gguf", int(model.parameters * bits_of(name) / 8)),))
        for name in model.quantizations
        if bits_of(name)
    ]
    if not model.parameters or not sized:
        return known
    context = min(model.trained_context or machine.settings.usual_context_length, machine.settings.usual_context_length)
    kv = int(kv_bytes(model.parameters) * machine.kv_share)
    advice = advise(
        sized, machine.limit_bytes, parameters=model.parameters, context_length=context, kv_bytes_per_token=kv
    )
    variant = advice.variant if advice else min(sized, key=lambda each: each.total_bytes)
    memory = expected_bytes(variant, context, parameters=model.parameters, kv_bytes_per_token=kv)
    return replace(
        known,
        quantization=variant.quantization,
        download_bytes=variant.total_bytes,
        memory_bytes=memory,
        fits=advice is not None,
        fitting=machine.headroom.fit(memory),
    )


def repo_offer(hub: Hub, machine: Machine, name: str) -> RepoOffer:
    """Return a repository's offer; raises the errors of ``parse_pull`` and ``Hub.files``.

    While the hub cannot be reached, a repository of the catalogue is offered with the sizes that the catalogue has.
    """
    target = parse_pull(name, load_catalogue())
    try:
        files = hub.files(target.repo, target.revision)
    except (HubOfflineError, HubUnreachableError):
        known = next((entry for entry in load_catalogue() if entry.repo.lower() == target.repo.lower()), None)
        if known is None:
            raise
        return replace(_offer(machine, _catalogue_files(known)), from_catalogue=True)
    offer = _offer(machine, files)
    return replace(offer, access=hub.has_access(files.repo)) if files.gated else offer


def repo_card(hub: Hub, name: str) -> RepoCard:
    """Return a repository's model card; raises the errors of ``parse_pull`` and of the hub."""
    target = parse_pull(name, load_catalogue())
    readme = hub.card(target.repo, target.revision)
    page = f"{hub.endpoint}/{target.repo}/blob/{target.revision}/"
    return make_card(target.repo, readme, page, shortened=len(readme.encode()) >= MAX_CARD_BYTES)


def _catalogue_files(entry: CatalogueEntry) -> RepoFiles:
    """Return a repository as the catalogue knows it."""
    return RepoFiles(
        repo=entry.repo,
        commit="",
        variants=entry.variants,
        licence=entry.licence,
        parameters=entry.parameters,
        trained_context=entry.trained_context,
        task=entry.task,
    )


def _offer(machine: Machine, files: RepoFiles) -> RepoOffer:
    context = min(files.trained_context or machine.settings.usual_context_length, machine.settings.usual_context_length)
    kv = int(kv_bytes(files.parameters) * machine.kv_share) if files.parameters else None
    advice = advise(
        files.variants, machine.limit_bytes, parameters=files.parameters, context_length=context, kv_bytes_per_token=kv
    )

    def offered(variant: Variant) -> OfferedVariant:
        memory = expected_bytes(variant, context, parameters=files.parameters, kv_bytes_per_token=kv)
        return OfferedVariant(
            name=_pull_name(files, variant),
            quantization=variant.quantization,
            quantization_words=quantization_words(variant.quantization, bits_of(variant.quantization)),
            bits=bits_of(variant.quantization),
            files=tuple(OfferedFile(file.path, file.size_bytes) for file in variant.files),
            mmproj=variant.mmproj.path if variant.mmproj else None,
            total_bytes=variant.total_bytes,
            memory_bytes=memory,
            fits=memory <= machine.limit_bytes,
            fitting=machine.headroom.fit(memory),
            recommended=advice is not None and variant is advice.variant,
        )

    return RepoOffer(
        repo=files.repo,
        commit=files.commit,
        gated=files.gated,
        licence=files.licence,
        parameters=files.parameters,
        trained_context=files.trained_context,
        here=here(files.repo, machine.models),
        limit_bytes=machine.limit_bytes,
        variants=tuple(map(offered, files.variants)),
        why=None if advice is None else advice.why,
        task=files.task,
        abilities=files.abilities,
        downloads=files.downloads,
        likes=files.likes,
        updated_at=files.updated_at,
    )


def suggestions(machine: Machine, task: Task | None = None, query: str = "") -> tuple[SuggestedModel, ...]:
    """Return the catalogue's suggestions for this machine that match a query; see ``load_catalogue``."""
    found = best_for(
        load_catalogue(),
        machine.headroom,
        context_length=machine.settings.usual_context_length,
        kv_share=machine.kv_share,
    )
    return tuple(
        replace(item, here=here(item.repo, machine.models, (item.name, *item.aliases)))
        for item in found
        if (task is None or item.task == task) and item.matches(query)
    )


def here(repo: str, models: Sequence[ModelFile], names: Sequence[str] = ()) -> tuple[str, ...]:
    """Return the ids of the models on disk that came from this repository, judging by their folders.

    Models that another program calls by one of the names count too.
    """
    return tuple(
        model.model_id
        for model in models
        if _is_of(repo.lower(), model.path) or any(alias.lower() in names for alias in model.aliases)
    )


def _is_of(repo: str, path: Path) -> bool:
    """Return whether a path has the repository's two folders, or the one that huggingface_hub makes of them."""
    folders = f"/{path.parent.as_posix().lower()}/"
    return f"/{repo}/" in folders or f"/models--{repo.replace('/', '--')}/" in folders


def _pull_name(files: RepoFiles, variant: Variant) -> str:
    same = [other for other in files.variants if other.quantization == variant.quantization]
    if variant.quantization and len(same) == 1:
        return PullTarget(files.repo, variant.quantization).name
    return PullTarget(files.repo, None, variant.files[0].path).name
