"""From what a person or an app types to a model."""

from __future__ import annotations

from collections.abc import Sequence
from difflib import get_close_matches
from typing import Final

from preheat.errors import AmbiguousModelError, ModelNotFoundError
from preheat.models.file_names import base_id, printable
from preheat.models.model_file import ModelFile

_MAX_ASKED: Final = 4096  # of characters that are looked at; no id is as long, and a request can bring megabytes
_MAX_NAME: Final = 256  # file systems allow 255; longer names are not worth a search for near ones
_MAX_NEAR: Final = 5
_MAX_COMPARED: Final = 500  # keeps the search for near names under a few milliseconds


def resolve(name: str, models: Sequence[ModelFile]) -> ModelFile:
    """Return the model that ``name`` means.

    Taken are, in this order: the exact id, the id with ``.gguf`` or Ollama's ``:latest`` after it, another name of the
    same file, and a prefix of an id, or else of another name, that fits one model only. Case and surrounding spaces do
    not matter.

    Raises:
        ModelNotFoundError: No model has this name; the hint names near ones.
        AmbiguousModelError: The name is a prefix of several models; the hint names them.
    """
    by_id = {model.model_id: model for model in models}
    by_alias = {alias: model for model in models for alias in model.aliases}
    asked = name.strip().lower()[:_MAX_ASKED]
    for wanted in (asked, base_id(asked), base_id(asked.removesuffix(":latest"))):
        if wanted in by_id:
            return by_id[wanted]
        if wanted in by_alias:
            return by_alias[wanted]
    prefix = base_id(asked.removesuffix(":latest"))
    fitting = sorted(model_id for model_id in by_id if prefix and model_id.startswith(prefix))
    if not fitting:
        fitting = sorted({model.model_id for name, model in by_alias.items() if prefix and name.startswith(prefix)})
    if len(fitting) == 1:
        return by_id[fitting[0]]
    if fitting:
        raise AmbiguousModelError(
            f"{_quoted(name)} fits {len(fitting)} models",
            hint=f"Write one of: {_listed(fitting)}.",
            param="model",
        )
    raise _not_found(name, prefix, sorted(by_id))


def _not_found(name: str, wanted: str, ids: Sequence[str]) -> ModelNotFoundError:
    title = f"There is no model named {_quoted(name)}" if wanted else "No model was named"
    if not ids:
        hint = "There are no models yet: put GGUF files into the models folder, or name other folders in models_dirs."
    elif near := _near(wanted, ids):
        hint = f"Did you mean {_listed(near)}?"
    else:
        hint = f"There are: {_listed(ids)}."
    return ModelNotFoundError(title, hint=hint, param="model")


def _near(wanted: str, ids: Sequence[str]) -> list[str]:
    """Return ids that ``wanted`` may have meant: those that contain it, then those of similar spelling, best first."""
    if not wanted or len(wanted) > _MAX_NAME:
        return []
    near = [model_id for model_id in ids if wanted in model_id][:_MAX_NEAR]
    # A short name with a typo is unlike a whole id, but much like its beginning.
    heads = {model_id[: len(wanted)]: model_id for model_id in reversed(ids[:_MAX_COMPARED])}
    near += [heads[head] for head in get_close_matches(wanted, heads, n=_MAX_NEAR, cutoff=0.7)]
    near += get_close_matches(wanted, ids[:_MAX_COMPARED], n=_MAX_NEAR, cutoff=0.5)
    return list(dict.fromkeys(near))[:_MAX_NEAR]


def _listed(ids: Sequence[str]) -> str:
    more = len(ids) - _MAX_NEAR
    return ", ".join(ids[:_MAX_NEAR]) + (f" and {more} more" if more > 0 else "")


def _quoted(name: str) -> str:
    shown = name.strip()
    return f'"{printable(shown if len(shown) <= _MAX_NAME else shown[:60] + "…")}"'
