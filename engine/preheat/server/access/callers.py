"""Who sent a request, and what they may do."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

from starlette.requests import Request

from preheat.errors import EngineError
from preheat.inference import Priority
from preheat.messages import Message, msg
from preheat.settings import AccessRule, KeyScope, NamedKey

CALLER_KEY: Final = "preheat.caller"
"""Name of the caller in an ASGI scope."""


class NotPermittedError(EngineError, code="not_permitted", status=403):
    """The sender of a request may not do this."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Caller:
    """The sender of a request."""

    scope: KeyScope  # the most that it may do
    key: NamedKey | None = None  # the named key that it sent
    page: bool = False  # it is a web page, or an app with a built-in browser
    rule: AccessRule | None = None  # the rule of the setting ``access`` for its key or program
    program: str = ""  # the name that it gives itself, which proves nothing
    followed_link: bool = False  # it only opened this address, from a page of another site; any page can do that

    @property
    def priority(self) -> Priority:
        """The order in which its requests wait."""
        if self.key is not None and self.key.low_priority:
            return Priority.BULK
        return _PRIORITIES[self.rule.priority] if self.rule is not None else Priority.INTERACTIVE

    def may(self, needed: KeyScope) -> bool:
        """Return whether it may do what this scope includes."""
        return self.scope.covers(needed)

    def require(self, needed: KeyScope, *, costly: bool = False) -> None:
        """Raise NotPermittedError if it may not do this, or if it is ``costly`` and another site's page causes it."""
        if not self.may(needed):
            raise NotPermittedError(self._reason(needed))
        if costly and self.followed_link:
            raise NotPermittedError(msg("foreign_page"))

    def require_model(self, model_id: str) -> None:
        """Raise NotPermittedError if it may not run this model."""
        self.require(KeyScope.USE)
        self.require_seen(model_id)

    def require_seen(self, model_id: str) -> None:
        """Raise NotPermittedError if this model is none of those that it may use."""
        key, rule = self.key, self.rule
        if key is not None and not _in_key(key, model_id):
            raise NotPermittedError(msg("key_model_not_allowed", name=key.name, model=model_id), param="model")
        if rule is not None and not rule.allows(model_id):
            name = key.name if key is not None and rule.kind == "key" else self.program
            details = msg(f"access_{rule.kind}_model", name=name, model=model_id, models=rule.models)
            raise NotPermittedError(details, param="model")

    def sees(self, model_id: str) -> bool:
        """Return whether lists show it this model: it is one of those that it may use."""
        by_key = self.key is None or _in_key(self.key, model_id)
        return by_key and (self.rule is None or self.rule.allows(model_id))

    def _reason(self, needed: KeyScope) -> Message:
        if self.key is not None and not self.key.scope.covers(needed):
            return msg("key_scope_too_small", name=self.key.name, scope=self.key.scope.value, needed=needed.value)
        if self.page:
            return msg("page_never_admin" if needed is KeyScope.ADMIN else "page_not_permitted")
        return msg("admin_not_proven")


def _in_key(key: NamedKey, model_id: str) -> bool:
    return not key.models or model_id in key.models


_PRIORITIES: Final = {"high": Priority.HIGH, "normal": Priority.INTERACTIVE, "low": Priority.BULK}

_UNCHECKED: Final = Caller(scope=KeyScope.READ)


def caller_of(request: Request) -> Caller:
    """Return the sender of a request that access control has passed."""
    caller: Caller = request.scope.get(CALLER_KEY, _UNCHECKED)
    return caller
