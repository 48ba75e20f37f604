"""Which models the user wants hot whenever they fit."""

from __future__ import annotations

import logging
from collections.abc import Sequence
from typing import Final

from preheat.errors import EngineError
from preheat.models import ModelFile, resolve

logger = logging.getLogger(__name__)

STARTER_MODELS: Final = ("smollm2-135m-instruct.q4_1", "all-minilm-l6-v2.q8_0")
"""What the first set-up fetches: preloaded without being asked for as long as they are the only models."""


def choose_favourites(wanted: Sequence[str] | None, models: Sequence[ModelFile]) -> tuple[str, ...]:
    """Return the ids of the models to keep hot, in the user's order.

    Args:
        wanted: The setting ``favourites``; None stands for the starter models, where there are no others.
    """
    if wanted is None:
        present = {model.model_id for model in models}
        return tuple(name for name in STARTER_MODELS if name in present) if present <= set(STARTER_MODELS) else ()
    chosen: list[str] = []
    for name in wanted:
        try:
            model_id = resolve(name, models).model_id
        except EngineError as error:
            logger.warning("favourite %s: %s", name, error)
            continue
        if model_id not in chosen:
            chosen.append(model_id)
    return tuple(chosen)
