"""Settings of the port: its address, and who may use it."""

from __future__ import annotations

from functools import partial
from typing import Annotated, Any, Final, Literal, Self

from pydantic import Field, ValidationInfo, field_validator, model_validator

from preheat.messages import msg
from preheat.settings.access import rule_text
from preheat.settings.addresses import AppName, checked_host, is_loopback, is_origin
from preheat.settings.declaration import CombinationError, Declared, Effect, Group, WrongValueError, setting
from preheat.settings.keys import KeyStore
from preheat.settings.size import Size

_MIN_BODY: Final = 1000

# What an Authorization header can carry.
ApiKey = Annotated[str, Field(min_length=1, max_length=500, pattern=r"^[\x21-\x7e]+$")]

_access: Final = partial(setting, group=Group.ACCESS)

ALONE: Final = "alone"
"""Key of the validation context: check one layer alone, without rules about several settings."""


class AccessSettings(Declared):
    """What may connect, and what it may do."""

    max_body: Size = _access(
        Size("32MiB"),
        "Largest request",
        "The largest request that is accepted.",
        allowed="allowed_size",
        effect=Effect.PORT,
        rare=True,
    )
    host: str = _access(
        "127.0.0.1",
        "Address",
        "Address that apps connect to; one that other computers can reach needs an API key.",
        allowed="allowed_host",
        effect=Effect.PORT,
    )
    port: int = _access(
        11435, "Port", "Port that apps connect to; 0 takes any free one.", effect=Effect.PORT, ge=0, le=65535
    )
    ollama_port: bool = _access(
        False,
        "Ollama's port",
        "Also listen on port 11434, where programs look for Ollama, if no other program has it.",
        effect=Effect.PORT,
    )
    api_keys: tuple[ApiKey, ...] = _access(
        (),
        "API keys",
        "Keys that apps may send; if there are none, no key is required.",
        allowed="allowed_keys",
        effect=Effect.PORT,
        secret=True,
    )
    access: tuple[str, ...] = _access(
        (),
        "Access rules",
        "Which models a key or a program may use, and who goes first: `program NAME; MODELS; PRIORITY` with `*` for "
        "any characters. Without a matching rule, all models may be used.",
        allowed="allowed_access",
    )
    allowed_hosts: tuple[str, ...] = _access(
        (),
        "Host names",
        "Names that apps may use for this computer, in addition to localhost.",
        allowed="allowed_hosts",
        effect=Effect.PORT,
        rare=True,
    )
    allowed_origins: tuple[str, ...] = _access(
        (),
        "Web pages",
        "Web pages and apps with a built-in browser that may connect, in addition to pages from this computer.",
        allowed="allowed_origins",
        effect=Effect.PORT,
    )
    allowed_apps: tuple[AppName, ...] = _access(
        (),
        "Apps",
        "Apps with a built-in browser that may connect; other apps need no permission.",
        allowed="allowed_apps",
        effect=Effect.PORT,
    )
    web_access: Literal["use", "manage"] = _access(
        "use",
        "Web pages may",
        "What web pages and apps with a built-in browser may do: use models, or also manage models and preloading.",
        effect=Effect.PORT,
        rare=True,
    )
    other_users: bool = _access(
        False,
        "Other users",
        "Let programs of this computer's other users connect without a key. Only Linux tells them apart.",
        effect=Effect.PORT,
        rare=True,
    )

    @field_validator("max_body")
    @classmethod
    def _body_is_amount(cls, value: Size) -> Size:
        if value.is_share:
            raise WrongValueError("value_is_share")
        if value.resolve(0) == 0:
            raise WrongValueError("value_is_zero")
        if value.resolve(0) < _MIN_BODY:
            raise WrongValueError("value_locks_out")
        return value

    @field_validator("host")
    @classmethod
    def _host_is_address(cls, value: str) -> str:
        return checked_host(value)

    @field_validator("allowed_hosts")
    @classmethod
    def _hosts_are_names(cls, value: tuple[str, ...]) -> tuple[str, ...]:
        return tuple(checked_host(host) for host in value)

    @field_validator("access", mode="before")
    @classmethod
    def _access_is_rules(cls, value: Any) -> Any:
        return tuple(map(rule_text, value)) if isinstance(value, list | tuple) else value

    @field_validator("allowed_origins")
    @classmethod
    def _origins_are_origins(cls, value: tuple[str, ...]) -> tuple[str, ...]:
        origins = tuple(origin.lower().removesuffix("/") for origin in value)
        for origin in origins:
            if not is_origin(origin):
                raise WrongValueError("value_not_an_origin", value=repr(origin))
        return origins

    @model_validator(mode="after")
    def _open_port_needs_key(self, info: ValidationInfo) -> Self:
        alone = bool(info.context and info.context.get(ALONE))
        if not alone and not is_loopback(self.host) and not self.api_keys and not KeyStore().read():
            raise CombinationError(
                "host", msg("host_needs_key"), allowed=msg("allowed_open_host"), remedy=msg("choose_key_first")
            )
        return self
