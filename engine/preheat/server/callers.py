"""Who sent a request, and what they may do."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

from starlette.requests import Request

from preheat.errors import EngineError
from preheat.messages import msg
from preheat.settings import KeyScope, NamedKey

SCOPE_KEY: Final = "preheat.caller"
"""Name of the caller in an ASGI scope."""


class NotPermittedError(EngineError, code="not_permitted", status=403):
    """The API key does not allow this."""


@dataclass(frozen=True, slots=True)
class Caller:
    """The sender of a request. Without a ``key`` it may do everything: there are no keys, or it is this user."""

    key: NamedKey | None = None

    @property
    def low_priority(self) -> bool:
        """Whether its requests wait for all others."""
        return self.key is not None and self.key.low_priority

    def require(self, needed: KeyScope) -> None:
        """Raise NotPermittedError if its key does not include this."""
        if self.key is not None and not self.key.scope.covers(needed):
            raise NotPermittedError(
                msg("key_scope_too_small", name=self.key.name, scope=self.key.scope.value, needed=needed.value)
            )

    def require_model(self, model_id: str) -> None:
        """Raise NotPermittedError if its key may not run this model."""
        self.require(KeyScope.USE)
        if self.key is not None and self.key.models and model_id not in self.key.models:
            raise NotPermittedError(msg("key_model_not_allowed", name=self.key.name, model=model_id), param="model")


ANYONE: Final = Caller()


def caller_of(request: Request) -> Caller:
    """Return the sender of a request that access control has passed."""
    caller: Caller = request.scope.get(SCOPE_KEY, ANYONE)
    return caller
