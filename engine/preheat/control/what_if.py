"""Memory of a model under other settings."""

from __future__ import annotations

from preheat.models import look_once
from preheat.residency.sizes import estimate
from preheat.settings import Settings


def growth_bytes(model_id: str, now: Settings, then: Settings) -> int | None:
    """Return how much more memory a model needs under other settings, in bytes; None for an unknown model.

    Blocks: it reads the models' headers.
    """
    models = look_once(now.models_dirs, now.sources, now.own_models_dir).models
    model = next((model for model in models if model.model_id == model_id), None)
    if model is None:
        return None
    return estimate(model, then).working_bytes - estimate(model, now).working_bytes
