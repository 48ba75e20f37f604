"""Options for loading a model, from the model and the settings."""

from __future__ import annotations

from preheat.devices import ON_PROCESSOR, Placement
from preheat.inference import LoadOptions, PrefixOptions
from preheat.inference.cores import default_threads
from preheat.models import ModelFile
from preheat.residency.forms import Form
from preheat.residency.slots import parallel_requests
from preheat.settings import Settings


def load_options(
    model: ModelFile,
    settings: Settings,
    form: Form,
    *,
    probe: bool,
    warm_prefix: bool,
    placement: Placement = ON_PROCESSOR,
    prefixes: PrefixOptions | None = None,
) -> LoadOptions:
    """Return the options for one load; see ``LoadOptions`` for the last four."""
    own = settings.for_model(model.model_id)
    return LoadOptions(
        path=str(model.path),
        files=tuple(str(path) for path in (model.files if model.embeddings else model.all_files)),
        mmproj=None if model.mmproj is None or model.embeddings else str(model.mmproj),
        embeddings=model.embeddings,
        context_length=own.context_length,
        parallel=parallel_requests(model, own),
        kv_cache_type=own.kv_cache_type,
        flash_attention=own.flash_attention,
        repack=form is Form.REPACKED,
        threads=own.threads or default_threads(),
        speculation=own.speculation == "auto",
        devices=placement.devices,
        gpu_layers=placement.gpu_layers,
        layer_split=placement.split,
        cpu_experts=placement.cpu_experts,
        embedding_cache=own.embedding_cache,
        probe=probe,
        warm_prefix=warm_prefix,
        follow_load=own.threads is None,
        prefixes=prefixes,
    )


def loads_differently(model_id: str, before: Settings, after: Settings) -> bool:
    """Return whether the model would be loaded with other options after a change of settings."""
    return not before.for_model(model_id).loads_like(after.for_model(model_id))
