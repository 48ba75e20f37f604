"""The rules in the settings."""

from __future__ import annotations

import hmac
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from typing import Final

from preheat.messages import msg
from preheat.models import printable
from preheat.server.access.callers import Caller
from preheat.server.access.head import RequestHead
from preheat.server.access.hosts import address_of, host_name, is_loopback, origin_host
from preheat.server.errors import HostNotAllowedError, InvalidApiKeyError, OriginNotAllowedError, OtherUserError
from preheat.settings import AccessRule, KeyScope, KeyStore, find_rule

_MAX_SHOWN: Final = 100
"""Characters of a refused origin in its error."""


@dataclass(frozen=True, slots=True, kw_only=True)
class AccessRules:
    """Rules for accepted requests."""

    host: str = "127.0.0.1"  # the address that the port is bound to
    allowed_hosts: Sequence[str] = ()  # host names accepted in addition to loopback
    # origins accepted in addition to loopback; ``scheme://*`` accepts all of an app's scheme
    allowed_origins: Sequence[str] = ()
    api_keys: Sequence[str] = ()  # keys in the settings, which allow everything
    named_keys: KeyStore | None = None
    own_key: str = ""  # the key of this user's own programs, made at each start
    web_scope: KeyScope = KeyScope.USE  # the most that pages may do, whatever key they send
    page_token: str = ""  # proves that a request comes from Preheat's own page; empty without one
    other_users: bool = False  # programs of this machine's other users need no key either
    model_rules: Callable[[], Sequence[AccessRule]] = tuple  # those of the setting ``access``, as they are now
    max_body_bytes: int = 32 * 1024 * 1024  # larger bodies are rejected

    def check_source(self, head: RequestHead) -> None:
        """Raise HostNotAllowedError or OriginNotAllowedError if requests from this source are refused."""
        if not self.host_allowed(head.host):
            raise HostNotAllowedError(msg("host_not_allowed"))
        if head.origin is not None and not self.origin_allowed(head.origin, head.host):
            raise OriginNotAllowedError(msg("origin_not_allowed", origin=printable(head.origin)[:_MAX_SHOWN]))
        if head.of_other_site and not head.follows_link:
            raise OriginNotAllowedError(msg("foreign_page"))

    def host_allowed(self, value: str) -> bool:
        """Return whether a Host header is accepted.

        A page that rebinds its name to 127.0.0.1 still sends its name, and is rejected. Addresses cannot be rebound:
        they are accepted if the port is open to the network.
        """
        name = host_name(value)
        if name is None:
            return False
        if is_loopback(name) or name == self.host.lower():
            return True
        if name in map(_name, self.allowed_hosts):
            return True
        return address_of(name) is not None and not is_loopback(self.host)

    def origin_allowed(self, origin: str, host: str) -> bool:
        """Return whether a page of this origin is accepted; ``host`` is the request's Host header."""
        origin = origin.lower()
        scheme, mark, _ = origin.partition("://")
        if origin in self.allowed_origins or (mark and f"{scheme}://*" in self.allowed_origins):
            return True
        of_page = origin_host(origin)
        if of_page is None:
            return False
        name = host_name(of_page)
        return name is not None and (of_page == host.lower() or is_loopback(name))

    def caller(self, head: RequestHead) -> Caller:
        """Return who sends a request.

        Raises:
            InvalidApiKeyError: It needs a key, and has none that is known.
            OtherUserError: Likewise, as a program of another user of this machine.
        """
        caller = self._holder_of(head.keys)
        if caller is None:
            # The last key of an open port may have been revoked: then it stays closed.
            if self._has_keys() or not is_loopback(self.host):
                raise InvalidApiKeyError(msg("api_key_wrong"))
            if not self.other_users and head.peer is not None and head.peer.is_other_user():
                raise OtherUserError(msg("other_user"))
            caller = Caller(scope=KeyScope.MANAGE)
        if head.of_page:
            most = KeyScope.MANAGE if self._of_own_page(head) else self.web_scope
            scope = caller.scope if most.covers(caller.scope) else most
            caller = replace(caller, scope=scope, page=True, followed_link=head.of_other_site)
        if self._is_own(head):
            return caller  # whoever may change the rules needs none
        key = caller.key.name if caller.key is not None else None
        rule = find_rule(self.model_rules(), key, head.program, head.user_agent)
        return replace(caller, rule=rule, program=head.program) if rule is not None else caller

    def _is_own(self, head: RequestHead) -> bool:
        own = self.own_key.encode()
        return bool(own) and any([hmac.compare_digest(given, own) for given in head.keys])

    def shares_token(self, head: RequestHead) -> bool:
        """Return whether the page that answers this accepted request may hold the token.

        A page of another origin that could read the answer is a page that the browser names as its origin.
        """
        return bool(self.page_token) and head.origin is None

    def _of_own_page(self, head: RequestHead) -> bool:
        return (
            bool(self.page_token)
            and head.of_own_origin
            and hmac.compare_digest(head.page_token.encode(), self.page_token.encode())
        )

    def _holder_of(self, keys: Sequence[bytes]) -> Caller | None:
        """Return the sender of these keys; None if none of them is known."""
        known = [key.encode() for key in (self.own_key, *self.api_keys) if key]
        # All are compared: the time does not depend on their content.
        if any([hmac.compare_digest(given, key) for given in keys for key in known]):
            return Caller(scope=KeyScope.ADMIN)
        if self.named_keys is not None:
            for key in filter(None, map(self.named_keys.find, keys)):
                return Caller(scope=key.scope, key=key)
        return None

    def _has_keys(self) -> bool:
        return bool(self.api_keys) or (self.named_keys is not None and bool(self.named_keys.read()))


def _name(host: str) -> str | None:
    """Return an entry of the setting ``allowed_hosts`` as ``host_name`` does."""
    return host if address_of(host) is not None else host_name(host)
