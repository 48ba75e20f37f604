"""Commands about API keys."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass
from typing import TYPE_CHECKING

from preheat.control.command import Command, Risk, command
from preheat.errors import AmbiguousModelError, InvalidRequestError, ModelNotFoundError
from preheat.messages import msg
from preheat.settings import KeyNotFoundError, KeyScope, KeyStore, is_loopback

if TYPE_CHECKING:
    from preheat.control.host import ControlHost
    from preheat.settings import NamedKey


@dataclass(frozen=True, slots=True)
class KeyInfo:
    """One API key, without its secret."""

    name: str
    created_at: int  # Unix time in seconds
    scope: KeyScope
    models: tuple[str, ...]  # ids of the models that it may run; empty means all
    low_priority: bool  # its requests wait for all others

    @classmethod
    def of(cls, key: NamedKey) -> KeyInfo:
        """Return what may be shown of a key."""
        return cls(key.name, key.created_at, key.scope, key.models, key.low_priority)


@dataclass(frozen=True, slots=True)
class Keys:
    """The named API keys, oldest first."""

    keys: tuple[KeyInfo, ...]


@dataclass(frozen=True, slots=True)
class CreatedKey:
    """A new key. Its ``secret`` is shown this once; only a hash of it is stored."""

    key: KeyInfo
    secret: str


@command("GET", "keys", risk=Risk.ADMIN)
class ListKeys(Command[Keys]):
    """Return the named API keys."""

    async def run(self, host: ControlHost) -> Keys:
        return Keys(tuple(map(KeyInfo.of, await asyncio.to_thread(KeyStore().read))))


@command("POST", "keys", risk=Risk.ADMIN, errors=(ModelNotFoundError, AmbiguousModelError))
class CreateKey(Command[CreatedKey]):
    """Make an API key. From the first one on, every request needs a key."""

    name: str
    scope: KeyScope = KeyScope.USE
    models: tuple[str, ...] = ()
    low_priority: bool = False

    async def run(self, host: ControlHost) -> CreatedKey:
        models = [(await host.engine.find(name)).model_id for name in self.models]
        key, secret = await asyncio.to_thread(
            KeyStore().create, self.name, self.scope, tuple(models), low_priority=self.low_priority
        )
        return CreatedKey(KeyInfo.of(key), secret)


@command("DELETE", "keys/{name}", risk=Risk.ADMIN, errors=(KeyNotFoundError,))
class RevokeKey(Command[Keys]):
    """Revoke an API key: requests with it are refused from now on."""

    name: str

    async def run(self, host: ControlHost) -> Keys:
        settings, left = host.engine.settings, [key for key in KeyStore().read() if key.name != self.name]
        if not is_loopback(settings.host) and not settings.api_keys and not left:
            raise InvalidRequestError(msg("last_key_of_open_port"), param="name")
        await asyncio.to_thread(KeyStore().revoke, self.name)
        return Keys(tuple(map(KeyInfo.of, KeyStore().read())))
