"""Settings of single models, and the settings that apply to a model."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Annotated, Any, Final, Literal

from pydantic import Field, field_validator

from preheat.settings.declaration import AUTO, Auto, AutoOrOff, Declared, Group, Switch, setting

KvCacheType = Literal["f16", "q8_0", "q4_0"]

ContextLength = Annotated[int, Field(ge=64, le=2**24)]
USUAL_CONTEXT: Final = 8192
"""Tokens that ``auto`` begins with where nothing speaks for more or less."""

GpuLayers = Annotated[int, Field(ge=-1, le=10_000)]
Parallel = Annotated[int, Field(ge=1, le=64)] | Auto

_YEAR_S: Final = 365 * 86_400


class ModelSettings(Declared):
    """Settings of one model; None where the value for all models applies."""

    context_length: ContextLength | Auto | None = setting(
        None,
        "Context length",
        "The longest prompt plus answer, in tokens; `auto` grows once a request needs more.",
        unit="tokens",
        inherits=True,
        group=Group.MODELS,
    )
    parallel: Parallel | None = setting(
        None,
        "Parallel requests",
        "Requests the model answers at the same time; they share its KV cache. `auto` chooses for it, up to 16.",
        inherits=True,
        group=Group.MODELS,
    )
    repack: Switch | None = setting(
        None,
        "Repack weights",
        "Rearrange weights for faster computation; loading takes longer and needs more memory.",
        inherits=True,
        group=Group.MODELS,
    )
    gpu_layers: GpuLayers | None = setting(
        None,
        "Layers on the GPU",
        "Layers to put on graphics cards, the output layer counted; -1 means as many as fit.",
        inherits=True,
        group=Group.DEVICES,
    )
    experts_in_ram: Switch | None = setting(
        None,
        "Experts in RAM",
        "Where a mixture of experts has its experts: `auto` keeps those in RAM that do not fit on the graphics card.",
        inherits=True,
        group=Group.DEVICES,
    )
    speculation: AutoOrOff | None = setting(
        None,
        "Draft answers",
        "Answers that repeat their prompt take several tokens at a time from it, where that is faster.",
        inherits=True,
        group=Group.MODELS,
    )
    keep_alive: Annotated[float, Field(ge=0, le=_YEAR_S)] | None = setting(
        None,
        "Unload when unused",
        "Idle time before the model is unloaded, in seconds; `auto` keeps it until its memory is needed.",
        unit="s",
        group=Group.MODELS,
    )

    @field_validator("keep_alive", mode="before")
    @classmethod
    def _auto_is_none(cls, value: Any) -> Any:
        return None if value == AUTO else value


@dataclass(frozen=True, slots=True)
class EffectiveModelSettings:
    """The settings that apply to one model: its own, otherwise those for all models."""

    context_length: int
    parallel: Parallel  # "auto" means as many as the model answers well
    repack: Switch
    kv_cache_type: KvCacheType
    flash_attention: Switch
    threads: int | None  # None means as many as compute fastest at the moment
    gpu_layers: int  # -1 means as many as fit
    embedding_cache: int  # number of entries
    experts_in_ram: Switch = "auto"  # "auto" means those that do not fit on devices
    speculation: AutoOrOff = "auto"
    keep_alive_s: float | None = None  # idle time before it is unloaded; None keeps it until its memory is needed

    def loads_like(self, other: EffectiveModelSettings) -> bool:
        """Return whether a model loaded under the other settings needs no reload. Its form is exchanged without one."""
        return replace(self, keep_alive_s=None, repack="auto") == replace(other, keep_alive_s=None, repack="auto")
