"""The models the user wants hot whenever they fit."""

from __future__ import annotations

import logging
from collections.abc import Sequence
from typing import Final

from preheat.errors import EngineError
from preheat.models import ModelFile, resolve

logger = logging.getLogger(__name__)

STARTER_MODELS: Final = ("smollm2-135m-instruct.q4_1", "all-minilm-l6-v2.q8_0")
"""The models that the first setup downloads; preloaded while there are no others."""


def choose_favourites(wanted: Sequence[str] | None, models: Sequence[ModelFile]) -> tuple[str, ...]:
    """Return the ids of the models to keep hot, in the user's order.

    Args:
        wanted: The setting ``favourites``; None chooses the starter models if there are no others.
    """
    if wanted is None:
        present = {model.model_id for model in models}
        return tuple(name for name in STARTER_MODELS if name in present) if present <= set(STARTER_MODELS) else ()
    chosen: dict[str, None] = {}
    for name in wanted:
        try:
            chosen[resolve(name, models).model_id] = None
        except EngineError as error:
            logger.warning("favourite %s: %s", name, error)
    return tuple(chosen)
