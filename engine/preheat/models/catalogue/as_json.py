"""What a search, a repository and the catalogue come to, as the port and the command tell it: plain JSON.

Blocks on the network where it says so; call it in a thread.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from preheat.models.catalogue.catalogue import CatalogueEntry, Suggestion, Task, best_for, load_catalogue
from preheat.models.catalogue.pull_names import parse_pull
from preheat.models.hub.hub import Hub, HubModel, RepoFiles, Sort
from preheat.models.hub.recommend import KV_SHARES, advise, bits_of, expected_bytes, kv_bytes
from preheat.models.hub.target import PullTarget
from preheat.models.hub.variants import Variant
from preheat.models.model_file import ModelFile
from preheat.settings import Settings

JsonObject = dict[str, Any]


@dataclass(frozen=True, slots=True)
class Machine:
    """What suggestions depend on.

    Attributes:
        limit_bytes: What models may use together.
        settings: The context length and the KV cache's type count.
        models: Those that are on disk.
    """

    limit_bytes: int
    settings: Settings
    models: Sequence[ModelFile] = ()

    @property
    def kv_share(self) -> float:
        """What the KV cache takes of its size in f16."""
        return KV_SHARES[self.settings.kv_cache_type]


def search_json(
    hub: Hub, machine: Machine, query: str, *, limit: int = 30, sort: Sort = "downloads", task: str = ""
) -> JsonObject:
    """Return what a search finds. Waits for the network.

    Raises:
        HubError: See ``Hub.search``.
    """
    found = hub.search(query, limit=limit, sort=sort, task=task)
    return {"models": [_found_json(model, machine) for model in found]}


def repo_json(hub: Hub, machine: Machine, name: str) -> JsonObject:
    """Return what a repository offers; ``name`` is whatever a pull understands. Waits for the network.

    Raises:
        InvalidRequestError, ModelNotFoundError: See ``parse_pull``.
        HubError: See ``Hub.files``.
    """
    target = parse_pull(name, load_catalogue())
    files = hub.files(target.repo, target.revision)
    context = min(files.trained_context or machine.settings.context_length, machine.settings.context_length)
    kv = int(kv_bytes(files.parameters) * machine.kv_share) if files.parameters else None
    advice = advise(
        files.variants,
        machine.limit_bytes,
        parameters=files.parameters,
        context_length=context,
        kv_bytes_per_token=kv,
    )
    variants = []
    for variant in files.variants:
        memory = expected_bytes(variant, context, parameters=files.parameters, kv_bytes_per_token=kv)
        recommended = advice is not None and variant is advice.variant
        variants.append(_variant_json(files, variant, memory, machine.limit_bytes) | {"recommended": recommended})
    return {
        "repo": files.repo,
        "commit": files.commit,
        "gated": files.gated,
        "licence": files.licence,
        "parameters": files.parameters,
        "trained_context": files.trained_context,
        "here": here(files.repo, machine.models),
        "limit_bytes": machine.limit_bytes,
        "variants": variants,
        "why": "" if advice is None else advice.why,
    }


def catalogue_json(machine: Machine, task: Task | None = None) -> JsonObject:
    """Return the catalogue as it suits this machine.

    Raises:
        CatalogueError: It is missing or malformed.
    """
    found = best_for(
        load_catalogue(),
        machine.limit_bytes,
        context_length=machine.settings.context_length,
        kv_share=machine.kv_share,
    )
    shown = [item for item in found if task is None or item.entry.task is task]
    return {"limit_bytes": machine.limit_bytes, "models": [_suggestion_json(item, machine) for item in shown]}


def here(repo: str, models: Sequence[ModelFile], names: Sequence[str] = ()) -> list[str]:
    """Return the ids of the models on disk that came from this repository, as the folders that they lie in tell.

    Those too that another program calls by one of the names.
    """
    return [
        model.model_id
        for model in models
        if _is_of(repo.lower(), model.path) or any(alias.lower() in names for alias in model.aliases)
    ]


def _is_of(repo: str, path: Path) -> bool:
    """Return whether a path has the repository's two folders, or the one that huggingface_hub makes of them."""
    folders = f"/{path.parent.as_posix().lower()}/"
    return f"/{repo}/" in folders or f"/models--{repo.replace('/', '--')}/" in folders


def _found_json(model: HubModel, machine: Machine) -> JsonObject:
    return {**asdict(model), "here": here(model.repo, machine.models)}


def _variant_json(files: RepoFiles, variant: Variant, memory: int, limit_bytes: int) -> JsonObject:
    same = [other for other in files.variants if other.quantization == variant.quantization]
    named = variant.quantization and len(same) == 1
    target = (
        PullTarget(files.repo, variant.quantization) if named else PullTarget(files.repo, None, variant.files[0].path)
    )
    return {
        "name": target.name,
        "quantization": variant.quantization,
        "bits": bits_of(variant.quantization),
        "files": [{"path": file.path, "size_bytes": file.size_bytes} for file in variant.files],
        "mmproj": variant.mmproj.path if variant.mmproj else None,
        "total_bytes": variant.total_bytes,
        "memory_bytes": memory,
        "fits": memory <= limit_bytes,
    }


def _suggestion_json(item: Suggestion, machine: Machine) -> JsonObject:
    entry: CatalogueEntry = item.entry
    return {
        **entry.model_dump(mode="json"),
        "quantization": item.quantization,
        "download_bytes": item.download_bytes,
        "memory_bytes": item.memory_bytes,
        "fits": item.fits,
        "best": item.best,
        "why": item.why,
        "here": here(entry.repo, machine.models, (entry.name, *entry.aliases)),
    }
