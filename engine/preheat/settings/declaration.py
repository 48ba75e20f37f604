"""Declarations of settings."""

from __future__ import annotations

import json
from collections.abc import Mapping
from enum import StrEnum
from types import MappingProxyType
from typing import Annotated, Any, Final, Literal, get_args, get_origin

from pydantic import BaseModel, ConfigDict, Field, ValidationInfo, field_validator
from pydantic.fields import FieldInfo

from preheat.messages import Message, msg
from preheat.settings.names import escaped

AUTO: Final = "auto"
"""The user's word for None: Preheat decides."""

HIDDEN: Final = "***"
"""Shown instead of a secret."""

MAX_TEXT: Final = 4096
"""Longest text of a setting or of an item, in characters; no path is longer."""

MAX_ITEMS: Final = 1000
"""Most items of a list."""

_MAX_SHOWN: Final = 60

Auto = Literal["auto"]
Switch = Literal["auto", "on", "off"]
AutoOrOff = Literal["auto", "off"]
"""What is used where it saves time, or not at all."""

Name = Annotated[str, Field(min_length=1, max_length=500)]


class Group(StrEnum):
    """Pages of the settings window, in order."""

    MEMORY = "memory"
    PRELOADING = "preloading"
    PROMPTS = "prompts"
    MODELS = "models"
    DEVICES = "devices"
    ACCESS = "access"
    APPLICATION = "application"


GROUP_LABELS: Final[Mapping[Group, str]] = MappingProxyType({group: group.capitalize() for group in Group})


class Effect(StrEnum):
    """When a changed setting takes effect."""

    NOW = "now"
    PORT = "port"  # when the port is opened the next time
    RESTART = "restart"


class WrongValueError(ValueError):
    """A value that a setting cannot have; ``message`` says why."""

    def __init__(self, code: str, **params: str) -> None:
        self.message = msg(code, **params)
        super().__init__(str(self.message))


class CombinationError(ValueError):
    """A value that is wrong together with others.

    Attributes:
        name: The setting at fault.
    """

    def __init__(self, name: str, reason: Message, *, allowed: Message, remedy: Message) -> None:
        super().__init__(str(reason))
        self.name, self.reason, self.allowed, self.remedy = name, reason, allowed, remedy


def setting(
    default: object,
    label: str,
    description: str,
    *,
    group: Group,
    allowed: str = "",
    unit: str = "",
    effect: Effect = Effect.NOW,
    rare: bool = False,
    secret: bool = False,
    inherits: bool = False,
    **bounds: Any,
) -> Any:
    """Declare a setting.

    Args:
        label: A short name for the settings window.
        description: One sentence with its full stop.
        allowed: Code of the message with the allowed values, if type and bounds do not suffice.
        unit: Unit of a number.
        rare: Rarely changed.
        secret: Its value is hidden by default.
        inherits: None stands for the value that applies to all models, not for ``auto``.
        bounds: Constraints of ``pydantic.Field``.
    """
    extra: dict[str, Any] = {
        "group": group.value,
        "label": label,
        "allowed": allowed,
        "unit": unit,
        "effect": effect.value,
        "rare": rare,
        "secret": secret,
        "inherits": inherits,
    }
    return Field(default=default, description=description, repr=not secret, json_schema_extra=extra, **bounds)


class Declared(BaseModel):
    """A group of settings."""

    model_config = ConfigDict(frozen=True, extra="forbid", hide_input_in_errors=True, allow_inf_nan=False)

    @field_validator("*", mode="before")
    @classmethod
    def _no_nonsense(cls, value: Any, info: ValidationInfo) -> Any:
        # Python counts True as 1, but `port = true` is a mistake; an empty folder name would be the current folder.
        if isinstance(value, bool) and cls.model_fields[str(info.field_name)].annotation is not bool:
            raise WrongValueError("value_is_boolean")
        if isinstance(value, list | tuple):
            if "" in value:
                raise WrongValueError("value_item_empty")
            if len(value) > MAX_ITEMS:
                raise WrongValueError("value_too_many_items", limit=str(MAX_ITEMS))
        for item in value if isinstance(value, list | tuple) else (value,):
            if isinstance(item, str) and len(item) > MAX_TEXT:
                raise WrongValueError("value_too_long", limit=str(MAX_TEXT))
            if isinstance(item, str) and "\0" in item:
                raise WrongValueError("value_has_nul")
        return value


def extra(field: FieldInfo, key: str) -> object:
    """Return one of the arguments of a field's ``setting``; None if it has none."""
    declared = field.json_schema_extra
    return declared.get(key) if isinstance(declared, dict) else None


def is_list(field: FieldInfo) -> bool:
    """Return whether a setting's value is a list."""
    return any(get_origin(kind) is tuple for kind in (field.annotation, *get_args(field.annotation)))


def is_inherited(field: FieldInfo) -> bool:
    """Return whether the value for all models applies to a model without its own."""
    return bool(extra(field, "inherits"))


def may_be_auto(field: FieldInfo) -> bool:
    """Return whether a setting can have the value ``auto``, next to others that are no choices."""
    kinds = kinds_of(field.annotation)
    return Auto in kinds or (type(None) in kinds and not is_inherited(field))


def choices_of(field: FieldInfo) -> tuple[str, ...]:
    """Return the values of a setting that is a choice; none for others."""
    kinds = kinds_of(field.annotation)
    if int in kinds:  # ``auto`` is the only other value
        return ()
    return next((get_args(kind) for kind in kinds if get_origin(kind) is Literal), ())


def is_secret(field: FieldInfo) -> bool:
    """Return whether a setting's value is hidden by default."""
    return bool(extra(field, "secret"))


def kinds_of(annotation: Any) -> tuple[Any, ...]:
    """Return the types of a union without their constraints."""
    kinds = (annotation,) if get_origin(annotation) in (None, Literal, Annotated) else get_args(annotation)
    return tuple(get_args(kind)[0] if get_origin(kind) is Annotated else kind for kind in kinds)


def allowed(field: FieldInfo) -> Message:
    """Return the allowed values of a setting."""
    code = extra(field, "allowed")
    if isinstance(code, str) and code:
        return msg(code)
    kinds = kinds_of(field.annotation)
    if choices := choices_of(field):
        return msg("allowed_choice", choices=list(choices))
    if field.annotation is bool:
        return msg("allowed_boolean")
    bounds = bounds_of(field)
    code = "allowed_integer" if int in kinds else "allowed_number" if "ge" in bounds else "allowed_number_above"
    or_auto = "_or_auto" if may_be_auto(field) else ""
    return msg(code + or_auto, low=bounds.get("ge", bounds.get("gt")), high=bounds["le"])


def bounds_of(field: FieldInfo) -> dict[str, Any]:
    """Return the bounds of a number: those of the field, and of the types in its union."""
    constraints: list[object] = list(field.metadata)
    for kind in get_args(field.annotation):
        if get_origin(kind) is Annotated:
            for part in get_args(kind)[1:]:
                constraints += part.metadata if isinstance(part, FieldInfo) else [part]
    return {key: getattr(part, key) for part in constraints for key in ("ge", "gt", "le") if hasattr(part, key)}


def show(field: FieldInfo | None, value: object) -> str:
    """Return a value as a settings file would have it, shortened; ``HIDDEN`` for a secret."""
    if field is not None and is_secret(field):
        return HIDDEN
    try:
        text = escaped(json.dumps(value, ensure_ascii=False, default=str))
    except ValueError:  # a number with thousands of digits
        text = "..."
    return text if len(text) <= _MAX_SHOWN else text[: _MAX_SHOWN - 3] + "..."
