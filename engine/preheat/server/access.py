"""Access control: host, origin, API key and body size, checked before anything else sees a request.

Plain ASGI: Starlette's ``BaseHTTPMiddleware`` puts a task and a queue between each streamed token and the client.
"""

from __future__ import annotations

import hmac
import ipaddress
import logging
import re
import time
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final
from urllib.parse import quote

from starlette.datastructures import Headers
from starlette.responses import Response
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from preheat.bugs import failure_of
from preheat.errors import EngineError
from preheat.messages import msg
from preheat.models import printable
from preheat.server.bodies import SCOPE_KEY as BODY_KEY
from preheat.server.bodies import BodyReader
from preheat.server.callers import ANYONE, Caller
from preheat.server.callers import SCOPE_KEY as CALLER_KEY
from preheat.server.errors import (
    HostNotAllowedError,
    InvalidApiKeyError,
    OriginNotAllowedError,
    error_response,
)
from preheat.server.warm_up import SCOPE_KEY
from preheat.settings import KeyStore

logger = logging.getLogger(__name__)

KEYLESS_PATHS: Final = frozenset({"/health"})
CLIENT_GONE_STATUS: Final = 499  # nginx's code for a client that disconnected before the response
_HOST: Final = re.compile(r"(?:\[(?P<v6>[0-9a-fA-F:.]+)\]|(?P<name>[^\[\]:/@?#\s]+))(?::\d{1,5})?")
_ORIGIN: Final = re.compile(r"https?://(?P<host>[^/@?#\s]+)")
MAX_SHOWN: Final = 100
"""Characters of a refused origin in its error."""

_METHODS: Final = "GET, POST, PUT, PATCH, DELETE, OPTIONS"


def host_name(value: str) -> str | None:
    """Return the name in a Host header in lower case, without port and brackets; None if it is malformed."""
    match = _HOST.fullmatch(value)
    return (match["v6"] or match["name"]).lower().removesuffix(".") if match is not None else None


def is_loopback(name: str) -> bool:
    """Return whether a host name or address always means this machine."""
    address = _address(name)
    return f".{name}".endswith(".localhost") or (address is not None and address.is_loopback)


def _address(name: str) -> ipaddress.IPv4Address | ipaddress.IPv6Address | None:
    try:
        return ipaddress.ip_address(name)
    except ValueError:
        return None


@dataclass(frozen=True, slots=True, kw_only=True)
class AccessRules:
    """Rules for accepted requests."""

    host: str = "127.0.0.1"  # the address that the port is bound to
    allowed_hosts: Sequence[str] = ()  # host names accepted in addition to loopback; ``*`` accepts all
    # origins accepted in addition to loopback; ``scheme://*`` accepts all of an app's scheme
    allowed_origins: Sequence[str] = ()
    api_keys: Sequence[str] = ()  # keys in the settings, which allow everything
    named_keys: KeyStore | None = None
    own_key: str = ""  # the key of this user's own programs, made at each start
    max_body_bytes: int = 32 * 1024 * 1024  # larger bodies are rejected

    def host_allowed(self, value: str) -> bool:
        """Return whether a Host header is accepted.

        A page that rebinds its name to 127.0.0.1 still sends its name, and is rejected. Addresses cannot be rebound:
        they are accepted if the port is open to the network.
        """
        name = host_name(value)
        if name is None:
            return False
        if is_loopback(name) or name == self.host.lower() or "*" in self.allowed_hosts:
            return True
        if name in map(host_name, self.allowed_hosts):
            return True
        return _address(name) is not None and not is_loopback(self.host)

    def origin_allowed(self, origin: str, host: str) -> bool:
        """Return whether a page of this origin is accepted; ``host`` is the request's Host header."""
        origin = origin.lower()
        scheme, mark, _ = origin.partition("://")
        if origin in self.allowed_origins or (mark and f"{scheme}://*" in self.allowed_origins):
            return True
        match = _ORIGIN.fullmatch(origin)
        if match is None:
            return False
        name = host_name(match["host"])
        return match["host"] == host.lower() or (name is not None and is_loopback(name))

    def caller(self, keys: Sequence[bytes]) -> Caller | None:
        """Return who sends a request with these keys; None if it needs one, and has none that is known."""
        if self.own_key and any(hmac.compare_digest(key, self.own_key.encode()) for key in keys):
            return ANYONE
        known = [key.encode() for key in self.api_keys]
        # All are compared: the time does not depend on their content.
        if any([hmac.compare_digest(given, key) for given in keys for key in known]):
            return ANYONE
        if self.named_keys is not None:
            for key in filter(None, map(self.named_keys.find, keys)):
                return Caller(key)
            known += [b""] if self.named_keys.read() else []
        # The last key of an open port may have been revoked: then it stays closed.
        return None if known or not is_loopback(self.host) else ANYONE


class AccessMiddleware:
    """Checks requests against ``AccessRules``, answers CORS, and logs method, path, status and duration."""

    def __init__(self, app: ASGIApp, rules: AccessRules) -> None:
        self._app = app
        self._rules = rules
        self._bodies = BodyReader(rules.max_body_bytes)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            if scope["type"] == "lifespan":
                await self._app(scope, receive, send)
            return
        started = time.perf_counter()
        headers = _Headers(scope)
        status: int | None = None

        def watched_send(message: Message) -> object:
            nonlocal status
            if message["type"] == "http.response.start":
                status = message["status"]
                if headers.origin is not None and headers.origin_allowed:
                    message["headers"] = [*message.get("headers", ()), *_cors_headers(headers.origin)]
            return send(message)

        try:
            # ``watched_send`` is no coroutine function, which saves a coroutine for each streamed token.
            await self._answer(scope, headers, receive, watched_send)  # type: ignore[arg-type] # returns an awaitable
        except Exception as error:
            failed = failure_of(f"{scope['method']} {_log_path(scope)}", error)
            if status is None:
                await error_response(failed, scope)(scope, receive, watched_send)  # type: ignore[arg-type]
        finally:
            elapsed_ms = (time.perf_counter() - started) * 1000
            if SCOPE_KEY not in scope:
                shown = CLIENT_GONE_STATUS if status is None else status
                logger.info("%s %s %d %.1f ms", scope["method"], _log_path(scope), shown, elapsed_ms)

    async def _answer(self, scope: Scope, headers: _Headers, receive: Receive, send: Send) -> None:
        try:
            if not self._rules.host_allowed(headers.host):
                raise HostNotAllowedError(msg("host_not_allowed"))
            if headers.origin is not None and not self._rules.origin_allowed(headers.origin, headers.host):
                raise OriginNotAllowedError(msg("origin_not_allowed", origin=printable(headers.origin)[:MAX_SHOWN]))
            if headers.origin is None and headers.foreign_page:
                raise OriginNotAllowedError(msg("foreign_page"))
            headers.origin_allowed = headers.origin is not None
            if headers.preflight and headers.origin is not None:
                await _preflight(headers)(scope, receive, send)
                return
            if scope["path"] not in KEYLESS_PATHS and SCOPE_KEY not in scope:
                caller = self._rules.caller(headers.keys)
                if caller is None:
                    raise InvalidApiKeyError(msg("api_key_wrong"))
                scope[CALLER_KEY] = caller
            if headers.has_body:
                body = await self._bodies.receive(headers.content_length, receive)
                if body is None:
                    return
                scope[BODY_KEY] = body
        except EngineError as error:
            await error_response(error, scope)(scope, receive, send)
            return
        try:
            await self._app(scope, receive, send)
        finally:
            if BODY_KEY in scope:
                scope[BODY_KEY].close()


class _Headers:
    """The headers that access control needs."""

    def __init__(self, scope: Scope) -> None:
        headers = Headers(scope=scope)
        self.host = headers.get("host", "")
        self.origin = headers.get("origin")
        self.origin_allowed = False
        self.keys = [key.encode("latin-1").strip() for key in headers.getlist("x-api-key")]
        for value in headers.getlist("authorization"):
            scheme, _, key = value.partition(" ")
            if scheme.lower() == "bearer":
                self.keys.append(key.encode("latin-1").strip())
        length = headers.get("content-length", "")
        chunked = "transfer-encoding" in headers
        # uvicorn rejects malformed lengths, and those that need more than 64 bits.
        self.content_length = None if chunked else int(length[:20]) if length.isdecimal() else 0
        self.has_body = self.content_length != 0
        self.preflight = scope["method"] == "OPTIONS" and "access-control-request-method" in headers
        # Browsers send no Origin with images, scripts and forms' GET. A link that was clicked is no such request.
        self.foreign_page = (
            headers.get("sec-fetch-site") in ("cross-site", "same-site") and headers.get("sec-fetch-mode") != "navigate"
        )
        self.requested_headers = headers.get("access-control-request-headers", "authorization, content-type")
        self.private_network = headers.get("access-control-request-private-network") == "true"


def _cors_headers(origin: str) -> list[tuple[bytes, bytes]]:
    return [
        (b"access-control-allow-origin", origin.encode("latin-1")),
        (b"access-control-expose-headers", b"Retry-After"),
        (b"vary", b"Origin"),
    ]


def _preflight(headers: _Headers) -> Response:
    answer = {
        "access-control-allow-methods": _METHODS,
        "access-control-allow-headers": headers.requested_headers,
        "access-control-max-age": "600",
    }
    if headers.private_network:
        answer["access-control-allow-private-network"] = "true"
    return Response(status_code=204, headers=answer)


def _log_path(scope: Scope) -> str:
    """Return the percent-encoded path, which cannot forge log lines, without its query."""
    raw = scope.get("raw_path")
    return raw.decode("ascii", "backslashreplace") if raw else quote(scope["path"])
