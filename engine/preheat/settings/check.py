"""Turns layers of values into one checked model, and what is wrong with them into words.

Every value is checked, also one that a stronger layer covers: a file is right or wrong whatever the environment holds.
"""

from __future__ import annotations

import difflib
import json
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Annotated, Any, Final, Generic, Literal, TypeVar, get_args, get_origin

from pydantic import BaseModel, ValidationError
from pydantic.fields import FieldInfo
from pydantic_core import ErrorDetails

from preheat.errors import SettingsError
from preheat.settings.layers import Layer, Origin
from preheat.settings.model_settings import ModelSettings
from preheat.settings.names import MODELS, keys_of, name_of, nest

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
        settings = model.model_validate(nest(values))
    except ValidationError as error:
        # Each value is right by itself, so this is about several of them together.
        raise ExceptionGroup("settings", [_combination_problem(model, error.errors()[0], sources)]) from None
    origins = dict.fromkeys(model.model_fields, Origin.DEFAULT)
    origins |= {name: layer.origin for name, layer in sources.items()}
    return Merged(settings, origins, {name: layer.place(name) for name, layer in sources.items()})


def check(model: type[Model], layer: Layer) -> tuple[dict[str, Any], list[SettingsError]]:
    """Return the layer's values in their own types, or what is wrong with them, looking at no other layer."""
    try:
        checked = model.model_validate(nest(layer.values), context={"base": layer.base, ALONE: True})
    except ValidationError as error:
        first_of_each = {_name_at(detail["loc"]): detail for detail in reversed(error.errors(include_url=False))}
        return {}, [_problem(model, layer, name, first_of_each[name]) for name in layer.values if name in first_of_each]
    return {name: value_of(checked, name) for name in layer.values}, []


def value_of(settings: BaseModel, name: str) -> Any:
    """Return the value of a setting, by name; None for a model that has none of its own."""
    first, *rest = keys_of(name)
    value = getattr(settings, first)
    if not rest:
        return value
    own = value.get(rest[0])
    return getattr(own, rest[1]) if own is not None and len(rest) > 1 else own


def field_of(model: type[BaseModel], name: str) -> FieldInfo | None:
    """Return the declaration of a setting, by name; None if there is no such setting."""
    keys = keys_of(name)
    if len(keys) == 1:
        return model.model_fields.get(name)
    return ModelSettings.model_fields.get(keys[2]) if len(keys) == 3 else None


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


def is_inherited(field: FieldInfo) -> bool:
    """Return whether the value for all models holds where a model has none of its own."""
    return bool(extra(field, "inherits"))


def is_secret(field: FieldInfo) -> bool:
    """Return whether a setting's value is shown to nobody unasked."""
    return bool(extra(field, "secret"))


def allowed(field: FieldInfo) -> str:
    """Return in words what a setting may be."""
    words = extra(field, "allowed")
    if isinstance(words, str):
        return words
    kinds = kinds_of(field.annotation)
    choices = [choice for kind in kinds if get_origin(kind) is Literal for choice in get_args(kind)]
    if choices:
        return "one of " + ", ".join(map(str, choices))
    if field.annotation is bool:
        return "true or false"
    number = "a whole number" if int in kinds else "a number"
    may_be_auto = type(None) in kinds and not is_inherited(field)
    return number + _range(field) + (", or auto" if may_be_auto else "")


def show(field: FieldInfo | None, value: object) -> str:
    """Return a value as a settings file would have it, shortened; ``***`` for a secret."""
    if field is not None and is_secret(field):
        return HIDDEN
    text = json.dumps(value, ensure_ascii=False, default=str)
    return text if len(text) <= _MAX_SHOWN else text[: _MAX_SHOWN - 3] + "..."


def _problem(model: type[BaseModel], layer: Layer, name: str, detail: ErrorDetails) -> SettingsError:
    value = layer.values[name]
    field = field_of(model, name)
    reason = ""
    if field is not None:
        why = _reason(detail)
        because = f" ({why})" if why else ""
        title = f"{_subject(layer, name)} cannot be {show(field, value)}{because}; allowed: {allowed(field)}"
        reason = f"{why}; allowed: {allowed(field)}" if why else f"allowed: {allowed(field)}"
    else:
        title = _misplaced(layer, name) or _unknown(model, layer, name)
    return SettingsError(title, hint=layer.remedy(name), param=name, reason=reason)


def _misplaced(layer: Layer, name: str) -> str:
    """Return what is wrong with a value where only sections may be, or a section where only values may be."""
    value, keys = layer.values[name], keys_of(name)
    if len(keys) == 2:
        known = ", ".join(ModelSettings.model_fields)
        return f"{_subject(layer, name)} cannot be {show(None, value)}; allowed: a section of {known}"
    if not isinstance(value, dict) and not (isinstance(value, list) and any(isinstance(item, dict) for item in value)):
        return ""
    if len(keys) == 3:
        path = ".".join((*keys[1:], *value)) if isinstance(value, dict) and _is_section(value) else ".".join(keys[1:])
        return f"{layer.place(name)}: a model's name with a dot needs quotes: [{name_of((MODELS, path))}]"
    return f"{layer.place(name)}: there are no sections such as [{name}]; put all names at the top of the file"


def _is_section(value: Mapping[str, object]) -> bool:
    """Whether there are only sections below this one, which is then a piece of a model's name."""
    return len(value) == 1 and all(isinstance(item, dict) for item in value.values())


def _unknown(model: type[BaseModel], layer: Layer, name: str) -> str:
    near = _near(model, name, layer.spell)
    if layer.place(name) == layer.spell(name):
        return f"{layer.place(name)} is no setting{near}"
    return f"{layer.place(name)}: there is no setting {layer.spell(name)}{near}"


def _combination_problem(model: type[BaseModel], detail: ErrorDetails, sources: Mapping[str, Layer]) -> SettingsError:
    name = str(detail["ctx"]["setting"])
    subject = _subject(sources[name], name)
    value = show(model.model_fields[name], sources[name].values[name])
    return SettingsError(
        f"{subject} cannot be {value} ({detail['msg']}); allowed: {detail['ctx']['allowed']}",
        hint=str(detail["ctx"]["hint"]),
        param=name,
        reason=f"{detail['msg']}; allowed: {detail['ctx']['allowed']}",
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
    place = detail["loc"][-1]
    return f"item {place + 1} is wrong" if isinstance(place, int) else ""


def _near(model: type[BaseModel], name: str, spell: Callable[[str], str]) -> str:
    *path, last = keys_of(name)
    known = ModelSettings.model_fields if path else model.model_fields
    names = difflib.get_close_matches(last.lower().replace("-", "_"), known, n=3, cutoff=0.6)
    return "; near: " + ", ".join(map(spell, names)) if names else ""


def _name_at(location: tuple[int | str, ...]) -> str:
    """Return the name of the setting that a place of pydantic's is in."""
    if location[0] != MODELS:
        return str(location[0])
    return name_of([str(part) for part in location[:3]])


def kinds_of(annotation: Any) -> tuple[Any, ...]:
    """Return the types that a union is of, without their bounds; a single type by itself."""
    kinds = (annotation,) if get_origin(annotation) in (None, Literal, Annotated) else get_args(annotation)
    return tuple(get_args(kind)[0] if get_origin(kind) is Annotated else kind for kind in kinds)


def _constraints(field: FieldInfo) -> list[object]:
    """Return the constraints of a field, and of the types in its union."""
    found: list[object] = list(field.metadata)
    for kind in get_args(field.annotation):
        if get_origin(kind) is Annotated:
            for part in get_args(kind)[1:]:
                found += part.metadata if isinstance(part, FieldInfo) else [part]
    return found


def _range(field: FieldInfo) -> str:
    """Return a number's bounds in words."""
    bounds = {key: value for part in _constraints(field) for key, value in _bounds(part).items()}
    low, high = bounds.get("ge"), bounds.get("le")
    if low is None:
        return f" above {bounds['gt']} and at most {high}"
    return f" from {low} to {high}"


def _bounds(constraint: object) -> dict[str, Any]:
    """Return the bounds that one of a field's constraints sets."""
    return {key: getattr(constraint, key) for key in ("ge", "gt", "le") if hasattr(constraint, key)}


def extra(field: FieldInfo, key: str) -> object:
    """Return what a declaration says under this key; None if nothing."""
    said = field.json_schema_extra
    return said.get(key) if isinstance(said, dict) else None
