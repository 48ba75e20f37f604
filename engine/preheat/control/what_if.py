"""What a model would take in memory under other settings."""

from __future__ import annotations

from preheat.models import look_once
from preheat.residency.sizes import estimate
from preheat.settings import Settings


def growth_bytes(model_id: str, now: Settings, then: Settings) -> int | None:
    """Return how much more a model would take under other settings; negative for less, None if there is no such model.

    It reads the models' headers: not on a thread that must not wait.
    """
    models = look_once(now.models_dirs, now.sources, now.own_models_dir).models
    model = next((model for model in models if model.model_id == model_id), None)
    if model is None:
        return None
    return estimate(model, then).working_bytes - estimate(model, now).working_bytes
