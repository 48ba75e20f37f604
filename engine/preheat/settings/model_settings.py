"""Settings that one model may have for itself, and what then holds for it."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Annotated, Any, Final, Literal

from pydantic import Field, field_validator

from preheat.settings.declaration import AUTO, Declared, Group, Switch, setting

KvCacheType = Literal["f16", "q8_0", "q4_0"]

ContextLength = Annotated[int, Field(ge=64, le=2**24)]
Parallel = Annotated[int, Field(ge=1, le=64)]

_YEAR_S: Final = 365 * 86_400


class ModelSettings(Declared):
    """What the user has chosen for one model; None where the value for all models holds."""

    context_length: ContextLength | None = setting(
        None,
        "Context length",
        "Prompt plus completion, in tokens.",
        group=Group.MODELS,
        unit="tokens",
        inherits=True,
    )
    parallel: Parallel | None = setting(
        None,
        "Answers at once",
        "Requests that it answers at once; they share its KV cache.",
        group=Group.MODELS,
        inherits=True,
    )
    repack: Switch | None = setting(
        None,
        "Rearrange weights",
        "Rearrange weights for speed: loads slower and takes more memory.",
        group=Group.MODELS,
        inherits=True,
    )
    keep_alive: Annotated[float, Field(ge=0, le=_YEAR_S)] | None = setting(
        None,
        "Unload when unused",
        "Unload it after so many seconds without a request; `auto` keeps it until its memory is needed.",
        group=Group.MODELS,
        unit="s",
    )

    @field_validator("keep_alive", mode="before")
    @classmethod
    def _auto_is_none(cls, value: Any) -> Any:
        return None if value == AUTO else value


@dataclass(frozen=True, slots=True)
class EffectiveModelSettings:
    """What holds for one model: its own settings, and those for all models where it has none.

    Attributes:
        threads: None means the physical cores.
        keep_alive_s: Unload it after so long without a request; None keeps it until its memory is needed.
        embedding_cache: Entries.
    """

    context_length: int
    parallel: int
    repack: Switch
    kv_cache_type: KvCacheType
    flash_attention: Switch
    threads: int | None
    gpu_layers: int
    embedding_cache: int
    keep_alive_s: float | None = None

    def loads_like(self, other: EffectiveModelSettings) -> bool:
        """Return whether a model that was loaded under the other settings need not be loaded anew."""
        return replace(self, keep_alive_s=None) == replace(other, keep_alive_s=None)
