"""How a worker is to load a model, from the model and the settings."""

from __future__ import annotations

from preheat.inference.protocol import LoadOptions
from preheat.library import ModelFile
from preheat.residency.processes import physical_cores
from preheat.settings import Settings


def load_options(model: ModelFile, settings: Settings, *, probe: bool, warm_prefix: bool) -> LoadOptions:
    """Return the options for one load; see ``LoadOptions`` for ``probe`` and ``warm_prefix``."""
    return LoadOptions(
        path=str(model.path),
        files=tuple(str(path) for path in model.files),
        embeddings=model.embeddings,
        context_length=settings.context_length,
        parallel=settings.parallel,
        kv_cache_type=settings.kv_cache_type,
        flash_attention=settings.flash_attention,
        repack=settings.repack == "on",
        threads=settings.threads or physical_cores(),
        gpu_layers=settings.gpu_layers,
        embedding_cache=settings.embedding_cache,
        probe=probe,
        warm_prefix=warm_prefix,
    )


def load_differently(before: Settings, after: Settings) -> bool:
    """Return whether what was loaded with the settings ``before`` would be loaded otherwise with those ``after``."""
    names = set(LoadOptions.__slots__) & set(Settings.model_fields)
    return any(getattr(before, name) != getattr(after, name) for name in names)
