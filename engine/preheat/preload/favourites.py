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


def missing_favourites(wanted: Sequence[str] | None, models: Sequence[ModelFile]) -> tuple[str, ...]:
    """Return the favourites without a model on disk, such as those on an unplugged disk. They stay favourites."""
    return tuple(name for name in dict.fromkeys(wanted or ()) if _model_id(name, models) is None)


def favourites_in_order(wanted: Sequence[str] | None, models: Sequence[ModelFile]) -> tuple[str, ...]:
    """Return the ids of the favourites, with the names of missing ones in their place."""
    return tuple(dict.fromkeys(_model_id(name, models) or name for name in _names(wanted, models)))


def add_favourites(wanted: Sequence[str] | None, ids: Sequence[str], models: Sequence[ModelFile]) -> list[str]:
    """Return the setting ``favourites`` with these models; new ones come last."""
    names = _names(wanted, models)
    known = {_model_id(name, models) or name for name in names}
    return [*names, *(model_id for model_id in ids if model_id not in known)]


def remove_favourites(wanted: Sequence[str] | None, ids: Sequence[str], models: Sequence[ModelFile]) -> list[str]:
    """Return the setting ``favourites`` without these models. Other missing ones stay."""
    return [name for name in _names(wanted, models) if (_model_id(name, models) or name) not in ids]


def replace_favourites(wanted: Sequence[str] | None, ids: Sequence[str], models: Sequence[ModelFile]) -> list[str]:
    """Return the setting ``favourites`` with exactly these models, and the missing ones after them."""
    return list(dict.fromkeys([*ids, *missing_favourites(wanted, models)]))


def order_favourites(wanted: Sequence[str] | None, ids: Sequence[str], models: Sequence[ModelFile]) -> list[str]:
    """Return the setting ``favourites`` with these models before all others."""
    return list(dict.fromkeys([*ids, *remove_favourites(wanted, ids, models)]))


def _names(wanted: Sequence[str] | None, models: Sequence[ModelFile]) -> list[str]:
    return list(choose_favourites(None, models) if wanted is None else dict.fromkeys(wanted))


def _model_id(name: str, models: Sequence[ModelFile]) -> str | None:
    try:
        return resolve(name, models).model_id
    except EngineError:
        return None
