"""The models the user wants hot whenever they fit."""

from __future__ import annotations

import logging
from collections.abc import Container, Mapping, Sequence
from typing import Final, NamedTuple

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
        if (model_id := _model_id(name, models)) is not None:
            chosen[model_id] = None
    return tuple(chosen)


def missing_favourites(wanted: Sequence[str] | None, models: Sequence[ModelFile]) -> tuple[str, ...]:
    """Return the favourites without a model on disk, such as those on an unplugged disk. They stay favourites."""
    return tuple(name for name in dict.fromkeys(wanted or ()) if _model_id(name, models) is None)


def report_missing(missing: Sequence[str], reported: Container[str]) -> None:
    """Log the missing favourites that were not reported before: folders are read again every half minute."""
    for name in missing:
        if name not in reported:
            logger.warning("favourite %s has no model on disk", name)


class FavouritesRoom(NamedTuple):
    """Whether all favourites fit into the memory limit together.

    Attributes:
        without_room: Those that are not preloaded for lack of room, in the user's order.
        needed_bytes: The limit with which every one is preloaded.
    """

    without_room: tuple[str, ...] = ()
    needed_bytes: int = 0


def favourites_room(
    favourites: Sequence[str], sizes: Mapping[str, int], held: Mapping[str, int], limit_bytes: int
) -> FavouritesRoom:
    """Return which favourites have no room next to the others. Pure.

    Favourites never displace each other, so those in memory come first, then the user's order counts.

    Args:
        sizes: Expected bytes of each favourite.
        held: Bytes of the favourites that are in memory.
    """
    left, without_room = limit_bytes - sum(held.values()), []
    for name in favourites:
        if name in held:
            continue
        if sizes[name] <= left:
            left -= sizes[name]
        else:
            without_room.append(name)
    needed = sum(held.get(name, sizes[name]) for name in favourites)
    return FavouritesRoom(tuple(without_room), needed)


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
