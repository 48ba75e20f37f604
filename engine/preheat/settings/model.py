"""Every setting, declared once.

Command line, settings file, environment, documentation and settings window derive from these fields.
"""

from __future__ import annotations

import os
from collections.abc import Mapping
from functools import partial
from pathlib import Path
from types import MappingProxyType
from typing import Any, Final, Literal

from pydantic import Field, ValidationInfo, field_validator
from pydantic.fields import FieldInfo

from preheat import paths
from preheat.settings.access_settings import AccessSettings
from preheat.settings.declaration import (
    AUTO,
    Auto,
    AutoOrOff,
    Effect,
    Group,
    Name,
    Switch,
    WrongValueError,
    extra,
    is_list,
    setting,
)
from preheat.settings.device_settings import DeviceSettings
from preheat.settings.model_settings import (
    USUAL_CONTEXT,
    ContextLength,
    EffectiveModelSettings,
    KvCacheType,
    ModelSettings,
    Parallel,
)
from preheat.settings.size import Size

_MIN_MEMORY_LIMIT: Final = 10**6

SourceName = Literal["huggingface", "lmstudio", "ollama", "llamacpp", "jan"]

_memory: Final = partial(setting, group=Group.MEMORY)
_preloading: Final = partial(setting, group=Group.PRELOADING)
_prompts: Final = partial(setting, group=Group.PROMPTS)
_models: Final = partial(setting, group=Group.MODELS)
_application: Final = partial(setting, group=Group.APPLICATION)

_NO_OWN_SETTINGS: Final = ModelSettings()


class Settings(DeviceSettings, AccessSettings):
    """All settings. Sizes are in bytes or a share of physical memory, times in seconds.

    Attributes:
        models: Settings of single models, by id.
    """

    memory_limit: Size = _memory(
        Size("50%"),
        "Memory limit",
        "The most memory all loaded models and kept prompts may use.",
        allowed="allowed_memory_limit",
    )
    keep_free: Size = _memory(
        Size("10%"), "Keep free", "Memory that is always left to other programs.", allowed="allowed_keep_free"
    )
    eviction: Literal["foresight", "lru"] = _memory(
        "foresight",
        "Unload first",
        "Which model leaves when a request needs its memory. `foresight` considers your habits and the time of a load, "
        "`lru` only the last use.",
        rare=True,
    )
    favourites: tuple[Name, ...] | None = _preloading(
        None,
        "Favourites",
        "Models that are kept ready whenever they fit, most important first; `auto` means the starter models if there "
        "are no others.",
        allowed="allowed_models",
        rare=True,
    )
    preload: bool = _preloading(True, "Preloading", "Load models in the background, before an app asks for them.")
    preload_at_login: bool = _preloading(
        True, "Preload at login", "Preload right after login. Otherwise, preloading starts with the first request."
    )
    preload_learned: bool = _preloading(
        True,
        "Preload by habit",
        "Preload the models that you are likely to need next, learned from your use. Otherwise, only favourites and "
        "expected ones.",
    )
    preload_on_battery: bool = _preloading(False, "Preload on battery", "Also preload on battery power.")
    waste_price: float = _preloading(
        1.0,
        "Price of a wasted preload",
        "How much a preload that is not used counts, compared with a request that waits for the same load. With a "
        "higher price, fewer models are preloaded; with 0, all that may be needed.",
        rare=True,
        ge=0,
        le=100,
    )
    waste_price_on_battery: float = _preloading(
        3.0,
        "Price on battery",
        "The price of a wasted preload on battery power, if `preload_on_battery` is on.",
        rare=True,
        ge=0,
        le=100,
    )
    keep_after_use: float = _preloading(
        60.0,
        "Keep after use",
        "Time after the last request of a model in which no preload takes its place, in seconds.",
        unit="s",
        rare=True,
        ge=0,
        le=86_400,
    )
    popularity_half_life: float = _preloading(
        14.0,
        "Usage half-life",
        "Days after which a use counts half.",
        unit="days",
        rare=True,
        gt=0,
        le=3650,
    )
    read_ahead: Literal["used", "all", "off"] = _preloading(
        "used",
        "Read ahead",
        "Which files are read into free memory on mains power while there are no requests, so that their models load "
        "faster: those of favourites and of models that were used before, or of all.",
        rare=True,
    )
    read_ahead_limit: Size = _preloading(
        Size("25%"),
        "Read ahead at most",
        "The most free memory that files read ahead may fill. It is given back when programs need it.",
        allowed="allowed_memory_share",
        rare=True,
    )
    wake_with_clients: bool = _preloading(
        True, "Preload when an app starts", "Preload the model that the app usually uses next."
    )
    prefix_cache: Literal["disk", "memory", "off"] = _prompts(
        "disk",
        "Keep prompts",
        "Where computed prompts are kept, so that they need not be computed again after their model was unloaded: "
        "`disk` keeps them over a restart, `memory` while Preheat runs.",
    )
    prefix_cache_disk: Size = _prompts(
        Size("5%"),
        "Disk space",
        "The most disk space kept prompts may use; a share is of the free space, up to 20 GB. 0 keeps none on disk.",
        allowed="allowed_disk_space",
    )
    prefix_cache_daily: Size = _prompts(
        Size("40GB"),
        "Written per day",
        "The most that is written to disk in a day.",
        allowed="allowed_amount",
    )
    prefix_cache_on_battery: bool = _prompts(False, "Write on battery", "Also write prompts to disk on battery power.")
    models_dir: Path | None = _models(
        None,
        "Models folder",
        "Where downloads are stored; `auto` is the system's standard location.",
        allowed="allowed_folder",
        rare=True,
    )
    models_dirs: tuple[Path, ...] = _models(
        (), "More folders", "Other folders with models. Their files are never changed.", allowed="allowed_folders"
    )
    sources: tuple[SourceName, ...] = _models(
        ("huggingface", "lmstudio", "ollama", "llamacpp", "jan"),
        "Other programs",
        "Programs that share their models with Preheat. Their files are used in place and never changed.",
        allowed="allowed_sources",
    )
    downloads_at_once: int = _models(
        2,
        "Parallel downloads",
        "How many downloads run at the same time; 0 stops all downloads.",
        ge=0,
        le=16,
        rare=True,
    )
    context_length: ContextLength | Auto = _models(
        AUTO,
        "Context length",
        "The longest prompt plus answer, in tokens; never more than a model was trained for. `auto` begins with what "
        "most requests need and the memory allows, and grows once a request needs more.",
        unit="tokens",
    )
    threads: int | None = _models(
        None,
        "Threads",
        "Threads per model. `auto` follows the machine: up to one per performance core, fewer while other programs are "
        "busy.",
        ge=1,
        le=1024,
    )
    repack: Switch = _models(
        "auto",
        "Repack weights",
        "Rearrange weights for faster computation, which takes longer to load and more memory. "
        "`auto` does it in the background, while a model rests, if there is room and it gains at least 10 % here.",
    )
    parallel: Parallel = _models(
        AUTO,
        "Parallel requests",
        "Requests a model answers at the same time; they share its KV cache. `auto` chooses for each model, up to 16.",
    )
    kv_cache_type: KvCacheType = _models(
        "f16", "KV cache", "Precision of the KV cache; q8_0 takes half the memory, q4_0 a quarter."
    )
    flash_attention: Switch = _models(
        "auto", "Flash attention", "Compute attention without large intermediate buffers.", rare=True
    )
    speculation: AutoOrOff = _models(
        "auto",
        "Draft answers",
        "Answers that repeat their prompt, such as an edited file, take several tokens at a time from it; the model "
        "checks each one. `auto` means where measurements show that it is faster.",
    )
    spare_worker: bool = _models(
        True, "Spare worker", "Keep an empty process running, so that models load sooner.", rare=True
    )
    embedding_cache: int = _models(
        4096,
        "Embedding cache",
        "How many recent embeddings are kept in memory; 0 keeps none.",
        unit="entries",
        rare=True,
        ge=0,
        le=10_000_000,
    )
    load_timeout: float = _models(
        300.0,
        "Load timeout",
        "The longest time a request waits for its model, in seconds.",
        unit="s",
        rare=True,
        gt=0,
        le=86_400,
    )
    max_queue: int = _models(
        64,
        "Queue length",
        "How many requests may wait for one model; others are refused with status 503.",
        unit="requests",
        rare=True,
        ge=0,
        le=100_000,
    )
    notifications: bool = _application(
        True, "Notifications", "Notify when the favourites are ready and when something fails."
    )
    offer_room: Literal["off", "ask", "auto"] = _application(
        "ask",
        "Memory for games",
        "When a game or another program fills the screen: `ask` offers to unload the models until it ends, `auto` "
        "unloads them.",
    )
    theme: Literal["auto", "light", "dark"] = _application(
        "auto", "Theme", "Colours of the windows; `auto` follows the system."
    )
    language: Literal["auto", "en", "de"] = _application(
        "auto", "Language", "Language of the windows, after a restart; `auto` follows the system."
    )
    update_check: bool = _application(
        False,
        "Look for updates",
        "Check once a day for a newer version. Only Preheat's version is sent, and nothing is downloaded.",
    )
    log_level: Literal["debug", "info", "warning", "error"] = _application(
        "info", "Log detail", "How much is written to the log.", effect=Effect.RESTART
    )
    history_days: int = _application(
        90,
        "Keep history for",
        "How long the figures of each request are kept; daily sums are kept after that. 0 keeps none.",
        unit="days",
        effect=Effect.RESTART,
        ge=0,
        le=3650,
    )
    shutdown_grace: float = _application(
        5.0,
        "Wait when quitting",
        "How long requests in progress may take to finish when Preheat quits, in seconds.",
        unit="s",
        effect=Effect.PORT,
        rare=True,
        ge=0,
        le=86_400,
    )
    models: Mapping[str, ModelSettings] = Field(
        default_factory=lambda: MappingProxyType({}),
        description="Settings of single models.",
        json_schema_extra={"allowed": "allowed_model_tables"},
    )

    def for_model(self, model_id: str) -> EffectiveModelSettings:
        """Return the settings that apply to a model.

        The context length ``auto`` is the usual one here; the engine's settings have a number for each model instead.
        """
        own = self.models.get(model_id, _NO_OWN_SETTINGS)
        context_length = self.context_length if own.context_length is None else own.context_length
        return EffectiveModelSettings(
            context_length=USUAL_CONTEXT if context_length == AUTO else context_length,
            parallel=self.parallel if own.parallel is None else own.parallel,
            repack=self.repack if own.repack is None else own.repack,
            speculation=self.speculation if own.speculation is None else own.speculation,
            kv_cache_type=self.kv_cache_type,
            flash_attention=self.flash_attention,
            threads=self.threads,
            gpu_layers=self.gpu_layers if own.gpu_layers is None else own.gpu_layers,
            experts_in_ram=self.experts_in_ram if own.experts_in_ram is None else own.experts_in_ram,
            embedding_cache=self.embedding_cache,
            keep_alive_s=own.keep_alive,
        )

    def has_auto_context(self, model_id: str) -> bool:
        """Return whether Preheat chooses the context length of a model."""
        own = self.models.get(model_id, _NO_OWN_SETTINGS).context_length
        return (self.context_length if own is None else own) == AUTO

    @property
    def usual_context_length(self) -> int:
        """The context length to expect of a model that is not on disk, in tokens."""
        return USUAL_CONTEXT if self.context_length == AUTO else self.context_length

    @field_validator("favourites", "threads", "models_dir", mode="before")
    @classmethod
    def _auto_is_none(cls, value: Any) -> Any:
        return None if value == AUTO else value

    @field_validator("prefix_cache_daily")
    @classmethod
    def _size_is_amount(cls, value: Size) -> Size:
        if value.is_share:
            raise WrongValueError("value_is_share")
        return value

    @field_validator("memory_limit", "keep_free")
    @classmethod
    def _size_in_range(cls, value: Size, info: ValidationInfo) -> Size:
        if info.field_name == "keep_free":
            if value.is_share and value.resolve(1000) == 1000:
                raise WrongValueError("value_leaves_nothing")
        elif value.resolve(10**15) == 0:
            raise WrongValueError("value_is_zero")
        if info.field_name == "memory_limit" and not value.is_share and value.resolve(0) < _MIN_MEMORY_LIMIT:
            raise WrongValueError("value_too_small")
        return value

    @field_validator("models_dirs", "models_dir", mode="before")
    @classmethod
    def _paths_are_paths(cls, value: Any) -> Any:
        for path in value if isinstance(value, list | tuple) else (value,):
            if isinstance(path, str | Path) and path != "" and (problem := paths.path_problem(str(path))) is not None:
                raise WrongValueError(problem)
        return value

    @field_validator("models_dirs")
    @classmethod
    def _dirs_are_absolute(cls, value: tuple[Path, ...], info: ValidationInfo) -> tuple[Path, ...]:
        return tuple(_absolute(path, info) for path in value)

    @field_validator("models_dir")
    @classmethod
    def _dir_is_absolute(cls, value: Path | None, info: ValidationInfo) -> Path | None:
        if value == Path():
            raise WrongValueError("value_empty")
        if value is None:
            return None
        folder = _absolute(value, info)
        if paths.is_system_folder(Path(os.path.normpath(folder))):
            raise WrongValueError("path_system_folder")
        return folder

    @property
    def own_models_dir(self) -> Path:
        """Preheat's own models folder."""
        return self.models_dir or paths.models_dir()

    @field_validator("models")
    @classmethod
    def _models_are_frozen(cls, value: Mapping[str, ModelSettings]) -> Mapping[str, ModelSettings]:
        return MappingProxyType(dict(value))


def _absolute(path: Path, info: ValidationInfo) -> Path:
    """Return a folder as an absolute path: in the settings file, relative to it; elsewhere to the current folder."""
    base = info.context["base"] if info.context else Path.cwd()
    try:
        path = path.expanduser()
    except RuntimeError as error:
        raise WrongValueError("path_no_home") from error
    if base is None and not path.is_absolute():
        raise WrongValueError("path_relative")
    joined = path if base is None else base / path
    if (problem := paths.path_problem(str(joined))) is not None:
        raise WrongValueError(problem)
    return joined


FIELDS: Final[Mapping[str, FieldInfo]] = MappingProxyType(
    {
        name: field
        for group in Group
        for name, field in Settings.model_fields.items()
        if extra(field, "group") == group.value
    }
)
"""Every setting but those of single models, by the pages of the settings window."""

LISTS: Final = frozenset(name for name, field in FIELDS.items() if is_list(field))
"""Names of the settings that are lists."""

PORT_SETTINGS: Final = tuple(name for name, field in FIELDS.items() if extra(field, "effect") == Effect.PORT)
"""Settings that take effect when the port is opened the next time."""

RESTART_SETTINGS: Final = tuple(name for name, field in FIELDS.items() if extra(field, "effect") == Effect.RESTART)
"""Settings that take effect after a restart."""
