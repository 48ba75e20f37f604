from __future__ import annotations

from pathlib import Path

from preheat.control.what_if import growth_bytes
from preheat.settings import ModelSettings, Settings


def test_a_longer_context_takes_more(starter_home: Path) -> None:
    from preheat import paths
    from preheat.models import find_models

    model = next(model for model in find_models([paths.models_dir()]) if not model.embeddings)
    now = Settings(context_length=512)
    longer = now.model_copy(update={"models": {model.model_id: ModelSettings(context_length=2048)}})
    grown = growth_bytes(model.model_id, now, longer)
    assert grown is not None
    assert grown > 0
    assert growth_bytes(model.model_id, longer, now) == -grown
    assert growth_bytes(model.model_id, now, now.model_copy(update={"models": {"x": ModelSettings(parallel=9)}})) == 0
    assert growth_bytes("no-such-model", now, now) is None
