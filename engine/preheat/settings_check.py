"""Turns layers of values into one checked model, and what is wrong with them into words.

Every value is checked, also one that a stronger layer covers: a file is right or wrong whatever the environment holds.
"""

from __future__ import annotations

import difflib
import json
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final, Generic, Literal, TypeVar, get_args, get_origin

from pydantic import BaseModel, ValidationError
from pydantic.fields import FieldInfo
from pydantic_core import ErrorDetails

from preheat.errors import SettingsError
from preheat.settings_layers import Layer, Origin

HIDDEN: Final = "***"

ALONE: Final = "alone"
"""In the validation context: one layer is looked at by itself, so leave out what concerns several settings."""

_MAX_SHOWN: Final = 60

Model = TypeVar("Model", bound=BaseModel)


@dataclass(frozen=True, slots=True)
class Merged(Generic[Model]):
    """The checked settings, and for each name where its value comes from (``places``: in words)."""

    settings: Model
    origins: Mapping[str, Origin]
    places: Mapping[str, str]


def merge(model: type[Model], layers: Sequence[Layer]) -> Merged[Model]:
    """Lay ``layers`` over each other, the strongest last.

    Raises:
        ExceptionGroup: Of SettingsErrors, in the order of the layers and, in a file, of its lines.
    """
    values: dict[str, Any] = {}
    sources: dict[str, Layer] = {}
    problems: list[SettingsError] = []
    for layer in layers:
        checked, wrong = check(model, layer)
        problems += wrong
        values |= checked
        sources |= dict.fromkeys(checked, layer)
    if problems:
        raise ExceptionGroup("settings", problems)
    try:
        settings = model.model_validate(values)
    except ValidationError as error:
        # Each value is right by itself, so this is about several of them together.
        raise ExceptionGroup("settings", [_combination_problem(model, error.errors()[0], sources)]) from None
    origins = {name: sources[name].origin if name in sources else Origin.DEFAULT for name in model.model_fields}
    return Merged(settings, origins, {name: layer.place(name) for name, layer in sources.items()})


def check(model: type[Model], layer: Layer) -> tuple[dict[str, Any], list[SettingsError]]:
    """Return the layer's values in their own types, or what is wrong with them, looking at no other layer."""
    try:
        checked = model.model_validate(dict(layer.values), context={"base": layer.base, ALONE: True})
    except ValidationError as error:
        first_of_each = {str(detail["loc"][0]): detail for detail in reversed(error.errors(include_url=False))}
        return {}, [_problem(model, layer, name, first_of_each[name]) for name in layer.values if name in first_of_each]
    return {name: getattr(checked, name) for name in layer.values}, []


def unknown_setting(model: type[BaseModel], name: str) -> SettingsError:
    """Return the error for a name that is no setting."""
    return SettingsError(
        f"there is no setting {name}{_near(model, name, str)}",
        hint="This lists all settings: preheat config get",
        param=name,
    )


def is_list(field: FieldInfo) -> bool:
    """Return whether a setting's value is a list."""
    return any(get_origin(kind) is tuple for kind in (field.annotation, *get_args(field.annotation)))


def is_secret(field: FieldInfo) -> bool:
    """Return whether a setting's value is shown to nobody unasked."""
    return bool(_extra(field, "secret"))


def allowed(field: FieldInfo) -> str:
    """Return in words what a setting may be."""
    words = _extra(field, "allowed")
    if isinstance(words, str):
        return words
    kinds = get_args(field.annotation) or (field.annotation,)
    if get_origin(field.annotation) is Literal:
        return "one of " + ", ".join(map(str, kinds))
    if field.annotation is bool:
        return "true or false"
    number = "a whole number" if int in kinds else "a number"
    return number + _range(field) + (", or auto" if type(None) in kinds else "")


def show(field: FieldInfo | None, value: object) -> str:
    """Return a value as a settings file would have it, shortened; ``***`` for a secret."""
    if field is not None and is_secret(field):
        return HIDDEN
    text = json.dumps(value, ensure_ascii=False, default=str)
    return text if len(text) <= _MAX_SHOWN else text[: _MAX_SHOWN - 3] + "..."


def _problem(model: type[BaseModel], layer: Layer, name: str, detail: ErrorDetails) -> SettingsError:
    value = layer.values[name]
    field = model.model_fields.get(name)
    if field is not None:
        reason = _reason(detail)
        because = f" ({reason})" if reason else ""
        title = f"{_subject(layer, name)} cannot be {show(field, value)}{because}; allowed: {allowed(field)}"
    elif isinstance(value, dict) or (isinstance(value, list) and any(isinstance(item, dict) for item in value)):
        title = f"{layer.place(name)}: there are no sections such as [{name}]; put all names at the top of the file"
    else:
        title = f"{layer.place(name)}: there is no setting {layer.spell(name)}{_near(model, name, layer.spell)}"
        if layer.place(name) == layer.spell(name):
            title = f"{layer.place(name)} is no setting{_near(model, name, layer.spell)}"
    return SettingsError(title, hint=layer.remedy(name), param=name)


def _combination_problem(model: type[BaseModel], detail: ErrorDetails, sources: Mapping[str, Layer]) -> SettingsError:
    name = str(detail["ctx"]["setting"])
    subject = _subject(sources[name], name)
    value = show(model.model_fields[name], sources[name].values[name])
    return SettingsError(
        f"{subject} cannot be {value} ({detail['msg']}); allowed: {detail['ctx']['allowed']}",
        hint=str(detail["ctx"]["hint"]),
        param=name,
    )


def _subject(layer: Layer, name: str) -> str:
    """Return place and name; the name of a variable or an option is its place."""
    place, spelled = layer.place(name), layer.spell(name)
    return place if place.endswith(spelled) else f"{place}: {spelled}"


def _reason(detail: ErrorDetails) -> str:
    """Return what ``allowed`` does not already say."""
    cause = detail.get("ctx", {}).get("error")
    if cause is not None:
        return str(cause)
    # The place in a list; pydantic's own sentence would only repeat what is allowed.
    return f"item {int(detail['loc'][1]) + 1} is wrong" if len(detail["loc"]) > 1 else ""


def _near(model: type[BaseModel], name: str, spell: Callable[[str], str]) -> str:
    names = difflib.get_close_matches(name.lower().replace("-", "_"), model.model_fields, n=3, cutoff=0.6)
    return "; near: " + ", ".join(map(spell, names)) if names else ""


def _range(field: FieldInfo) -> str:
    """Return a number's bounds in words."""
    bounds = {key: value for part in field.metadata for key, value in _bounds(part).items()}
    low, high = bounds.get("ge"), bounds.get("le")
    if low is None:
        return f" above {bounds['gt']} and at most {high}"
    return f" from {low} to {high}"


def _bounds(constraint: object) -> dict[str, Any]:
    """Return the bounds that one of a field's constraints sets."""
    return {key: getattr(constraint, key) for key in ("ge", "gt", "le") if hasattr(constraint, key)}


def _extra(field: FieldInfo, key: str) -> object:
    extra = field.json_schema_extra
    return extra.get(key) if isinstance(extra, dict) else None
