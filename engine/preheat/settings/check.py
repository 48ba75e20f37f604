"""Merges layers of values into checked settings, and describes their errors.

Every value is checked, even one that a stronger layer overrides: a file is right or wrong whatever the environment is.
"""

from __future__ import annotations

import difflib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

from pydantic import ValidationError
from pydantic.fields import FieldInfo
from pydantic_core import ErrorDetails

from preheat.errors import SettingsError
from preheat.messages import Message, msg
from preheat.settings.access_settings import ALONE
from preheat.settings.declaration import CombinationError, WrongValueError, allowed, show
from preheat.settings.former import successor
from preheat.settings.layers import Layer, Origin
from preheat.settings.model import FIELDS, Settings
from preheat.settings.model_settings import ModelSettings
from preheat.settings.names import MODELS, keys_of, model_setting, name_of, nest, show_name

_MAX_SIMILAR: Final = 3
_MAX_NAME: Final = 100
_MOST_PROBLEMS: Final = 20  # each is looked up in the file


@dataclass(frozen=True, slots=True)
class Merged:
    """Checked settings, with the origin of each value by name."""

    settings: Settings
    origins: Mapping[str, Origin]
    sources: Mapping[str, Layer]

    def place(self, name: str) -> Message | None:
        """Return the line, variable or option that a value is from; None for a default."""
        layer = self.sources.get(name)
        return None if layer is None else layer.place(name)


def merge(layers: Sequence[Layer]) -> Merged:
    """Merge layers, the strongest last.

    Raises:
        ExceptionGroup: Of SettingsErrors, in the order of the layers and, in a file, of its lines.
    """
    values: dict[str, Any] = {}
    sources: dict[str, Layer] = {}
    problems: list[SettingsError] = []
    for layer in layers:
        checked, wrong = check(layer)
        problems += wrong
        values |= checked
        sources |= dict.fromkeys(checked, layer)
    if problems:
        raise ExceptionGroup("settings", problems)
    try:
        settings = Settings.model_validate(nest(values))
    except ValidationError as error:
        # Each value alone is right, so this is about a combination.
        raise ExceptionGroup("settings", [_combination_problem(error.errors()[0], sources)]) from None
    origins = dict.fromkeys(Settings.model_fields, Origin.DEFAULT)
    origins |= {name: layer.origin for name, layer in sources.items()}
    return Merged(settings, origins, sources)


def check(layer: Layer) -> tuple[dict[str, Any], list[SettingsError]]:
    """Return a layer's values in their own types, or the problems with them; looks at no other layer."""
    unknown = [name for name in layer.values if field_of(name) is None] if len(layer.values) > len(FIELDS) else []
    if len(unknown) > _MOST_PROBLEMS:
        return {}, [_mostly_wrong(layer, unknown)]
    try:
        checked = Settings.model_validate(nest(layer.values), context={"base": layer.base, ALONE: True})
    except ValidationError as error:
        first_of_each = {_name_at(detail["loc"]): detail for detail in reversed(error.errors(include_url=False))}
        wrong = [name for name in layer.values if name in first_of_each]
        if len(wrong) > _MOST_PROBLEMS:
            return {}, [_mostly_wrong(layer, wrong)]
        return {}, [_problem(layer, name, first_of_each[name]) for name in wrong]
    return {name: value_of(checked, name) for name in layer.values}, []


def _mostly_wrong(layer: Layer, wrong: Sequence[str]) -> SettingsError:
    first, remedy = layer.place(wrong[0]), layer.remedy(wrong[0])
    return SettingsError(msg("settings_mostly_wrong", place=first, others=len(wrong) - 1, remedy=remedy))


def value_of(settings: Settings, name: str) -> Any:
    """Return a setting's value by name; None for a model without its own."""
    first, *rest = keys_of(name)
    value = getattr(settings, first)
    if not rest:
        return value
    own = value.get(rest[0])
    return getattr(own, rest[1]) if own is not None and len(rest) > 1 else own


def field_of(name: str) -> FieldInfo | None:
    """Return the declaration of a setting; None if there is no such setting."""
    keys = keys_of(name)
    if len(keys) == 1:
        return FIELDS.get(name)
    return ModelSettings.model_fields.get(keys[2]) if len(keys) == 3 else None


def check_name(name: str) -> None:
    """Check that there is a setting of this name.

    Raises:
        SettingsError: There is none.
    """
    if field_of(name) is None:
        raise _no_setting(name, _similar(name))


def checked_model_setting(model_id: str, name: str) -> str:
    """Return the full name of one model's setting.

    Raises:
        SettingsError: There is no such setting.
    """
    full_name = model_setting(model_id, name)
    if name not in ModelSettings.model_fields:  # it may have dots and quotes
        similar = difflib.get_close_matches(name[:_MAX_NAME], ModelSettings.model_fields, n=_MAX_SIMILAR)
        raise _no_setting(full_name, similar)
    return full_name


def _no_setting(name: str, similar: list[str]) -> SettingsError:
    code = "setting_unknown_near" if similar else "setting_unknown"
    return SettingsError(msg(code, name=show_name(name), similar=similar), param=show_name(name))


def _problem(layer: Layer, name: str, detail: ErrorDetails) -> SettingsError:
    field = Settings.model_fields.get(name) or field_of(name)
    if field is None:
        return SettingsError(_misplaced(layer, name) or _unknown(layer, name), param=show_name(name))
    return _invalid(layer, name, field, _reason(detail), allowed(field), layer.remedy(name))


def _combination_problem(detail: ErrorDetails, sources: Mapping[str, Layer]) -> SettingsError:
    error = detail["ctx"]["error"]
    assert isinstance(error, CombinationError)
    return _invalid(sources[error.name], error.name, FIELDS[error.name], error.reason, error.allowed, error.remedy)


def _invalid(
    layer: Layer, name: str, field: FieldInfo, reason: Message | None, allowed: Message, remedy: Message
) -> SettingsError:
    suffix = "_because" if reason is not None else ""
    message = msg(
        f"setting_invalid{suffix}",
        subject=layer.subject(name),
        value=show(field, layer.values[name]),
        reason=reason,
        allowed=allowed,
        remedy=remedy,
    )
    return SettingsError(message, param=name, reason=msg(f"setting_reason{suffix}", reason=reason, allowed=allowed))


def _misplaced(layer: Layer, name: str) -> Message | None:
    """Return the problem of a value in the place of a section, or of a section in the place of a value."""
    value, keys, remedy = layer.values[name], keys_of(name), layer.remedy(name)
    if len(keys) == 2:
        names = list(ModelSettings.model_fields)
        return msg(
            "setting_needs_section", subject=layer.subject(name), value=show(None, value), names=names, remedy=remedy
        )
    if not isinstance(value, dict) and not (isinstance(value, list) and any(isinstance(item, dict) for item in value)):
        return None
    if len(keys) == 3:
        # A single section below this one is a part of a model's name.
        is_part = isinstance(value, dict) and len(value) == 1 and all(isinstance(each, dict) for each in value.values())
        path = ".".join((*keys[1:], *(value if is_part else ())))
        quoted = name_of((MODELS, path))
        return msg("setting_needs_quotes", place=layer.place(name), name=quoted, remedy=remedy)
    return msg("setting_is_section", place=layer.place(name), name=name, remedy=remedy)


def _unknown(layer: Layer, name: str) -> Message:
    similar = [layer.spell(each) for each in _similar(name)]
    code = "setting_unknown_at_near" if similar else "setting_unknown_at"
    return msg(
        code, place=layer.place(name), name=show_name(layer.spell(name)), similar=similar, remedy=layer.remedy(name)
    )


def _reason(detail: ErrorDetails) -> Message | None:
    """Return the reason, unless the allowed values already state it."""
    cause = detail.get("ctx", {}).get("error")
    if isinstance(cause, WrongValueError):
        return cause.message
    place = detail["loc"][-1]
    return msg("value_item_wrong", number=place + 1) if isinstance(place, int) else None


def _similar(name: str) -> list[str]:
    if current := successor(name):
        return [current]
    *path, last = keys_of(name)
    known = ModelSettings.model_fields if path else Settings.model_fields
    return difflib.get_close_matches(last[:_MAX_NAME].lower().replace("-", "_"), known, n=_MAX_SIMILAR, cutoff=0.6)


def _name_at(location: tuple[int | str, ...]) -> str:
    """Return the name of the setting at a location of pydantic's."""
    if location[0] != MODELS:
        return str(location[0])
    return name_of([str(part) for part in location[:3]])
