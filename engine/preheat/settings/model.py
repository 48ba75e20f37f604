"""Every setting, declared once.

The command line, the settings file, the environment, the README's table and the settings window derive from the
fields of ``Settings``.
"""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from types import MappingProxyType
from typing import Annotated, Any, Final, Literal

from pydantic import Field, ValidationInfo, field_validator, model_validator
from pydantic.fields import FieldInfo
from pydantic_core import PydanticCustomError

from preheat import paths
from preheat.settings.addresses import checked_host, is_loopback, is_origin
from preheat.settings.check import ALONE
from preheat.settings.declaration import AUTO, Declared, Group, Switch, setting
from preheat.settings.model_settings import ContextLength, EffectiveModelSettings, KvCacheType, ModelSettings, Parallel
from preheat.settings.size import Size

_MIN_MEMORY_LIMIT: Final = 10**6

SourceName = Literal["huggingface", "lmstudio", "ollama", "llamacpp", "jan"]
Name = Annotated[str, Field(min_length=1, max_length=500)]
# What an Authorization header can carry.
ApiKey = Annotated[str, Field(min_length=1, max_length=500, pattern=r"^[\x21-\x7e]+$")]


_NOTHING_OWN: Final = ModelSettings()


class Settings(Declared):
    """What the user may choose. Sizes are in bytes or a share of physical memory, times in seconds.

    Attributes:
        models: What single models have for themselves, by id.
    """

    memory_limit: Size = setting(
        Size("50%"),
        "Memory limit",
        "Ceiling on the memory of all hot models together.",
        group=Group.MEMORY,
        allowed="a size such as 8GiB or 900MB, at least 1MB, or a share of memory such as 50%",
    )
    keep_free: Size = setting(
        Size("10%"),
        "Keep free",
        "Memory that is always left to the rest of the system.",
        group=Group.MEMORY,
        allowed="a size such as 2GiB or 900MB, 0, or a share of memory below 100%",
    )
    favourites: tuple[Name, ...] | None = setting(
        None,
        "Favourites",
        "Models to keep hot whenever they fit, most important first; "
        "`auto` means the starter models, as long as there are no others.",
        group=Group.PRELOADING,
        allowed="a list of model names, or auto",
        rare=True,
    )
    preload: bool = setting(
        True, "Preloading", "Load models in the background before they are asked for.", group=Group.PRELOADING
    )
    preload_at_login: bool = setting(
        True,
        "Preload at login",
        "Load the favourites at once after login; otherwise nothing is preloaded before the first request.",
        group=Group.PRELOADING,
    )
    preload_top: int = setting(
        3,
        "Learned models",
        "Models to preload besides the favourites, those that are used most; 0 for none.",
        group=Group.PRELOADING,
        ge=0,
        le=5,
    )
    preload_min_uses: int = setting(
        2,
        "Uses before preloading",
        "Recent uses that a model needs before it is preloaded.",
        group=Group.PRELOADING,
        rare=True,
        ge=1,
        le=1000,
    )
    popularity_half_life: float = setting(
        7.0,
        "Forget after",
        "After so many days without use a model counts half of what it did.",
        group=Group.PRELOADING,
        unit="days",
        rare=True,
        gt=0,
        le=3650,
    )
    preload_on_battery: bool = setting(
        False, "Preload on battery", "Preload on battery power, too.", group=Group.PRELOADING
    )
    wake_with_clients: bool = setting(
        True,
        "Wake with programs",
        "When a program starts, preload the model that it nearly always uses next.",
        group=Group.PRELOADING,
    )
    models_dir: Path | None = setting(
        None,
        "Own folder",
        "Preheat's own folder of models, where downloads go; `auto` is where the system's conventions say.",
        group=Group.MODELS,
        allowed="a folder, or auto",
        rare=True,
    )
    models_dirs: tuple[Path, ...] = setting(
        (),
        "Folders",
        "Folders with models, besides Preheat's own.",
        group=Group.MODELS,
        allowed="a list of folders",
    )
    sources: tuple[SourceName, ...] = setting(
        ("huggingface", "lmstudio", "ollama", "llamacpp", "jan"),
        "Use the models of",
        "Other programs whose models are used too, where they lie; they are never changed.",
        group=Group.MODELS,
        allowed="a list of huggingface, lmstudio, ollama, llamacpp, jan",
    )
    downloads_at_once: int = setting(
        2,
        "Downloads together",
        "Downloads that run together; more wait. 0 fetches nothing.",
        group=Group.MODELS,
        ge=0,
        le=16,
        rare=True,
    )
    context_length: ContextLength = setting(
        8192,
        "Context length",
        "Prompt plus completion, in tokens; never more than a model was trained for.",
        group=Group.MODELS,
        unit="tokens",
    )
    threads: int | None = setting(
        None,
        "Threads",
        "Threads a model computes with; `auto` means the physical cores.",
        group=Group.MODELS,
        ge=1,
        le=1024,
    )
    repack: Switch = setting(
        "auto",
        "Rearrange weights",
        "Rearrange weights for speed: loads slower and takes more memory; `auto` means off for now.",
        group=Group.MODELS,
    )
    parallel: Parallel = setting(
        4, "Answers at once", "Requests that a model answers at once; they share its KV cache.", group=Group.MODELS
    )
    kv_cache_type: KvCacheType = setting(
        "f16",
        "KV cache",
        "Precision of the KV cache; q8_0 takes half the memory, q4_0 a quarter.",
        group=Group.MODELS,
    )
    flash_attention: Switch = setting(
        "auto", "Flash attention", "Attention without large intermediate buffers.", group=Group.MODELS, rare=True
    )
    gpu_layers: int = setting(
        -1,
        "Layers on the GPU",
        "Layers to put on the GPU, where the build supports one; -1 means all.",
        group=Group.MODELS,
        rare=True,
        ge=-1,
        le=10_000,
    )
    spare_worker: bool = setting(
        True,
        "Spare worker",
        "Keep an empty worker ready, so that loads do not wait for Python.",
        group=Group.MODELS,
        rare=True,
    )
    embedding_cache: int = setting(
        4096,
        "Remembered embeddings",
        "Recent embeddings kept in memory, in entries; 0 keeps none.",
        group=Group.MODELS,
        unit="entries",
        rare=True,
        ge=0,
        le=10_000_000,
    )
    load_timeout: float = setting(
        300.0,
        "Wait for a load",
        "How long a request waits for its model, in seconds.",
        group=Group.MODELS,
        unit="s",
        rare=True,
        gt=0,
        le=86_400,
    )
    max_queue: int = setting(
        64,
        "Longest queue",
        "Requests that may wait for one model; more get a 503.",
        group=Group.MODELS,
        unit="requests",
        rare=True,
        ge=0,
        le=100_000,
    )
    max_body: Size = setting(
        Size("32MiB"),
        "Largest request",
        "Largest request body.",
        group=Group.ACCESS,
        allowed="a size such as 32MiB",
        rare=True,
    )
    host: str = setting(
        "127.0.0.1",
        "Address",
        "Address to listen on; one that other machines can reach needs `api_keys`.",
        group=Group.ACCESS,
        allowed="a host name or address, without a port",
    )
    port: int = setting(11435, "Port", "Port to listen on; 0 takes any free one.", group=Group.ACCESS, ge=0, le=65535)
    api_keys: tuple[ApiKey, ...] = setting(
        (),
        "API keys",
        "Keys of which clients must send one; with none, no key is asked for.",
        group=Group.ACCESS,
        allowed="a list of keys, each of visible ASCII characters without spaces",
        secret=True,
    )
    allowed_hosts: tuple[str, ...] = setting(
        (),
        "Other names",
        "Names by which clients may call this machine, besides its loopback names.",
        group=Group.ACCESS,
        allowed="a list of host names or addresses, without ports",
        rare=True,
    )
    allowed_origins: tuple[str, ...] = setting(
        (),
        "Web pages",
        "Web pages that may call the port, besides those served from this machine.",
        group=Group.ACCESS,
        allowed="a list of origins such as https://example.org or app://obsidian.md",
    )
    notifications: bool = setting(
        True, "Notifications", "Tell when the favourites are ready, and what went wrong.", group=Group.APPLICATION
    )
    theme: Literal["auto", "light", "dark"] = setting(
        "auto", "Theme", "Colours of the windows; `auto` follows the system.", group=Group.APPLICATION
    )
    language: Literal["auto", "en", "de"] = setting(
        "auto",
        "Language",
        "Language of the windows from the next start; `auto` follows the system.",
        group=Group.APPLICATION,
    )
    log_level: Literal["debug", "info", "warning", "error"] = setting(
        "info", "Log", "How much the log tells.", group=Group.APPLICATION
    )
    history_days: int = setting(
        90,
        "Keep history for",
        "Days for which each request's figures are kept; then sums a day. 0 keeps none.",
        group=Group.APPLICATION,
        unit="days",
        ge=0,
        le=3650,
    )
    shutdown_grace: float = setting(
        5.0,
        "Finish answers for",
        "How long answers in flight may take when Preheat ends, in seconds.",
        group=Group.APPLICATION,
        unit="s",
        rare=True,
        ge=0,
        le=86_400,
    )
    models: Mapping[str, ModelSettings] = Field(
        default_factory=lambda: MappingProxyType({}),
        description="Settings of single models.",
        json_schema_extra={"allowed": 'tables such as [models."qwen2.5-7b"]'},
    )

    def for_model(self, model_id: str) -> EffectiveModelSettings:
        """Return what holds for the model of this id."""
        own = self.models.get(model_id, _NOTHING_OWN)
        return EffectiveModelSettings(
            context_length=self.context_length if own.context_length is None else own.context_length,
            parallel=self.parallel if own.parallel is None else own.parallel,
            repack=self.repack if own.repack is None else own.repack,
            kv_cache_type=self.kv_cache_type,
            flash_attention=self.flash_attention,
            threads=self.threads,
            gpu_layers=self.gpu_layers,
            embedding_cache=self.embedding_cache,
            keep_alive_s=own.keep_alive,
        )

    @field_validator("favourites", "threads", "models_dir", mode="before")
    @classmethod
    def _auto_is_none(cls, value: Any) -> Any:
        return None if value == AUTO else value

    @field_validator("memory_limit", "keep_free", "max_body")
    @classmethod
    def _size_in_range(cls, value: Size, info: ValidationInfo) -> Size:
        if value.is_share and info.field_name == "max_body":
            raise ValueError("a share of memory makes no sense here")
        if info.field_name == "keep_free":
            if value.is_share and value.resolve(1000) == 1000:
                raise ValueError("nothing would be left for models")
        elif value.resolve(10**15) == 0:
            raise ValueError("zero")
        if info.field_name == "memory_limit" and not value.is_share and value.resolve(0) < _MIN_MEMORY_LIMIT:
            raise ValueError("no model is so small; a unit may be missing")
        return value

    @field_validator("host")
    @classmethod
    def _host_is_address(cls, value: str) -> str:
        return checked_host(value)

    @field_validator("allowed_hosts")
    @classmethod
    def _hosts_are_names(cls, value: tuple[str, ...]) -> tuple[str, ...]:
        return tuple(checked_host(host) for host in value)

    @field_validator("allowed_origins")
    @classmethod
    def _origins_are_origins(cls, value: tuple[str, ...]) -> tuple[str, ...]:
        origins = tuple(origin.lower().removesuffix("/") for origin in value)
        for origin in origins:
            if not is_origin(origin):
                raise ValueError(f"{origin!r} is not an origin")
        return origins

    @field_validator("models_dirs")
    @classmethod
    def _dirs_are_absolute(cls, value: tuple[Path, ...], info: ValidationInfo) -> tuple[Path, ...]:
        # A relative folder in the settings file is relative to that file, elsewhere to the current folder.
        base = info.context["base"] if info.context else Path.cwd()
        try:
            return tuple(base / path.expanduser() for path in value)
        except RuntimeError as error:
            raise ValueError("~ stands before a name that is no user's") from error

    @field_validator("models_dir")
    @classmethod
    def _dir_is_absolute(cls, value: Path | None, info: ValidationInfo) -> Path | None:
        if value == Path():
            raise ValueError("it is empty")
        return None if value is None else cls._dirs_are_absolute((value,), info)[0]

    @property
    def own_models_dir(self) -> Path:
        """Preheat's own folder of models."""
        return self.models_dir or paths.models_dir()

    @model_validator(mode="after")
    def _open_port_needs_key(self, info: ValidationInfo) -> Settings:
        alone = bool(info.context and info.context.get(ALONE))
        if not alone and not is_loopback(self.host) and not self.api_keys:
            raise PydanticCustomError(
                "open_without_key",
                "other machines can reach it, and api_keys is empty",
                {
                    "setting": "host",
                    "allowed": "127.0.0.1, localhost, or any address together with api_keys",
                    "hint": "Choose a key first: preheat config set api_keys KEY",
                },
            )
        return self

    @field_validator("models")
    @classmethod
    def _models_are_frozen(cls, value: Mapping[str, ModelSettings]) -> Mapping[str, ModelSettings]:
        return MappingProxyType(dict(value))


FIELDS: Final[Mapping[str, FieldInfo]] = MappingProxyType(
    {name: field for name, field in Settings.model_fields.items() if name != "models"}
)
"""Every setting that is one value: all but those of single models."""
