"""How a setting is declared: its value, and what the settings file, the README and the settings window say of it."""

from __future__ import annotations

from collections.abc import Mapping
from enum import StrEnum
from types import MappingProxyType
from typing import Any, Final, Literal

from pydantic import BaseModel, ConfigDict, Field, ValidationInfo, field_validator

AUTO: Final = "auto"
"""How a user writes None: Preheat decides."""

Switch = Literal["auto", "on", "off"]


class Group(StrEnum):
    """What a setting is about: the pages of the settings window, in their order."""

    MEMORY = "memory"
    PRELOADING = "preloading"
    MODELS = "models"
    ACCESS = "access"
    APPLICATION = "application"


GROUP_LABELS: Final[Mapping[Group, str]] = MappingProxyType(
    {
        Group.MEMORY: "Memory",
        Group.PRELOADING: "Preloading",
        Group.MODELS: "Models",
        Group.ACCESS: "Access",
        Group.APPLICATION: "Application",
    }
)


def setting(
    default: object,
    label: str,
    description: str,
    *,
    group: Group,
    allowed: str = "",
    unit: str = "",
    rare: bool = False,
    secret: bool = False,
    inherits: bool = False,
    **bounds: Any,
) -> Any:
    """Declare a setting.

    Args:
        label: Short words for the settings window.
        description: One sentence; with its full stop.
        allowed: In words, what it may be; found out from its type and bounds where those tell enough.
        unit: What a number counts.
        rare: Few people will ever change it.
        secret: It is shown to nobody unasked.
        inherits: None stands for the value that holds for all models, not for ``auto``.
        bounds: As ``pydantic.Field`` has them.
    """
    extra: dict[str, Any] = {"group": group.value, "label": label}
    said = {"allowed": allowed, "unit": unit, "rare": rare, "secret": secret, "inherits": inherits}
    extra |= {name: value for name, value in said.items() if value}
    return Field(
        default=default,
        description=description,
        repr=not secret,
        json_schema_extra=extra,
        **bounds,
    )


class Declared(BaseModel):
    """Settings that belong together."""

    model_config = ConfigDict(frozen=True, extra="forbid", hide_input_in_errors=True, allow_inf_nan=False)

    @field_validator("*", mode="before")
    @classmethod
    def _no_nonsense(cls, value: Any, info: ValidationInfo) -> Any:
        # Python counts True as 1; `port = true` is a mistake all the same; an empty
        # folder name would mean the current folder.
        if isinstance(value, bool) and cls.model_fields[str(info.field_name)].annotation is not bool:
            raise ValueError("neither true nor false makes sense here")
        if isinstance(value, list | tuple) and "" in value:
            raise ValueError("an item is empty")
        return value
