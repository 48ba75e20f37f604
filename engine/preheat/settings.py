"""Every setting, declared once.

The command line, the settings file, the environment, the README's table and the settings window derive from the
fields of ``Settings``. There are no global settings: ``load_settings`` makes a value, and whoever needs it is given it.
"""

from __future__ import annotations

import ipaddress
import json
import os
import re
from collections.abc import Mapping
from pathlib import Path
from types import MappingProxyType
from typing import Annotated, Any, Final, Literal

from pydantic import BaseModel, ConfigDict, Field, ValidationInfo, field_validator, model_validator
from pydantic_core import PydanticCustomError

from preheat import paths
from preheat.errors import EngineError, SettingsError
from preheat.settings_check import ALONE, Merged, allowed, is_list, merge
from preheat.settings_layers import document_layer, environment_layer, options_layer, read_document
from preheat.size import Size

__all__ = [
    "AUTO",
    "LISTS",
    "Settings",
    "Size",
    "find_problems",
    "is_loopback",
    "load_settings",
    "merge_settings",
    "settings_table",
    "to_toml_value",
]

AUTO: Final = "auto"
"""How a user writes None: Preheat decides."""

_MIN_MEMORY_LIMIT: Final = 10**6
_HOST_NAME: Final = re.compile(r"(?!.{254})([a-z0-9_]([a-z0-9_-]{0,62})\.)*[a-z0-9_][a-z0-9_-]{0,62}\.?", re.ASCII)
_ORIGIN: Final = re.compile(r"[a-z][a-z0-9+.-]*://[^/?#@\s]+", re.ASCII)

Name = Annotated[str, Field(min_length=1, max_length=500)]
# What an Authorization header can carry.
ApiKey = Annotated[str, Field(min_length=1, max_length=500, pattern=r"^[\x21-\x7e]+$")]
Switch = Literal["auto", "on", "off"]
SourceName = Literal["huggingface", "lmstudio", "ollama", "llamacpp", "jan"]


class Settings(BaseModel):
    """What the user may choose. Sizes are in bytes or a share of physical memory, times in seconds."""

    model_config = ConfigDict(frozen=True, extra="forbid", hide_input_in_errors=True, allow_inf_nan=False)

    memory_limit: Size = Field(
        default=Size("50%"),
        description="Ceiling on the memory of all hot models together.",
        json_schema_extra={"allowed": "a size such as 8GiB or 900MB, at least 1MB, or a share of memory such as 50%"},
    )
    keep_free: Size = Field(
        default=Size("10%"),
        description="Memory that is always left to the rest of the system.",
        json_schema_extra={"allowed": "a size such as 2GiB or 900MB, 0, or a share of memory below 100%"},
    )
    favourites: tuple[Name, ...] | None = Field(
        default=None,
        description="Models to keep hot whenever they fit, most important first; "
        "`auto` means the starter models, as long as there are no others.",
        json_schema_extra={"allowed": "a list of model names, or auto"},
    )
    preload: bool = Field(default=True, description="Load models in the background before they are asked for.")
    preload_top: int = Field(
        default=3,
        ge=0,
        le=5,
        description="Models to preload besides the favourites, those that are used most; 0 for none.",
    )
    preload_min_uses: int = Field(
        default=2, ge=1, le=1000, description="Recent uses that a model needs before it is preloaded."
    )
    popularity_half_life: float = Field(
        default=7.0, gt=0, le=3650, description="After so many days without use a model counts half of what it did."
    )
    preload_on_battery: bool = Field(default=False, description="Preload on battery power, too.")
    wake_with_clients: bool = Field(
        default=True, description="When a program starts, preload the model that it nearly always uses next."
    )
    history_days: int = Field(
        default=90,
        ge=0,
        le=3650,
        description="Days for which each request's figures are kept; then sums a day. 0 keeps none.",
    )
    context_length: int = Field(
        default=8192,
        ge=64,
        le=2**24,
        description="Prompt plus completion, in tokens; never more than a model was trained for.",
    )
    parallel: int = Field(
        default=4, ge=1, le=64, description="Requests that a model answers at once; they share its KV cache."
    )
    kv_cache_type: Literal["f16", "q8_0", "q4_0"] = Field(
        default="f16", description="Precision of the KV cache; q8_0 takes half the memory, q4_0 a quarter."
    )
    flash_attention: Switch = Field(default="auto", description="Attention without large intermediate buffers.")
    repack: Switch = Field(
        default="auto",
        description="Rearrange weights for speed: loads slower and takes more memory; `auto` means off for now.",
    )
    threads: int | None = Field(
        default=None, ge=1, le=1024, description="Threads a model computes with; `auto` means the physical cores."
    )
    gpu_layers: int = Field(
        default=-1,
        ge=-1,
        le=10_000,
        description="Layers to put on the GPU, where the build supports one; -1 means all.",
    )
    spare_worker: bool = Field(
        default=True, description="Keep an empty worker ready, so that loads do not wait for Python."
    )
    embedding_cache: int = Field(
        default=4096, ge=0, le=10_000_000, description="Recent embeddings kept in memory, in entries; 0 keeps none."
    )
    load_timeout: float = Field(
        default=300.0, gt=0, le=86_400, description="How long a request waits for its model, in seconds."
    )
    max_queue: int = Field(
        default=64, ge=0, le=100_000, description="Requests that may wait for one model; more get a 503."
    )
    max_body: Size = Field(
        default=Size("32MiB"),
        description="Largest request body.",
        json_schema_extra={"allowed": "a size such as 32MiB"},
    )
    shutdown_grace: float = Field(
        default=5.0, ge=0, le=86_400, description="How long answers in flight may take when Preheat ends, in seconds."
    )
    host: str = Field(
        default="127.0.0.1",
        description="Address to listen on; one that other machines can reach needs `api_keys`.",
        json_schema_extra={"allowed": "a host name or address, without a port"},
    )
    port: int = Field(default=11435, ge=0, le=65535, description="Port to listen on; 0 takes any free one.")
    api_keys: tuple[ApiKey, ...] = Field(
        default=(),
        repr=False,
        description="Keys of which clients must send one; with none, no key is asked for.",
        json_schema_extra={
            "allowed": "a list of keys, each of visible ASCII characters without spaces",
            "secret": True,
        },
    )
    allowed_hosts: tuple[str, ...] = Field(
        default=(),
        description="Names by which clients may call this machine, besides its loopback names.",
        json_schema_extra={"allowed": "a list of host names or addresses, without ports"},
    )
    allowed_origins: tuple[str, ...] = Field(
        default=(),
        description="Web pages that may call the port, besides those served from this machine.",
        json_schema_extra={"allowed": "a list of origins such as https://example.org or app://obsidian.md"},
    )
    models_dir: Path | None = Field(
        default=None,
        description="Preheat's own folder of models, where downloads go; `auto` is where the system's conventions say.",
        json_schema_extra={"allowed": "a folder, or auto"},
    )
    downloads_at_once: int = Field(
        default=2, ge=0, le=16, description="Downloads that run together; more wait. 0 fetches nothing."
    )
    models_dirs: tuple[Path, ...] = Field(
        default=(),
        description="Folders with models, besides Preheat's own.",
        json_schema_extra={"allowed": "a list of folders"},
    )
    sources: tuple[SourceName, ...] = Field(
        default=("huggingface", "lmstudio", "ollama", "llamacpp", "jan"),
        description="Other programs whose models are used too, where they lie; they are never changed.",
        json_schema_extra={
            "group": "models",
            "label": "Use the models of",
            "allowed": "a list of huggingface, lmstudio, ollama, llamacpp, jan",
        },
    )
    log_level: Literal["debug", "info", "warning", "error"] = Field(
        default="info", description="How much the log tells."
    )

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
        return _host(value)

    @field_validator("allowed_hosts")
    @classmethod
    def _hosts_are_names(cls, value: tuple[str, ...]) -> tuple[str, ...]:
        return tuple(_host(host) for host in value)

    @field_validator("allowed_origins")
    @classmethod
    def _origins_are_origins(cls, value: tuple[str, ...]) -> tuple[str, ...]:
        origins = tuple(origin.lower().removesuffix("/") for origin in value)
        for origin in origins:
            if not _ORIGIN.fullmatch(origin):
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


def is_loopback(host: str) -> bool:
    """Return whether only this machine can reach ``host``, an address or name to listen on."""
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return host.lower().removesuffix(".") == "localhost"


def _host(value: str) -> str:
    """Return the address or name in lower case.

    Raises:
        ValueError: It is neither; a port, a scheme and brackets do not belong to it.
    """
    host = value.lower()
    try:
        return str(ipaddress.ip_address(host))
    except ValueError:
        if not _HOST_NAME.fullmatch(host):
            raise ValueError(f"{value!r} is not a host name or address") from None
        return host


LISTS: Final = frozenset(name for name, field in Settings.model_fields.items() if is_list(field))
"""Names of the settings that are lists."""

_NONE: Final[Mapping[str, str]] = MappingProxyType({})


def load_settings(
    overrides: Mapping[str, str] = _NONE, environ: Mapping[str, str] | None = None, path: Path | None = None
) -> Settings:
    """Return the settings: defaults < settings file < ``PREHEAT_*`` variables < ``overrides``.

    Args:
        overrides: What the command line says, by setting name.
        environ: Instead of this process's environment.
        path: Instead of the user's settings file; it need not exist.

    Raises:
        SettingsError: A name or value is wrong; the title says where and what is allowed.
    """
    return merge_settings(overrides, environ, path).settings


def merge_settings(
    overrides: Mapping[str, str] = _NONE,
    environ: Mapping[str, str] | None = None,
    path: Path | None = None,
    document: str | None = None,
) -> Merged[Settings]:
    """Do as ``load_settings``, and tell where each value comes from.

    Args:
        document: The settings file's text, where it is not (yet) the one on disk.

    Raises:
        SettingsError: It speaks of the first problem and counts the others.
    """
    try:
        return _merge_sources(overrides, environ, path, document)
    except ExceptionGroup as group:
        first, others = group.exceptions[0], len(group.exceptions) - 1
        if not isinstance(first, SettingsError) or not others:
            raise first from None
        raise SettingsError(
            f"{first.title} (and {others} more)",
            hint=f"{first.hint}. This lists all that is wrong: preheat config check",
            param=first.param,
        ) from None


def find_problems(environ: Mapping[str, str] | None = None, path: Path | None = None) -> tuple[EngineError, ...]:
    """Return all that is wrong in the settings file and the environment, the file's lines first."""
    try:
        _merge_sources(_NONE, environ, path, None)
    except ExceptionGroup as group:
        return tuple(error for error in group.exceptions if isinstance(error, EngineError))
    return ()


def settings_table() -> str:
    """Return the README's table of all settings, in Markdown."""
    rows = ["| setting | default | allowed | meaning |", "| --- | --- | --- | --- |"]
    for name, field in Settings.model_fields.items():
        default = AUTO if field.default is None else to_toml_value(field.default)
        shown = default if isinstance(default, str) else json.dumps(default)
        rows.append(f"| `{name}` | `{shown}` | {allowed(field)} | {field.description} |")
    return "\n".join(rows)


def to_toml_value(value: object) -> Any:
    """Return a setting's value in the form that TOML and JSON have for it; None is ``auto``."""
    if value is None:
        return AUTO
    if isinstance(value, tuple):
        return [to_toml_value(item) for item in value]
    if isinstance(value, Size | Path):
        return str(value)
    return int(value) if isinstance(value, float) and value.is_integer() else value


def _merge_sources(
    overrides: Mapping[str, str], environ: Mapping[str, str] | None, path: Path | None, document: str | None
) -> Merged[Settings]:
    """Read all sources and merge them.

    Raises:
        ExceptionGroup: Of SettingsErrors, the file's first.
    """
    path = path or paths.settings_path()
    later = [
        environment_layer(os.environ if environ is None else environ, LISTS),
        options_layer(overrides, LISTS),
    ]
    try:
        layers = [document_layer(read_document(path) if document is None else document, path), *later]
    except SettingsError as unreadable:
        # The other sources may be wrong too; say so at once, not after the file has been corrected.
        others: tuple[Exception, ...] = ()
        try:
            merge(Settings, later)
        except ExceptionGroup as group:
            others = group.exceptions
        raise ExceptionGroup("settings", [unreadable, *others]) from None
    return merge(Settings, layers)
