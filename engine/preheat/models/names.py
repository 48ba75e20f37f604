"""Resolves the names that people and apps use to models."""

from __future__ import annotations

from collections.abc import Sequence
from difflib import get_close_matches
from typing import Final

from preheat.errors import AmbiguousModelError, ModelNotFoundError
from preheat.messages import Message, msg
from preheat.models.file_names import base_id, printable
from preheat.models.model_file import ModelFile
from preheat.units import natural_key

_MAX_ASKED: Final = 4096  # characters that are looked at; no id is as long, and a request can contain megabytes
_MAX_NAME: Final = 256  # file systems allow 255; longer names are not worth a search for similar ones
_MAX_NEAR: Final = 5
_MAX_COMPARED: Final = 500  # keeps the search for similar names under a few milliseconds


def resolve(name: str, models: Sequence[ModelFile]) -> ModelFile:
    """Return the model with this name.

    Accepted are, in this order: the exact id, the id with ``.gguf`` or Ollama's ``:latest`` after it, an alias, and a
    prefix of an id, or else of an alias, that matches one model only. Case and surrounding spaces do not matter.

    Raises:
        ModelNotFoundError, AmbiguousModelError: The hint lists similar or matching models.
    """
    by_id = {model.model_id: model for model in models}
    by_alias = {alias: model for model in models for alias in model.aliases}
    asked = name.strip().lower()[:_MAX_ASKED]
    prefix = base_id(asked.removesuffix(":latest"))
    for wanted in (asked, base_id(asked), prefix):
        if wanted in by_id:
            return by_id[wanted]
        if wanted in by_alias:
            return by_alias[wanted]
    matching = sorted((each for each in by_id if prefix and each.startswith(prefix)), key=natural_key)
    if not matching:
        named = {model.model_id for name, model in by_alias.items() if prefix and name.startswith(prefix)}
        matching = sorted(named, key=natural_key)
    if len(matching) == 1:
        return by_id[matching[0]]
    if matching:
        message = msg("model_ambiguous", name=_shown(name), count=len(matching), advice=_available(matching))
        raise AmbiguousModelError(message, param="model")
    raise _not_found(name, prefix, sorted(by_id, key=natural_key))


def _not_found(name: str, wanted: str, ids: Sequence[str]) -> ModelNotFoundError:
    if not ids:
        advice = msg("no_models")
    elif near := _near(wanted, ids):
        advice = msg("did_you_mean", names=near)
    else:
        advice = _available(ids)
    message = (
        msg("model_not_found", name=_shown(name), advice=advice) if wanted else msg("model_not_named", advice=advice)
    )
    return ModelNotFoundError(message, param="model")


def _near(wanted: str, ids: Sequence[str]) -> list[str]:
    """Return similar ids: those that contain ``wanted``, then those with similar spelling, best first."""
    if not wanted or len(wanted) > _MAX_NAME:
        return []
    near = [model_id for model_id in ids if wanted in model_id][:_MAX_NEAR]
    # A short name with a typo is unlike a whole id, but similar to its beginning.
    heads = {model_id[: len(wanted)]: model_id for model_id in reversed(ids[:_MAX_COMPARED])}
    near += [heads[head] for head in get_close_matches(wanted, heads, n=_MAX_NEAR, cutoff=0.7)]
    near += get_close_matches(wanted, ids[:_MAX_COMPARED], n=_MAX_NEAR, cutoff=0.5)
    return list(dict.fromkeys(near))[:_MAX_NEAR]


def _available(ids: Sequence[str]) -> Message:
    more = len(ids) - _MAX_NEAR
    if more > 0:
        return msg("available_more", names=list(ids[:_MAX_NEAR]), more=more)
    return msg("available", names=list(ids))


def _shown(name: str) -> str:
    shown = name.strip()
    return printable(shown if len(shown) <= _MAX_NAME else shown[:60] + "…")
